// Command example-scheduler does what mesos-go's command of that name does, with its flags: it launches tasks that end at once, with an executor that
// agents fetch from it over HTTP, and tells in the end what it took.
//
//	go run ./cmd/ormos local                                              # in another terminal
//	go run ./examples/example-scheduler -url http://127.0.0.1:5050 -tasks 5 -cpu 0.1
//
// The executor is this program too, unless -executor names another one, such as mesos-go's example-executor.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
	"github.com/ormosproject/ormos/scheduler"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	run := schedule
	if len(os.Args) == 2 && os.Args[1] == "execute" {
		run = execute
	}
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func execute(ctx context.Context) error {
	return executor.Run(ctx, executor.RunOptions{Idle: -1}, func(_ context.Context, task *executor.Task) error { return task.Running() })
}

// example is the scheduler.
type example struct {
	options                   scheduler.Options
	framework                 *scheduler.Framework
	executor                  mesos.ExecutorInfo
	resources                 mesos.Resources // of each task
	verbose                   bool
	tasks, launched, finished int
}

func schedule(ctx context.Context) error {
	e, artifact := &example{}, scheduler.ArtifactOptions{}
	info := &e.options.Framework
	flag.StringVar(&e.options.Master, "url", "127.0.0.1:5050", "the master: a URL, host:port or zk://host:port,.../path")
	flag.StringVar(&info.Name, "name", "example", "name of the framework")
	flag.StringVar(&info.User, "user", "", "user that the tasks run as (default: the one that runs this)")
	role := flag.String("role", "*", "role of the framework")
	flag.StringVar(&e.options.Security.Principal, "credentials.username", "", "name to authenticate with")
	flag.StringVar(&e.options.Security.SecretFile, "credentials.passwordFile", "", "`file` that holds the password")
	flag.StringVar(&artifact.Advertise, "server.address", "", "`address` under which agents fetch the executor")
	flag.StringVar(&artifact.File, "executor", "", "`path` of the executor (default: this program)")
	flag.IntVar(&e.tasks, "tasks", 5, "number of tasks")
	cpu, memory := flag.Float64("cpu", 1, "cpus of each task"), flag.Float64("memory", 64, "memory of each task, in MB")
	execCPU, execMemory := flag.Float64("exec.cpu", 0.01, "cpus of each executor"), flag.Float64("exec.memory", 64, "memory of each executor, in MB")
	flag.BoolVar(&e.verbose, "verbose", false, "tell every event")
	if flag.Parse(); flag.NArg() > 0 {
		return fmt.Errorf("takes no arguments: %q", flag.Args())
	}
	server, err := scheduler.OpenArtifact(artifact)
	if err != nil {
		return err
	}
	info.Roles = []string{*role}
	info.Capabilities = scheduler.Capabilities{MultiRole: true}.List()
	e.resources = mesos.Resources{mesos.CPUs(*cpu), mesos.Mem(*memory)}
	e.executor = mesos.ExecutorInfo{
		Type: new(mesos.ExecutorInfoTypeCustom), ExecutorID: mesos.ExecutorID{Value: "default"},
		Resources: mesos.Resources{mesos.CPUs(*execCPU), mesos.Mem(*execMemory)}, Command: server.Command("execute"),
	}
	e.framework = scheduler.NewFramework(scheduler.FrameworkOptions{Options: e.options})
	return server.While(ctx, e.run)
}

func (e *example) run(ctx context.Context) error {
	began := time.Now()
	for i := range e.tasks {
		task := offer.Task{Info: mesos.TaskInfo{Name: fmt.Sprint("Task ", i+1), Resources: e.resources}}
		need := offer.Need{Name: fmt.Sprint(i + 1), Tasks: []offer.Task{task}, Executor: &e.executor}
		if err := e.framework.Want(scheduler.Need{Need: need}); err != nil {
			return err
		}
	}
	for event, err := range e.framework.Events(ctx) {
		if e.verbose {
			log.Printf("%T %v", event, event)
		}
		if told, ok := event.(*scheduler.EventTask); ok {
			err = e.task(told)
		}
		if err == nil && e.finished == e.tasks {
			err = e.framework.Teardown(ctx) // ends the loop
		}
		if err != nil && !errors.Is(err, scheduler.ErrDisconnected) {
			return err
		}
	}
	log.Printf("summary: %d tasks launched, %d finished, %v", e.launched, e.finished, time.Since(began).Round(time.Millisecond))
	return nil
}

// task counts what becomes of a task. One that was dropped is launched again.
func (e *example) task(told *scheduler.EventTask) error {
	switch state := told.Task.State(); {
	case state == mesos.TaskFinished:
		e.finished++
	case told.Task.Over() && !told.Dropped:
		return fmt.Errorf("a task has not finished: %v", told)
	case state == mesos.TaskStaging && !told.Task.Heard:
		e.launched++
	}
	return nil
}
