// Package trial tries a framework: it runs it on a cluster while faults happen, has it crash and come back, and then holds it to the
// invariants of package invariant.
//
//	func TestFaults(t *testing.T) {
//		trial.Seeds(t, 100, func(t *testing.T, seed uint64) {
//			o := local.Simulated(nil)
//			o.Agents = 3
//			trial.Run(t, trial.Options{
//				Cluster:   local.RunT(t, o),
//				Schedule:  fault.Random(seed, fault.Limits{Agents: 3, Kinds: trial.Kinds()}),
//				Framework: run, // func(ctx context.Context, e trial.Environment) error
//			})
//		})
//	}
//
// Each seed is a test of its own, in virtual time. What fails is told with the schedule, the violations and what passed on the wire last;
// SEED=17 go test -run TestFaults tries seed 17 alone, SEEDS=10000 ten thousand of them.
//
// # The caller's duties
//
// The framework is a function that runs until its context ends, and does everything through its [Environment]: a connection of its own, or a
// file, would survive a crash. It returns nil, or the context's error, then; that it ends before is a failure.
package trial

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ormosproject/ormos/local/fault"
	"github.com/ormosproject/ormos/local/invariant"
	"github.com/ormosproject/ormos/store"
)

// Cluster is what the framework runs on, such as a local.Cluster.
type Cluster interface {
	fault.Cluster
	// Master is the address of the leading master, for the framework's options.
	Master() string
	// Dial opens connections to it, for the framework's options too.
	Dial(ctx context.Context, network, address string) (net.Conn, error)
}

// Options say what is tried. Cluster and Framework have no defaults.
type Options struct {
	Cluster   Cluster
	Framework func(ctx context.Context, e Environment) error
	// Schedule is what goes wrong.
	Schedule fault.Schedule
	// Invariants are what the framework promises beyond what all do. Dial is filled in.
	Invariants invariant.Options
	// Rest is how long the framework has after the last fault to come to rest; 0 is half an hour, since agents and masters have timeouts of
	// minutes.
	Rest time.Duration
}

// Environment is what a framework has of the world in one of its lives.
type Environment struct {
	// Master is the master's address, and Dial opens connections to it, for scheduler.Options.
	Master string
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
	// Store keeps what the framework has to know after a crash.
	Store invariant.Store
	// Life is 1 for the first, 2 after the first crash.
	Life int
}

// Kinds are all that can go wrong in a trial.
func Kinds() []fault.Kind {
	return append(append(fault.WireKinds(), fault.ClusterKinds()...), fault.Crash)
}

// errOver ends everything.
var errOver = errors.New("the trial is over")

// Run tries a framework, and fails the test with all that it needs to be understood.
func Run(t testing.TB, o Options) {
	t.Helper()
	r := newRun(o)
	err := r.run(t.Context())
	violations := r.checker.Violations()
	if err == nil && len(violations) == 0 {
		return
	}
	var text strings.Builder
	if err != nil {
		text.WriteString(err.Error() + "\n")
	}
	for _, v := range violations {
		text.WriteString(v.String() + "\n")
	}
	t.Errorf("%s\nschedule:\n%v\n\nwhat passed last:\n%s", &text, o.Schedule, r.checker.Transcript())
}

// run is a trial under way.
type run struct {
	Options
	wire    *fault.Wire
	checker *invariant.Checker
	store   store.Memory
	crashes chan time.Duration // for how long it stays away
}

func newRun(o Options) *run {
	r := &run{Options: o, wire: fault.NewWire(o.Cluster.Dial), crashes: make(chan time.Duration)}
	if r.Rest == 0 {
		r.Rest = 30 * time.Minute
	}
	invariants := o.Invariants
	invariants.Dial = r.wire.Dial
	r.checker = invariant.New(invariants)
	return r
}

// run has the faults happen and the framework live, side by side, and looks at what has become of it.
func (r *run) run(ctx context.Context) error {
	defer r.wire.Close()
	defer r.checker.Close()
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return r.live(ctx) })
	work.Go(func() error {
		if err := r.faults(ctx); err != nil {
			return err
		}
		return errOver
	})
	work.Go(func() error {
		select {
		case <-r.checker.Enough():
			return errOver
		case <-ctx.Done():
			return nil
		}
	})
	if err := work.Wait(); !errors.Is(err, errOver) {
		return err
	}
	return nil
}

// faults has everything happen, waits until that is over and the framework has had its rest, and checks.
func (r *run) faults(ctx context.Context) error {
	lasting, during := errgroup.WithContext(ctx)
	err := r.Schedule.Run(ctx, func(f fault.Fault) error {
		r.checker.Note("fault: %v", f)
		switch {
		case f.Kind.OnWire():
			return r.wire.Do(f)
		case f.Kind == fault.Crash:
			return r.crash(ctx, f.For)
		}
		lasting.Go(func() error { return fault.DoCluster(during, r.Cluster, f) })
		return nil
	})
	err = errors.Join(err, lasting.Wait())
	if err != nil {
		return err
	}
	r.wire.Heal()
	r.checker.Note("all faults are over")
	if err := wait(ctx, r.Rest); err != nil {
		return err
	}
	// It is asked as a framework asks: it may be that its last word is still on its way.
	return r.checker.Check(ctx, r.Cluster.Master())
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
