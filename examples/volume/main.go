// Command volume keeps a command running that has its data on a persistent volume: what it writes below data/ in its sandbox is there again when
// it is started anew, after a failure, a restart of this scheduler, or one of the whole cluster.
//
//	go run ./cmd/ormos local --work-dir /tmp/cluster                      # in another terminal
//	go run ./examples/volume --master 127.0.0.1:5050 --command 'date >> data/starts; exit $(wc -l < data/starts)'
//
// It shows a reservation and a volume that are made with the launch and found again, and a record of it all that outlives the process.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
	"github.com/ormosproject/ormos/scheduler"
	"github.com/ormosproject/ormos/store"
)

// created is the record that the volume exists. Its value is nothing: the key says it all.
const created = "volume-created"

// keeper keeps the command running.
type keeper struct {
	framework *scheduler.Framework
	records   *store.File
	command   string
	size      float64 // of the volume to create, in MB; 0 once there is one
	pauses    scheduler.Backoff
}

func main() {
	master := flag.String("master", "127.0.0.1:5050", "`address` of the master: host:port or zk://host:port,.../path")
	role := flag.String("role", "volume", "the role to which the resources are reserved")
	command := flag.String("command", "date >> data/starts; exec sleep 3600", "what is kept running; its data are in data/")
	size := flag.Float64("size", 16, "how large the volume is, in MB")
	directory := flag.String("records", "volume-records", "the `directory` of the scheduler's own records")
	if flag.Parse(); flag.NArg() > 0 || *size <= 0 {
		fmt.Fprintf(os.Stderr, "volume: needs a positive --size, and takes no arguments: %q\n", flag.Args())
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, scheduler.Options{Master: *master, Framework: mesos.FrameworkInfo{
		Name: "volume", Roles: []string{*role}, FailoverTimeout: new(7 * 24 * time.Hour.Seconds()), Checkpoint: new(true),
		Capabilities: []mesos.FrameworkInfoCapability{{Type: new(mesos.FrameworkInfoCapabilityTypeMultiRole)}},
	}}, *directory, &keeper{command: *command, size: *size}); err != nil {
		fmt.Fprintln(os.Stderr, "volume:", err)
		os.Exit(1)
	}
}

// run reads the records and follows what happens until ctx ends. The task goes on.
func run(ctx context.Context, o scheduler.Options, directory string, k *keeper) (err error) {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	if k.records, err = store.OpenFile(filepath.Join(directory, "records")); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, k.records.Close()) }()
	all, err := k.records.Load(ctx)
	if err != nil {
		return err
	}
	if _, there := all[created]; there {
		k.size = 0
	}
	k.framework = scheduler.NewFramework(scheduler.FrameworkOptions{Options: o, Store: k.records})
	if err := k.framework.Want(k.need()); err != nil {
		return err
	}
	for event, err := range k.framework.Events(ctx) {
		switch e := event.(type) {
		case *scheduler.EventDisconnected:
			fmt.Println("waiting:", e)
		case *scheduler.EventTask:
			fmt.Println(e)
			err = k.task(ctx, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// need is the command, on the volume that there is, or else on one that is reserved and created with the launch. Were a size named
// later on, a second, empty volume might come to be while the first one's agent is away.
func (k *keeper) need() scheduler.Need {
	return scheduler.Need{Need: offer.Need{
		Name: "keeper", Reserve: k.size > 0,
		Tasks: []offer.Task{{
			Info: mesos.TaskInfo{
				Name: "keeper", Command: &mesos.CommandInfo{Value: &k.command}, Resources: mesos.Resources{mesos.CPUs(0.1), mesos.Mem(32)},
			},
			Volumes: []offer.Volume{{ID: "data", Path: "data", Size: k.size}},
		}},
	}}
}

// task records that the volume exists as soon as the task is known to run on it, and wants the next one when it is over.
func (k *keeper) task(ctx context.Context, e *scheduler.EventTask) error {
	if e.Task.State() == mesos.TaskRunning && k.size > 0 {
		k.size = 0
		return k.records.Commit(ctx, map[string][]byte{created: {}})
	}
	if e.Task.Over() && !e.Dropped {
		next := k.need()
		next.NotBefore = time.Now().Add(k.pauses.Next())
		return k.framework.Want(next)
	}
	return nil
}
