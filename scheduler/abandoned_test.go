package scheduler

import (
	"testing"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// A task that counted as ended, since the master did not know it, is killed when it turns out to run.
func TestAbandonedTaskThatReturnsIsKilled(t *testing.T) {
	now := time.Unix(1000, 0)
	b := newBook(FrameworkOptions{})
	b.subscribed(now, &EventSubscribed{})
	b.put(&Task{ID: "web.1", Need: "web", AgentID: "agent", Heard: true, Status: mesos.TaskStatus{State: mesos.TaskRunning}})
	for _, state := range []mesos.TaskState{mesos.TaskUnknown, mesos.TaskRunning} {
		b.event(now, &EventUpdate{Status: mesos.TaskStatus{TaskID: mesos.TaskID{Value: "web.1"}, State: state, Reason: new(mesos.ReasonReconciliation)}})
	}
	b.act(now)
	_, calls := b.take()
	for _, c := range calls {
		if c.call.GetType() == CallTypeKill && c.call.Kill.TaskID.Value == "web.1" {
			return
		}
	}
	t.Errorf("it is not killed: %v", calls)
}

// A task that is dropped after its need was served is its author's to want again: the event does not promise another launch.
func TestDroppedAfterItWasServed(t *testing.T) {
	b := newBook(FrameworkOptions{})
	e := &EventTask{}
	b.settle(time.Unix(1000, 0), &Task{ID: "web.1", Need: "web"}, e, true)
	if e.Dropped {
		t.Error("its need is said to wait again")
	}
}
