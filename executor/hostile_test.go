package executor

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

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

// Run does what an agent says once, whatever it says twice or out of place, and nothing of it is lost.
func TestRunWithAMadAgent(t *testing.T) {
	bubble(t, func(t *testing.T, a *agent) {
		o := RunOptions{Options: Options{Environment: a.environment(), Dial: a.dial, Kill: func() { t.Error("killed") }}}
		runs := 0
		ended := make(chan error)
		go func() {
			ended <- Run(t.Context(), o, func(ctx context.Context, task *Task) error {
				runs++
				if err := task.Running(); err != nil {
					t.Error(err)
				}
				<-ctx.Done()
				<-time.After(time.Second)
				return nil
			})
		}()
		s := receive(t, "a subscription", a.subscriptions)
		s.kill("t") // before SUBSCRIBED, and before there is such a task
		s.Send(&Event{Type: new(EventTypeSubscribed), Subscribed: &EventSubscribed{}}, &Event{Type: new(EventTypeMessage), Message: &EventMessage{}})
		s.launch("t", "t")
		running := a.updated()
		s.kill("t")
		s.kill("t")
		s.Send(&Event{Type: new(EventTypeShutdown)}, &Event{Type: new(EventTypeShutdown)})
		s.launch("late")
		s.acknowledge(running)
		states := map[string]mesos.TaskState{}
		for len(states) < 2 {
			u := a.updated()
			states[u.Status.TaskID.Value] = u.Status.State
			s.acknowledge(u)
			s.acknowledge(u)
		}
		if err := receive(t, "the end", ended); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(map[string]mesos.TaskState{"t": mesos.TaskKilled, "late": mesos.TaskKilled}, states); diff != "" || runs != 1 {
			t.Errorf("the task ran %d times; %s", runs, diff)
		}
	})
}

// A task that is launched while the last one's end is on its way runs, though the executor would have ended.
func TestLaunchAtTheEnd(t *testing.T) {
	bubble(t, func(t *testing.T, a *agent) {
		o := RunOptions{Options: Options{Environment: a.environment(), Dial: a.dial}}
		ended := make(chan error)
		go func() {
			ended <- Run(t.Context(), o, func(context.Context, *Task) error { return nil })
		}()
		s := a.subscribed()
		var told []*CallUpdate
		for _, id := range []string{"a", "b", "c"} {
			s.launch(id)
			told = append(told, a.updated())
			synctest.Wait() // it has nothing more to do
		}
		for i, u := range told {
			if u.Status.TaskID.Value != string(rune('a'+i)) || u.Status.State != mesos.TaskFinished {
				t.Errorf("update %d is %v", i, u)
			}
			s.acknowledge(u)
		}
		if err := receive(t, "the end", ended); err != nil {
			t.Error(err)
		}
	})
}

// An agent that acknowledges nothing does not keep the executor.
func TestRunWithoutAcknowledgements(t *testing.T) {
	bubble(t, func(t *testing.T, a *agent) {
		o := RunOptions{Options: Options{Environment: a.environment(), Dial: a.dial}}
		ended := make(chan error)
		go func() {
			ended <- Run(t.Context(), o, func(context.Context, *Task) error { return nil })
		}()
		a.subscribed().launch("t")
		a.updated()
		began := time.Now()
		if err := receive(t, "the end", ended); err != nil || time.Since(began) > 3*time.Minute {
			t.Errorf("it ended after %v with %v", time.Since(began), err)
		}
	})
}

// Where an agent does not let us subscribe, Run says so and calls nothing.
func TestRunWithoutAgent(t *testing.T) {
	bubble(t, func(t *testing.T, a *agent) {
		a.refuse(func(*Call) int { return http.StatusForbidden })
		o := RunOptions{Options: Options{Environment: a.environment(), Dial: a.dial}}
		if err := Run(t.Context(), o, nil); err == nil || !strings.Contains(err.Error(), "403") {
			t.Errorf("err = %v", err)
		}
		if err := Run(t.Context(), RunOptions{}, nil); err == nil || !strings.Contains(err.Error(), "started by a Mesos agent") {
			t.Errorf("outside an agent: %v", err)
		}
	})
}
