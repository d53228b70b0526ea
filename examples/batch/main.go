// Command batch runs commands, each as a task of its own, wherever the cluster has room for them. A task that did not finish is tried again
// a few times. It shows a queue of one-shot tasks: retries, what a failure is and whose, and no offers for nobody.
//
//	go run ./cmd/ormos local                                              # in another terminal
//	printf 'echo one\nexit 3\n' | go run ./examples/batch --master 127.0.0.1:5050
//
// It exits when all commands have been run, with status 1 if one of them has not finished.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// batch is a queue of commands.
type batch struct {
	session         *scheduler.Session
	needs           mesos.Resources // of each task
	retries         int
	waiting         []*command
	running         map[string]*command // by the task's id
	finished, given int
}

// command is a line of the input.
type command struct {
	line  int
	text  string
	tries int
}

func main() {
	master := flag.String("master", "127.0.0.1:5050", "`address` of the master: host:port or zk://host:port,.../path")
	cpus := flag.Float64("cpus", 0.1, "cpus of each command")
	mem := flag.Float64("mem", 32, "memory of each command, in MB")
	retries := flag.Int("retries", 2, "how often a command that has failed is tried again")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	b := &batch{
		session: scheduler.New(scheduler.Options{Master: *master, Framework: mesos.FrameworkInfo{Name: "batch"}}),
		needs:   mesos.Resources{mesos.CPUs(*cpus), mesos.Mem(*mem)}, retries: *retries, running: map[string]*command{},
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		b.waiting = append(b.waiting, &command{line: len(b.waiting) + 1, text: lines.Text()})
	}
	b.given = len(b.waiting)
	if err := b.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "batch:", err)
		os.Exit(1)
	}
}

// run ends when all commands have been run.
func (b *batch) run(ctx context.Context) error {
	for event, err := range b.session.Events(ctx) {
		switch e := event.(type) {
		case *scheduler.EventOffers:
			for _, offer := range e.Offers {
				err = errors.Join(err, b.use(ctx, &offer))
			}
		case *scheduler.EventUpdate:
			err = b.update(ctx, &e.Status)
		case *scheduler.EventDisconnected:
			fmt.Println("waiting:", e)
		}
		if err == nil && len(b.waiting)+len(b.running) == 0 {
			err = b.session.Teardown(ctx) // ends the loop
		}
		if err != nil && !errors.Is(err, scheduler.ErrDisconnected) {
			return err
		}
	}
	fmt.Printf("done: %d of %d commands have finished\n", b.finished, b.given)
	if b.finished < b.given {
		return errors.New("not all commands have finished")
	}
	return nil
}

// use launches what fits on an offer.
func (b *batch) use(ctx context.Context, offer *mesos.Offer) error {
	var tasks []mesos.TaskInfo
	for rest := mesos.Resources(offer.Resources); len(b.waiting) > 0; {
		taken, left, ok := rest.Take(b.needs...)
		if !ok {
			break
		}
		next := b.waiting[0]
		next.tries++
		id := fmt.Sprintf("%d.%d", next.line, next.tries)
		tasks = append(tasks, mesos.TaskInfo{
			Name: next.text, TaskID: mesos.TaskID{Value: id}, AgentID: offer.AgentID, Resources: taken,
			Command: &mesos.CommandInfo{Value: &next.text},
		})
		rest, b.waiting, b.running[id] = left, b.waiting[1:], next
	}
	if len(tasks) == 0 {
		return b.session.Decline(ctx, scheduler.CallDecline{OfferIDs: []mesos.OfferID{offer.ID}, Filters: scheduler.Refuse(time.Hour)})
	}
	launch := mesos.OfferOperation{Type: new(mesos.OfferOperationTypeLaunch), Launch: &mesos.OfferOperationLaunch{TaskInfos: tasks}}
	return b.session.Accept(ctx, scheduler.CallAccept{OfferIDs: []mesos.OfferID{offer.ID}, Operations: []mesos.OfferOperation{launch}})
}

// update believes what is said of a task.
func (b *batch) update(ctx context.Context, s *mesos.TaskStatus) error {
	c := b.running[s.TaskID.Value]
	if c == nil || !s.State.Terminal() {
		return nil
	}
	delete(b.running, s.TaskID.Value)
	fmt.Printf("%v %s: %s: %s\n", s.State, s.TaskID.Value, c.text, s.GetMessage())
	if s.State == mesos.TaskFinished {
		b.finished++
	} else if c.tries <= b.retries {
		b.waiting = append(b.waiting, c)
		return b.session.Revive(ctx)
	}
	return nil
}
