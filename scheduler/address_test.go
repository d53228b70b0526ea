package scheduler

import (
	"errors"
	"testing"

	"github.com/ormosproject/ormos/internal/detect"
	"github.com/ormosproject/ormos/internal/wire"
)

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
		leader detect.Leader
		err    error
		ends   int
	}{
		{leader: detect.Leader{URL: "a"}},
		{leader: detect.Leader{URL: "a"}},
		{leader: detect.Leader{URL: "a", ID: "1"}, ends: 1},
		{leader: detect.Leader{Reason: "none"}, ends: 2},
		{leader: detect.Leader{Reason: "still none"}, ends: 2},
		{leader: detect.Leader{URL: "b"}, ends: 3},
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
	r.watch.set(detect.Leader{}, errors.New("wrong credentials"))
	_, err := r.leader(t.Context(), nil)
	if end, ok := errors.AsType[*Error](err); !ok || end.Reason != ReasonDetection {
		t.Errorf("got %v", err)
	}
}
