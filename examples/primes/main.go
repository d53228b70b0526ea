// Command primes counts the primes below a number, in a thousand tasks. It shows an executor that runs many tasks at a time: one process on each
// agent, fetched from the scheduler, whose program it is. What a task has found comes back as the data of its last update.
//
//	go run ./cmd/ormos local                                              # in another terminal
//	go run ./examples/primes --master 127.0.0.1:5050 --below 1000000
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/big"
	"os"
	"os/signal"
	"strconv"
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
		fmt.Fprintln(os.Stderr, "primes:", err)
		os.Exit(1)
	}
}

// execute counts primes in as many ranges at a time as there are tasks.
func execute(ctx context.Context) error {
	return executor.Run(ctx, executor.RunOptions{Idle: time.Minute}, func(_ context.Context, task *executor.Task) error {
		var from, to int64
		if _, err := fmt.Sscan(string(task.Info.Data), &from, &to); err != nil {
			return fmt.Errorf("cannot read the range: %w", err)
		}
		primes := 0
		for n := from; n < to; n++ {
			if big.NewInt(n).ProbablyPrime(0) {
				primes++
			}
		}
		return task.Update(mesos.TaskStatus{State: mesos.TaskFinished, Data: fmt.Append(nil, primes)})
	})
}

// counter wants a task for each range of numbers.
type counter struct {
	framework           *scheduler.Framework
	executor            mesos.ExecutorInfo
	below, size, primes int          // size is that of a range
	left                map[int]bool // the beginnings of the ranges that are not counted yet, which are the names of needs
}

func schedule(ctx context.Context) error {
	master := flag.String("master", "127.0.0.1:5050", "`address` of the master: host:port or zk://host:port,.../path")
	below := flag.Int("below", 1_000_000, "count the primes below this")
	if flag.Parse(); flag.NArg() > 0 || *below < 0 {
		return fmt.Errorf("cannot count below %d, and with %q: takes a number that is not negative, and no arguments", *below, flag.Args())
	}
	artifact, err := scheduler.OpenArtifact(scheduler.ArtifactOptions{})
	if err != nil {
		return err
	}
	c := &counter{below: *below, size: (*below + 999) / 1000, left: map[int]bool{}}
	c.framework = scheduler.NewFramework(scheduler.FrameworkOptions{
		Options: scheduler.Options{Master: *master, Framework: mesos.FrameworkInfo{Name: "primes"}},
	})
	c.executor = mesos.ExecutorInfo{
		Type: new(mesos.ExecutorInfoTypeCustom), ExecutorID: mesos.ExecutorID{Value: "primes"},
		Resources: []mesos.Resource{mesos.CPUs(0.1), mesos.Mem(64)}, Command: artifact.Command("execute"),
	}
	for from := 0; from < c.below; from += c.size {
		c.left[from] = true
		err = errors.Join(err, c.want(from))
	}
	if err != nil {
		return err
	}
	return artifact.While(ctx, c.run)
}

// want wants a task that counts the primes of a range.
func (c *counter) want(from int) error {
	task := mesos.TaskInfo{Resources: mesos.Resources{mesos.CPUs(0.01), mesos.Mem(1)}, Data: fmt.Append(nil, from, min(from+c.size, c.below))}
	return c.framework.Want(scheduler.Need{Need: offer.Need{
		Name: strconv.Itoa(from), Tasks: []offer.Task{{Info: task}}, Executor: &c.executor,
	}})
}

func (c *counter) run(ctx context.Context) error {
	for event, err := range c.framework.Events(ctx) {
		if e, ok := event.(*scheduler.EventTask); ok && e.Task.Over() && !e.Dropped {
			err = c.over(e)
		}
		if err == nil && len(c.left) == 0 {
			err = c.framework.Teardown(ctx) // ends the loop
		}
		if err != nil && !errors.Is(err, scheduler.ErrDisconnected) {
			return err
		}
	}
	if len(c.left) == 0 {
		fmt.Printf("there are %d primes below %d\n", c.primes, c.below)
	}
	return nil
}

// over adds up what tasks have found, and has another one try where one has not.
func (c *counter) over(e *scheduler.EventTask) error {
	from, err := strconv.Atoi(e.Task.Need)
	if err != nil || !c.left[from] {
		return err
	}
	if e.Task.State() != mesos.TaskFinished {
		return c.want(from)
	}
	found, err := strconv.Atoi(string(e.Status.Data))
	c.primes += found
	delete(c.left, from)
	return err
}
