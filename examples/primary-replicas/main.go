// Command primary-replicas runs a Redis server and three replicas of it. The primary is launched first, and the replicas once it
// works, with its address. When the primary is lost, a replica takes its place, the others follow that one, and a new replica is launched. It shows
// tasks that depend on each other, an executor that is told by messages what to do, and a scheduler that may be killed at any time.
//
//	go run ./cmd/ormos local                                              # in another terminal
//	go run ./examples/primary-replicas --master 127.0.0.1:5050
//
// The agents need redis-server. The servers go on when this scheduler ends, and it finds them when it is started again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
	"github.com/ormosproject/ormos/scheduler"
	"github.com/ormosproject/ormos/store"
)

const lead = "REPLICAOF NO ONE"

// redis keeps four servers. What each of them does is the message of its last update, which is in the framework's records.
type redis struct {
	framework *scheduler.Framework
	records   *store.File
	artifact  *scheduler.Artifact
	primary   string    // the id of its task; our own record of that name
	later     time.Time // no server is launched before
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	run := schedule
	if len(os.Args) == 2 && os.Args[1] == "execute" {
		run = execute
	}
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "primary-replicas:", err)
		os.Exit(1)
	}
}

func schedule(ctx context.Context) error {
	master := flag.String("master", "127.0.0.1:5050", "`address` of the master: host:port or zk://host:port,.../path")
	file := flag.String("records", "primary-replicas-records", "the `file` of the scheduler's records")
	flag.Parse()
	records, err := store.OpenFile(*file)
	if err != nil {
		return err
	}
	defer records.Close() // all that matters is on the disk before
	all, err := records.Load(ctx)
	artifact, also := scheduler.OpenArtifact(scheduler.ArtifactOptions{})
	if err := errors.Join(err, also); err != nil {
		return err
	}
	info := mesos.FrameworkInfo{Name: "primary-replicas", FailoverTimeout: new(7 * 24 * time.Hour.Seconds()), Checkpoint: new(true)}
	framework := scheduler.NewFramework(scheduler.FrameworkOptions{Store: records, Options: scheduler.Options{Master: *master, Framework: info}})
	r := &redis{framework: framework, records: records, artifact: artifact, primary: string(all["primary"])}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return artifact.Run(ctx) })
	group.Go(func() error { return r.run(ctx) })
	return group.Wait()
}

func (r *redis) run(ctx context.Context) error {
	for event, err := range r.framework.Events(ctx) {
		if e, ok := event.(*scheduler.EventTask); ok {
			fmt.Printf("%s at %s:%d: %v %s\n", e.Task.ID, e.Task.Hostname, e.Task.Ports[0].Begin, e.Task.State(), e.Task.Status.GetMessage())
			if e.Task.Over() {
				r.later = time.Now().Add(time.Second)
			}
		}
		if err = errors.Join(err, r.act(ctx)); err != nil && ctx.Err() == nil && !errors.Is(err, scheduler.ErrDisconnected) {
			return err
		}
	}
	return nil
}

// act wants one server, and all of them once there is a primary, and tells each what to do until it says that it does it.
func (r *redis) act(ctx context.Context) (err error) {
	tasks := r.framework.Tasks()
	maps.DeleteFunc(tasks, func(_ string, t scheduler.Task) bool { return t.Over() })
	primary, led := tasks[r.primary]
	for _, id := range slices.Sorted(maps.Keys(tasks)) {
		if !led && tasks[id].State() == mesos.TaskRunning {
			primary, led, r.primary = tasks[id], true, id
			err = r.records.Commit(ctx, map[string][]byte{"primary": []byte(id)}) // before anybody is told
		}
	}
	order := lead
	if led {
		order = fmt.Sprintf("REPLICAOF %s %d", primary.Hostname, primary.Ports[0].Begin)
	}
	for i := 0; i < 4 && err == nil && (led || len(tasks)+i == 0); i++ {
		err = r.framework.Want(r.server(i, order)) // one that there is counts as served
	}
	for id, t := range tasks {
		want := order
		if id == r.primary {
			want = lead
		}
		if err == nil && led && t.State() == mesos.TaskRunning && t.Status.GetMessage() != want {
			message := scheduler.CallMessage{AgentID: mesos.AgentID{Value: t.AgentID}, ExecutorID: t.Executor.ExecutorID, Data: []byte(want)}
			err = r.framework.Session().Message(ctx, message)
		}
	}
	return err
}

// server is a need: a task with an executor of its own, which is told in its data what to do first.
func (r *redis) server(i int, order string) scheduler.Need {
	return scheduler.Need{NotBefore: r.later, Need: offer.Need{
		Name:  fmt.Sprint("redis-", i),
		Tasks: []offer.Task{{Info: mesos.TaskInfo{Resources: mesos.Resources{mesos.CPUs(0.1), mesos.Mem(64)}}, Ports: []offer.Port{{}}}},
		Executor: &mesos.ExecutorInfo{
			Type: new(mesos.ExecutorInfoTypeCustom), Resources: mesos.Resources{mesos.CPUs(0.1), mesos.Mem(32)}, Command: r.artifact.Command("execute"),
		},
	}, Finish: func(g *offer.Grant) {
		g.Tasks[0].Name, g.Tasks[0].Data = net.JoinHostPort(g.Hostname, fmt.Sprint(g.Ports[0][0].Number)), []byte(order)
	}}
}

// execute runs a Redis server at the address that is the task's name. The task's data, and later each message, is a command for it, which is
// the message of an update once it is carried out.
func execute(ctx context.Context) error {
	orders := make(chan string, 100)
	options := executor.RunOptions{Message: func(_ *executor.Driver, data []byte) { orders <- string(data) }}
	return executor.Run(ctx, options, func(ctx context.Context, task *executor.Task) error {
		host, port, _ := net.SplitHostPort(task.Info.Name)
		redis := task.Command("redis-server", "--bind", host, "--port", port, "--save", "", "--repl-diskless-sync-delay", "0")
		if err := redis.Start(); err != nil {
			return err
		}
		ended, tick := make(chan error), time.Tick(100*time.Millisecond)
		go func() { ended <- redis.Wait() }()
		for order := string(task.Info.Data); ; {
			select {
			case order = <-orders:
			case <-tick:
				command := append([]string{"-h", host, "-p", port}, strings.Fields(order)...)
				if order == "" || exec.CommandContext(ctx, "redis-cli", command...).Run() != nil {
					continue // it may still be starting
				}
				task.Update(mesos.TaskStatus{State: mesos.TaskRunning, Message: new(order)})
				order = ""
			case err := <-ended:
				return err
			}
		}
	})
}
