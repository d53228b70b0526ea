package agent

import (
	"context"
	"syscall"
	"time"

	"github.com/ormosproject/ormos/internal/check"
	"github.com/ormosproject/ormos/local/internal/container"
	"github.com/ormosproject/ormos/mesos"
)

// startChecks performs the task's check and health check from now on.
func (t *commandRun) startChecks(start time.Time) {
	ctx, cancel := context.WithCancel(t.a.running)
	t.stopChecks = cancel
	run := t.commandOfCheck()
	perform := func(c check.Check, report func(mesos.CheckStatusInfo)) {
		t.a.goDo(func() {
			c.Run(ctx, start, run, func(s mesos.CheckStatusInfo) {
				t.a.post(func() {
					if !t.ended && !t.killing {
						report(s)
					}
				})
			})
		})
	}
	if t.task.Check != nil {
		perform(check.OfCheck(t.task.Check), t.checkedAs)
	}
	if h := t.task.HealthCheck; h != nil {
		t.health = check.NewHealth(h, start)
		if t.healthy != nil {
			t.health.Resume(*t.healthy)
		}
		perform(check.OfHealthCheck(h), t.judge)
	}
}

func (t *commandRun) endChecks() {
	if t.stopChecks != nil {
		t.stopChecks()
	}
}

// checkedAs takes the result of a check, which is told when it is another one than before.
func (t *commandRun) checkedAs(s mesos.CheckStatusInfo) {
	if t.checked.String() == s.String() {
		return
	}
	t.checked = &s
	t.tell(mesos.TaskRunning, "", t.withHealth, because(mesos.ReasonTaskCheckStatusUpdated))
}

// judge takes the result of a health check.
func (t *commandRun) judge(s mesos.CheckStatusInfo) {
	passed := check.Passed(&s)
	tell, kill := t.health.Judge(time.Now(), passed)
	if tell {
		t.healthy = new(passed)
		t.tell(mesos.TaskRunning, "", t.withHealth, because(mesos.ReasonTaskHealthCheckStatusUpdated))
	}
	if kill {
		t.end(t.graceOf(nil))
	}
}

func because(r mesos.TaskStatusReason) func(*mesos.TaskStatus) {
	return func(s *mesos.TaskStatus) { s.Reason = new(r) }
}

func (t *commandRun) withHealth(s *mesos.TaskStatus) {
	if t.healthy != nil {
		s.Healthy = new(*t.healthy)
	}
}

// unhealthy tells in the status of a kill that the task was not healthy; that it was is not told.
func (t *commandRun) unhealthy(s *mesos.TaskStatus) {
	if t.healthy != nil && !*t.healthy {
		s.Healthy = new(false)
	}
}

// resumeChecks takes up what an earlier agent has told.
func (t *commandRun) resumeChecks(last *mesos.TaskStatus) {
	if last.Healthy != nil {
		t.healthy = new(*last.Healthy)
	}
	if t.checked != nil && last.CheckStatus != nil {
		t.checked = last.CheckStatus.Clone()
	}
}

// commandOfCheck runs the commands of checks beside the task: as its user, in its sandbox and with its environment. What they print
// goes to the task's stderr.
func (t *commandRun) commandOfCheck() check.Command {
	spec := t.spec()
	spec.Checkpoint, spec.Keep, spec.Within, spec.ToStderr = "", false, spec.ID, true
	containers := t.a.o.Containerizer
	return func(ctx context.Context, command *mesos.CommandInfo) (int32, error) {
		s := spec
		s.ID, s.Command = uuidText(newUUID()), *command.Clone()
		env := environOf(spec.Env)
		for name, value := range variables(command) {
			env.set(name, value)
		}
		s.Env = env.list
		return runToEnd(ctx, containers, s)
	}
}

// runToEnd runs a command and gives its exit code. When ctx ends it is destroyed.
func runToEnd(ctx context.Context, containers Containerizer, s container.Spec) (int32, error) {
	c, err := containers.Launch(ctx, s)
	if err != nil {
		return 0, err
	}
	select {
	case <-c.Done():
	case <-ctx.Done():
		c.Destroy()
		return 0, ctx.Err()
	}
	status := syscall.WaitStatus(c.Exit().Status)
	if status.Signaled() {
		return 128 + int32(status.Signal()), nil // as shells say it
	}
	return int32(status.ExitStatus()), nil
}
