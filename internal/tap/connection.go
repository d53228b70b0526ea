package tap

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/ormosproject/ormos/internal/memory"
)

const (
	// maxBody is the largest request or answer that is held, in bytes.
	maxBody = 256 << 20
	// maxAhead is how many requests may wait for their answers before no more are read.
	maxAhead = 1024
)

var errTooLarge = errors.New("what passes is too large")

// connection passes on between a framework and a master. Its goroutines are three: one takes requests from the framework to the master, one reads
// what the master says, and one takes that to the framework as answers.
type connection struct {
	tap      *Tap
	number   int
	address  string
	down, up net.Conn
	ctx      context.Context
	cancel   context.CancelFunc

	asked     chan *Exchange // in order, those that are to be answered
	pending   atomic.Int64   // how many those are, the one that is being answered included
	heard     net.Conn       // what the master has said
	hearing   net.Conn       // where that is put
	upstreams atomic.Bool    // the master has ended its side
}

func newConnection(t *Tap, number int, down, up net.Conn, address string) *connection {
	c := &connection{tap: t, number: number, address: address, down: down, up: up, asked: make(chan *Exchange, maxAhead)}
	c.heard, c.hearing = memory.Pipe()
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// end ends both sides.
func (c *connection) end() {
	c.cancel()
	for _, conn := range []net.Conn{c.down, c.up, c.heard, c.hearing} {
		conn.Close()
	}
}

// run passes on until either side or a hook ends it.
func (c *connection) run() {
	var running sync.WaitGroup
	running.Go(c.hear)
	for _, f := range []func() error{c.requests, c.answers} {
		running.Go(func() {
			_ = f() // either side sees the end, and that is all that they would see without us
			c.end()
		})
	}
	running.Wait()
}

// hear reads what the master says. Its end is the framework's too, once everything before it has been passed on.
func (c *connection) hear() {
	_, _ = io.Copy(c.hearing, c.up)
	c.hearing.Close()
	c.upstreams.Store(true)
	c.endIfIdle()
}

func (c *connection) endIfIdle() {
	if c.upstreams.Load() && c.pending.Load() == 0 {
		c.end()
	}
}

// requests takes calls to the master.
func (c *connection) requests() error {
	from := bufio.NewReader(c.down)
	for {
		r, err := http.ReadRequest(from)
		if err != nil {
			return err
		}
		x := &Exchange{Connection: c.number, Address: c.address, Method: r.Method, Path: r.URL.RequestURI(), Header: r.Header}
		if x.Call, err = readAll(r.Body); err != nil {
			return err
		}
		if hook := c.tap.Hooks.Call; hook != nil {
			if err := hook(c.ctx, x); err != nil {
				return err
			}
		}
		text := request(x, r.Host) // before the exchange is given away
		c.pending.Add(1)
		select {
		case c.asked <- x:
		case <-c.ctx.Done():
			return c.ctx.Err()
		}
		if _, err := c.up.Write(text); err != nil {
			return err
		}
	}
}

// request is an exchange's request as it came; nothing where that is answered already.
func request(x *Exchange, host string) []byte {
	if x.Status != 0 {
		return nil
	}
	return message(fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s", x.Method, x.Path, host), x.Header, x.Call)
}

// message is a request or an answer with its body.
func message(first string, header http.Header, body []byte) []byte {
	var b bytes.Buffer
	b.WriteString(first + "\r\n")
	header = header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Del("Transfer-Encoding")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	_ = header.Write(&b) // into memory
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

// answers takes answers to the framework.
func (c *connection) answers() error {
	from := bufio.NewReader(c.heard)
	for {
		select {
		case x := <-c.asked:
			if err := c.answer(from, x); err != nil {
				return err
			}
			c.pending.Add(-1)
			c.endIfIdle()
		case <-c.ctx.Done():
			return c.ctx.Err()
		}
	}
}

// answer reads the answer to x, unless there is one already, and passes it on.
func (c *connection) answer(from *bufio.Reader, x *Exchange) error {
	if x.Status != 0 {
		_, err := c.down.Write(message(status(x), x.Answer, x.Body))
		return err
	}
	answer, err := http.ReadResponse(from, &http.Request{Method: x.Method})
	if err != nil {
		return err
	}
	x.Status, x.Answer = answer.StatusCode, answer.Header
	x.Stream = answer.StatusCode == http.StatusOK && answer.ContentLength < 0 && streams(x)
	if !x.Stream {
		if x.Body, err = readAll(answer.Body); err != nil {
			return err
		}
	}
	if hook := c.tap.Hooks.Answer; hook != nil {
		if err := hook(c.ctx, x); err != nil {
			return err
		}
	}
	if x.Stream {
		return c.stream(x, answer.Body)
	}
	_, err = c.down.Write(message(status(x), x.Answer, x.Body))
	return err
}

func status(x *Exchange) string {
	return fmt.Sprintf("HTTP/1.1 %d %s", x.Status, http.StatusText(x.Status))
}

// readAll reads a body that is not to be longer than maxBody.
func readAll(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxBody+1))
	if err == nil && len(body) > maxBody {
		err = errTooLarge
	}
	return body, err
}
