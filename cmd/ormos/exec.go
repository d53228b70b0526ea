package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
)

// execCommand is `ormos exec`: a command beside a task.
func execCommand() *cobra.Command {
	var o execOptions
	cmd := &cobra.Command{
		Use:   "exec APP|TASK [COMMAND [ARG...]]",
		Short: "Run a command in the container of a task",
		Long: `Run a command in the container of a task, by the agent's own API: in its sandbox, with its environment. Of an app it is the first task that runs.
Without a command it is a shell.

Exit status: that of the command; 1 when it could not be run.`,
		Example: `  ormos exec -it web
  ormos exec web -- ls -l
  ormos exec -i web.3f2a1b9c sh -c 'cat > config.json' < config.json`,
		Args: cobra.MinimumNArgs(1),
	}
	cmd.ValidArgsFunction = o.completeApps
	flags := cmd.Flags()
	flags.SetInterspersed(false) // what follows the task is the command's own
	flags.SortFlags = false
	flags.BoolVarP(&o.input, "interactive", "i", false, "pass the standard input on")
	flags.BoolVarP(&o.tty, "tty", "t", false, "give the command a terminal, which is this one")
	o.mesosAccess.flags(cmd)
	return o.verb(cmd, func(ctx context.Context, s *session, args []string) error {
		m, err := o.open(ctx, s.client, warnings(cmd))
		if err != nil {
			return err
		}
		defer m.master.Close()
		o.stdin = cmd.InOrStdin()
		return o.run(ctx, s, m, args)
	})
}

type execOptions struct {
	connection
	mesosAccess
	input, tty bool
	stdin      io.Reader
}

func (o *execOptions) run(ctx context.Context, s *session, m *clusterOf, args []string) error {
	task, err := runningTask(ctx, s.client, args[0])
	if err != nil {
		return err
	}
	sandbox, err := m.sandbox(ctx, task.ID)
	if err != nil {
		return err
	}
	defer sandbox.Close()
	parent := containerOf(sandbox.Task)
	if parent == nil {
		return fmt.Errorf("cannot run a command beside %s: its agent has not told its container", shortTask(task.ID))
	}
	id := mesos.ContainerID{Value: "exec-" + random(), Parent: parent}
	command := args[1:]
	if len(command) > 0 && command[0] == "--" {
		command = command[1:]
	}
	return o.session(ctx, s, sandbox.Agent, id, command)
}

// runningTask chooses the task that a command runs beside.
func runningTask(ctx context.Context, client *app.Client, word string) (*app.Task, error) {
	tasks, err := findTasks(ctx, client, word)
	if err != nil {
		return nil, err
	}
	for i := range tasks {
		if tasks[i].State == "TASK_RUNNING" {
			return &tasks[i], nil
		}
	}
	return nil, fmt.Errorf("no task of %s is running; 'ormos ps' lists the tasks, 'ormos explain %s' tells what is waited for", word, word)
}

// containerOf gives the container that a task's agent has told.
func containerOf(task *mesos.Task) *mesos.ContainerID {
	for i := len(task.Statuses) - 1; i >= 0; i-- {
		if status := task.Statuses[i].ContainerStatus; status != nil && status.ContainerID != nil {
			return status.ContainerID
		}
	}
	return nil
}

func random() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// session runs the command and ends with its status.
func (o *execOptions) session(ctx context.Context, s *session, agent *operator.Agent, id mesos.ContainerID, command []string) error {
	if len(command) == 0 {
		command = []string{"/bin/sh"}
	}
	call := operator.AgentCallLaunchNestedContainerSession{
		ContainerID: id,
		Command:     &mesos.CommandInfo{Shell: new(false), Value: &command[0], Arguments: command},
	}
	if o.tty {
		call.Container = &mesos.ContainerInfo{Type: mesos.ContainerInfoTypeMesos, TTYInfo: &mesos.TTYInfo{}}
	}
	output, err := agent.LaunchNestedContainerSession(ctx, call)
	if refused, ok := errors.AsType[*operator.Error](err); ok && refused.Message != "" {
		return fmt.Errorf("cannot run %s: %s", command[0], refused.Message)
	}
	if err != nil {
		return err
	}
	defer output.Close()
	ended := make(chan exited, 1)
	go func() {
		answer, err := agent.WaitContainer(ctx, id)
		ended <- exited{answer, err}
	}()
	if err := o.connect(ctx, s, agent, id, output); err != nil {
		return err
	}
	return (<-ended).status(command[0])
}

// connect passes on what is typed and what is printed, until the output ends.
func (o *execOptions) connect(ctx context.Context, s *session, agent *operator.Agent, id mesos.ContainerID, output *operator.Output) error {
	if !o.tty && !o.input {
		return output.Copy(s.out, s.err)
	}
	input, err := agent.AttachContainerInput(ctx, id)
	if err != nil {
		return err
	}
	if o.tty {
		terminal, err := operator.OpenTerminal("/dev/tty")
		if err != nil {
			return errors.Join(fmt.Errorf("%w; without a terminal leave -t away", err), input.Close())
		}
		return errors.Join(terminal.Run(output, input), terminal.Close())
	}
	go func() {
		if _, err := io.Copy(input, o.stdin); err == nil {
			_ = input.CloseWrite() // the command may have ended: then the output tells
		}
	}()
	err = output.Copy(s.out, s.err)
	_ = input.Close() // the command has ended: there is nobody to read
	return err
}

// exited is how a container has ended.
type exited struct {
	answer *operator.AgentResponseWaitContainer
	err    error
}

// status ends the program as the command has ended.
func (e exited) status(command string) error {
	if e.err != nil {
		return fmt.Errorf("cannot tell how %s has ended: %w", command, e.err)
	}
	if e.answer.ExitStatus == nil {
		return fmt.Errorf("the agent does not tell how %s has ended", command)
	}
	status := syscall.WaitStatus(*e.answer.ExitStatus)
	switch {
	case status.Signaled():
		return &exitError{status: 128 + int(status.Signal())}
	case status.ExitStatus() != 0:
		return &exitError{status: status.ExitStatus()}
	}
	return nil
}
