package scheduler_test

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
	"github.com/ormosproject/ormos/security"
)

// wants fails the test unless the master's next call is of this type, and returns it.
func (m *master) wants(t *testing.T, want scheduler.CallType) *scheduler.Call {
	t.Helper()
	select {
	case call := <-m.calls:
		if call.GetType() != want {
			t.Errorf("the call is %v, not %v", call.GetType(), want)
		}
		return call
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
		return nil
	}
}

// wantsNone fails the test if a call has come.
func (m *master) wantsNone(t *testing.T) {
	t.Helper()
	select {
	case call := <-m.calls:
		t.Errorf("there is a call %v", call)
	default:
	}
}

func TestUpdatesAreAcknowledgedAfterTheLoopsBody(t *testing.T) {
	for _, media := range []scheduler.Media{scheduler.Protobuf, scheduler.JSON} {
		t.Run(string(media), func(t *testing.T) {
			m := startMaster(t)
			o := m.options()
			o.Media = media
			var seen []string
			for event, err := range scheduler.New(o).Events(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				switch e := event.(type) {
				case *scheduler.EventSubscribed:
					if e.MasterInfo.GetHostname() != "master.example" {
						t.Errorf("registered with %v", e.MasterInfo)
					}
					sub := <-m.subscriptions
					if got := sub.header.Get("Content-Type"); got != string(media) {
						t.Errorf("the call is %s", got)
					}
					if info := sub.call.Subscribe.FrameworkInfo; sub.call.FrameworkID != nil || info.ID != nil || info.User != "me" || info.Name != "test" {
						t.Errorf("subscribed as %v", sub.call)
					}
					sub.Send(update("reconciled", nil), heartbeat(), update("one", []byte("0123456789abcdef")))
					sub.Send(update("two", []byte("fedcba9876543210")), update("three", []byte("0000000000000000")))
				case *scheduler.EventUpdate:
					task := e.Status.TaskID.Value
					seen = append(seen, task)
					switch task {
					case "reconciled", "one":
						m.wantsNone(t)
					case "two":
						ack := m.wants(t, scheduler.CallTypeAcknowledge)
						want := &scheduler.CallAcknowledge{
							AgentID: mesos.AgentID{Value: "agent-1"}, TaskID: mesos.TaskID{Value: "one"}, UUID: []byte("0123456789abcdef"),
						}
						if diff := cmp.Diff(want, ack.Acknowledge); diff != "" || ack.FrameworkID.Value != "framework-1" {
							t.Error(diff)
						}
						continue
					case "three":
						m.wants(t, scheduler.CallTypeAcknowledge)
					}
				}
				if len(seen) == 4 {
					break
				}
			}
			if diff := cmp.Diff([]string{"reconciled", "one", "two", "three"}, seen); diff != "" {
				t.Error(diff)
			}
			m.wantsNone(t) // the body of the last one ended by break
		})
	}
}

func TestOperationsAreAcknowledgedToo(t *testing.T) {
	m := startMaster(t)
	for event, err := range scheduler.New(m.options()).Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		switch event.(type) {
		case *scheduler.EventSubscribed:
			status := mesos.OperationStatus{
				OperationID: &mesos.OperationID{Value: "op"}, AgentID: &mesos.AgentID{Value: "agent-1"}, UUID: &mesos.UUID{Value: []byte("0123456789abcdef")},
			}
			(<-m.subscriptions).Send(&scheduler.Event{
				Type: new(scheduler.EventTypeUpdateOperationStatus), UpdateOperationStatus: &scheduler.EventUpdateOperationStatus{Status: status},
			}, update("next", nil))
		case *scheduler.EventUpdate:
			ack := m.wants(t, scheduler.CallTypeAcknowledgeOperationStatus).AcknowledgeOperationStatus
			if ack.OperationID.Value != "op" || string(ack.UUID) != "0123456789abcdef" || ack.AgentID.Value != "agent-1" {
				t.Errorf("acknowledged %v", ack)
			}
			return
		}
	}
}

// What the loop has dealt with before it is told to end is still acknowledged.
func TestTheLastUpdateIsAcknowledged(t *testing.T) {
	m := startMaster(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for event, err := range scheduler.New(m.options()).Events(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		switch event.(type) {
		case *scheduler.EventSubscribed:
			(<-m.subscriptions).Send(update("one", []byte("0123456789abcdef")))
		case *scheduler.EventUpdate:
			cancel()
		}
	}
	m.wants(t, scheduler.CallTypeAcknowledge)
}

func TestEventsOfAllTypes(t *testing.T) {
	m := startMaster(t)
	events := []*scheduler.Event{
		{Type: new(scheduler.EventTypeOffers), Offers: &scheduler.EventOffers{Offers: []mesos.Offer{{ID: mesos.OfferID{Value: "offer"}}}}},
		{Type: new(scheduler.EventType(99))},
		{},
		{Type: new(scheduler.EventTypeUpdate)},
		{Type: new(scheduler.EventTypeInverseOffers), InverseOffers: &scheduler.EventInverseOffers{}},
		{Type: new(scheduler.EventTypeRescind), Rescind: &scheduler.EventRescind{OfferID: mesos.OfferID{Value: "offer"}}},
		{Type: new(scheduler.EventTypeRescindInverseOffer), RescindInverseOffer: &scheduler.EventRescindInverseOffer{}},
		{Type: new(scheduler.EventTypeMessage), Message: &scheduler.EventMessage{Data: []byte("hi")}},
		{Type: new(scheduler.EventTypeFailure), Failure: &scheduler.EventFailure{Status: new(int32(9))}},
	}
	var got []string
	for event, err := range scheduler.New(m.options()).Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%T", event))
		if _, ok := event.(*scheduler.EventSubscribed); ok {
			s := <-m.subscriptions
			for _, e := range events {
				s.Send(e)
			}
		}
		if _, ok := event.(*scheduler.EventFailure); ok {
			break
		}
	}
	want := strings.Fields(strings.ReplaceAll("@Subscribed @Offers @InverseOffers @Rescind @RescindInverseOffer @Message @Failure", "@", "*scheduler.Event"))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The id is saved before the loop is told of it, and the next session is the same framework.
func TestTheFrameworkIDIsKept(t *testing.T) {
	m := startMaster(t)
	file := scheduler.FileID(filepath.Join(t.TempDir(), "deep", "id"))
	for i, want := range []string{"", "framework-1"} {
		o := m.options()
		o.FrameworkID = file
		s := scheduler.New(o)
		for event, err := range s.Events(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := event.(*scheduler.EventSubscribed); !ok {
				t.Fatalf("got %v", event)
			}
			if id, err := file.Load(); id != "framework-1" || err != nil {
				t.Errorf("the file has %q, %v", id, err)
			}
			if s.FrameworkID().Value != "framework-1" {
				t.Errorf("the session has %v", s.FrameworkID())
			}
			break
		}
		call := (<-m.subscriptions).call
		if got := call.FrameworkID; (got == nil) != (want == "") || got != nil && got.Value != want {
			t.Errorf("session %d subscribed as %v", i, got)
		}
	}
}

func TestFileID(t *testing.T) {
	dir := t.TempDir()
	file := scheduler.FileID(filepath.Join(dir, "id"))
	for _, id := range []string{"", "a", "b", "", ""} {
		if err := file.Save(id); err != nil {
			t.Error(err)
		}
		if got, err := file.Load(); got != id || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if err := os.WriteFile(filepath.Join(dir, "plain"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	below := scheduler.FileID(filepath.Join(dir, "plain", "id"))
	if err := below.Save("a"); err == nil {
		t.Error("saved below a file")
	}
	if _, err := below.Load(); err == nil {
		t.Error("loaded from below a file")
	}
}

// ends ranges over the events until they end, and returns the error.
func ends(t *testing.T, o scheduler.Options) *scheduler.Error {
	t.Helper()
	for event, err := range scheduler.New(o).Events(t.Context()) {
		if err != nil {
			end, ok := errors.AsType[*scheduler.Error](err)
			if !ok || end.Hint == "" || event != nil {
				t.Fatalf("got %v, %#v", event, err)
			}
			return end
		}
		if _, lost := event.(*scheduler.EventDisconnected); lost {
			t.Fatal(event)
		}
	}
	t.Fatal("no error")
	return nil
}

func TestErrorsThatEndASession(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*scheduler.Options)
		answer func(w http.ResponseWriter)
		event  string
		reason scheduler.Reason
		text   string
	}{
		"no master":         {change: func(o *scheduler.Options) { o.Master = "" }, reason: scheduler.ReasonOptions, text: "no master is given"},
		"no scheme":         {change: func(o *scheduler.Options) { o.Master = "ftp://x" }, reason: scheduler.ReasonOptions, text: "none of"},
		"bad zk":            {change: func(o *scheduler.Options) { o.Master = "zk://x" }, reason: scheduler.ReasonOptions, text: "ZooKeeper"},
		"secret in URL":     {change: func(o *scheduler.Options) { o.Master = "http://me:s3cret@x" }, reason: scheduler.ReasonOptions, text: "in the security options"},
		"secret alone":      {change: func(o *scheduler.Options) { o.Security.Secret = "s3cret" }, reason: scheduler.ReasonOptions, text: "no principal"},
		"media":             {change: func(o *scheduler.Options) { o.Media = "text/plain" }, reason: scheduler.ReasonOptions, text: "text/plain"},
		"failover":          {change: func(o *scheduler.Options) { o.Framework.FailoverTimeout = new(-1.0) }, reason: scheduler.ReasonOptions, text: "failover timeout"},
		"load":              {change: func(o *scheduler.Options) { o.FrameworkID = &memory{loadErr: errors.New("no disk")} }, reason: scheduler.ReasonStore, text: "no disk"},
		"save":              {change: func(o *scheduler.Options) { o.FrameworkID = &memory{saveErr: errors.New("no disk")} }, reason: scheduler.ReasonStore, text: "no disk"},
		"401":               {answer: func(w http.ResponseWriter) { wire.Fail(w, 401, "") }, reason: scheduler.ReasonUnauthenticated, text: "401"},
		"403":               {answer: func(w http.ResponseWriter) { wire.Fail(w, 403, "") }, reason: scheduler.ReasonForbidden, text: "403"},
		"400":               {answer: func(w http.ResponseWriter) { wire.Fail(w, 400, "the principal") }, reason: scheduler.ReasonInvalid, text: "the principal"},
		"removed":           {event: "Framework has been removed", reason: scheduler.ReasonRemoved, text: "remove the stored framework id (/var/id)"},
		"failed over":       {event: "Framework failed over", reason: scheduler.ReasonFailedOver, text: "another instance"},
		"not authorized":    {event: "Not authorized to use roles 'a'", reason: scheduler.ReasonForbidden, text: "roles 'a'"},
		"invalid framework": {event: "Role 'a b' is invalid", reason: scheduler.ReasonInvalid, text: "'a b'"},
	} {
		t.Run(name, func(t *testing.T) {
			m := startMaster(t)
			o := m.options()
			if test.change != nil {
				test.change(&o)
			}
			m.answer = func(w http.ResponseWriter, r *http.Request, _ *scheduler.Call) bool {
				switch {
				case test.answer != nil:
					test.answer(w)
				case test.event != "":
					s := wire.NewEventStream(wire.Protobuf)
					s.Send(failure(test.event))
					s.Close()
					w.Header().Set(wire.StreamID, "x")
					_ = s.Serve(w, r)
				default:
					return false
				}
				return true
			}
			if test.event != "" {
				o.FrameworkID = named{&memory{}}
			}
			end := ends(t, o)
			if end.Reason != test.reason || !strings.Contains(end.Error(), test.text) || strings.Contains(end.Error(), "s3cret") {
				t.Errorf("got %q: %v", end.Reason, end)
			}
		})
	}
}

// named is a store that can be told.
type named struct{ *memory }

func (named) String() string { return "/var/id" }

// A 307 leads to the leader, by host alone; credentials go with it.
func TestRedirectToTheLeader(t *testing.T) {
	leader := startMaster(t)
	standby := startMaster(t)
	redirects := 0
	standby.answer = func(w http.ResponseWriter, _ *http.Request, _ *scheduler.Call) bool {
		redirects++
		w.Header().Set("Location", strings.TrimPrefix(leader.url, "http:")+"/master/api/v1/scheduler")
		w.WriteHeader(http.StatusTemporaryRedirect)
		return true
	}
	o := standby.options()
	o.Security = security.Options{Principal: "me", Secret: "pw"}
	subscribed := 0
	for event, err := range scheduler.New(o).Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		switch e := event.(type) {
		case *scheduler.EventSubscribed:
			sub := <-leader.subscriptions
			if got := sub.header.Get("Authorization"); got != "Basic bWU6cHc=" {
				t.Errorf("Authorization: %q", got)
			}
			if got := sub.call.Subscribe.FrameworkInfo.GetPrincipal(); got != "me" {
				t.Errorf("the framework's principal is %q", got)
			}
			if subscribed++; subscribed == 2 {
				if redirects != 2 {
					t.Errorf("%d redirects", redirects)
				}
				return
			}
			leader.hangUp() // then the standby is asked again
		case *scheduler.EventDisconnected:
			if !e.Lost {
				t.Errorf("%v", e)
			}
		}
	}
}

func TestRedirectInCircles(t *testing.T) {
	m := startMaster(t)
	attempts := 0
	m.answer = func(w http.ResponseWriter, _ *http.Request, _ *scheduler.Call) bool {
		attempts++
		w.Header().Set("Location", strings.TrimPrefix(m.url, "http:"))
		w.WriteHeader(http.StatusTemporaryRedirect)
		return true
	}
	for event := range scheduler.New(m.options()).Events(t.Context()) {
		if e, ok := event.(*scheduler.EventDisconnected); !ok || attempts != 5 || !strings.Contains(e.String(), "307") {
			t.Errorf("after %d attempts: %v", attempts, event)
		}
		return
	}
}

// authority writes the certificate that a server has signed itself to a file.
func authority(t *testing.T, s *httptest.Server) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestEncryption(t *testing.T) {
	m := newMaster()
	s := httptest.NewUnstartedServer(m)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	s.StartTLS()
	defer s.Close()
	defer m.hangUp()
	m.url = s.URL
	if end := ends(t, m.options()); end.Reason != scheduler.ReasonTLS {
		t.Errorf("without its authority: %q: %v", end.Reason, end)
	}
	plain := startMaster(t)
	o := m.options()
	o.Security.TLS.CAFile = authority(t, s)
	o.Master = strings.TrimPrefix(s.URL, "https://") // TLS implies it
	subscribed := false
	session := scheduler.New(o)
	for event, err := range session.Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		switch e := event.(type) {
		case *scheduler.EventSubscribed:
			if err := session.Revive(t.Context()); err != nil {
				t.Error(err)
			}
			m.wants(t, scheduler.CallTypeRevive)
			subscribed = true
			m.answer = func(w http.ResponseWriter, _ *http.Request, _ *scheduler.Call) bool {
				w.Header().Set("Location", plain.url)
				w.WriteHeader(http.StatusTemporaryRedirect)
				return true
			}
			m.hangUp()
		case *scheduler.EventDisconnected:
			if e.Lost {
				continue
			}
			if !subscribed || !strings.Contains(e.String(), "without encryption") {
				t.Error(e)
			}
			return
		}
	}
}

// A second instance of the loop is refused; a later one subscribes again as the same framework.
func TestOneLoopAtATime(t *testing.T) {
	m := startMaster(t)
	s := scheduler.New(m.options())
	for range 2 {
		for range s.Events(t.Context()) {
			for _, err := range s.Events(t.Context()) {
				if end, ok := errors.AsType[*scheduler.Error](err); !ok || end.Reason != scheduler.ReasonOptions {
					t.Errorf("got %v", err)
				}
			}
			break
		}
	}
	<-m.subscriptions
	if id := (<-m.subscriptions).call.FrameworkID; id == nil || id.Value != "framework-1" {
		t.Errorf("subscribed again as %v", id)
	}
}

// logged is what package slog writes of v, as JSON or as text.
func logged(v any, asJSON bool) string {
	var b strings.Builder
	var handler slog.Handler = slog.NewTextHandler(&b, nil)
	if asJSON {
		handler = slog.NewJSONHandler(&b, nil)
	}
	slog.New(handler).Info("said", "what", v)
	return b.String()
}

func TestSecretsAreNotPrinted(t *testing.T) {
	o := scheduler.Options{Master: "zk://u:s3cret@h:1/p", Security: security.Options{Principal: "me", Secret: "s3cret"}, Framework: mesos.FrameworkInfo{Name: "web"}}
	s := scheduler.New(o)
	for _, text := range []string{
		fmt.Sprint(o), fmt.Sprintf("%+v", o), fmt.Sprintf("%#v", o), fmt.Sprintf("%+v", &o), o.LogValue().String(),
		fmt.Sprint(s), fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", s), logged(o, false), logged(o, true), logged(s, true),
	} {
		if strings.Contains(text, "s3cret") || !strings.Contains(text, "web") {
			t.Errorf("prints %s", text)
		}
	}
}

// A token that has run out is refused in a call: the next subscription shows the one that is in the file by then.
func TestTokenIsRenewed(t *testing.T) {
	m := startMaster(t)
	file := filepath.Join(t.TempDir(), "token")
	put := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("first")
	o := m.options()
	o.Security.TokenFile = file
	session := scheduler.New(o)
	for event, err := range session.Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := event.(*scheduler.EventSubscribed); !ok {
			continue
		}
		got := (<-m.subscriptions).header.Get("Authorization")
		if got == "Bearer renewed" {
			return
		}
		if got != "Bearer first" {
			t.Errorf("shows %q", got)
		}
		put("renewed")
		m.answer = func(w http.ResponseWriter, _ *http.Request, c *scheduler.Call) bool {
			if c.GetType() == scheduler.CallTypeSubscribe {
				return false
			}
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}
		if err := session.Revive(t.Context()); !errors.Is(err, scheduler.ErrDisconnected) {
			t.Errorf("the call: %v", err)
		}
	}
}

// What has arrived by the time that the loop asks is one batch, and nothing of it is acknowledged before the body's end.
func TestBatches(t *testing.T) {
	m := startMaster(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var sizes []int
	for batch, err := range scheduler.New(m.options()).Batches(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		switch e := batch[0].(type) {
		case *scheduler.EventSubscribed: // one write, which arrives as a whole
			(<-m.subscriptions).Send(update("one", []byte("0123456789abcdef")), heartbeat(), update("two", []byte("fedcba9876543210")))
		case *scheduler.EventUpdate:
			if e.Status.TaskID.Value != "one" {
				t.Errorf("it begins with %v", e)
			}
			m.wantsNone(t)
			sizes = append(sizes, len(batch))
			cancel()
		}
	}
	if diff := cmp.Diff([]int{3}, sizes); diff != "" {
		t.Error(diff)
	}
	for _, want := range []string{"one", "two"} {
		if got := m.wants(t, scheduler.CallTypeAcknowledge).Acknowledge.TaskID.Value; got != want {
			t.Errorf("acknowledged %s, not %s", got, want)
		}
	}
}

// A batch whose body ends by break stays unacknowledged as a whole.
func TestABatchThatIsLeft(t *testing.T) {
	m := startMaster(t)
	for batch, err := range scheduler.New(m.options()).Batches(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := batch[0].(*scheduler.EventUpdate); ok {
			break
		}
		(<-m.subscriptions).Send(update("one", []byte("0123456789abcdef")), update("two", []byte("fedcba9876543210")))
	}
	m.wantsNone(t)
}
