package executor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/ormosproject/ormos/internal/wire"
)

const (
	// heartbeat is how often either side shows that it is there.
	heartbeat = 30 * time.Minute
	// silence is for how long an agent that sends heartbeats may send nothing before it counts as lost.
	silence = 3 * heartbeat
)

var errSilent = errors.New("the agent does not answer")

// session stays subscribed for as long as Events runs. Its goroutine is run; the caller's takes the events.
//
//	subscribing <-> subscribed     again and again within the recovery timeout, with checkpointing
//	     |               |
//	     +-----> shutting down     when the agent says so, or is given up
type session struct {
	*Driver
	client wire.Client

	mu      sync.Mutex
	queue   []TypedEvent
	arrived chan struct{} // has a token when queue has grown

	failed  chan struct{} // closed when failure is set
	failure error
	ended   chan struct{} // closed when there is no connection and will be none

	// These belong to run.
	subscribed   bool      // once at least
	lost         time.Time // when the last subscription ended, or the first attempt began
	shuttingDown bool
	grace        *time.Timer // for Kill; once run has ended it belongs to Events
}

func (d *Driver) newSession() *session {
	return &session{
		Driver:  d,
		client:  wire.Client{URL: d.env.Agent, Media: d.media, Authorize: d.authorize},
		arrived: make(chan struct{}, 1),
		failed:  make(chan struct{}),
		ended:   make(chan struct{}),
		lost:    time.Now(),
	}
}

// put never waits, since the agent must be heard while the caller handles an event.
func (s *session) put(event TypedEvent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, event)
	signal(s.arrived)
}

func (s *session) take() []TypedEvent {
	s.mu.Lock()
	defer s.mu.Unlock()
	events := s.queue
	s.queue = nil
	return events
}

// run subscribes again and again until ctx ends, the agent wants us to go, or there is no hope.
func (s *session) run(ctx context.Context) {
	defer close(s.ended)
	transport := s.dialer.Transport()
	defer transport.CloseIdleConnections()
	s.client.HTTP = &http.Client{Transport: transport}
	for {
		err := s.subscription(ctx)
		if ctx.Err() != nil || s.shuttingDown {
			return
		}
		if err := s.hopeless(err); err != nil {
			s.giveUp(err)
			return
		}
		s.log.Warn("not subscribed with the agent", "agent", s.env.Agent, "error", err)
		if !s.pause(ctx) {
			return
		}
	}
}

// hopeless says why it is of no use to subscribe again, nil when it is.
func (s *session) hopeless(err error) error {
	var refused *refusedError
	switch {
	case errors.As(err, &refused):
		return err
	case !s.env.Checkpoint:
		return fmt.Errorf("%w; the framework does not checkpoint, so the agent does not return to us", err)
	case time.Since(s.lost) >= s.env.RecoveryTimeout:
		return fmt.Errorf("%w; the recovery timeout of %v has passed", err, s.env.RecoveryTimeout)
	}
	return nil
}

// giveUp has the caller end its tasks, if there can be any.
func (s *session) giveUp(err error) {
	if s.subscribed {
		s.shutdown(fmt.Sprintf("the agent is lost: %v", err))
		return
	}
	s.failure = err
	close(s.failed)
}

func (s *session) shutdown(reason string) {
	if s.shuttingDown {
		return
	}
	s.log.Info("shutting down", "reason", reason, "grace", s.env.ShutdownGracePeriod)
	s.shuttingDown = true
	s.grace = time.AfterFunc(s.env.ShutdownGracePeriod, s.opts.Kill)
	s.put(&EventShutdown{Grace: s.env.ShutdownGracePeriod, Reason: reason})
}

// pause keeps a host's executors from rushing all at once at an agent that has returned. It is of half the time that an agent waits for them then, lest one
// comes too late and is killed. It is false when ctx has ended.
func (s *session) pause(ctx context.Context) bool {
	wait := time.NewTimer(rand.N(max(s.env.SubscriptionBackoffMax/2, 1)))
	defer wait.Stop()
	select {
	case <-wait.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// subscription subscribes and handles events until the connection is lost. It never returns nil.
func (s *session) subscription(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var sending sync.WaitGroup
	defer sending.Wait()
	defer cancel(nil)
	watchdog := time.AfterFunc(s.env.RecoveryTimeout-time.Since(s.lost), func() { cancel(errSilent) })
	defer watchdog.Stop()
	call := s.call(Call{Type: new(CallTypeSubscribe), Subscribe: s.ledger.subscribe()})
	defer s.ledger.disconnect()
	stream, err := s.client.Subscribe(ctx, call)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return refusal(err, http.StatusNotFound, http.StatusRequestTimeout, http.StatusTooManyRequests)
	}
	defer stream.Close()
	for watching, first := false, true; ; {
		event := new(Event)
		if err := stream.Next(event); err != nil {
			return ending(ctx, err)
		}
		watching = watching || event.GetType() == EventTypeHeartbeat
		if watching {
			watchdog.Reset(silence)
		}
		if first && event.GetType() == EventTypeSubscribed {
			watchdog.Stop() // until the first heartbeat: agents before Mesos 1.10 send none
			first, s.subscribed = false, true
			defer func() { s.lost = time.Now() }()
			sending.Go(func() { cancel(s.send(ctx)) })
		}
		s.handle(event)
	}
}

// ending prefers the reason for which we ended the stream ourselves.
func ending(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if errors.Is(err, io.EOF) {
		return errors.New("the agent ended the subscription")
	}
	return fmt.Errorf("the subscription ended: %w", err)
}

func (s *session) handle(event *Event) {
	switch event.GetType() {
	case EventTypeHeartbeat:
		return
	case EventTypeShutdown:
		s.shutdown("the agent asks for it")
		return
	}
	typed := event.typed()
	switch e := typed.(type) {
	case nil:
		s.log.Debug("an event that this version does not know", "type", event.GetType())
		return
	case *EventLaunch:
		s.ledger.launch(e.Task)
	case *EventLaunchGroup:
		s.ledger.launch(e.TaskGroup.Tasks...)
	case *EventAcknowledged:
		s.ledger.acknowledge(e.TaskID.Value, e.UUID)
	case *EventError:
		s.log.Warn("the agent reports an error", "error", e.Message)
	}
	s.put(typed)
}

// send makes the calls of one subscription. A second connection that breaks by itself is replaced, and what the
// agent may not have got is sent again: it knows updates by their uuid. When the agent cannot be dialled, or says that we
// are not subscribed, send returns the reason.
func (s *session) send(ctx context.Context) error {
	for {
		conn, err := s.dialer.Conn(ctx, s.client.URL)
		if err != nil {
			return fmt.Errorf("cannot call the agent: %w", err)
		}
		err = s.sendOver(ctx, conn)
		if !errors.Is(err, wire.ErrUnanswered) || !s.pause(ctx) {
			return err
		}
		s.log.Debug("calling the agent on a new connection", "after", err)
		s.ledger.repeat()
	}
}

func (s *session) sendOver(ctx context.Context, conn net.Conn) error {
	pipeline, err := wire.NewPipeline(&s.client, conn, wire.PipelineOptions{})
	if err != nil {
		return err
	}
	defer pipeline.Close()
	answers := make(chan error, 1) // the first bad one
	alive := time.NewTicker(heartbeat)
	defer alive.Stop()
	for {
		for _, call := range s.ledger.take() {
			if err := pipeline.Go(ctx, s.call(call), s.answered(call, answers)); err != nil {
				return err
			}
		}
		select {
		case <-s.ledger.changed:
		case <-alive.C:
			beat := Call{Type: new(CallTypeHeartbeat)}
			if err := pipeline.Go(ctx, s.call(beat), s.answered(beat, answers)); err != nil {
				return err
			}
		case err := <-answers:
			return err
		case <-pipeline.Done():
			return fmt.Errorf("%w: %w", wire.ErrUnanswered, pipeline.Err())
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// answered passes on the answers that matter. Only an update that the agent does not take at all is the end: it would
// refuse each subscription that holds it as well. A heartbeat that an old agent does not know is nothing.
func (s *session) answered(call Call, answers chan<- error) func(error) {
	return func(err error) {
		if err == nil {
			return
		}
		if call.GetType() != CallTypeUpdate && !errors.Is(err, wire.ErrUnanswered) {
			s.log.Warn("the agent refuses a call", "call", call.GetType(), "error", err)
			return
		}
		select {
		case answers <- refusal(err, http.StatusForbidden, http.StatusNotFound):
		default:
		}
	}
}

// refusedError is an answer that will be the same the next time.
type refusedError struct{ error }

func (e *refusedError) Unwrap() error { return e.error }

// refusal makes a refusedError of a status of the 400s, apart from those that may pass.
func refusal(err error, passing ...int) error {
	var status *wire.StatusError
	if !errors.As(err, &status) || status.Status < 400 || status.Status >= 500 {
		return err
	}
	for _, p := range passing {
		if status.Status == p {
			return err
		}
	}
	return &refusedError{err}
}
