package framework

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/internal/engine"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

const (
	// turnInputs and turnBytes bound what is saved at once: as much as makes the disk's sync cheap, and no more than ZooKeeper takes.
	turnInputs = 1024
	turnBytes  = 256 << 10
	// lastSave is how long the last commit may take when the process is to end.
	lastSave = 5 * time.Second
)

// ErrEnded is what those get who ask for something while the framework ends. Whether it was done is not known.
var ErrEnded = errors.New("the framework ends")

// decider is an engine.
type decider interface {
	Step(now time.Time, in engine.Input) engine.Effects
	View() *engine.View
}

// world is what effects are performed on, saving excepted. None of it blocks for long.
type world struct {
	// describe has the framework subscribed for other roles, or with other constraints; nil leaves either as it is.
	describe func(context.Context, []string, *mesos.OfferConstraints)
	// call makes a call to the master, in order. It says itself what became of it.
	call func(context.Context, *scheduler.Call)
	// probe and tail take orders and return at once.
	probe func([]engine.Probe)
	tail  func([]engine.Tail)
	// publish passes an event on.
	publish func(...app.Event)
}

// A loop is the goroutine that owns the engine. What others do with it they do through its channels.
type loop struct {
	engine decider
	store  scheduler.Store
	world  world

	deliveries chan delivery
	commands   chan command
	answers    chan engine.Input
	late       afterthoughts
	view       atomic.Pointer[engine.View]
	ended      chan struct{} // closed when nothing is taken any more

	asked uint64
	due   time.Time // of the engine's next Step
}

// delivery is what the session tells. It is done when what follows from it is saved.
type delivery struct {
	inputs []engine.Input
	done   chan<- struct{}
}

// command is what somebody asks for.
type command struct {
	what  engine.Command
	reply chan engine.Result
}

func newLoop(e decider, store scheduler.Store) *loop {
	l := &loop{
		engine: e, store: store, ended: make(chan struct{}),
		late: afterthoughts{some: make(chan struct{}, 1)}, deliveries: make(chan delivery), commands: make(chan command, turnInputs), answers: make(chan engine.Input, turnInputs),
	}
	l.view.Store(e.View())
	return l
}

// View is what there was after the last turn.
func (l *loop) View() *engine.View { return l.view.Load() }

// Do has the engine carry out a command, and returns when what it decided is saved. The error wraps ErrEnded or is that of ctx: then it
// may have been carried out.
func (l *loop) Do(ctx context.Context, c engine.Command) (engine.Result, error) {
	asked := command{c, make(chan engine.Result, 1)}
	select {
	case l.commands <- asked:
	case <-l.ended:
		return engine.Result{}, ErrEnded
	case <-ctx.Done():
		return engine.Result{}, ctx.Err()
	}
	select {
	case result := <-asked.reply:
		return result, nil
	case <-ctx.Done():
		return engine.Result{}, ctx.Err()
	case <-l.ended:
	}
	select {
	case result := <-asked.reply: // the last turn's
		return result, nil
	default:
		return engine.Result{}, ErrEnded
	}
}

// tell hands over what was found out, unless nobody wants it any more.
func (l *loop) tell(ctx context.Context, in engine.Input) {
	select {
	case l.answers <- in:
	case <-l.ended:
	case <-ctx.Done():
	}
}

// afterthoughts are what became of effects. Whoever has them, the loop itself included, is never kept waiting.
type afterthoughts struct {
	some chan struct{} // there are some
	mu   sync.Mutex
	all  []engine.Input
}

func (a *afterthoughts) add(in ...engine.Input) {
	a.mu.Lock()
	a.all = append(a.all, in...)
	a.mu.Unlock()
	select {
	case a.some <- struct{}{}:
	default:
	}
}

func (a *afterthoughts) take() []engine.Input {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := a.all
	a.all = nil
	return all
}

// deliver hands over what the session has told, and returns true when that is saved.
func (l *loop) deliver(ctx context.Context, inputs []engine.Input) bool {
	done := make(chan struct{}, 1)
	select {
	case l.deliveries <- delivery{inputs, done}:
	case <-l.ended:
		return false
	case <-ctx.Done():
		return false
	}
	select {
	case <-done:
		return true
	case <-l.ended:
	}
	select {
	case <-done: // the last turn's
		return true
	default:
		return false
	}
}

// run takes turns until ctx ends, which is no error, or something cannot be saved.
func (l *loop) run(ctx context.Context) error {
	defer close(l.ended)
	timer := time.NewTimer(0) // the first Step tells when the next is due
	defer timer.Stop()
	for {
		t := &turn{loop: l, replies: map[uint64]chan engine.Result{}, effects: engine.Effects{Records: map[string][]byte{}}}
		select {
		case d := <-l.deliveries:
			t.deliver(d)
		case c := <-l.commands:
			t.command(c)
		case in := <-l.answers:
			t.step(in)
		case <-l.late.some:
			for _, in := range l.late.take() {
				t.step(in)
			}
		case <-timer.C:
			t.step(nil)
		case <-ctx.Done():
			return nil
		}
		t.gather()
		if err := t.perform(ctx); err != nil {
			return err
		}
		timer.Stop()
		if !l.due.IsZero() {
			timer.Reset(time.Until(l.due))
		}
	}
}

// commit saves records. It goes on for a while when ctx ends: those who wait for it are answered yet.
func (l *loop) commit(ctx context.Context, records map[string][]byte) error {
	if len(records) == 0 {
		return nil
	}
	ctx, cancel := outlasting(ctx, lastSave)
	defer cancel()
	if err := l.store.Commit(ctx, records); err != nil {
		return fmt.Errorf("cannot save what has changed, so nothing was answered or launched that depends on it; "+
			"see that the store can be written, and start again: %w", err)
	}
	return nil
}

// outlasting is a context that ends so long after ctx.
func outlasting(ctx context.Context, more time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		late := time.NewTimer(more)
		defer late.Stop()
		select {
		case <-late.C:
			cancel()
		case <-longer.Done():
		}
	})
	return longer, func() {
		stop()
		cancel()
	}
}
