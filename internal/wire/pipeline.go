package wire

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/ormosproject/ormos/internal/codec"
)

const (
	// pipelineQueue is how many bytes of calls may wait to be written before further callers wait.
	pipelineQueue = 256 << 10
	// pipelineTimeout is how long a pipeline waits for an answer when it is told nothing else.
	pipelineTimeout = time.Minute
)

// ErrUnanswered is wrapped by the error of each call of a [Pipeline] whose connection was lost before the answer came:
// the peer may or may not have acted on it.
var ErrUnanswered = errors.New("the connection ended before the call was answered")

// A Pipeline makes calls in order over one HTTP/1.1 connection without waiting for each answer: the peer acts on them in the order in
// which they were given. An answer other than 200 or 202 concerns its own call; the others go on.
//
// When the connection is lost, or an answer takes too long, every call that was not answered ends with an error that wraps [ErrUnanswered],
// and so does each later one. Whether to make a call again is the caller's decision: only it knows which may act twice.
type Pipeline struct {
	conn    net.Conn
	media   MediaType
	head    []byte // of every request, up to the value of Content-Length
	timeout time.Duration
	request *http.Request // for reading answers
	done    chan struct{}

	mu      sync.Mutex
	changed *sync.Cond // out, writing or err has changed
	out     []byte     // requests not yet written
	spare   []byte
	body    []byte // scratch
	waiting []func(error)
	first   int  // waiting[first:] are unanswered
	writing bool // somebody writes
	telling bool // a call is being told its result
	err     error

	expecting bool // reading has a deadline
	answered  bool // a call was answered since that was set
}

// PipelineOptions are the choices of a [Pipeline].
type PipelineOptions struct {
	// Timeout is how long the oldest call may stay unanswered; 0 means one minute.
	Timeout time.Duration
}

// NewPipeline returns a pipeline of calls as c makes them, over conn (see [Dialer.Conn]), which it owns from now on. The headers, with c's stream id
// and credentials, stay what they are now. The caller closes the pipeline.
func NewPipeline(c *Client, conn net.Conn, o PipelineOptions) (*Pipeline, error) {
	u, err := url.Parse(c.URL)
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("cannot make calls: %w", err)
	}
	p := &Pipeline{conn: conn, media: c.media(), timeout: o.Timeout, done: make(chan struct{})}
	if p.timeout <= 0 {
		p.timeout = pipelineTimeout
	}
	p.changed = sync.NewCond(&p.mu)
	p.request = &http.Request{Method: http.MethodPost, URL: u, Host: u.Host, Header: http.Header{}}
	c.sign(p.request)
	p.head = requestHead(p.request)
	var running sync.WaitGroup
	running.Go(p.write)
	running.Go(p.read)
	go func() { running.Wait(); close(p.done) }()
	return p, nil
}

func requestHead(r *http.Request) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: %s\r\n", r.URL.RequestURI(), r.Host)
	_ = r.Header.Write(&b) // into memory
	b.WriteString("Content-Length: ")
	return b.Bytes()
}

// Go queues a call and returns. done is told the result: nil, a [*StatusError], or an error that wraps [ErrUnanswered]; for the calls of one
// pipeline one after the other in the order of the calls. It runs on the pipeline's own goroutine and must not wait for it.
//
// Go waits only while more than 256 KiB of calls are still to be written. When it returns an error itself (ctx, a message that cannot be
// encoded, a pipeline that has ended) the call was not made and done is not called.
func (p *Pipeline) Go(ctx context.Context, call codec.Message, done func(error)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.enqueue(ctx, call, done); err != nil {
		return err
	}
	p.changed.Broadcast()
	return nil
}

// Call makes one call and waits for its answer. If ctx ends first the call may have been made, or may still be.
func (p *Pipeline) Call(ctx context.Context, call codec.Message) error {
	result := make(chan error, 1)
	p.mu.Lock()
	err := p.enqueue(ctx, call, func(err error) { result <- err })
	if err == nil {
		p.writeQueued() // no need to wake another goroutine for it
	}
	p.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Flush waits until every call made so far, and those made meanwhile, have been told their results.
func (p *Pipeline) Flush(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.changed.Broadcast()
	})
	defer stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.telling || len(p.waiting) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		p.changed.Wait()
	}
	return nil
}

// Done is closed when the pipeline has ended and every call has been told its result.
func (p *Pipeline) Done() <-chan struct{} { return p.done }

// Err is why the pipeline has ended, nil while it has not.
func (p *Pipeline) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// Close ends the connection at once, and returns when every unanswered call has been told so.
func (p *Pipeline) Close() {
	p.fail(net.ErrClosed)
	<-p.done
}

func (p *Pipeline) enqueue(ctx context.Context, call codec.Message, done func(error)) error {
	if err := p.waitForRoom(ctx); err != nil {
		return err
	}
	body, err := p.media.Append(p.body[:0], call)
	if err != nil {
		return fmt.Errorf("cannot encode a call: %w", err)
	}
	p.out = append(p.out, p.head...)
	p.out = strconv.AppendInt(p.out, int64(len(body)), 10)
	p.out = append(p.out, "\r\n\r\n"...)
	p.out = append(p.out, body...)
	p.waiting = append(p.waiting, done)
	if p.body = body; cap(body) > keptBuffer {
		p.body = nil
	}
	return nil
}

func (p *Pipeline) waitForRoom(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(p.out) >= pipelineQueue {
		stop := context.AfterFunc(ctx, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.changed.Broadcast()
		})
		defer stop()
	}
	for len(p.out) >= pipelineQueue && p.err == nil {
		if err := ctx.Err(); err != nil {
			return err
		}
		p.changed.Wait()
	}
	if p.err != nil {
		return fmt.Errorf("%w: %w", ErrUnanswered, p.err)
	}
	return nil
}

// write is the goroutine that writes what Go has queued: everything that has gathered during one write goes into the next.
func (p *Pipeline) write() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.err == nil {
		p.writeQueued()
		for p.err == nil && (p.writing || len(p.out) == 0) {
			p.changed.Wait()
		}
	}
}

// writeQueued writes everything queued, if nobody else does. It is called with mu held and gives it up while it writes.
func (p *Pipeline) writeQueued() {
	if p.writing || p.err != nil {
		return
	}
	p.writing = true
	for len(p.out) > 0 && p.err == nil {
		batch := p.out
		p.out, p.spare = p.spare[:0], nil
		if !p.expecting { // else it is for a call of before, which this must not give more time
			p.expectAnswer(true)
		}
		p.mu.Unlock()
		_, err := p.conn.Write(batch)
		if err != nil {
			p.fail(err)
		}
		p.mu.Lock()
		if cap(batch) <= keptBuffer {
			p.spare = batch[:0]
		}
		p.changed.Broadcast()
	}
	p.writing = false
	p.changed.Broadcast()
}

// expectAnswer sets until when read waits for an answer. It is called with mu held.
func (p *Pipeline) expectAnswer(yes bool) {
	p.expecting, p.answered = yes, false
	var until time.Time
	if yes {
		until = time.Now().Add(p.timeout)
	}
	_ = p.conn.SetReadDeadline(until) // fails only on a closed connection, which read sees for itself
}

// fail ends the connection; the first reason stays.
func (p *Pipeline) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = err
		p.conn.Close()
		p.changed.Broadcast()
	}
}

// read is the goroutine that gives each call its answer.
func (p *Pipeline) read() {
	answers := answerReader{buffer: bufio.NewReaderSize(answerSource{p}, 64<<10), request: p.request}
	for {
		result, last, err := answers.next()
		if err == nil {
			err = p.answer(result)
		}
		if err == nil && last {
			err = io.EOF
		}
		if err != nil {
			p.fail(err)
			break
		}
	}
	p.abandon()
}

// An answerSource reads from the peer. The call that has become the oldest since the last read gets its own time; bytes alone
// gain none.
type answerSource struct{ *Pipeline }

func (p answerSource) Read(b []byte) (int, error) {
	p.mu.Lock()
	if p.answered {
		p.expectAnswer(p.first < len(p.waiting))
	}
	p.mu.Unlock()
	return p.conn.Read(b)
}

// answer tells the oldest call its result.
func (p *Pipeline) answer(result error) error {
	p.mu.Lock()
	if p.first == len(p.waiting) {
		p.mu.Unlock()
		return errors.New("an answer came that no call was waiting for")
	}
	done := p.waiting[p.first]
	p.waiting[p.first] = nil
	p.first++
	if p.first == len(p.waiting) {
		p.waiting, p.first = p.waiting[:0], 0
	} else if p.first >= 1024 && p.first >= len(p.waiting)/2 {
		n := copy(p.waiting, p.waiting[p.first:])
		clear(p.waiting[n:])
		p.waiting, p.first = p.waiting[:n], 0
	}
	p.answered, p.telling = true, true
	p.mu.Unlock()
	done(result)
	p.mu.Lock()
	p.told()
	p.mu.Unlock()
	return nil
}

func (p *Pipeline) told() {
	p.telling = false
	if len(p.waiting) == 0 {
		p.changed.Broadcast()
	}
}

// abandon tells all calls that were not answered.
func (p *Pipeline) abandon() {
	p.mu.Lock()
	rest := p.waiting[p.first:]
	p.waiting, p.first = nil, 0
	p.telling = true
	err := fmt.Errorf("%w: %w", ErrUnanswered, p.err)
	p.mu.Unlock()
	for _, done := range rest {
		done(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told()
}

// An answerReader reads HTTP answers. Almost all are 202 without a body and equal to the one before to the last byte
// (their Date changes once a second), which takes no parsing.
type answerReader struct {
	buffer   *bufio.Reader
	request  *http.Request
	accepted []byte // the last answer that meant 202 and nothing else
}

// next returns what the answer means for its call (nil or a [*StatusError]), whether the peer closes the connection after it, and an error
// if there was no answer.
func (a *answerReader) next() (result error, last bool, err error) {
	answer, head, err := a.read()
	for err == nil && answer != nil && answer.StatusCode/100 == 1 && answer.StatusCode != http.StatusSwitchingProtocols {
		answer, head, err = a.read() // that was none yet: 100 Continue, say
	}
	if err != nil || answer == nil {
		return nil, false, err
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusAccepted && answer.ContentLength == 0 && !answer.Close {
		a.accepted = head
	}
	result = answerError(answer)
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return nil, false, err
	}
	return result, answer.Close, nil
}

// read reads up to an answer's body, and returns the bytes of its head too if it can. An answer as the one before is nil.
func (a *answerReader) read() (answer *http.Response, head []byte, err error) {
	if _, err := a.buffer.Peek(1); err != nil {
		return nil, nil, err
	}
	arrived, _ := a.buffer.Peek(a.buffer.Buffered())
	if n := len(a.accepted); n > 0 && bytes.HasPrefix(arrived, a.accepted) {
		_, err := a.buffer.Discard(n)
		return nil, nil, err
	}
	if end := bytes.Index(arrived, []byte("\r\n\r\n")); end >= 0 {
		head = bytes.Clone(arrived[:end+4])
	}
	answer, err = http.ReadResponse(a.buffer, a.request)
	return answer, head, err
}
