// Command batch runs commands, each as a task of its own, wherever the cluster has room for them. A command that did not finish is tried again a
// few times. It shows a queue of one-shot tasks: retries, what a failure is and whose, and results that outlive the scheduler. It exits when all
// have been run, with status 1 if one has not finished. Stopped before, even by kill -9, it takes up where it was when it is given the same input.
//
//	go run ./cmd/ormos local                                              # in another terminal
//	printf 'echo one\nexit 3\n' | go run ./examples/batch --master 127.0.0.1:5050
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
	"github.com/ormosproject/ormos/scheduler"
	"github.com/ormosproject/ormos/store"
)

// batch is a queue of commands. Beside the framework's records it has its own: the state of each task that has ended, under its id.
type batch struct {
	framework *scheduler.Framework
	records   *store.File
	resources mesos.Resources // of each task
	retries   int
	commands  []command
}

// command is a line of the input. Its number is the name of its need, with which the ids of its tasks begin.
type command struct {
	text     string
	ended    []string // the ids of its tasks that have
	finished bool
}

func main() {
	master := flag.String("master", "127.0.0.1:5050", "`address` of the master: host:port or zk://host:port,.../path")
	cpus, mem := flag.Float64("cpus", 0.1, "cpus of each command"), flag.Float64("mem", 32, "memory of each command, in MB")
	retries := flag.Int("retries", 2, "how often a command that has failed is tried again")
	file := flag.String("records", "batch-records", "the `file` of what is done, until everything is")
	if flag.Parse(); flag.NArg() > 0 {
		log.Fatalf("cannot run %q: commands come from the standard input, a line each", flag.Args())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	b := &batch{resources: mesos.Resources{mesos.CPUs(*cpus), mesos.Mem(*mem)}, retries: *retries}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		b.commands = append(b.commands, command{text: lines.Text()})
	}
	info := mesos.FrameworkInfo{Name: "batch", FailoverTimeout: new(time.Hour.Seconds()), Checkpoint: new(true)}
	if err := b.run(ctx, scheduler.Options{Master: *master, Framework: info}, *file); err != nil {
		log.Fatal(err)
	}
}

// run ends when all commands have been run.
func (b *batch) run(ctx context.Context, o scheduler.Options, file string) (err error) {
	if b.records, err = store.OpenFile(file); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.records.Close()) }()
	all, err := b.records.Load(ctx)
	if err != nil {
		return err
	}
	for key, state := range all {
		b.count(key, string(state)) // passes over what is not the id of a task
	}
	b.framework = scheduler.NewFramework(scheduler.FrameworkOptions{Options: o, Store: b.records})
	if err := b.follow(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	failed := slices.DeleteFunc(slices.Clone(b.commands), func(c command) bool { return c.finished })
	fmt.Printf("done: %d of %d commands have finished\n", len(b.commands)-len(failed), len(b.commands))
	if err := os.Remove(file); err != nil || len(failed) == 0 {
		return err
	}
	return errors.New("not all commands have finished")
}

// follow wants what is not done, until nothing is left or ctx ends.
func (b *batch) follow(ctx context.Context) error {
	for event, err := range b.framework.Events(ctx) {
		switch e := event.(type) {
		case *scheduler.EventSubscribed: // all that is recorded was told before
			for i := range b.commands {
				err = errors.Join(err, b.want(i)) // it may run already: then that has no effect
			}
		case *scheduler.EventDisconnected:
			fmt.Println("waiting:", e)
		case *scheduler.EventTask:
			if e.Task.Over() && !e.Dropped {
				err = b.over(ctx, e)
			}
		}
		if err == nil && !slices.ContainsFunc(b.commands, b.left) {
			err = b.framework.Teardown(ctx) // ends the loop
		}
		if err != nil && !errors.Is(err, scheduler.ErrDisconnected) {
			return err
		}
	}
	return nil
}

func (b *batch) left(c command) bool { return !c.finished && len(c.ended) <= b.retries }

// want wants one command, if it is to be run.
func (b *batch) want(i int) error {
	c := b.commands[i]
	if !b.left(c) {
		return nil
	}
	task := mesos.TaskInfo{Name: c.text, Command: &mesos.CommandInfo{Value: &c.text}, Resources: b.resources}
	return b.framework.Want(scheduler.Need{Need: offer.Need{Name: strconv.Itoa(i), Tasks: []offer.Task{{Info: task}}}})
}

// over records how a task has ended, before the framework forgets it. The same end may be told twice, before and after a restart.
func (b *batch) over(ctx context.Context, e *scheduler.EventTask) error {
	state := e.Task.State().String()
	i, found := b.count(e.Task.ID, state)
	if !found {
		return nil // told before
	}
	fmt.Printf("%v: %s\n", e, b.commands[i].text)
	return errors.Join(b.records.Commit(ctx, map[string][]byte{e.Task.ID: []byte(state)}), b.want(i))
}

// count adds a task that has ended to its command, which it returns if there is one and the task was not counted before.
func (b *batch) count(id, state string) (int, bool) {
	number, _, _ := strings.Cut(id, ".")
	i, err := strconv.Atoi(number)
	if err != nil || i < 0 || i >= len(b.commands) || slices.Contains(b.commands[i].ended, id) {
		return 0, false
	}
	c := &b.commands[i]
	c.ended = append(c.ended, id)
	c.finished = c.finished || state == mesos.TaskFinished.String()
	return i, true
}
