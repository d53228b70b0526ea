package main

import (
	"context"
	"net/http"

	"github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/mesos"
)

// execute serves the page of one task until the task is killed.
func execute(ctx context.Context) error {
	driver, err := executor.New(executor.Options{})
	if err != nil {
		return err
	}
	task, page := mesos.TaskID{}, &http.Server{}
	tell := func(state mesos.TaskState, message string) {
		driver.Update(mesos.TaskStatus{TaskID: task, State: state, Message: new(message)}) // refused only after the task's end
		if state.Terminal() {
			driver.Stop()
		}
	}
	for event, err := range driver.Events(ctx) {
		switch e := event.(type) {
		case nil:
			return err
		case *executor.EventLaunch:
			task = e.Task.TaskID
			address := pageAddress(driver.Environment().Agent, &e.Task)
			if page, err = serve(address, e.Task.Data, func(err error) { tell(mesos.TaskFailed, err.Error()) }); err == nil {
				tell(mesos.TaskRunning, "serving "+address)
			}
		case *executor.EventKill, *executor.EventShutdown:
			page.Shutdown(ctx)
			tell(mesos.TaskKilled, "the web server was shut down")
		}
	}
	return nil
}
