package scheduler

import (
	"errors"
	"strings"
	"testing"

	"github.com/ormosproject/ormos/internal/wire"
)

func TestBaseURL(t *testing.T) {
	for _, test := range []struct{ master, scheme, want string }{
		{"10.0.0.1", "http", "http://10.0.0.1:5050"},
		{"10.0.0.1:80", "http", "http://10.0.0.1:80"},
		{"master.example", "https", "https://master.example:5050"},
		{"http://master.example", "https", "http://master.example:5050"},
		{"https://master.example/", "http", "https://master.example:5050"},
		{"http://proxy:80/mesos/", "http", "http://proxy:80/mesos"},
		{"[::1]:5050", "http", "http://[::1]:5050"},
		{"http://[::1]", "http", "http://[::1]:5050"},
		{"", "http", ""},
		{"::1", "http", ""},
		{"http://", "http", ""},
		{"zk://x", "http", ""},
		{"http://me:pw@x", "http", ""},
		{"a b", "http", ""},
	} {
		got, err := baseURL(test.master, test.scheme)
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%q: got %q, %v", test.master, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "pw") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

func TestRedirected(t *testing.T) {
	for _, test := range []struct{ base, location, want string }{
		{"http://a:5050", "//b:5051/master/api/v1/scheduler", "http://b:5051"},
		{"http://a:5050/mesos", "//b:5051/master/api/v1/scheduler", "http://b:5051/mesos"},
		{"https://a:5050", "//b:5050", "https://b:5050"},
		{"https://a:5050", "https://b:5050/x", "https://b:5050"},
		{"http://a:5050", "https://b:5050/x", "https://b:5050"},
		{"https://a:5050", "http://b:5050/x", ""},
		{"http://a:5050", "ftp://b", ""},
		{"http://a:5050", "/elsewhere", ""},
		{"http://a:5050", "", ""},
		{"http://a:5050", "//%zz", ""},
	} {
		got, err := redirected(test.base, test.location)
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%s -> %q: got %q, %v", test.base, test.location, got, err)
		}
	}
}

func TestLostSubscription(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		want   bool
	}{
		{400, "The stream ID 'x' included in this request didn't match the stream ID currently associated with framework ID 'y'", true},
		{400, "All non-subscribe calls should include the 'Mesos-Stream-Id' header", true},
		{400, "Framework cannot be found", true},
		{400, "Failed to validate scheduler::Call: Expecting 'kill' to be present", false},
		{403, "Framework is not subscribed", true},
		{403, "", false},
		{501, "", false},
		{503, "", true},
		{307, "", true},
	} {
		if got := lostSubscription(&wire.StatusError{Status: test.status, Body: test.body}); got != test.want {
			t.Errorf("%d %s: %t", test.status, test.body, got)
		}
	}
	if !lostSubscription(wire.ErrUnanswered) {
		t.Error("an unanswered call is no loss")
	}
}

func TestWatchTellsOfChanges(t *testing.T) {
	w := newWatch()
	var ended []error
	end := func(err error) { ended = append(ended, err) }
	if found, _, _ := w.get(end); found != nil {
		t.Errorf("found %v", found)
	}
	for _, step := range []struct {
		leader leader
		err    error
		ends   int
	}{
		{leader: leader{url: "a"}},
		{leader: leader{url: "a"}},
		{leader: leader{url: "a", id: "1"}, ends: 1},
		{leader: leader{reason: "none"}, ends: 2},
		{leader: leader{reason: "still none"}, ends: 2},
		{leader: leader{url: "b"}, ends: 3},
		{err: errors.New("no more"), ends: 3}, // the subscription at hand may go on
	} {
		_, changed, _ := w.get(end)
		w.set(step.leader, step.err)
		select {
		case <-changed:
		default:
			t.Errorf("%v: not told", step)
		}
		found, _, err := w.get(end)
		if *found != step.leader || err != step.err || len(ended) != step.ends {
			t.Errorf("%v: found %v, %v, ended %d times", step, found, err, len(ended))
		}
	}
}

func TestADetectorThatGivesUpEndsTheSession(t *testing.T) {
	r := &run{watch: newWatch()}
	r.watch.set(leader{}, errors.New("wrong credentials"))
	_, err := r.leader(t.Context(), nil)
	if end, ok := errors.AsType[*Error](err); !ok || end.Reason != ReasonDetection {
		t.Errorf("got %v", err)
	}
}
