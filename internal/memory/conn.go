package memory

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// window is how many bytes may wait for a reader.
const window = 256 << 10

// conn is one end of a connection.
type conn struct {
	in, out       *stream
	local, remote net.Addr
}

// pair makes the two ends of a connection.
func pair(from, to net.Addr) (near, far *conn) {
	there, back := newStream(), newStream()
	return &conn{in: back, out: there, local: from, remote: to}, &conn{in: there, out: back, local: to, remote: from}
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.in.read(b)
	return n, c.explain("read", err)
}

func (c *conn) Write(b []byte) (int, error) {
	n, err := c.out.write(b)
	return n, c.explain("write", err)
}

func (c *conn) explain(what string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &net.OpError{Op: what, Net: "tcp", Source: c.local, Addr: c.remote, Err: err}
}

// Close ends both directions. What was written before still arrives.
func (c *conn) Close() error {
	c.out.finish()
	c.in.abandon()
	return nil
}

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

func (c *conn) SetDeadline(t time.Time) error {
	c.in.limit(&c.in.reading, t)
	c.out.limit(&c.out.writing, t)
	return nil
}

func (c *conn) SetReadDeadline(t time.Time) error {
	c.in.limit(&c.in.reading, t)
	return nil
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	c.out.limit(&c.out.writing, t)
	return nil
}

// stream is one direction of a connection. Waiting is done on a condition variable, never with the lock held, so that it is idleness to
// testing/synctest.
type stream struct {
	mu        sync.Mutex
	changed   *sync.Cond
	buffer    []byte // buffer[start:] is unread
	start     int
	finished  bool // the writer has closed
	abandoned bool // the reader has
	reading   deadline
	writing   deadline
}

// deadline ends the waiting of one side.
type deadline struct {
	passed bool
	timer  *time.Timer
}

func newStream() *stream {
	s := &stream{}
	s.changed = sync.NewCond(&s.mu)
	return s
}

func (s *stream) read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.abandoned:
			return 0, net.ErrClosed
		case s.reading.passed:
			return 0, os.ErrDeadlineExceeded
		case s.start < len(s.buffer) || len(b) == 0:
			n := copy(b, s.buffer[s.start:])
			if s.start += n; s.start == len(s.buffer) {
				s.buffer, s.start = s.buffer[:0], 0
			}
			s.changed.Broadcast()
			return n, nil
		case s.finished:
			return 0, io.EOF
		}
		s.changed.Wait()
	}
}

func (s *stream) write(b []byte) (written int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.finished:
			return written, net.ErrClosed
		case s.writing.passed:
			return written, os.ErrDeadlineExceeded
		case s.abandoned:
			return written, syscall.EPIPE
		}
		if n := min(len(b), window-(len(s.buffer)-s.start)); n > 0 {
			s.push(b[:n])
			b, written = b[n:], written+n
		}
		if len(b) == 0 {
			return written, nil
		}
		s.changed.Wait()
	}
}

// push adds bytes, over the place of those that were read where that saves memory.
func (s *stream) push(b []byte) {
	if s.start > 0 && len(s.buffer)+len(b) > cap(s.buffer) {
		s.buffer = s.buffer[:copy(s.buffer, s.buffer[s.start:])]
		s.start = 0
	}
	s.buffer = append(s.buffer, b...)
	s.changed.Broadcast()
}

// finish is the writer's end.
func (s *stream) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finished = true
	s.writing.stop()
	s.changed.Broadcast()
}

// abandon is the reader's end.
func (s *stream) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.abandoned = true
	s.buffer, s.start = nil, 0
	s.reading.stop()
	s.changed.Broadcast()
}

// limit sets a deadline of this stream; the zero time is none.
func (s *stream) limit(d *deadline, t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.stop()
	d.passed = !t.IsZero() && !t.After(time.Now())
	if d.passed {
		s.changed.Broadcast()
	}
	if d.passed || t.IsZero() {
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(time.Until(t), func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if d.timer == timer {
			d.passed = true
			s.changed.Broadcast()
		}
	})
	d.timer = timer
}

func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}
