package scheduler_test

import (
	"context"
	"log"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
	"github.com/ormosproject/ormos/scheduler"
	"github.com/ormosproject/ormos/store"
)

// A framework that keeps one server running, whatever happens to it, its agent, the master or the framework's own process.
func ExampleFramework() {
	if err := keep(context.Background(), "zk://10.0.0.1:2181/mesos", "/var/lib/web/records"); err != nil {
		log.Fatal(err)
	}
}

func keep(ctx context.Context, master, path string) error {
	records, err := store.OpenFile(path)
	if err != nil {
		return err
	}
	defer records.Close()
	framework := scheduler.NewFramework(scheduler.FrameworkOptions{Store: records, Options: scheduler.Options{
		Master: master,
		Framework: mesos.FrameworkInfo{
			Name: "web", FailoverTimeout: new(7 * 24 * 3600.0), Checkpoint: new(true),
			Capabilities: scheduler.Capabilities{PartitionAware: true, TaskKillingState: true}.List(),
		},
	}})
	web := scheduler.Need{Need: offer.Need{Name: "web", Tasks: []offer.Task{{Info: mesos.TaskInfo{
		Name: "web", Command: &mesos.CommandInfo{Value: new("exec python3 -m http.server 8080")},
		Resources: mesos.Resources{mesos.CPUs(0.5), mesos.Mem(64)},
	}}}}}
	if err := framework.Want(web); err != nil {
		return err
	}
	for event, err := range framework.Events(ctx) {
		if err != nil {
			return err
		}
		e, ok := event.(*scheduler.EventTask)
		if !ok {
			continue
		}
		log.Print(e)
		if e.Task.Over() && !e.Dropped { // what was dropped is launched again by itself
			if err := framework.Want(web); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}
