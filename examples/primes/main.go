// Command primes counts the primes below a number, in a thousand tasks. It shows an executor that runs many tasks at a time: one process on each
// agent, which is started with the first of them, and fetched from the scheduler, whose program it is. What a task has found comes back as the data of
// its last update.
//
//	go run ./cmd/ormos local                                              # in another terminal
//	go run ./examples/primes --master 127.0.0.1:5050 --below 1000000
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// counter hands out ranges of numbers.
type counter struct {
	session  *scheduler.Session
	executor mesos.ExecutorInfo
	below    int
	size     int            // of a range
	waiting  []int          // the beginnings of ranges that no task has
	running  map[string]int // those that tasks have, by the task's id
	primes   int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := error(nil)
	if len(os.Args) == 2 && os.Args[1] == "execute" {
		err = execute(ctx)
	} else {
		err = schedule(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "primes:", err)
		os.Exit(1)
	}
}

func schedule(ctx context.Context) error {
	master := flag.String("master", "127.0.0.1:5050", "`address` of the master: host:port or zk://host:port,.../path")
	below := flag.Int("below", 1_000_000, "count the primes below this")
	tasks := flag.Int("tasks", 1000, "in so many tasks")
	flag.Parse()
	artifact, err := scheduler.OpenArtifact(scheduler.ArtifactOptions{})
	if err != nil {
		return err
	}
	c := &counter{
		session: scheduler.New(scheduler.Options{Master: *master, Framework: mesos.FrameworkInfo{Name: "primes"}}),
		executor: mesos.ExecutorInfo{
			Type: new(mesos.ExecutorInfoTypeCustom), ExecutorID: mesos.ExecutorID{Value: "primes"},
			Resources: []mesos.Resource{mesos.CPUs(0.1), mesos.Mem(64)}, Command: artifact.Command("execute"),
		},
		below: *below, size: max(1, (*below+*tasks-1) / *tasks), running: map[string]int{},
	}
	for from := 0; from < *below; from += c.size {
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
	rest, fits := mesos.Resources(offer.Resources), true
	if len(offer.ExecutorIDs) == 0 {
		_, rest, fits = rest.Take(c.executor.Resources...)
	}
	var tasks []mesos.TaskInfo
	for fits && len(c.waiting) > 0 {
		var taken mesos.Resources
		if taken, rest, fits = rest.Take(mesos.CPUs(0.01), mesos.Mem(1)); !fits {
			break
		}
		from := c.waiting[0]
		id := strconv.Itoa(from)
		tasks = append(tasks, mesos.TaskInfo{
			Name: "primes from " + id, TaskID: mesos.TaskID{Value: id}, AgentID: offer.AgentID, Resources: taken,
			Executor: &c.executor, Data: fmt.Append(nil, from, min(from+c.size, c.below)),
		})
		c.waiting, c.running[id] = c.waiting[1:], from
	}
	if len(tasks) == 0 {
		return c.session.Decline(ctx, scheduler.CallDecline{OfferIDs: []mesos.OfferID{offer.ID}, Filters: scheduler.Refuse(time.Hour)})
	}
	launch := mesos.OfferOperation{Type: new(mesos.OfferOperationTypeLaunch), Launch: &mesos.OfferOperationLaunch{TaskInfos: tasks}}
	return c.session.Accept(ctx, scheduler.CallAccept{OfferIDs: []mesos.OfferID{offer.ID}, Operations: []mesos.OfferOperation{launch}, Filters: scheduler.Refuse(0)})
}

// update adds up what tasks have found.
func (c *counter) update(ctx context.Context, s *mesos.TaskStatus) error {
	from, ours := c.running[s.TaskID.Value]
	if !ours || !s.State.Terminal() {
		return nil
	}
	delete(c.running, s.TaskID.Value)
	found, err := strconv.Atoi(string(s.Data))
	if s.State == mesos.TaskFinished && err == nil {
		c.primes += found
		return nil
	}
	fmt.Printf("again: %v %s: %s\n", s.State, s.TaskID.Value, s.GetMessage())
	c.waiting = append(c.waiting, from)
	return c.session.Revive(ctx)
}
