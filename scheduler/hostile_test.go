package scheduler_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

func subscribed(id string) *scheduler.Event {
	return &scheduler.Event{
		Type: new(scheduler.EventTypeSubscribed), Subscribed: &scheduler.EventSubscribed{FrameworkID: mesos.FrameworkID{Value: id}},
	}
}

// The id that the framework's tasks run under is never given up for what a master says that is out of its mind.
func TestTheFrameworkIDIsNotOverwritten(t *testing.T) {
	for name, test := range map[string]struct {
		stored string
		says   []*scheduler.Event
		want   string
		saved  []string
	}{
		"none":         {"mine", []*scheduler.Event{subscribed("")}, "without the framework's id", nil},
		"none, at all": {"", []*scheduler.Event{subscribed("")}, "without the framework's id", nil},
		"another":      {"mine", []*scheduler.Event{subscribed("other")}, `as "other", not as "mine"`, nil},
		"twice":        {"", []*scheduler.Event{subscribed("a"), subscribed("b")}, "SUBSCRIBED twice", []string{"a"}},
	} {
		t.Run(name, func(t *testing.T) {
			m := startMaster(t)
			m.answer = func(w http.ResponseWriter, r *http.Request, _ *scheduler.Call) bool {
				w.Header().Set(wire.StreamID, "x")
				stream := wire.NewEventStream(wire.Protobuf)
				for _, event := range test.says {
					stream.Send(event)
				}
				_ = stream.Serve(w, r)
				return true
			}
			o, store := m.options(), &memory{id: test.stored}
			o.FrameworkID = store
			for event, err := range scheduler.New(o).Events(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				if e, ok := event.(*scheduler.EventDisconnected); ok {
					if !strings.Contains(e.Err.Error(), test.want) {
						t.Errorf("disconnected: %v", e.Err)
					}
					break
				}
			}
			if diff := cmp.Diff(test.saved, store.saved); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A program's output that is not UTF-8, in a status' message, must neither end the subscription for ever nor be lost.
func TestAnUpdateThatIsNotUTF8(t *testing.T) {
	m := startMaster(t)
	m.answer = func(w http.ResponseWriter, r *http.Request, call *scheduler.Call) bool {
		if call.GetType() != scheduler.CallTypeSubscribe {
			m.calls <- call
			w.WriteHeader(http.StatusAccepted)
			return true
		}
		e := update("task", []byte("uuid"))
		e.Update.Status.Message = new("it says BAD!")
		hello, err := wire.Protobuf.AppendRecord(nil, subscribed("a"))
		if err != nil {
			t.Error(err)
		}
		records, err := wire.Protobuf.AppendRecord(hello, e)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", string(wire.Protobuf))
		w.Header().Set(wire.StreamID, "x")
		_, _ = w.Write(bytes.Replace(records, []byte("BAD"), []byte("\xff\xfe\xfd"), 1))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		return true
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	acknowledged := make(chan *scheduler.Call, 1)
	go func() {
		acknowledged <- <-m.calls
		cancel()
	}()
	seen := 0
	for event, err := range scheduler.New(m.options()).Events(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		switch e := event.(type) {
		case *scheduler.EventUpdate:
			if seen++; e.Status.GetMessage() != "it says \uFFFD!" {
				t.Errorf("the message is %q", e.Status.GetMessage())
			}
		case *scheduler.EventDisconnected:
			t.Fatal(e)
		}
	}
	if seen != 1 {
		t.Fatalf("%d updates", seen)
	}
	call := <-acknowledged
	if call.Acknowledge == nil || string(call.Acknowledge.UUID) != "uuid" || call.Acknowledge.TaskID.Value != "task" {
		t.Errorf("the call is %v", call)
	}
}

func TestAFrameworkThatCannotBeWritten(t *testing.T) {
	o := scheduler.Options{Master: "master:5050", Framework: mesos.FrameworkInfo{User: "me", Name: "\xff"}}
	for _, err := range scheduler.New(o).Events(t.Context()) {
		if e, ok := errors.AsType[*scheduler.Error](err); !ok || e.Reason != scheduler.ReasonOptions {
			t.Errorf("the error is %v", err)
		}
	}
}
