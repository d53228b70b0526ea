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
