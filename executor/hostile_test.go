package executor

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/ormosproject/ormos/mesos"
)

// An update that cannot be written must not keep the others, and the next subscriptions, from the agent.
func TestUpdatesThatAreNotUTF8(t *testing.T) {
	bubble(t, func(t *testing.T, a *agent) {
		r := a.drive(nil)
		s := a.subscribed()
		s.launch("t")
		next[*EventLaunch](r)
		status := mesos.TaskStatus{TaskID: mesos.TaskID{Value: "t"}, State: mesos.TaskFailed}
		status.Labels = &mesos.Labels{Labels: []mesos.Label{{Key: "\xff"}}}
		if err := r.Update(status); err == nil || !strings.Contains(err.Error(), "UTF-8") {
			t.Errorf("the error is %v", err)
		}
		status.Labels = nil
		status.Message = new("it says \xff\xfe!")
		if err := r.Update(status); err != nil {
			t.Error(err)
		}
		failed := a.updated()
		if got := failed.Status.GetMessage(); got != "it says \uFFFD!" {
			t.Errorf("the message is %q", got)
		}
		r.Stop()
		s.acknowledge(failed)
		if err := r.ends(); err != nil {
			t.Error(err)
		}
	})
}

// An agent may break off at any time, also while the caller leaves the loop.
func TestTheLoopIsLeftWhileTheAgentGoes(t *testing.T) {
	for range 20 { // two things are there to choose from at the loop's end
		bubble(t, func(t *testing.T, a *agent) {
			options := Options{Environment: a.environment(), Dial: a.dial, Kill: func() { t.Error("killed") }}
			options.Environment.Checkpoint = false
			driver, err := New(options)
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				s := receive(t, "a subscription", a.subscriptions)
				s.Send(&Event{Type: new(EventTypeMessage), Message: &EventMessage{}})
				s.Close() // before SUBSCRIBED: there is no hope
			}()
			for event := range driver.Events(t.Context()) {
				if event == nil {
					return // the end was seen first
				}
				synctest.Wait() // now it is known
				break
			}
		})
	}
}
