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

	"golang.org/x/sync/errgroup"

	"github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/mesos"
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
	options          scheduler.Options
	session          *scheduler.Session
	executor         mesos.ExecutorInfo
	task             mesos.Resources // of each
	verbose          bool
	tasks, finished  int
	offers, launched int
}

func schedule(ctx context.Context) error {
	e, artifact := &example{}, scheduler.ArtifactOptions{}
	framework := &e.options.Framework
	flag.StringVar(&e.options.Master, "url", "127.0.0.1:5050", "the master: a URL, host:port or zk://host:port,.../path")
	flag.StringVar(&framework.Name, "name", "example", "name of the framework")
	flag.StringVar(&framework.User, "user", "", "user that the tasks run as (default: the one that runs this)")
	role := flag.String("role", "*", "role of the framework")
	flag.StringVar(&e.options.Security.Principal, "credentials.username", "", "name to authenticate with")
	flag.StringVar(&e.options.Security.SecretFile, "credentials.passwordFile", "", "`file` that holds the password")
	flag.StringVar(&artifact.Advertise, "server.address", "", "`address` under which agents fetch the executor")
	flag.StringVar(&artifact.File, "executor", "", "`path` of the executor (default: this program)")
	flag.IntVar(&e.tasks, "tasks", 5, "number of tasks")
	cpu, memory := flag.Float64("cpu", 1, "cpus of each task"), flag.Float64("memory", 64, "memory of each task, in MB")
	execCPU, execMemory := flag.Float64("exec.cpu", 0.01, "cpus of each executor"), flag.Float64("exec.memory", 64, "memory of each executor, in MB")
	flag.BoolVar(&e.verbose, "verbose", false, "tell every event")
	flag.Parse()
	server, err := scheduler.OpenArtifact(artifact)
	if err != nil {
		return err
	}
	framework.Roles = []string{*role}
	framework.Capabilities = []mesos.FrameworkInfoCapability{{Type: new(mesos.FrameworkInfoCapabilityTypeMultiRole)}}
	e.task = mesos.Resources{mesos.CPUs(*cpu), mesos.Mem(*memory)}
	e.executor = mesos.ExecutorInfo{
		Type: new(mesos.ExecutorInfoTypeCustom), ExecutorID: mesos.ExecutorID{Value: "default"},
		Resources: mesos.Resources{mesos.CPUs(*execCPU), mesos.Mem(*execMemory)}, Command: server.Command("execute"),
	}
	e.session = scheduler.New(e.options)
	ctx, stop := context.WithCancel(ctx)
	var group errgroup.Group
	group.Go(func() error { return server.Run(ctx) })
	err = e.run(ctx)
	stop()
	return errors.Join(err, group.Wait())
}

func (e *example) run(ctx context.Context) error {
	began := time.Now()
	for event, err := range e.session.Events(ctx) {
		if e.verbose {
			log.Printf("%T %v", event, event)
		}
		switch event := event.(type) {
		case *scheduler.EventOffers:
			for _, offer := range event.Offers {
				err = errors.Join(err, e.use(ctx, &offer))
			}
		case *scheduler.EventUpdate:
			if s := &event.Status; s.State == mesos.TaskFinished {
				e.finished++
			} else if s.State.Terminal() {
				return fmt.Errorf("task %s is %v: %s", s.TaskID.Value, s.State, s.GetMessage())
			}
			if e.finished == e.tasks {
				err = errors.Join(err, e.session.Teardown(ctx))
			}
		}
		if err != nil && !errors.Is(err, scheduler.ErrDisconnected) {
			return err
		}
	}
	log.Printf("summary: %d offers, %d tasks launched, %d finished, %v", e.offers, e.launched, e.finished, time.Since(began).Round(time.Millisecond))
	return nil
}

// use launches as many tasks on an offer as fit.
func (e *example) use(ctx context.Context, offer *mesos.Offer) error {
	e.offers++
	taken, rest, fits := mesos.Resources(nil), mesos.Resources(offer.Resources), true
	if len(offer.ExecutorIDs) == 0 {
		_, rest, fits = rest.Take(e.executor.Resources...)
	}
	launch := &mesos.OfferOperationLaunch{}
	for fits && e.launched < e.tasks {
		if taken, rest, fits = rest.Take(e.task...); fits {
			e.launched++
			launch.TaskInfos = append(launch.TaskInfos, mesos.TaskInfo{
				Name: fmt.Sprint("Task ", e.launched), TaskID: mesos.TaskID{Value: fmt.Sprint(e.launched)}, AgentID: offer.AgentID,
				Executor: &e.executor, Resources: taken,
			})
		}
	}
	accept := scheduler.CallAccept{OfferIDs: []mesos.OfferID{offer.ID}, Filters: scheduler.Refuse(time.Second)}
	if len(launch.TaskInfos) > 0 {
		accept.Operations = []mesos.OfferOperation{{Type: new(mesos.OfferOperationTypeLaunch), Launch: launch}}
	}
	return e.session.Accept(ctx, accept) // of nothing: it is declined
}
