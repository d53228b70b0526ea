// Command primary-replicas runs a Redis server and three replicas of it. The primary is launched first, and the replicas once it works, with its
// address. When the primary is lost, a replica takes its place, the others follow that one, and a new replica is launched. It shows tasks that
// depend on each other, an executor that is told by messages what to do, and a scheduler that, killed and started again, finds its tasks.
//
//	go run ./cmd/ormos local         # in another terminal; redis-server and redis-cli must be there
//	go run ./examples/primary-replicas --master 127.0.0.1:5050
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"maps"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"time"

	"github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
	"github.com/ormosproject/ormos/scheduler"
	"github.com/ormosproject/ormos/store"
)

// redis keeps the servers. What each of them does is the message of its last update, which is in the framework's records.
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
		log.Fatal(err)
	}
}

func schedule(ctx context.Context) error {
	master := flag.String("master", "127.0.0.1:5050", "`address` of the master: host:port or zk://host:port,.../path")
	file := flag.String("records", "primary-replicas-records", "the `file` of the scheduler's records")
	if flag.Parse(); flag.NArg() > 0 {
		return fmt.Errorf("takes no arguments: %q", flag.Args())
	}
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
	r := &redis{records: records, artifact: artifact, primary: string(all["primary"])}
	r.framework = scheduler.NewFramework(scheduler.FrameworkOptions{Store: records, Options: scheduler.Options{Master: *master, Framework: info}})
	return artifact.While(ctx, r.run)
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

// act wants one server, and four once there is a primary; and tells each what to do until it says that it does it.
func (r *redis) act(ctx context.Context) (err error) {
	tasks := slices.SortedFunc(maps.Values(r.framework.Tasks()), func(a, b scheduler.Task) int { return a.Launched.Compare(b.Launched) })
	at := slices.IndexFunc(tasks, func(t scheduler.Task) bool { return t.ID == r.primary && !t.Over() })
	if at < 0 { // the oldest that works has the most of the data
		at = slices.IndexFunc(tasks, func(t scheduler.Task) bool { return t.State() == mesos.TaskRunning && !t.Over() })
		if at >= 0 {
			r.primary = tasks[at].ID
			err = r.records.Commit(ctx, map[string][]byte{"primary": []byte(r.primary)}) // before anybody is told
		}
	}
	lead, follow := "REPLICAOF NO ONE", "REPLICAOF NO ONE"
	if at >= 0 {
		follow = fmt.Sprintf("REPLICAOF %s %d", tasks[at].Hostname, tasks[at].Ports[0].Begin)
	}
	for i := 0; err == nil && (i == 0 || at >= 0 && i < 4); i++ {
		err = r.framework.Want(r.server(i, follow)) // one that there is counts as served
	}
	for i, t := range tasks {
		order := map[bool]string{true: lead, false: follow}[i == at]
		if err == nil && t.State() == mesos.TaskRunning && t.Status.GetMessage() != order {
			message := scheduler.CallMessage{AgentID: mesos.AgentID{Value: t.AgentID}, ExecutorID: t.Executor.ExecutorID, Data: []byte(order)}
			err = r.framework.Session().Message(ctx, message)
		}
	}
	return err
}

// server is a need: a task with an executor of its own, which is told in its data what to do first.
func (r *redis) server(i int, order string) scheduler.Need {
	size := mesos.Resources{mesos.CPUs(0.1), mesos.Mem(64)} // of the task, and of its executor
	return scheduler.Need{NotBefore: r.later, Need: offer.Need{
		Name: fmt.Sprint("redis-", i), Tasks: []offer.Task{{Info: mesos.TaskInfo{Resources: size}, Ports: []offer.Port{{}}}},
		Executor: &mesos.ExecutorInfo{Type: new(mesos.ExecutorInfoTypeCustom), Resources: size, Command: r.artifact.Command("execute")},
	}, Finish: func(g *offer.Grant) {
		g.Tasks[0].Name, g.Tasks[0].Data = net.JoinHostPort(g.Hostname, fmt.Sprint(g.Ports[0][0].Number)), []byte(order)
	}}
}

// execute runs a Redis server at the address that is the task's name, and carries out the commands that are the task's data and later messages.
func execute(ctx context.Context) error {
	orders := make(chan string, 100)
	receive := func(_ *executor.Driver, data []byte) { orders <- string(data) }
	return executor.Run(ctx, executor.RunOptions{Message: receive}, func(ctx context.Context, task *executor.Task) error {
		host, port, _ := net.SplitHostPort(task.Info.Name)
		redis := task.Command("redis-server", "--bind", host, "--port", port, "--save", "", "--repl-diskless-sync-delay", "0")
		ended, tick, answered := make(chan error, 1), time.Tick(100*time.Millisecond), "redis-cli -h $0 -p $1 $2 | grep -q ^OK"
		go func() { ended <- redis.Run() }()
		for order := string(task.Info.Data); ; {
			select {
			case order = <-orders:
			case <-tick: // it may still be starting
				if order != "" && exec.CommandContext(ctx, "sh", "-c", answered, host, port, order).Run() == nil {
					task.Update(mesos.TaskStatus{State: mesos.TaskRunning, Message: new(order)})
					order = ""
				}
			case err := <-ended:
				return err
			}
		}
	})
}
