package executor_test

import (
	"context"
	"log"
	"time"

	"github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/mesos"
)

// An executor that runs any number of tasks at a time, each of which is a command.
func ExampleRun() {
	err := executor.Run(context.Background(), executor.RunOptions{}, func(_ context.Context, task *executor.Task) error {
		command := task.Command("convert", string(task.Info.Data)) // told to end by KILL and so on
		if err := command.Start(); err != nil {
			return err
		}
		if err := task.Running(); err != nil {
			return err
		}
		return command.Wait()
	})
	if err != nil {
		log.Fatal(err) // not started by an agent
	}
}

// An executor that runs one task, which waits until it is killed.
func ExampleDriver() {
	driver, err := executor.New(executor.Options{})
	if err != nil {
		log.Fatal(err) // not started by an agent
	}
	ctx, interrupt := context.WithCancel(context.Background())
	defer interrupt()
	for event, err := range driver.Events(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		switch e := event.(type) {
		case *executor.EventLaunch:
			go func() {
				tell(driver, e.Task.TaskID, mesos.TaskRunning)
				select {
				case <-time.After(time.Hour):
					tell(driver, e.Task.TaskID, mesos.TaskFinished)
				case <-ctx.Done():
					tell(driver, e.Task.TaskID, mesos.TaskKilled)
				}
				driver.Stop() // ends the loop when the agent has that
			}()
		case *executor.EventKill, *executor.EventShutdown:
			interrupt()
		}
	}
}

func tell(driver *executor.Driver, task mesos.TaskID, state mesos.TaskState) {
	if err := driver.Update(mesos.TaskStatus{TaskID: task, State: state}); err != nil {
		log.Print(err)
	}
}
