package invariant

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/ormosproject/ormos/internal/tap"
	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
	"github.com/ormosproject/ormos/scheduler"
)

// Checker watches one framework. Its methods may be called from any goroutine.
type Checker struct {
	tap  *tap.Tap
	dial func(ctx context.Context, network, address string) (net.Conn, error)

	mu         sync.Mutex
	ledger     *ledger
	connection int // of the present subscription
	calls      map[*tap.Exchange]*scheduler.Call
	transcript transcript
}

// New makes a checker for a framework that has not subscribed yet.
func New(o Options) *Checker {
	c := &Checker{dial: o.Dial, ledger: newLedger(o), calls: map[*tap.Exchange]*scheduler.Call{}, transcript: newTranscript(time.Now())}
	c.tap = &tap.Tap{Upstream: o.Dial, Hooks: tap.Hooks{Call: c.called, Answer: c.answered, Record: c.told, End: c.ended}}
	return c
}

// Dial opens a connection that is watched. It is what the framework's scheduler is given as its Options.Dial.
func (c *Checker) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return c.tap.Dial(ctx, network, address)
}

// Close ends the framework's connections.
func (c *Checker) Close() { c.tap.Close() }

// Enough is closed when there are so many violations that no more are told: a framework that does the same wrong over and over may do so without
// end, and in virtual time at once.
func (c *Checker) Enough() <-chan struct{} { return c.ledger.enough }

// Violations are what was found so far.
func (c *Checker) Violations() []Violation {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.ledger.violations)
}

// Transcript is what has passed last, a line for each call, event and commit.
func (c *Checker) Transcript() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.transcript.String()
}

// Note adds a line to the transcript, for faults and the like.
func (c *Checker) Note(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.transcript.add(time.Now(), fmt.Sprintf(format, args...))
}

// Check asks the master what runs, and compares. Do so when faults are over and the framework has had its time to come to rest. The
// error is for a master that cannot be asked.
func (c *Checker) Check(ctx context.Context, address string) error {
	master, err := operator.NewMaster(operator.Options{Address: address, Dial: c.dial})
	if err != nil {
		return err
	}
	defer master.Close()
	tasks, err := master.GetTasks(ctx)
	if err != nil {
		return fmt.Errorf("cannot check what runs: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ours := slices.DeleteFunc(slices.Clone(tasks.Tasks), func(t mesos.Task) bool {
		return t.FrameworkID.Value != c.ledger.framework || t.State.Terminal()
	})
	c.ledger.end(time.Now(), ours)
	return nil
}

func (c *Checker) called(_ context.Context, x *tap.Exchange) error {
	call := new(scheduler.Call)
	if x.Media().Decode(x.Call, call, nil) != nil {
		return nil // the master will say so
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	c.calls[x] = call
	c.transcript.add(now, fmt.Sprintf("%d -> %s", x.Connection, describeCall(call)))
	c.ledger.called(now, x.Header.Get(wire.StreamID), call)
	return nil
}

func (c *Checker) answered(_ context.Context, x *tap.Exchange) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	call := c.calls[x]
	delete(c.calls, x)
	switch {
	case x.Stream:
		c.connection = x.Connection
		c.ledger.subscribed(x.Answer.Get(wire.StreamID))
	case x.Status != http.StatusAccepted && x.Status != http.StatusOK:
		c.transcript.add(time.Now(), fmt.Sprintf("%d <- %d %s", x.Connection, x.Status, x.Body))
		if call != nil {
			c.ledger.refused(call)
		}
	}
	return nil
}

func (c *Checker) told(_ context.Context, x *tap.Exchange, record []byte) ([]byte, error) {
	event := new(scheduler.Event)
	raw := wire.AppendRecord(nil, record)
	if x.Events().Decode(record, event, nil) != nil {
		return raw, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	c.transcript.add(now, fmt.Sprintf("%d <- %s", x.Connection, describeEvent(event)))
	c.ledger.told(now, x.Answer.Get(wire.StreamID), event)
	return raw, nil
}

func (c *Checker) ended(connection int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.calls, func(x *tap.Exchange, _ *scheduler.Call) bool { return x.Connection == connection })
	if connection == c.connection {
		c.transcript.add(time.Now(), fmt.Sprintf("%d ends", connection))
		c.connection = 0
		c.ledger.ended()
	}
}

// Store is where a framework keeps its records, such as those of package store, which says what Load and Commit owe.
type Store interface {
	Load(ctx context.Context) (map[string][]byte, error)
	Commit(ctx context.Context, changes map[string][]byte) error
}

// Store gives the framework's store, watched: what is committed counts as saved from the moment that Commit returns.
func (c *Checker) Store(s Store) Store { return watched{s, c} }

type watched struct {
	Store
	checker *Checker
}

// Commit passes the changes on, and takes note once they are made.
func (w watched) Commit(ctx context.Context, changes map[string][]byte) error {
	if err := w.Store.Commit(ctx, changes); err != nil {
		return err
	}
	w.checker.mu.Lock()
	defer w.checker.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(changes)) {
		if changes[key] == nil {
			delete(w.checker.ledger.records, key)
			w.checker.transcript.add(time.Now(), "removes "+key)
			continue
		}
		w.checker.ledger.records[key] = slices.Clone(changes[key])
		w.checker.transcript.add(time.Now(), "saves "+key)
	}
	return nil
}
