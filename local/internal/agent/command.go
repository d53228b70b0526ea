package agent

import (
	"fmt"
	"os/user"
	"strings"
	"syscall"
	"time"

	"github.com/ormosproject/ormos/local/internal/container"
	"github.com/ormosproject/ormos/mesos"
)

const (
	// killGrace is what a task has between SIGTERM and SIGKILL when nobody says otherwise.
	killGrace = 3 * time.Second
	// Overhead of a command executor, which Mesos' agents show though it is not charged.
	commandCPUs, commandMem = 0.1, 32
)

// commandExecutor is Mesos' built-in executor for tasks with a command: it tells TASK_STARTING and TASK_RUNNING, ends its
// task on demand, and tells how it ended. It lives in the agent's goroutine.
//
//	launching -> running -> killing -> ended
type commandExecutor struct {
	a       *Agent
	e       *executor
	task    mesos.TaskInfo
	killing bool      // told to end the task
	killed  time.Time // when that was first
	grace   time.Duration
	overdue bool // because of max_completion_time
	ended   bool
	kills   *time.Timer // SIGKILL
	limit   *time.Timer // max_completion_time
}

func newCommandExecutor(a *Agent, e *executor, task mesos.TaskInfo) *commandExecutor {
	return &commandExecutor{a: a, e: e, task: *task.Clone()}
}

// commandExecutorInfo is what agents show for the executor of a command task; its id is the task's.
func commandExecutorInfo(f *framework, t *mesos.TaskInfo) mesos.ExecutorInfo {
	info := mesos.ExecutorInfo{
		ExecutorID:  mesos.ExecutorID{Value: t.TaskID.Value},
		FrameworkID: &mesos.FrameworkID{Value: f.id},
		Name:        new(fmt.Sprintf("Command Executor (Task: %s) (Command: %s)", t.TaskID.Value, shortCommand(t.Command))),
		Source:      new(t.TaskID.Value),
		Command:     &mesos.CommandInfo{},
		Resources:   []mesos.Resource{mesos.CPUs(commandCPUs), mesos.Mem(commandMem)},
	}
	if t.Command != nil {
		info.Command.User = t.Command.User
	}
	if len(t.Resources) > 0 {
		for i := range info.Resources {
			info.Resources[i].AllocationInfo = t.Resources[0].AllocationInfo
		}
	}
	return info
}

// shortCommand is a command in a few characters, cut where Mesos cuts.
func shortCommand(c *mesos.CommandInfo) string {
	short := func(s string) string {
		if len(s) > 15 {
			return s[:12] + "..."
		}
		return s
	}
	switch {
	case c == nil || c.Value == nil && c.GetShell():
		return "NO COMMAND"
	case c.GetShell():
		return "sh -c '" + short(c.GetValue()) + "'"
	case c.Value == nil:
		return "NO EXECUTABLE"
	}
	return "[" + c.GetValue() + ", " + short(strings.Join(c.Arguments, ", ")) + "]"
}

// launched is told when the task's process runs.
func (x *commandExecutor) launched() {
	x.e.state = running
	x.e.takeQueued(x.task.TaskID.Value)
	x.tell(mesos.TaskStarting, "")
	x.tell(mesos.TaskRunning, "")
	x.supervise()
}

// notStarted is told when the command could be fetched but not executed. Mesos' executor finds that out after STARTING.
func (x *commandExecutor) notStarted(err *container.LaunchError) {
	if _, ok := err.Err.(user.UnknownUserError); ok {
		return
	}
	x.e.takeQueued(x.task.TaskID.Value)
	x.tell(mesos.TaskStarting, "")
	x.ended = true
	x.tell(mesos.TaskFailed, err.Error())
}

// supervise starts the time that the task may take.
func (x *commandExecutor) supervise() { x.superviseSince(time.Now()) }

func (x *commandExecutor) superviseSince(start time.Time) {
	if m := x.task.MaxCompletionTime; m != nil && !x.ended {
		x.limit = x.a.after(time.Until(start.Add(time.Duration(m.Nanoseconds))), x.tookTooLong)
	}
}

// tell makes a status update of the executor.
func (x *commandExecutor) tell(state mesos.TaskState, message string, set ...func(*mesos.TaskStatus)) {
	s := mesos.TaskStatus{TaskID: x.task.TaskID, State: state, UUID: newUUID()}
	if message != "" {
		s.Message = new(message)
	}
	for _, f := range set {
		f(&s)
	}
	x.a.fromExecutor(x.e, s)
}

// kill ends the task: SIGTERM, and SIGKILL after the grace of the KILL (where the agent's flags let it through), else of the
// task, else 3 s. A second KILL may shorten the grace, which counts from the first.
func (x *commandExecutor) kill(policy *mesos.KillPolicy) {
	grace := killGrace
	if p := x.task.KillPolicy; p != nil && p.GracePeriod != nil {
		grace = time.Duration(p.GracePeriod.Nanoseconds)
	}
	if x.a.flags.HTTPCommandExecutor && policy != nil && policy.GracePeriod != nil {
		grace = time.Duration(policy.GracePeriod.Nanoseconds)
	}
	x.end(grace)
}

// shutdown ends the task with the grace that the executor's shutdown leaves it.
func (x *commandExecutor) shutdown(grace time.Duration) { x.end(grace) }

func (x *commandExecutor) end(grace time.Duration) {
	if x.ended || x.e.container == nil {
		return
	}
	if x.killing {
		if grace < x.grace {
			x.killAfter(grace)
		}
		return
	}
	x.killing, x.killed = true, time.Now()
	if x.e.framework.has(mesos.FrameworkInfoCapabilityTypeTaskKillingState) {
		x.tell(mesos.TaskKilling, "")
	}
	x.terminate()
	x.killAfter(grace)
}

func (x *commandExecutor) terminate() {
	if err := x.e.container.Signal(syscall.SIGTERM); err != nil {
		x.a.log.Warn("cannot signal a task", "framework", x.e.framework.id, "task", x.task.TaskID.Value, "error", err)
	}
}

// killAfter destroys the container when the grace since the first KILL is over.
func (x *commandExecutor) killAfter(grace time.Duration) {
	if x.kills != nil {
		x.kills.Stop()
	}
	x.grace = grace
	left := time.Until(x.killed.Add(grace))
	if left <= 0 {
		x.a.destroy(x.e)
		return
	}
	x.kills = x.a.after(left, func() {
		if !x.ended {
			x.a.destroy(x.e)
		}
	})
}

// tookTooLong ends a task whose max_completion_time is over: without grace and without TASK_KILLING.
func (x *commandExecutor) tookTooLong() {
	if x.ended || x.killing {
		return
	}
	x.killing, x.overdue, x.killed = true, true, time.Now()
	x.terminate()
	x.killAfter(0)
}

// exited is told the raw wait status of the task's process, -1 if unknown. An unknown end that nobody asked for is left to the
// agent, which says "Executor terminated".
func (x *commandExecutor) exited(status int32) {
	if x.ended || x.e.container == nil || status < 0 && !x.killing {
		return
	}
	x.ended = true
	state, message := outcome(status)
	switch {
	case x.overdue:
		x.tell(mesos.TaskFailed, message, func(s *mesos.TaskStatus) { s.Reason = new(mesos.ReasonMaxCompletionTimeReached) })
	case x.killing:
		x.tell(mesos.TaskKilled, message)
	default:
		x.tell(state, message)
	}
}

func (x *commandExecutor) release() {
	x.ended = true
	for _, t := range []*time.Timer{x.kills, x.limit} {
		if t != nil {
			t.Stop()
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
