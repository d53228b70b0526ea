package operator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"sync"
	"time"

	"github.com/ormosproject/ormos/internal/wire"
)

const (
	// subscribeTimeout is how long a master may take to answer SUBSCRIBE.
	subscribeTimeout = 15 * time.Second
	// missedHeartbeats in a row end a subscription.
	missedHeartbeats = 5
	// defaultHeartbeat is the masters' own.
	defaultHeartbeat = 15 * time.Second
)

var (
	errSilent = errors.New("the master has fallen silent")
	errLeft   = errors.New("the loop was left")
)

// A Model is what runs in the cluster, kept up by the master's stream of events for as long as somebody ranges over its changes. An agent that is out of sight, or
// was marked gone, is removed at the next heartbeat, since no event tells of it.
//
//	model := operator.NewModel(master)
//	for change, err := range model.Changes(ctx) {
//		if err != nil {
//			return err // no use to try again
//		}
//		fmt.Println(change, len(model.Cluster().Tasks))
//	}
type Model struct {
	master *Master

	mu      sync.Mutex
	running bool
	state   *Cluster
	shared  bool // somebody has state: it does not change any more
}

// NewModel returns a model that is empty until its first subscription.
func NewModel(m *Master) *Model { return &Model{master: m, state: newCluster()} }

// Cluster returns what runs now. It costs nothing; but after it the next event costs a copy of the maps.
func (m *Model) Cluster() *Cluster {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.shared = true
	return m.state
}

// Changes subscribes, stays subscribed, and yields the changes in order, each when the model has it and whatever comes of the same event. After a subscription was lost it subscribes again, and
// tells as changes what was missed meanwhile; [Subscribed] comes after them. It ends without an error when ctx ends; with one, an [*Error], when
// the master refuses the subscription. One loop at a time.
func (m *Model) Changes(ctx context.Context) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		if !m.begin() {
			yield(Change{}, errors.New("cannot follow the cluster: somebody ranges over the model's changes already"))
			return
		}
		defer m.end()
		err := m.follow(ctx, func(c Change) bool { return yield(c, nil) })
		if err != nil && !errors.Is(err, errLeft) {
			yield(Change{}, err)
		}
	}
}

func (m *Model) begin() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	was := m.running
	m.running = true
	return !was
}

func (m *Model) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.running = false
}

func (m *Model) apply(changes []Change) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.shared && len(changes) > 0 {
		m.state, m.shared = m.state.clone(), false
	}
	for _, c := range changes {
		m.state.apply(c)
	}
}

// follow subscribes again and again.
func (m *Model) follow(ctx context.Context, tell func(Change) bool) error {
	pause := firstPause
	for {
		began := time.Now()
		err := m.subscription(ctx, tell)
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, errLeft) || final(err) {
			return err
		}
		if time.Since(began) > longestPause {
			pause = firstPause // it has worked
		}
		m.master.peer.opts.logger().Warn("disconnected from the master", "error", err, "retry", pause)
		if !tell(Change{Kind: Disconnected, Err: err, Retry: pause}) {
			return errLeft
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		pause = min(2*pause, longestPause)
	}
}

// final tells whether a refusal will be repeated.
func final(err error) bool {
	refusal, ok := errors.AsType[*Error](err)
	return ok && refusal.Status >= 400 && refusal.Status < 500 || ok && refusal.Status == http.StatusNotImplemented
}

// subscription is one of them. The error says why it has ended.
func (m *Model) subscription(ctx context.Context, tell func(Change) bool) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(subscribeTimeout, func() { cancel(errSilent) })
	defer watchdog.Stop()
	watchdog.Stop()
	guarded := func(patience time.Duration, wait func() error) error {
		watchdog.Reset(patience)
		defer watchdog.Stop()
		return wait()
	}
	var stream *wire.Stream
	err := m.master.peer.at(ctx, MasterCallTypeSubscribe.String(), func(c *wire.Client) error {
		return guarded(subscribeTimeout, func() (err error) {
			stream, err = c.Subscribe(ctx, &MasterCall{Type: new(MasterCallTypeSubscribe)})
			return err
		})
	})
	if err != nil {
		return because(ctx, err)
	}
	defer stream.Close()
	patience := time.Duration(0) // until SUBSCRIBED
	for {
		event := new(MasterEvent)
		if err := guarded(max(patience, subscribeTimeout), func() error { return stream.Next(event) }); err != nil {
			return because(ctx, err)
		}
		if (event.GetType() == MasterEventTypeSubscribed) != (patience == 0) {
			return fmt.Errorf("the master says %s where SUBSCRIBED comes first, and once", event.GetType())
		}
		if patience == 0 {
			patience = missedHeartbeats * heartbeat(event.Subscribed)
		}
		if err := m.take(event, tell); err != nil {
			return err
		}
		if event.GetType() == MasterEventTypeHeartbeat {
			if err := m.tellAll(m.missing(ctx), tell); err != nil {
				return err
			}
		}
	}
}

// take tells what an event changes. Only this goroutine changes the model: it reads it without the lock.
func (m *Model) take(event *MasterEvent, tell func(Change) bool) error {
	changes, behind := m.state.changes(event)
	if err := m.tellAll(changes, tell); err != nil {
		return err
	}
	return behind
}

func (m *Model) tellAll(changes []Change, tell func(Change) bool) error {
	m.apply(changes)
	for _, c := range changes {
		if !tell(c) {
			return errLeft
		}
	}
	return nil
}

// because prefers our own reason for the end of a stream.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if errors.Is(err, io.EOF) {
		return errors.New("the master has ended the subscription")
	}
	return err
}

// heartbeat is the interval that a master announces.
func heartbeat(s *MasterEventSubscribed) time.Duration {
	if s == nil || s.HeartbeatIntervalSeconds == nil || !(*s.HeartbeatIntervalSeconds >= 0.001 && *s.HeartbeatIntervalSeconds <= 24*3600) {
		return defaultHeartbeat
	}
	return time.Duration(*s.HeartbeatIntervalSeconds * float64(time.Second))
}
