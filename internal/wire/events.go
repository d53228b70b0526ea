package wire

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/ormosproject/ormos/internal/codec"
)

// DefaultQueueLimit is how many bytes of events may wait for a slow reader before its [EventStream] is ended.
const DefaultQueueLimit = 64 << 20

// corkedSize is how many bytes may wait in a corked stream before they are written.
const corkedSize = 128 << 10

// keptBuffer is the size of the largest buffer that is kept for the next batch.
const keptBuffer = 1 << 20

// ErrSlowReader is what [EventStream.Serve] returns when more events waited than the peer was allowed to leave unread.
var ErrSlowReader = errors.New("the subscriber reads too slowly")

// An EventStream is a subscription as its server sees it: a queue of events from whoever owns the state, and one HTTP answer
// that they are written to. The owner calls Send and Close, which never block; the request's handler calls Serve, once.
type EventStream struct {
	// QueueLimit is how many bytes may wait; 0 means [DefaultQueueLimit]. A single Send may exceed it.
	QueueLimit int

	media MediaType
	done  chan struct{}
	wake  chan struct{} // holds one token when there is something new for Serve

	mu      sync.Mutex
	queue   []byte // encoded records
	corked  bool
	closed  bool
	failure error                    // why nothing more is written
	writer  *http.ResponseController // while Serve runs
}

// NewEventStream returns a stream of events encoded as m.
func NewEventStream(m MediaType) *EventStream {
	return &EventStream{media: m, done: make(chan struct{}), wake: make(chan struct{}, 1)}
}

// Send queues events in order. After the stream's end it does nothing.
func (s *EventStream) Send(events ...codec.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.failure != nil {
		return
	}
	if limit := s.limit(); len(s.queue) > limit {
		s.fail(fmt.Errorf("%w: more than %d bytes wait", ErrSlowReader, limit))
		return
	}
	for _, e := range events {
		queue, err := s.media.AppendRecord(s.queue, e)
		if err != nil {
			s.fail(fmt.Errorf("cannot encode an event: %w", err))
			return
		}
		s.queue = queue
	}
	if !s.corked || len(s.queue) >= corkedSize {
		s.signal()
	}
}

// Cork says that many events are going to be sent one after the other: they need not be written one by one. It lasts until Uncork.
func (s *EventStream) Cork() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.corked = true
}

// Uncork has all that waits written.
func (s *EventStream) Uncork() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.corked = false
	s.signal()
}

// Close ends the stream once what is queued has been written.
func (s *EventStream) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.signal()
}

// Done is closed when Serve has returned: the peer is gone, or everything was written after Close.
func (s *EventStream) Done() <-chan struct{} { return s.done }

func (s *EventStream) limit() int {
	if s.QueueLimit > 0 {
		return s.QueueLimit
	}
	return DefaultQueueLimit
}

func (s *EventStream) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// fail ends the stream at once, also a write that waits for the peer.
func (s *EventStream) fail(err error) {
	s.failure = err
	s.queue = nil
	if s.writer != nil {
		_ = s.writer.SetWriteDeadline(time.Unix(1, 0)) // unsupported: then the write is not interrupted
	}
	s.signal()
}

// Serve answers r with the stream: status 200, the type of the events, and what the caller has put into w.Header() before, such as
// [StreamID]. Everything that waits goes out as one Write and one Flush. Serve returns nil after Close, and else why the stream ended.
func (s *EventStream) Serve(w http.ResponseWriter, r *http.Request) error {
	defer close(s.done)
	control := http.NewResponseController(w)
	s.attach(control)
	defer s.attach(nil)
	w.Header().Set("Content-Type", string(s.media))
	w.WriteHeader(http.StatusOK)
	if err := control.Flush(); err != nil {
		return s.cause(err)
	}
	var spare []byte
	for {
		batch, last, err := s.next(spare)
		if err != nil {
			return err
		}
		if len(batch) > 0 {
			if _, err := w.Write(batch); err != nil {
				return s.cause(err)
			}
			if err := control.Flush(); err != nil {
				return s.cause(err)
			}
		}
		if last {
			return nil
		}
		if spare = batch[:0]; cap(spare) > keptBuffer {
			spare = nil
		}
		select {
		case <-s.wake:
		case <-r.Context().Done():
			return r.Context().Err()
		}
	}
}

func (s *EventStream) attach(control *http.ResponseController) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writer = control
	if control == nil {
		s.closed, s.queue = true, nil // nobody will write what is sent from now on
	}
}

// next takes the queue, leaving spare in its place.
func (s *EventStream) next(spare []byte) (batch []byte, last bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	batch, s.queue = s.queue, spare
	return batch, s.closed, s.failure
}

// cause prefers our own reason to the error of the write that it has interrupted.
func (s *EventStream) cause(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure != nil {
		return s.failure
	}
	return fmt.Errorf("cannot write to the subscriber: %w", err)
}
