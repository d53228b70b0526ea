package fault

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/ormosproject/ormos/internal/tap"
	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/scheduler"
)

// errFault ends a connection.
var errFault = errors.New("a fault was asked for")

// Wire is the wire between a framework and its master, on which faults happen. Its methods may be called from any goroutine.
type Wire struct {
	tap *tap.Tap

	mu      sync.Mutex
	waiting []Fault            // for a record or call
	until   map[Kind]time.Time // of those that last
}

// NewWire makes a wire without faults out of what opens connections; nil means TCP.
func NewWire(dial func(ctx context.Context, network, address string) (net.Conn, error)) *Wire {
	w := &Wire{until: map[Kind]time.Time{}}
	w.tap = &tap.Tap{Upstream: dial, Hooks: tap.Hooks{Dial: w.dial, Call: w.call, Answer: w.answer, Record: w.record}}
	return w
}

// Dial opens a connection over the wire. It is what a scheduler is given as its Options.Dial. Encrypted connections cannot be looked
// into: the framework speaks plain HTTP.
func (w *Wire) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return w.tap.Dial(ctx, network, address)
}

// Close ends all connections, and lets none begin.
func (w *Wire) Close() { w.tap.Close() }

// Do has a fault happen now, or as soon as the record or call comes that it waits for. At is not looked at.
func (w *Wire) Do(f Fault) error {
	if !f.Kind.OnWire() {
		return fmt.Errorf("cannot do %s on a wire", f.Kind)
	}
	w.mu.Lock()
	switch f.Kind {
	case Refuse, Unavailable, Redirect, Silence:
		w.until[f.Kind] = time.Now().Add(f.For)
	case Break:
	default:
		w.waiting = append(w.waiting, f)
	}
	w.mu.Unlock()
	if f.Kind == Break || f.Kind == Refuse {
		w.tap.Break()
	}
	return nil
}

// Heal ends all faults.
func (w *Wire) Heal() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = nil
	clear(w.until)
}

// lasting tells how long a fault goes on; 0 when it does not.
func (w *Wire) lasting(k Kind) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return max(time.Until(w.until[k]), 0)
}

// take takes the first fault of these kinds that waits for this event.
func (w *Wire) take(event string, kinds ...Kind) (Fault, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, f := range w.waiting {
		if slices.Contains(kinds, f.Kind) && (f.Event == "" || f.Event == event) {
			w.waiting = slices.Delete(w.waiting, i, i+1)
			return f, true
		}
	}
	return Fault{}, false
}

func (w *Wire) dial(_ context.Context, address string) error {
	if w.lasting(Refuse) > 0 {
		return &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	return nil
}

func (w *Wire) call(ctx context.Context, x *tap.Exchange) error {
	if err := w.silent(ctx); err != nil {
		return err
	}
	name := callName(x)
	if f, ok := w.take(name, DelayCall); ok {
		if err := wait(ctx, f.For); err != nil {
			return err
		}
	}
	if _, ok := w.take(name, LoseCall); ok {
		return errFault
	}
	switch {
	case w.lasting(Unavailable) > 0:
		reply(x, http.StatusServiceUnavailable, "Master has not finished recovery")
	case w.lasting(Redirect) > 0:
		reply(x, http.StatusTemporaryRedirect, "")
		x.Answer.Set("Location", "//"+x.Address+x.Path)
	}
	return nil
}

func reply(x *tap.Exchange, status int, text string) {
	x.Status, x.Body, x.Answer = status, []byte(text), http.Header{"Content-Type": {"text/plain; charset=utf-8"}}
}

func (w *Wire) answer(ctx context.Context, x *tap.Exchange) error {
	if err := w.silent(ctx); err != nil {
		return err
	}
	if _, ok := w.take(callName(x), LoseAnswer); ok {
		return errFault
	}
	return nil
}

// silent waits until the silence is over.
func (w *Wire) silent(ctx context.Context) error {
	for {
		d := w.lasting(Silence)
		if d == 0 {
			return nil
		}
		if err := wait(ctx, d); err != nil {
			return err
		}
	}
}

func (w *Wire) record(ctx context.Context, x *tap.Exchange, record []byte) ([]byte, error) {
	if err := w.silent(ctx); err != nil {
		return nil, err
	}
	raw := wire.AppendRecord(nil, record)
	f, ok := w.take(eventName(x, record), Drop, Duplicate, Delay, Cut)
	if !ok {
		return raw, nil
	}
	switch f.Kind {
	case Drop:
		return nil, nil
	case Duplicate:
		return slices.Concat(raw, raw), nil
	case Cut:
		return raw[:int(f.Part*float64(len(raw)))], errFault
	}
	return raw, wait(ctx, f.For)
}

// callName is the type of a call, "" of what is none.
func callName(x *tap.Exchange) string {
	var call scheduler.Call
	if x.Media().Decode(x.Call, &call, nil) != nil {
		return ""
	}
	return call.GetType().String()
}

func eventName(x *tap.Exchange, record []byte) string {
	var event scheduler.Event
	if x.Events().Decode(record, &event, nil) != nil {
		return ""
	}
	return event.GetType().String()
}
