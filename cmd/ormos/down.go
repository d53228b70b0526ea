package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
	"github.com/ormosproject/ormos/scheduler"
)

// downCommand is `ormos down`: the end of what `ormos up` has left running.
func downCommand() *cobra.Command {
	var o upOptions
	cmd := &cobra.Command{
		Use:   "down",
		Short: "End what 'ormos up' has left running, and forget it",
		Long:  "End the tasks that 'ormos up' has left running, and remove its state: apps, sandboxes and logs. End 'ormos up' itself, by Ctrl-C, first.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.state == "" {
				o.state = filepath.Join(stateDir(), "up")
			}
			return o.down(cmd.Context(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&o.state, "state", "", "directory of the state (default: that of 'ormos up')")
	return cmd
}

// endWithin is how long the tasks may take to end.
const endWithin = time.Minute

// down ends all tasks and removes the state.
func (o *upOptions) down(ctx context.Context, out io.Writer) error {
	if o.master != "" {
		return &exitError{exitCalled, errors.New("only what runs on this machine can be ended so; on a cluster that is there, use 'ormos rm'")}
	}
	if _, err := os.Stat(filepath.Join(o.state, recordsFile)); errors.Is(err, fs.ErrNotExist) {
		return nil // there is nothing
	}
	records, err := o.open() // so that nobody else uses it
	if err != nil {
		return err
	}
	defer records.Close()
	id := scheduler.StoredID(records)
	known, err := id.Load()
	if err != nil {
		return err
	}
	if known != "" {
		if err := o.tearDown(ctx, id); err != nil {
			return fmt.Errorf("cannot end what runs: %w", err)
		}
	}
	fmt.Fprintf(out, "All tasks have ended; the state in %s is gone.\n", o.state)
	return errors.Join(os.RemoveAll(filepath.Join(o.state, "cluster")), os.Remove(filepath.Join(o.state, recordsFile)))
}

// tearDown has the cluster end the framework with all its tasks.
func (o *upOptions) tearDown(ctx context.Context, id scheduler.IDStore) error {
	running, err := new(brought).start(context.WithoutCancel(ctx), o.state, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, endWithin)
	defer cancel()
	go func() {
		_ = running.Wait() // Stop tells, too
		cancel()
	}()
	err = endFramework(ctx, running, id)
	if err == nil {
		err = awaitEnd(ctx, running)
	}
	return errors.Join(err, running.Stop())
}

// endFramework subscribes once more, to end it all.
func endFramework(ctx context.Context, running *local.Cluster, id scheduler.IDStore) error {
	s := scheduler.New(scheduler.Options{Master: running.Master(), FrameworkID: id, Framework: mesos.FrameworkInfo{Name: "ormos", Checkpoint: new(true)}})
	torn := false
	for event, err := range s.Events(ctx) {
		if err != nil {
			return err
		}
		if _, ok := event.(*scheduler.EventSubscribed); ok {
			if err := s.Teardown(ctx); err != nil {
				return err
			}
			torn = true
		}
	}
	if !torn {
		return ctx.Err()
	}
	return nil
}

// awaitEnd waits until no executor is left on any agent.
func awaitEnd(ctx context.Context, running *local.Cluster) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for _, address := range running.Agents() {
		agent, err := operator.NewAgent(operator.Options{Address: address})
		if err != nil {
			return err
		}
		defer agent.Close()
		for {
			left, err := agent.GetContainers(ctx, operator.AgentCallGetContainers{})
			if err != nil {
				return err
			}
			if len(left) == 0 {
				break
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return fmt.Errorf("%s of %s still run", plural(len(left), "container"), address)
			}
		}
	}
	return nil
}
