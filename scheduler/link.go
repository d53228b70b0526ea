package scheduler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/mesos"
)

const (
	// endpoint is the scheduler API's, below the master's URL.
	endpoint = "/api/v1/scheduler"
	// farewell is how long the end of a subscription waits for the answers of calls already made.
	farewell = time.Second
)

// errSilent says that the master has sent neither event nor heartbeat for too long.
var errSilent = errors.New("the master has fallen silent")

// A link is one subscription: a connection for the stream of events, and another for calls. The loss of either ends both.
type link struct {
	run         *run
	client      *wire.Client
	detached    context.Context // of the connections
	cancel      context.CancelCauseFunc
	watchdog    *time.Timer
	patience    time.Duration // of the watchdog
	stream      *wire.Stream
	calls       *wire.Pipeline
	broken      chan struct{} // closed when the goroutine that watches calls has ended
	established bool          // SUBSCRIBED has come
	since       time.Time     // when
	id          *mesos.FrameworkID
	judge       func(error)
}

// newLink prepares a link to the master at this URL; detached and cancel are the context of its connections.
func (r *run) newLink(detached context.Context, cancel context.CancelCauseFunc, at string) *link {
	l := &link{
		run: r, detached: detached, cancel: cancel, patience: subscribeTimeout,
		client: &wire.Client{URL: at + endpoint, HTTP: r.http, Media: wire.MediaType(r.opts.Media), Authorize: r.credentials.Authorize},
	}
	l.judge = func(err error) { _ = l.verdict(err) }
	l.watchdog = time.AfterFunc(l.patience, func() { cancel(errSilent) })
	l.watchdog.Stop()
	return l
}

// guarded runs what waits for the master: ctx's end and the watchdog interrupt it, by ending the connections.
func (l *link) guarded(ctx context.Context, wait func() error) error {
	stop := context.AfterFunc(ctx, func() { l.cancel(context.Cause(ctx)) })
	defer stop()
	l.watchdog.Reset(l.patience)
	defer l.watchdog.Stop()
	return wait()
}

func (l *link) subscribe(ctx context.Context, call *Call) error {
	return l.guarded(ctx, func() (err error) {
		l.stream, err = l.client.Subscribe(l.detached, call)
		if err == nil && l.stream.ID == "" {
			err = fmt.Errorf("cannot subscribe at %s: the answer has no %s, it comes from no master", l.client.URL, wire.StreamID)
		}
		return err
	})
}

// next reads the next event. Only where it has to wait for one is there anything to guard.
func (l *link) next(ctx context.Context, event *Event) error {
	if l.stream.Ready() {
		return l.stream.Next(event)
	}
	return l.guarded(ctx, func() error { return l.stream.Next(event) })
}

// connectCalls opens the connection for calls.
func (l *link) connectCalls(ctx context.Context) error {
	if l.calls != nil {
		return nil
	}
	return l.guarded(ctx, func() error {
		conn, err := l.run.dialer.Conn(l.detached, l.client.URL)
		if err != nil {
			return fmt.Errorf("cannot connect for calls: %w", err)
		}
		if l.calls, err = wire.NewPipeline(l.client, conn, wire.PipelineOptions{}); err != nil {
			return err
		}
		l.broken = make(chan struct{})
		go func() {
			defer close(l.broken)
			<-l.calls.Done()
			l.cancel(fmt.Errorf("the connection for calls has ended: %w", l.calls.Err()))
		}()
		return nil
	})
}

// call makes one call and waits for its answer. done, if it is not nil, is told the answer before anything else can happen to the link.
func (l *link) call(ctx context.Context, call *Call, done func(error)) error {
	call.FrameworkID = l.id
	result := make(chan error, 1)
	err := l.calls.Go(ctx, call, func(err error) {
		err = l.verdict(err)
		if done != nil {
			done(err)
		}
		result <- err
	})
	if err != nil {
		return l.verdict(err)
	}
	lost := l.detached.Done()
	var late <-chan time.Time
	for {
		select {
		case err := <-result:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-lost: // the loop may be the caller, and could not end the connection
			lost, late = nil, time.After(farewell)
		case <-late:
			return fmt.Errorf("%w: %w", ErrDisconnected, context.Cause(l.detached))
		}
	}
}

// send makes a call without waiting for its answer.
func (l *link) send(ctx context.Context, call *Call, done func(error)) error {
	call.FrameworkID = l.id
	return l.calls.Go(ctx, call, func(err error) {
		err = l.verdict(err)
		if done != nil {
			done(err)
		}
	})
}

// acknowledge makes a call without waiting for its answer.
func (l *link) acknowledge(ctx context.Context, call *Call) error {
	if ctx.Err() != nil { // the loop's owner is about to leave, but has dealt with this one
		short, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
		defer cancel()
		ctx = short
	}
	call.FrameworkID = l.id
	return l.calls.Go(ctx, call, l.judge)
}

// verdict looks at the result of a call: what shows that the subscription is lost ends it, and is told so.
func (l *link) verdict(err error) error {
	if err == nil || !isAnswer(err) {
		return err
	}
	if !lostSubscription(err) {
		l.run.opts.Logger.Debug("the master has refused a call", "error", err)
		return err
	}
	err = fmt.Errorf("%w: %w", ErrDisconnected, err)
	l.cancel(err)
	return err
}

// isAnswer tells the master's answers, and their absence, from what goes wrong on our side before a call is made.
func isAnswer(err error) bool {
	_, status := errors.AsType[*wire.StatusError](err)
	return status || errors.Is(err, wire.ErrUnanswered)
}

// cause says why the link has ended, where err is what the reader of its events has seen of it.
func (l *link) cause(err error) error {
	if _, end := errors.AsType[*Error](err); end || errors.Is(err, errLeft) {
		return err
	}
	if cause := context.Cause(l.detached); cause != nil {
		return cause
	}
	if errors.Is(err, io.EOF) {
		return errors.New("the master has ended the subscription")
	}
	return err
}

// close waits shortly for the answers of the last calls, and ends both connections.
func (l *link) close() {
	l.run.connected(nil)
	if l.calls != nil {
		short, cancel := context.WithTimeout(context.Background(), farewell)
		_ = l.calls.Flush(short) // what is not answered now is told ErrDisconnected
		cancel()
	}
	l.cancel(nil)
	if l.stream != nil {
		_ = l.stream.Close()
	}
	if l.calls != nil {
		l.calls.Close()
		<-l.broken
	}
	if l.established && time.Since(l.since) > max(l.run.opts.Backoff.Max, defaultBackoffMax) {
		l.run.backoff.Reset() // it has worked; one that is lost at once, again and again, is not
	}
}
