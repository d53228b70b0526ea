package trial_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/local/fault"
	"github.com/ormosproject/ormos/local/invariant"
	"github.com/ormosproject/ormos/local/trial"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
	"github.com/ormosproject/ormos/scheduler"
)

// need is one of those that are always wanted.
func need(name string) scheduler.Need {
	return scheduler.Need{Need: offer.Need{Name: name, Tasks: []offer.Task{{Info: mesos.TaskInfo{
		Name: name, Command: &mesos.CommandInfo{Value: new("serve")}, Resources: mesos.Resources{mesos.CPUs(1), mesos.Mem(32)},
	}}}}}
}

// serve is a framework that wants some tasks, and each again when it is over.
func serve(ctx context.Context, e trial.Environment) error { return run(ctx, e, false) }

// impatient is one that gives up what is unreachable.
func impatient(ctx context.Context, e trial.Environment) error { return run(ctx, e, true) }

func run(ctx context.Context, e trial.Environment, impatient bool) error {
	f := scheduler.NewFramework(scheduler.FrameworkOptions{
		Store: e.Store, UnknownTasks: scheduler.KillUnknown,
		Options: scheduler.Options{Master: e.Master, Dial: e.Dial, Framework: mesos.FrameworkInfo{
			Name: "serve", FailoverTimeout: new(7 * 24 * 3600.0), Checkpoint: new(true),
			Capabilities: scheduler.Capabilities{PartitionAware: true, TaskKillingState: true}.List(),
		}},
	})
	for i := range wanted {
		if err := f.Want(need(fmt.Sprintf("serve-%d", i))); err != nil {
			return err
		}
	}
	for event, err := range f.Events(ctx) {
		if err != nil {
			return err
		}
		e, ok := event.(*scheduler.EventTask)
		switch {
		case ok && impatient && e.Task.State() == mesos.TaskUnreachable && !e.Task.Over():
			f.Kill(e.Task.ID, nil)
		case ok && e.Task.Over() && !e.Dropped:
			if err := f.Want(need(e.Task.Need)); err != nil {
				return err
			}
		}
	}
	return nil
}

// kept are the promises of a scheduler.Framework.
func kept() invariant.Options {
	return invariant.Options{
		Wanted: wanted,
		Instance: func(t *mesos.TaskInfo) string {
			name, _, _ := strings.Cut(t.TaskID.Value, ".")
			return name
		},
		Recorded: func(records map[string][]byte, t *mesos.TaskInfo) bool { return records["task/"+t.TaskID.Value] != nil },
		Abandoned: func(records map[string][]byte, t *mesos.TaskInfo) bool {
			return strings.Contains(string(records["task/"+t.TaskID.Value]), `"abandoned":true`)
		},
		Saved: func(records map[string][]byte, s *mesos.TaskStatus) bool {
			record, known := records["task/"+s.TaskID.Value]
			if s.State.Terminal() {
				return !known || strings.Contains(string(record), s.State.String())
			}
			return !known || !strings.Contains(string(record), mesos.TaskStaging.String())
		},
	}
}

// A scheduler.Framework survives whatever happens.
func TestFramework(t *testing.T) {
	limits := fault.Limits{Agents: agents, Kinds: trial.Kinds()}
	trial.Seeds(t, 60, func(t *testing.T, seed uint64) {
		o := local.Simulated(lives())
		o.Agents = agents
		framework := serve
		if seed%2 == 0 {
			framework = impatient
		}
		trial.Run(t, trial.Options{Cluster: local.RunT(t, o), Schedule: fault.Random(seed, limits), Invariants: kept(), Framework: framework})
	})
}

// What was given up for unreachable and has been replaced is killed when it returns.
func TestFrameworkKillsWhatReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		schedule, err := fault.Parse("1m freeze-agent agent=0 for=5m")
		if err != nil {
			t.Fatal(err)
		}
		o := local.Simulated(nil)
		o.Agents = agents
		trial.Run(t, trial.Options{Cluster: local.RunT(t, o), Schedule: schedule, Invariants: kept(), Framework: impatient})
	})
}

// In peace too: each update is acknowledged once, after it was saved.
func TestFrameworkInPeace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		trial.Run(t, trial.Options{Cluster: local.RunT(t, local.Simulated(lives())), Invariants: kept(), Framework: serve})
	})
}
