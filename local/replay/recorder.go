package replay

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/ormosproject/ormos/internal/tap"
	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/scheduler"
)

// Recorder records a session. Its methods may be called from any goroutine.
type Recorder struct {
	tap   *tap.Tap
	start time.Time

	mu  sync.Mutex
	to  *json.Encoder
	err error
}

// NewRecorder makes a recorder that writes to w, and connects to the master by dial; nil means TCP.
func NewRecorder(w io.Writer, dial func(ctx context.Context, network, address string) (net.Conn, error)) *Recorder {
	r := &Recorder{start: time.Now(), to: json.NewEncoder(w)}
	r.to.SetEscapeHTML(false)
	r.tap = &tap.Tap{Upstream: dial, Hooks: tap.Hooks{Call: r.called, Answer: r.answered, Record: r.told, End: r.ended}}
	r.err = r.to.Encode(entry{Recording: format})
	return r
}

// Dial opens a connection to the master that is recorded. It is what the framework's scheduler is given as its Options.Dial.
func (r *Recorder) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return r.tap.Dial(ctx, network, address)
}

// Close ends the connections, and tells whether everything could be recorded.
func (r *Recorder) Close() error {
	r.tap.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return fmt.Errorf("cannot record the session: %w", r.err)
	}
	return nil
}

// write adds a line; the session goes on when that fails.
func (r *Recorder) write(e entry, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
	if r.err != nil {
		return
	}
	e.At = time.Since(r.start).Seconds()
	r.err = r.to.Encode(e)
}

func (r *Recorder) called(_ context.Context, x *tap.Exchange) error {
	var call scheduler.Call
	if x.Media().Decode(x.Call, &call, nil) != nil {
		return nil // not the scheduler API's
	}
	text, err := plain(&call)
	r.write(entry{Link: x.Connection, Call: text}, err)
	return nil
}

func (r *Recorder) answered(_ context.Context, x *tap.Exchange) error {
	if !x.Stream && x.Status != http.StatusAccepted {
		r.write(entry{Link: x.Connection, Status: x.Status, Body: string(x.Body)}, nil)
	}
	return nil
}

func (r *Recorder) told(_ context.Context, x *tap.Exchange, record []byte) ([]byte, error) {
	var event scheduler.Event
	if x.Events().Decode(record, &event, nil) == nil {
		text, err := plain(&event)
		r.write(entry{Link: x.Connection, Event: text}, err)
	}
	return wire.AppendRecord(nil, record), nil
}

func (r *Recorder) ended(connection int) { r.write(entry{Link: connection, End: true}, nil) }
