package executor

import (
	"bufio"
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// A command hears that its task is to end, and is given the grace period and no more.
func TestCommand(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		grace  time.Duration
		kill   bool
		state  mesos.TaskState
		want   string
	}{
		"ends by itself":  {script: "echo ready", state: mesos.TaskFinished},
		"fails":           {script: "echo ready; exit 3", state: mesos.TaskFailed, want: "exit status 3"},
		"is asked to end": {script: "trap 'exit 3' TERM; echo ready; while :; do sleep 0.01; done", grace: time.Hour, kill: true, state: mesos.TaskKilled, want: "exit status 3"},
		"has to be ended": {script: "trap '' TERM; echo ready; while :; do sleep 0.01; done", kill: true, state: mesos.TaskKilled, want: "signal: killed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := start(t, true)
			ended := make(chan error, 1)
			go func() {
				o := RunOptions{Options: Options{Environment: a.environment(), Kill: func() { t.Error("killed") }}}
				ended <- Run(t.Context(), o, func(_ context.Context, task *Task) error {
					return runUntilReady(task, task.Command("sh", "-c", c.script))
				})
			}()
			s := a.subscribed()
			s.launch("t")
			s.acknowledge(a.updated())
			if c.kill {
				s.Send(&Event{Type: new(EventTypeKill), Kill: &EventKill{TaskID: mesos.TaskID{Value: "t"}, KillPolicy: &mesos.KillPolicy{
					GracePeriod: &mesos.DurationInfo{Nanoseconds: int64(c.grace)},
				}}})
			}
			u := a.updated()
			s.acknowledge(u)
			if got := u.Status.GetMessage(); u.Status.State != c.state || !strings.Contains(got, c.want) {
				t.Errorf("it ended with %v, want %v with %q", &u.Status, c.state, c.want)
			}
			if err := receive(t, "the end", ended); err != nil {
				t.Error(err)
			}
		})
	}
}

// runUntilReady tells that a command works when it has said so, and waits for its end.
func runUntilReady(task *Task, command *exec.Cmd) error {
	command.Stdout = nil
	output, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	if _, err := bufio.NewReader(output).ReadString('\n'); err != nil {
		return err
	}
	if err := task.Running(); err != nil {
		return err
	}
	return command.Wait()
}
