package agent

import (
	"testing"
	"time"

	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
)

// commandHealth is checked at once and, while the test looks, once.
func commandHealth(failures uint32) *mesos.HealthCheck {
	return &mesos.HealthCheck{
		Command: &mesos.CommandInfo{Value: new("healthy?")}, DelaySeconds: new(0.0), IntervalSeconds: new(0.001), GracePeriodSeconds: new(0.0),
		ConsecutiveFailures: new(failures),
	}
}

// of waits for a status for that reason.
func (c *cluster) of(reason mesos.TaskStatusReason) mesos.TaskStatus {
	c.t.Helper()
	s := c.acknowledged(mesos.TaskRunning)
	if s.GetReason() != reason || s.GetSource() != mesos.SourceExecutor {
		c.t.Fatalf("got %s, want %s", &s, reason)
	}
	return s
}

func TestHealthCheck(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	c.containers.deaf = true
	main := c.runs(testFramework(), commandTask("t", func(t *mesos.TaskInfo) { t.HealthCheck = commandHealth(2) }))
	for _, test := range []struct {
		status int32
		told   bool
		want   bool
	}{{0, true, true}, {0, false, true}, {1 << 8, true, false}, {0, true, true}, {1 << 8, true, false}, {9, true, false}} {
		n := c.containers.next(t)
		if n.spec.Sandbox != main.spec.Sandbox || n.spec.Within != main.spec.ID || n.spec.Command.GetValue() != "healthy?" {
			t.Errorf("the check runs as %+v", n.spec)
		}
		n.end(test.status)
		if !test.told {
			continue
		}
		if s := c.of(mesos.ReasonTaskHealthCheckStatusUpdated); s.GetHealthy() != test.want || s.Healthy == nil {
			t.Errorf("after %d: %s", test.status, &s)
		}
	}
	main.end(15)
	if s := c.acknowledged(mesos.TaskKilled); s.Healthy == nil || s.GetHealthy() {
		t.Errorf("the end: %s", &s)
	}
	c.completed()
}

func TestCheck(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	info := &mesos.CheckInfo{
		Type: new(mesos.CheckInfoTypeCommand), Command: &mesos.CheckInfoCommand{Command: mesos.CommandInfo{Value: new("check")}},
		DelaySeconds: new(0.0), IntervalSeconds: new(0.001),
	}
	c.launch(testFramework(), commandTask("t", func(t *mesos.TaskInfo) { t.Check = info }))
	main := c.containers.next(t)
	for _, state := range []mesos.TaskState{mesos.TaskStarting, mesos.TaskRunning} {
		if s := c.acknowledged(state); s.CheckStatus.GetType() != mesos.CheckInfoTypeCommand || s.CheckStatus.Command == nil || s.CheckStatus.Command.ExitCode != nil {
			t.Errorf("before the first check: %s", &s)
		}
	}
	for _, code := range []int32{7, 7, 0} {
		c.containers.next(t).end(code << 8)
	}
	for _, code := range []int32{7, 0} {
		if s := c.of(mesos.ReasonTaskCheckStatusUpdated); s.CheckStatus.Command.GetExitCode() != code {
			t.Errorf("want %d: %s", code, &s)
		}
	}
	main.end(0)
	if s := c.acknowledged(mesos.TaskFinished); s.CheckStatus.Command.ExitCode == nil {
		t.Errorf("the end: %s", &s)
	}
	c.completed()
}

// A check that goes on is ended with its task, and with the agent.
func TestCheckEndsWithItsTask(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	main := c.runs(testFramework(), commandTask("t", func(t *mesos.TaskInfo) { t.HealthCheck = commandHealth(1) }))
	probe := c.containers.next(t)
	main.end(0)
	if s := c.acknowledged(mesos.TaskFinished); s.Healthy != nil {
		t.Errorf("the end: %s", &s)
	}
	select {
	case <-probe.done:
	case <-time.After(patience):
		t.Error("the check goes on")
	}
	c.completed()
}

// After a restart of the agent the task is checked on, and what was told before is not told again.
func TestChecksAfterRecovery(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	c.runs(testFramework(checkpointing), commandTask("t", func(t *mesos.TaskInfo) { t.HealthCheck = commandHealth(2) }))
	c.containers.next(t).end(0)
	c.of(mesos.ReasonTaskHealthCheckStatusUpdated)
	c.kill()
	for len(c.containers.launched) > 0 {
		c.containers.next(t)
	}
	c.run()
	hear[link.Reregister](t, c.master)
	c.containers.next(t).end(0)
	c.containers.next(t).end(1 << 8)
	if s := c.of(mesos.ReasonTaskHealthCheckStatusUpdated); s.GetHealthy() {
		t.Errorf("status: %s", &s)
	}
}
