package agent

import (
	"fmt"
	"os/user"
	"strings"
	"time"

	"github.com/ormosproject/ormos/local/internal/container"
	"github.com/ormosproject/ormos/mesos"
)

// Overhead of a command executor, which Mesos' agents show though it is not charged.
const commandCPUs, commandMem = 0.1, 32

// commandExecutor is Mesos' built-in executor for tasks with a command: its task's container is the executor's own. It lives in
// the agent's goroutine.
//
//	launching -> running -> killing -> ended
type commandExecutor struct {
	a *Agent
	e *executor
	*commandRun
}

func newCommandExecutor(a *Agent, e *executor, task mesos.TaskInfo) *commandExecutor {
	t := newCommandRun(a, e, task)
	t.destroy = func() { a.destroy(e) }
	return &commandExecutor{a: a, e: e, commandRun: t}
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

// starting is told when the task's process is about to be started. What the scheduler has to say to TASK_STARTING comes while it is, so that
// TASK_RUNNING has not to wait for it.
func (x *commandExecutor) starting() {
	if b, ok := x.e.dequeue(x.id()); ok {
		x.e.launch(b)
		x.tell(mesos.TaskStarting, "")
	}
}

// launched is told when the task's process runs.
func (x *commandExecutor) launched() {
	x.e.state = running
	x.starting()
	x.started(x.e.container)
}

// notStarted is told when the command could be fetched but not executed. Mesos' executor finds that out after STARTING.
func (x *commandExecutor) notStarted(err *container.LaunchError) {
	if _, ok := err.Err.(user.UnknownUserError); ok {
		return
	}
	x.starting()
	x.failed(err.Error())
}

// kill ends the task with the grace of the KILL where the agent's flags let it through. A second KILL may shorten the grace,
// which counts from the first.
func (x *commandExecutor) kill(policy *mesos.KillPolicy) {
	if !x.a.flags.HTTPCommandExecutor {
		policy = nil
	}
	x.endEarly(x.graceOf(policy))
}

// endEarly is end, also for a task whose process is just being started.
func (x *commandExecutor) endEarly(grace time.Duration) {
	if x.container == nil && !x.ended && x.early == nil {
		x.early = new(grace)
	}
	x.end(grace)
}

// exited is told the raw wait status of the task's process, -1 if unknown. An unknown end that nobody asked for is left to the
// agent, which says "Executor terminated".
func (x *commandExecutor) exited(status int32) {
	if status >= 0 || x.killing {
		x.commandRun.exited(status)
	}
}
