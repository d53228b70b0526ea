package executor

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/mesos"
)

// Options are the choices of a [Driver]. The zero value is right for an executor that an agent has started.
type Options struct {
	// Environment is what the agent told us; nil reads the process's own (see [ReadEnvironment]).
	Environment *Environment
	// FlushTimeout is how long the end of the loop waits for the agent to acknowledge the last updates. 0 means 60 s, which is what
	// Mesos' own executors wait.
	FlushTimeout time.Duration
	// Kill ends the process when the grace period of a shutdown is over and the loop has not ended. nil means SIGKILL to the own process
	// group if we lead one, as we do when an agent has started us, and else to the own process. The real thing does not return.
	Kill func()
	// Logger hears of connections lost and so on; nil means that nobody does.
	Logger *slog.Logger
	// Dial opens connections to the agent; nil means the environment's Socket, and TCP if there is none.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Driver is an executor's side of the conversation with its agent. Its methods may be called from any goroutine.
type Driver struct {
	env    Environment
	opts   Options
	log    *slog.Logger
	dialer wire.Dialer
	media  wire.MediaType
	ledger *ledger

	started  atomic.Bool
	stop     chan struct{} // closed by Stop
	stopOnce sync.Once
}

// New makes a driver. It fails when the program was not started by an agent. Nothing is sent before [Driver.Events].
func New(opts Options) (*Driver, error) {
	env := opts.Environment
	if env == nil {
		own, err := ReadEnvironment(os.Getenv)
		if err != nil {
			return nil, fmt.Errorf("cannot start as an executor: %w", err)
		}
		env = &own
	}
	d := &Driver{env: env.withDefaults(), opts: opts, log: opts.Logger, media: wire.Protobuf, ledger: newLedger(), stop: make(chan struct{})}
	if err := d.connect(); err != nil {
		return nil, fmt.Errorf("cannot start as an executor: %w", err)
	}
	if d.opts.FlushTimeout <= 0 {
		d.opts.FlushTimeout = time.Minute
	}
	if d.opts.Kill == nil {
		d.opts.Kill = kill
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	d.log = d.log.With("framework", env.FrameworkID, "executor", env.ExecutorID)
	return d, nil
}

// Environment is what the agent told us.
func (d *Driver) Environment() Environment { return d.env }

// Events subscribes with the agent and yields its events, until the caller breaks out of the loop, [Driver.Stop] is called or
// ctx ends. A lost connection is renewed out of sight. An error is the last thing yielded and means that the agent
// does not let us subscribe, or refuses a call: exit then.
//
// After break and Stop it waits until the agent has acknowledged all updates, for at most [Options].FlushTimeout, so that the
// last ones are not lost. After the end of ctx it does not wait. It can be used once.
func (d *Driver) Events(ctx context.Context) iter.Seq2[TypedEvent, error] {
	return func(yield func(TypedEvent, error) bool) {
		if d.started.Swap(true) {
			yield(nil, errors.New("cannot read the events of an executor twice"))
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		s := d.newSession()
		var running sync.WaitGroup
		running.Go(func() { s.run(ctx) })
		defer func() {
			cancel()
			running.Wait()
			if s.grace != nil {
				s.grace.Stop()
			}
		}()
		for {
			select {
			case <-s.arrived:
				if !d.tell(ctx, s.take(), yield) { // the loop was left: nothing may be yielded any more
					d.Stop()
					d.flush(ctx, s)
					return
				}
			case <-s.failed:
				yield(nil, s.failure)
				return
			case <-d.stop:
				d.flush(ctx, s)
				return
			case <-ctx.Done():
				return
			}
		}
	}
}

// tell yields events until the driver is stopped. It is false when the caller wants no more.
func (d *Driver) tell(ctx context.Context, events []TypedEvent, yield func(TypedEvent, error) bool) bool {
	for _, event := range events {
		if isClosed(d.stop) || ctx.Err() != nil {
			return true
		}
		if !yield(event, nil) {
			return false
		}
	}
	return true
}

// flush waits for the last acknowledgements as long as they can come.
func (d *Driver) flush(ctx context.Context, s *session) {
	timeout := time.NewTimer(d.opts.FlushTimeout)
	defer timeout.Stop()
	for d.ledger.unacknowledged() > 0 {
		select {
		case <-d.ledger.settled:
		case <-s.ended:
			d.log.Warn("updates were not acknowledged: the agent is lost", "updates", d.ledger.unacknowledged())
			return
		case <-timeout.C:
			d.log.Warn("updates were not acknowledged in time", "updates", d.ledger.unacknowledged())
			return
		case <-ctx.Done():
			return
		}
	}
}

// Update tells the state of a task that was launched. The driver adds a uuid, the source, the executor's id and, if
// there is none, the time, and sends the update until the agent has acknowledged it, in the order of the calls. It
// does not wait. It is an error to update a task that was never launched or that an earlier update has ended, which
// need not concern a caller whose task ended while it was being killed.
//
// In the status' message U+FFFD takes the place of what is not UTF-8, so that it may hold a program's output. Anywhere else that is
// an error, and the update is not sent.
func (d *Driver) Update(status mesos.TaskStatus) error {
	if err := d.ledger.update(status, mesos.ExecutorID{Value: d.env.ExecutorID}, time.Now()); err != nil {
		return explain(status, err)
	}
	return nil
}

// Message sends data to the framework's scheduler. As all messages of Mesos it may be lost on the way; it fails with
// [ErrDisconnected] when there is no connection to the agent.
func (d *Driver) Message(data []byte) error {
	if err := d.ledger.message(data); err != nil {
		return fmt.Errorf("cannot send a message to the framework: %w", err)
	}
	return nil
}

// Stop ends the loop over [Driver.Events] once all updates given so far are acknowledged. It does not wait.
func (d *Driver) Stop() { d.stopOnce.Do(func() { close(d.stop) }) }

// call puts our name on a call.
func (d *Driver) call(c Call) *Call {
	c.FrameworkID.Value, c.ExecutorID.Value = d.env.FrameworkID, d.env.ExecutorID
	return &c
}

func (d *Driver) authorize(r *http.Request) {
	if d.env.Token != "" {
		r.Header.Set("Authorization", "Bearer "+string(d.env.Token))
	}
}

func isClosed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}
