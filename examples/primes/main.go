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

// counter hands out ranges of numbers.
type counter struct {
	session             *scheduler.Session
	executor            mesos.ExecutorInfo
	below, size, primes int             // size is that of a range
	waiting             []int           // the beginnings of ranges that no task has
	running             map[string]bool // those that tasks have, which are the tasks' ids
}

func schedule(ctx context.Context) error {
	master := flag.String("master", "127.0.0.1:5050", "`address` of the master: host:port or zk://host:port,.../path")
	below := flag.Int("below", 1_000_000, "count the primes below this")
	flag.Parse()
	artifact, err := scheduler.OpenArtifact(scheduler.ArtifactOptions{})
	if err != nil {
		return err
	}
	c := &counter{below: *below, size: (*below + 999) / 1000, running: map[string]bool{}}
	c.session = scheduler.New(scheduler.Options{Master: *master, Framework: mesos.FrameworkInfo{Name: "primes"}})
	c.executor = mesos.ExecutorInfo{
		Type: new(mesos.ExecutorInfoTypeCustom), ExecutorID: mesos.ExecutorID{Value: "primes"},
		Resources: []mesos.Resource{mesos.CPUs(0.1), mesos.Mem(64)}, Command: artifact.Command("execute"),
	}
	for from := 0; from < c.below; from += c.size {
		c.waiting = append(c.waiting, from)
	}
	ctx, stop := context.WithCancel(ctx)
	var group errgroup.Group
	group.Go(func() error { return artifact.Run(ctx) })
	err = c.run(ctx)
	stop()
	return errors.Join(err, group.Wait())
}

func (c *counter) run(ctx context.Context) error {
	for event, err := range c.session.Events(ctx) {
		switch e := event.(type) {
		case *scheduler.EventOffers:
			for _, offer := range e.Offers {
				err = errors.Join(err, c.use(ctx, &offer))
			}
		case *scheduler.EventUpdate:
			err = c.update(ctx, &e.Status)
		}
		if err == nil && len(c.waiting)+len(c.running) == 0 {
			fmt.Printf("there are %d primes below %d\n", c.primes, c.below)
			err = c.session.Teardown(ctx)
		}
		if err != nil && !errors.Is(err, scheduler.ErrDisconnected) {
			return err
		}
	}
	return nil
}

// use launches tasks on an offer, and with the first one on an agent their executor.
func (c *counter) use(ctx context.Context, offer *mesos.Offer) error {
	taken, rest, fits := mesos.Resources(nil), mesos.Resources(offer.Resources), true
	if len(offer.ExecutorIDs) == 0 {
		_, rest, fits = rest.Take(c.executor.Resources...)
	}
	launch := &mesos.OfferOperationLaunch{}
	for fits && len(c.waiting) > 0 {
		if taken, rest, fits = rest.Take(mesos.CPUs(0.01), mesos.Mem(1)); fits {
			from := c.waiting[0]
			launch.TaskInfos = append(launch.TaskInfos, mesos.TaskInfo{
				TaskID: mesos.TaskID{Value: strconv.Itoa(from)}, AgentID: offer.AgentID, Resources: taken,
				Executor: &c.executor, Data: fmt.Append(nil, from, min(from+c.size, c.below)),
			})
			c.waiting, c.running[strconv.Itoa(from)] = c.waiting[1:], true
		}
	}
	accept := scheduler.CallAccept{OfferIDs: []mesos.OfferID{offer.ID}, Filters: scheduler.Refuse(time.Second)}
	if len(launch.TaskInfos) > 0 {
		accept.Operations = []mesos.OfferOperation{{Type: new(mesos.OfferOperationTypeLaunch), Launch: launch}}
	}
	return c.session.Accept(ctx, accept) // of nothing: it is declined
}

// update adds up what tasks have found, and has another one try where one has not.
func (c *counter) update(ctx context.Context, s *mesos.TaskStatus) error {
	id := s.TaskID.Value
	if !c.running[id] || !s.State.Terminal() {
		return nil
	}
	delete(c.running, id)
	if found, err := strconv.Atoi(string(s.Data)); err == nil && s.State == mesos.TaskFinished {
		c.primes += found
		return nil
	}
	from, _ := strconv.Atoi(id)
	c.waiting = append(c.waiting, from)
	return c.session.Revive(ctx)
}
