// Package tap stands in the wire between a framework and a master, or an executor and its agent: it reads the HTTP of either side as far as
// calls, answers and the records of event streams go, shows each to its owner, and passes on what the owner says.
//
//	t := &tap.Tap{Upstream: dial, Hooks: tap.Hooks{
//		Record: func(_ context.Context, x *tap.Exchange, record []byte) ([]byte, error) {
//			log.Printf("%s %s", x.Media, record)
//			return wire.AppendRecord(nil, record), nil
//		},
//	}}
//	defer t.Close()
//	session := scheduler.New(scheduler.Options{Master: master, Dial: t.Dial})
//
// Each connection of the framework has one of its own to the master, and ends with it. A hook runs between arrival and departure, in the
// order in which things pass in its direction of its connection; it may wait, for as long as its context, which ends with the connection.
//
// The side of the framework speaks plain HTTP, since nobody can read what is encrypted between two others; towards the master TLS is
// possible. Requests and answers that are no streams are held whole, up to 256 MiB.
package tap

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"

	"github.com/ormosproject/ormos/internal/memory"
	"github.com/ormosproject/ormos/internal/wire"
)

// Tap is a man in the middle. Its exported fields are set before the first Dial.
type Tap struct {
	// Upstream opens connections to the master; nil means TCP.
	Upstream func(ctx context.Context, network, address string) (net.Conn, error)
	// TLS secures these connections; nil leaves them plain.
	TLS *tls.Config
	// Hooks are shown what passes.
	Hooks Hooks

	mu      sync.Mutex
	last    int // number of connections so far
	open    map[*connection]bool
	closed  bool
	running sync.WaitGroup
}

// Hooks are shown what passes. One that is nil lets everything pass. An error of any but Dial ends both connections.
type Hooks struct {
	// Dial is asked before a connection is opened; its error is the dialler's.
	Dial func(ctx context.Context, address string) error
	// Call is shown a request. It may answer itself, by setting Status, and then nothing goes to the master.
	Call func(ctx context.Context, x *Exchange) error
	// Answer is shown what the master has answered, before anybody else is. Where the answer is a stream, its body is not there yet.
	Answer func(ctx context.Context, x *Exchange) error
	// Record is shown a record of a stream, and returns what is written in its place, in RecordIO or whatever it likes. What it returns beside an
	// error is written before the end.
	Record func(ctx context.Context, x *Exchange, record []byte) ([]byte, error)
	// End is told that a connection has ended.
	End func(connection int)
}

// Exchange is a request and its answer.
type Exchange struct {
	// Connection counts the framework's connections, from 1.
	Connection int
	// Address is what the framework has dialled.
	Address string

	Method, Path string
	Header       http.Header
	// Call is the request's body.
	Call []byte

	// Status is 0 until there is an answer.
	Status int
	Answer http.Header
	// Stream tells that the answer is an event stream. Otherwise Body is all that it says.
	Stream bool
	Body   []byte
}

// Media is how the call is encoded.
func (x *Exchange) Media() wire.MediaType { return wire.MediaType(x.Header.Get("Content-Type")) }

// Events is how the records of the answer are encoded.
func (x *Exchange) Events() wire.MediaType { return wire.MediaType(x.Answer.Get("Content-Type")) }

// Dial opens a connection to the master that goes through the tap. It is what schedulers and executors are given as their Options.Dial.
func (t *Tap) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	up, err := t.connect(ctx, network, address)
	if err != nil {
		return nil, err
	}
	near, far := memory.Pipe()
	if err := t.join(far, up, address); err != nil {
		return nil, err
	}
	return near, nil
}

// Serve has connections that are accepted at the listener go through the tap to the master at this address, until the listener is closed.
// It is for frameworks outside this process.
func (t *Tap) Serve(ctx context.Context, listener net.Listener, address string) error {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		up, err := t.connect(ctx, "tcp", address)
		if err == nil {
			err = t.join(conn, up, address)
		}
		if err != nil {
			conn.Close()
		}
	}
}

func (t *Tap) connect(ctx context.Context, network, address string) (net.Conn, error) {
	if t.Hooks.Dial != nil {
		if err := t.Hooks.Dial(ctx, address); err != nil {
			return nil, err
		}
	}
	dial := t.Upstream
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	up, err := dial(ctx, network, address)
	if err != nil || t.TLS == nil {
		return up, err
	}
	config := t.TLS.Clone()
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(address)
	}
	secured := tls.Client(up, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		up.Close()
		return nil, err
	}
	return secured, nil
}

// join starts to pass on between two connections, which it closes.
func (t *Tap) join(down, up net.Conn, address string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		down.Close()
		up.Close()
		return net.ErrClosed
	}
	t.last++
	c := newConnection(t, t.last, down, up, address)
	if t.open == nil {
		t.open = map[*connection]bool{}
	}
	t.open[c] = true
	t.running.Go(func() {
		c.run()
		t.mu.Lock()
		delete(t.open, c)
		t.mu.Unlock()
		if t.Hooks.End != nil {
			t.Hooks.End(c.number)
		}
	})
	return nil
}

// Break ends all connections that are open now.
func (t *Tap) Break() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for c := range t.open {
		c.end()
	}
}

// Close ends all connections and lets none begin. It returns when nothing passes any more.
func (t *Tap) Close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.Break()
	t.running.Wait()
}
