package operator_test

import (
	"context"
	"fmt"
	"os"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
)

// listTasks prints the tasks that are there.
func listTasks(ctx context.Context, master *operator.Master) error {
	tasks, err := master.GetTasks(ctx)
	if err != nil {
		return err
	}
	for _, task := range tasks.Tasks {
		fmt.Println(task.TaskID.Value, task.State)
	}
	return nil
}

// followCluster prints what changes, until ctx ends.
func followCluster(ctx context.Context, master *operator.Master) error {
	model := operator.NewModel(master)
	for change, err := range model.Changes(ctx) {
		if err != nil {
			return err
		}
		fmt.Println(change, "- tasks now:", len(model.Cluster().Tasks))
	}
	return nil
}

// followTask prints what a task writes, from its last kilobyte on, until ctx ends.
func followTask(ctx context.Context, master *operator.Master, task string) error {
	sandbox, err := master.Sandbox(ctx, operator.TaskKey{Task: task})
	if err != nil {
		return err
	}
	defer sandbox.Close()
	return sandbox.Follow(ctx, os.Stdout, "stdout", -1024)
}

// drain empties an agent for maintenance.
func drain(ctx context.Context, master *operator.Master, agent string) error {
	return master.DrainAgent(ctx, operator.MasterCallDrainAgent{AgentID: mesos.AgentID{Value: agent}})
}

// openShell runs a shell in the container of a task, in the user's terminal.
func openShell(ctx context.Context, agent *operator.Agent, parent mesos.ContainerID) error {
	terminal, err := operator.OpenTerminal("/dev/tty")
	if err != nil {
		return err
	}
	defer terminal.Close()
	id := mesos.ContainerID{Value: "shell-1", Parent: &parent}
	output, err := agent.LaunchNestedContainerSession(ctx, operator.AgentCallLaunchNestedContainerSession{
		ContainerID: id,
		Command:     &mesos.CommandInfo{Shell: new(false), Value: new("/bin/sh"), Arguments: []string{"sh"}},
		Container:   &mesos.ContainerInfo{Type: mesos.ContainerInfoTypeMesos, TTYInfo: &mesos.TTYInfo{}},
	})
	if err != nil {
		return err
	}
	defer output.Close()
	input, err := agent.AttachContainerInput(ctx, id)
	if err != nil {
		return err
	}
	return terminal.Run(output, input)
}

var _ = []any{listTasks, followCluster, followTask, drain, openShell} // documents show them

func Example() {
	fmt.Println(operator.Options{Address: "zk://ops:secret@10.0.0.1:2181/mesos"})
	// Output: zk://ops:***@10.0.0.1:2181/mesos, as nobody
}
