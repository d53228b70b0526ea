package agent

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/ormosproject/ormos/internal/check"
	"github.com/ormosproject/ormos/mesos"
)

// killGrace is what a task has between SIGTERM and SIGKILL when nobody says otherwise.
const killGrace = 3 * time.Second

// commandRun is a command that one of the built-in executors runs for a task: it tells the task's states, checks it, ends it on demand, and
// tells how it ended. It lives in the agent's goroutine.
//
//	launching -> running -> killing -> ended
type commandRun struct {
	a         *Agent
	e         *executor
	task      mesos.TaskInfo
	nested    *nested   // its container within the executor's; nil where the executor's own container is the task's
	container Container // nil until launched
	destroy   func()    // ends the container; exited is called afterwards

	early   *time.Duration // the grace of a kill that came before the container
	killing bool           // told to end the task
	killed  time.Time      // when that was first
	grace   time.Duration
	overdue bool // because of max_completion_time
	ended   bool
	kills   *time.Timer // SIGKILL
	limit   *time.Timer // max_completion_time

	stopChecks context.CancelFunc
	health     *check.Health
	healthy    *bool                  // what was last told
	checked    *mesos.CheckStatusInfo // the last result, nil without a check
}

func newCommandRun(a *Agent, e *executor, task mesos.TaskInfo) *commandRun {
	t := &commandRun{a: a, e: e, task: *task.Clone()}
	if task.Check != nil {
		c := check.OfCheck(task.Check)
		t.checked = new(c.Nothing())
	}
	return t
}

func (t *commandRun) id() string { return t.task.TaskID.Value }

// started is told when the task's process runs.
func (t *commandRun) started(c Container) {
	t.container = c
	t.tell(mesos.TaskRunning, "")
	if t.early != nil {
		t.end(*t.early)
	}
	t.supervise(time.Now())
}

// supervise begins the checks, and the time that the task may take.
func (t *commandRun) supervise(start time.Time) {
	if t.ended || t.killing {
		return
	}
	if m := t.task.MaxCompletionTime; m != nil {
		t.limit = t.a.after(time.Until(start.Add(time.Duration(m.Nanoseconds))), t.tookTooLong)
	}
	t.startChecks(start)
}

// tell makes a status update of the executor.
func (t *commandRun) tell(state mesos.TaskState, message string, set ...func(*mesos.TaskStatus)) {
	s := mesos.TaskStatus{TaskID: t.task.TaskID, State: state, UUID: newUUID()}
	if message != "" {
		s.Message = new(message)
	}
	if t.checked != nil {
		s.CheckStatus = t.checked.Clone()
	}
	if t.nested != nil {
		s.ContainerStatus = &mesos.ContainerStatus{ContainerID: t.nested.id.Clone()}
	}
	for _, f := range set {
		f(&s)
	}
	t.a.fromExecutor(t.e, s)
}

// failed tells that the task could not be started.
func (t *commandRun) failed(message string) {
	t.over()
	t.tell(mesos.TaskFailed, message)
}

// graceOf is the grace of a kill: what the policy says, else the task's, else 3 s.
func (t *commandRun) graceOf(policy *mesos.KillPolicy) time.Duration {
	for _, p := range []*mesos.KillPolicy{policy, t.task.KillPolicy} {
		if p != nil && p.GracePeriod != nil {
			return time.Duration(p.GracePeriod.Nanoseconds)
		}
	}
	return killGrace
}

// end ends the task: SIGTERM, and SIGKILL after the grace. A shorter one holds when it is ended twice, and counts from the first time.
func (t *commandRun) end(grace time.Duration) {
	if t.ended || t.container == nil {
		return
	}
	if t.killing {
		if grace < t.grace {
			t.killAfter(grace)
		}
		return
	}
	t.killing, t.killed = true, time.Now()
	t.endChecks()
	if t.e.framework.has(mesos.FrameworkInfoCapabilityTypeTaskKillingState) {
		t.tell(mesos.TaskKilling, "", t.unhealthy)
	}
	t.terminate(grace)
}

// terminate sends SIGTERM, and SIGKILL after the grace. To find all processes takes longer the more of them there are on the machine, so that
// nobody else waits for it; but SIGKILL comes after SIGTERM also without any grace.
func (t *commandRun) terminate(grace time.Duration) {
	t.grace = grace
	c := t.container
	t.a.goDo(func() {
		if err := c.Signal(syscall.SIGTERM); err != nil {
			t.a.log.Warn("cannot signal a task", "framework", t.e.framework.id, "task", t.id(), "error", err)
		}
		t.a.post(func() {
			if !t.ended && t.kills == nil {
				t.killAfter(t.grace)
			}
		})
	})
}

// killAfter destroys the container when the grace since the first KILL is over.
func (t *commandRun) killAfter(grace time.Duration) {
	if t.kills != nil {
		t.kills.Stop()
	}
	t.grace = grace
	left := time.Until(t.killed.Add(grace))
	if left <= 0 {
		t.destroy()
		return
	}
	t.kills = t.a.after(left, func() {
		if !t.ended {
			t.destroy()
		}
	})
}

// tookTooLong ends a task whose max_completion_time is over: without grace and without TASK_KILLING.
func (t *commandRun) tookTooLong() {
	if t.ended || t.killing {
		return
	}
	t.killing, t.overdue, t.killed = true, true, time.Now()
	t.endChecks()
	t.terminate(0)
}

// exited is told the raw wait status of the task's process, -1 if unknown.
func (t *commandRun) exited(status int32) {
	if t.ended || t.container == nil {
		return
	}
	t.over()
	state, message := outcome(status)
	switch {
	case t.nested != nil && t.nested.exceeded != nil:
		why := t.nested.exceeded
		t.tell(why.state, message+": "+why.message, func(s *mesos.TaskStatus) { s.Reason, s.Limitation = new(why.reason), why.limitation.Clone() })
	case t.overdue:
		t.tell(mesos.TaskFailed, message, func(s *mesos.TaskStatus) { s.Reason = new(mesos.ReasonMaxCompletionTimeReached) })
	case t.killing:
		t.tell(mesos.TaskKilled, message, t.unhealthy)
	default:
		t.tell(state, message)
	}
}

// over ends everything that was done for the task while it ran.
func (t *commandRun) over() {
	t.ended = true
	t.endChecks()
	for _, timer := range []*time.Timer{t.kills, t.limit} {
		if timer != nil {
			timer.Stop()
		}
	}
}

// outcome is what a raw wait status means for a task.
func outcome(status int32) (mesos.TaskState, string) {
	w := syscall.WaitStatus(status)
	switch {
	case status < 0:
		return mesos.TaskFailed, "Command ended with an unknown status"
	case w.Exited() && w.ExitStatus() == 0:
		return mesos.TaskFinished, "Command exited with status 0"
	case w.Exited():
		return mesos.TaskFailed, fmt.Sprintf("Command exited with status %d", w.ExitStatus())
	case w.Signaled() && w.CoreDump():
		return mesos.TaskFailed, "Command terminated with signal " + signalName(w.Signal()) + " (core dumped)"
	}
	return mesos.TaskFailed, "Command terminated with signal " + signalName(w.Signal())
}

// signalName is strsignal's text: the one that Go has, with a capital.
func signalName(s syscall.Signal) string {
	text := s.String()
	return strings.ToUpper(text[:1]) + text[1:]
}
