package executor

import (
	"context"
	"os"
	"os/exec"
	"syscall"
)

// Command is a command that ends with the task: it gets SIGTERM when the task is to end, and SIGKILL when that is overdue. Its output is
// the executor's own, and so stands in the sandbox. All that may be changed before it is started.
func (t *Task) Command(name string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(t.ctx, name, arguments...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.Cancel = func() error {
		context.AfterFunc(t.overdue, func() { _ = command.Process.Kill() }) // it may have ended
		return command.Process.Signal(syscall.SIGTERM)
	}
	return command
}
