package executor

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/mesos"
)

func TestTaskFromLaunchToEnd(t *testing.T) {
	a := start(t, true)
	r := a.drive(nil)
	s := a.subscribed()
	if got := a.header.Get("Authorization"); got != "Bearer token" {
		t.Errorf("Authorization = %q", got)
	}
	if s.call.FrameworkID.Value != "f" || s.call.ExecutorID.Value != "e" || s.call.Subscribe == nil {
		t.Errorf("SUBSCRIBE is %v", s.call)
	}
	next[*EventSubscribed](r)
	s.launch("t")
	if e := next[*EventLaunch](r); e.Task.TaskID.Value != "t" {
		t.Errorf("launched %v", e)
	}
	r.update("t", mesos.TaskRunning)
	running := a.updated()
	status := running.Status
	if len(status.UUID) != 16 || status.GetSource() != mesos.SourceExecutor || status.GetTimestamp() == 0 ||
		status.ExecutorID == nil || status.ExecutorID.Value != "e" || status.State != mesos.TaskRunning {
		t.Errorf("update is %v", running)
	}
	s.acknowledge(running)
	next[*EventAcknowledged](r)
	if err := r.Message([]byte("hello")); err != nil {
		t.Error(err)
	}
	if call := receive(t, "a message", a.calls); call.GetType() != CallTypeMessage || string(call.Message.Data) != "hello" {
		t.Errorf("message is %v", call)
	}
	s.Send(&Event{Type: new(EventTypeMessage), Message: &EventMessage{Data: []byte("world")}})
	if e := next[*EventMessage](r); string(e.Data) != "world" {
		t.Errorf("message is %v", e)
	}
	for range 2 { // both are the caller's
		s.kill("t")
		next[*EventKill](r)
	}
	r.update("t", mesos.TaskKilled)
	r.Stop()
	s.acknowledge(a.updated())
	if err := r.ends(); err != nil {
		t.Error(err)
	}
}

// What the agent has not acknowledged goes with the next subscription, in order, and what was told meanwhile as well.
func TestResubscription(t *testing.T) {
	for name, tcp := range map[string]bool{"TCP": true, "memory": false} {
		t.Run(name, func(t *testing.T) {
			a := start(t, tcp)
			r := a.drive(func(o *Options) { o.Environment.SubscriptionBackoffMax = time.Millisecond })
			s := a.subscribed()
			s.launch("known", "lost", "silent")
			for range 3 {
				next[*EventLaunch](r)
			}
			r.update("known", mesos.TaskRunning)
			s.acknowledge(a.updated())
			next[*EventAcknowledged](r)
			r.update("lost", mesos.TaskStarting)
			r.update("lost", mesos.TaskRunning)
			first, second := a.updated(), a.updated()
			s.Close()

			again := receive(t, "another subscription", a.subscriptions)
			if diff := cmp.Diff([]string{"lost", "silent"}, names(again.call)); diff != "" {
				t.Errorf("unacknowledged tasks: -want +got\n%s", diff)
			}
			if diff := cmp.Diff([]CallUpdate{*first, *second}, again.call.Subscribe.UnacknowledgedUpdates); diff != "" {
				t.Errorf("unacknowledged updates: -want +got\n%s", diff)
			}
			r.update("known", mesos.TaskFinished) // between SUBSCRIBE and SUBSCRIBED: it must wait
			again.Send(&Event{Type: new(EventTypeSubscribed), Subscribed: &EventSubscribed{}})
			third := a.updated()
			if third.Status.State != mesos.TaskFinished {
				t.Errorf("then came %v", third)
			}
			again.acknowledge(first)
			again.acknowledge(third)
			again.acknowledge(third) // twice does not matter
			for range 3 {
				next[*EventAcknowledged](r)
			}
			again.Close()

			last := receive(t, "a third subscription", a.subscriptions)
			if diff := cmp.Diff([]string{"silent"}, names(last.call)); diff != "" {
				t.Errorf("unacknowledged tasks: -want +got\n%s", diff)
			}
			if diff := cmp.Diff([]CallUpdate{*second}, last.call.Subscribe.UnacknowledgedUpdates); diff != "" {
				t.Errorf("unacknowledged updates: -want +got\n%s", diff)
			}
		})
	}
}

func names(call *Call) []string {
	var ids []string
	for _, task := range call.Subscribe.UnacknowledgedTasks {
		ids = append(ids, task.TaskID.Value)
	}
	return ids
}

// A server may drop idle connections, and only the stream's loss is a lost subscription.
func TestCallsOnANewConnection(t *testing.T) {
	a := start(t, true)
	r := a.drive(func(o *Options) {
		o.Environment.Checkpoint = false
		o.Environment.SubscriptionBackoffMax = time.Millisecond
	})
	s := a.subscribed()
	s.launch("t")
	next[*EventLaunch](r)
	a.mu.Lock()
	a.hangUp = true
	a.mu.Unlock()
	r.update("t", mesos.TaskRunning)
	s.acknowledge(a.updated())
	next[*EventAcknowledged](r)
	if len(a.subscriptions) > 0 {
		t.Error("subscribed again")
	}
}

func TestUpdatesThatMakeNoSense(t *testing.T) {
	bubble(t, func(t *testing.T, a *agent) {
		r := a.drive(nil)
		s := a.subscribed()
		s.Send(&Event{Type: new(EventTypeLaunchGroup), LaunchGroup: &EventLaunchGroup{TaskGroup: mesos.TaskGroupInfo{
			Tasks: []mesos.TaskInfo{{TaskID: mesos.TaskID{Value: "t"}}, {TaskID: mesos.TaskID{Value: "u"}}},
		}}})
		next[*EventLaunchGroup](r)
		wrong := func(id string, state mesos.TaskState, why string) {
			t.Helper()
			err := r.Update(mesos.TaskStatus{TaskID: mesos.TaskID{Value: id}, State: state})
			if err == nil || !strings.Contains(err.Error(), why) || !strings.Contains(err.Error(), id) {
				t.Errorf("update of %s to %v: %v, want %q", id, state, err, why)
			}
		}
		wrong("x", mesos.TaskRunning, "not launched")
		wrong("t", mesos.TaskStaging, "TASK_STAGING")
		r.update("t", mesos.TaskFinished)
		r.update("u", mesos.TaskFinished)
		wrong("t", mesos.TaskKilled, "ended")
		s.acknowledge(a.updated())
		next[*EventAcknowledged](r)
		wrong("t", mesos.TaskKilled, "acknowledged")
	})
}

func TestStopWaitsForAcknowledgements(t *testing.T) {
	bubble(t, func(t *testing.T, a *agent) {
		r := a.drive(nil)
		s := a.subscribed()
		s.launch("t")
		next[*EventLaunch](r)
		r.update("t", mesos.TaskFinished)
		r.Stop()
		u := a.updated()
		s.Close() // the agent restarts
		s = a.subscribed()
		synctest.Wait()
		select {
		case <-r.events:
			t.Error("ended without an acknowledgement")
		default:
		}
		s.acknowledge(u)
		if err := r.ends(); err != nil {
			t.Error(err)
		}
	})
}

func TestStopDoesNotWaitForEver(t *testing.T) {
	bubble(t, func(t *testing.T, a *agent) {
		r := a.drive(nil)
		s := a.subscribed()
		s.launch("t")
		next[*EventLaunch](r)
		r.update("t", mesos.TaskFinished)
		began := time.Now()
		r.Stop()
		if err := r.ends(); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != time.Minute {
			t.Errorf("waited %v, want a minute", took)
		}
	})
}

func TestShutdownByTheAgent(t *testing.T) {
	bubble(t, func(t *testing.T, a *agent) {
		r := a.drive(nil)
		s := a.subscribed()
		s.launch("t")
		next[*EventLaunch](r)
		s.Send(&Event{Type: new(EventTypeShutdown)}, &Event{Type: new(EventTypeShutdown)})
		if e := next[*EventShutdown](r); e.Grace != 5*time.Second {
			t.Errorf("shutdown is %+v", e)
		}
		r.update("t", mesos.TaskKilled)
		r.Stop()
		s.acknowledge(a.updated())
		if err := r.ends(); err != nil {
			t.Error(err)
		}
		select {
		case <-r.killed:
			t.Error("killed though the loop had ended")
		case <-time.After(time.Minute): // virtual
		}
	})
}

func TestShutdownThatTakesTooLong(t *testing.T) {
	bubble(t, func(t *testing.T, a *agent) {
		r := a.drive(nil)
		s := a.subscribed()
		s.Send(&Event{Type: new(EventTypeShutdown)})
		next[*EventShutdown](r)
		s.Close()
		began := time.Now()
		receive(t, "the kill", r.killed)
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("killed after %v, want 5s", took)
		}
		if len(a.subscriptions) > 0 {
			t.Error("subscribed again after SHUTDOWN")
		}
	})
}

func TestAgentLostWithoutCheckpointing(t *testing.T) {
	bubble(t, func(t *testing.T, a *agent) {
		r := a.drive(func(o *Options) { o.Environment.Checkpoint = false })
		s := a.subscribed()
		s.launch("t")
		next[*EventLaunch](r)
		s.Close()
		if e := next[*EventShutdown](r); !strings.Contains(e.Reason, "does not checkpoint") {
			t.Errorf("shutdown is %+v", e)
		}
		r.update("t", mesos.TaskKilled)
		if err := r.Message(nil); !errors.Is(err, ErrDisconnected) {
			t.Errorf("Message: %v", err)
		}
		began := time.Now()
		r.Stop()
		if err := r.ends(); err != nil || time.Since(began) != 0 {
			t.Errorf("ends after %v with %v: it waits for an agent that does not come", time.Since(began), err)
		}
	})
}

func TestRecoveryTimeout(t *testing.T) {
	bubble(t, func(t *testing.T, a *agent) {
		r := a.drive(nil)
		s := a.subscribed()
		next[*EventSubscribed](r)
		a.refuse(func(*Call) int { return http.StatusServiceUnavailable })
		began := time.Now()
		s.Close()
		e := next[*EventShutdown](r)
		if !strings.Contains(e.Reason, "recovery timeout of 15m0s") {
			t.Errorf("shutdown is %+v", e)
		}
		if took := time.Since(began); took < 15*time.Minute || took > 15*time.Minute+2*time.Second {
			t.Errorf("gave up after %v", took)
		}
		receive(t, "the kill", r.killed)
	})
}

// The pauses before further subscriptions are by chance, so that the executors of an agent that returns do not come all at once, and not longer than half
// of MESOS_SUBSCRIPTION_BACKOFF_MAX, which is for how long the agent waits for them.
func TestPausesBetweenSubscriptions(t *testing.T) {
	bubble(t, func(t *testing.T, a *agent) {
		const longest = 4 * time.Second
		attempts := make(chan time.Time, 10_000)
		a.refuse(func(*Call) int {
			attempts <- time.Now()
			return http.StatusServiceUnavailable
		})
		r := a.drive(func(o *Options) { o.Environment.SubscriptionBackoffMax = 2 * longest })
		if err := r.ends(); err == nil || !strings.Contains(err.Error(), "recovery timeout of 15m0s") {
			t.Errorf("ended with %v", err)
		}
		short, long, last := 0, 0, time.Time{}
		for range len(attempts) { // some 450
			at := <-attempts
			switch pause := at.Sub(last); {
			case last.IsZero():
			case pause >= longest:
				t.Errorf("a pause of %v", pause)
			case pause < longest/4:
				short++
			case pause > longest*3/4:
				long++
			}
			last = at
		}
		if short == 0 || long == 0 {
			t.Errorf("%d of the pauses are short, %d are long", short, long)
		}
	})
}

// An agent that takes the connection and says nothing must not hold us for longer.
func TestSilentAgent(t *testing.T) {
	bubble(t, func(t *testing.T, a *agent) {
		r := a.drive(nil)
		receive(t, "a subscription", a.subscriptions) // which is never answered
		began := time.Now()
		if err := r.ends(); !errors.Is(err, errSilent) {
			t.Errorf("err = %v", err)
		}
		if took := time.Since(began); took != 15*time.Minute {
			t.Errorf("gave up after %v", took)
		}
	})
}

func TestHeartbeats(t *testing.T) {
	bubble(t, func(t *testing.T, a *agent) {
		a.drive(nil)
		s := a.subscribed()
		began := time.Now()
		for i := range 3 {
			call := receive(t, "a heartbeat", a.calls)
			if took := time.Since(began); call.GetType() != CallTypeHeartbeat || took != time.Duration(i+1)*30*time.Minute {
				t.Errorf("%v after %v", call, took)
			}
		}
		if len(a.subscriptions) > 0 {
			t.Error("an agent without heartbeats counts as lost")
		}
		s.Send(&Event{Type: new(EventTypeHeartbeat)})
		synctest.Wait()
		began = time.Now()
		a.subscribed()
		if took := time.Since(began); took < 90*time.Minute || took > 90*time.Minute+2*time.Second {
			t.Errorf("subscribed again after %v", took)
		}
	})
}

func TestUnknownEvents(t *testing.T) {
	bubble(t, func(t *testing.T, a *agent) {
		r := a.drive(nil)
		s := a.subscribed()
		next[*EventSubscribed](r)
		s.Send(&Event{Type: new(EventType(77))}, &Event{}, &Event{Type: new(EventTypeLaunch)},
			&Event{Unknown: new([]byte("\xfa\x01\x01x"))}, &Event{Type: new(EventTypeError), Error: &EventError{Message: "hm"}})
		if e, ok := receive(t, "an event", r.events).(*EventError); !ok || e.Message != "hm" {
			t.Errorf("got %v", e)
		}
	})
}

func TestRefusedSubscription(t *testing.T) {
	for status, permanent := range map[int]bool{400: true, 401: true, 403: true, 404: false, 429: false, 500: false, 503: false} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			bubble(t, func(t *testing.T, a *agent) {
				a.refuse(func(*Call) int { return status })
				r := a.drive(nil)
				synctest.Wait()
				a.refuse(nil)
				if !permanent {
					a.subscribed()
					return
				}
				err := r.ends()
				if err == nil || !strings.Contains(err.Error(), http.StatusText(status)) {
					t.Errorf("err = %v", err)
				}
			})
		})
	}
}

func TestRefusedUpdate(t *testing.T) {
	for status, permanent := range map[int]bool{400: true, 403: false, 503: false} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			bubble(t, func(t *testing.T, a *agent) {
				r := a.drive(nil)
				s := a.subscribed()
				s.launch("t")
				next[*EventLaunch](r)
				a.refuse(func(c *Call) int {
					if c.GetType() == CallTypeUpdate {
						return status
					}
					return 0
				})
				r.update("t", mesos.TaskRunning)
				if permanent {
					if e := next[*EventShutdown](r); !strings.Contains(e.Reason, http.StatusText(status)) {
						t.Errorf("shutdown is %+v", e)
					}
					return
				}
				again := receive(t, "another subscription", a.subscriptions)
				if n := len(again.call.Subscribe.UnacknowledgedUpdates); n != 1 {
					t.Errorf("%d unacknowledged updates", n)
				}
			})
		})
	}
}

func TestNoAgent(t *testing.T) {
	bubble(t, func(t *testing.T, a *agent) {
		_ = a.listener.Close()
		r := a.drive(func(o *Options) { o.Environment.Checkpoint = false })
		if err := r.ends(); err == nil || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("err = %v", err)
		}
		for _, err := range r.Events(t.Context()) {
			if err == nil {
				t.Error("Events works twice")
			}
		}
	})
}

func TestContextEndsTheLoop(t *testing.T) {
	bubble(t, func(t *testing.T, a *agent) {
		r := a.drive(nil)
		s := a.subscribed()
		s.launch("t")
		next[*EventLaunch](r)
		r.update("t", mesos.TaskFinished)
		began := time.Now()
		r.cancel()
		if err := r.ends(); err != nil || time.Since(began) != 0 {
			t.Errorf("ends after %v with %v", time.Since(began), err)
		}
	})
}
