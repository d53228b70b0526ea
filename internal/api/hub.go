package api

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ormosproject/ormos/app"
)

// The sizes of a Hub that [HubOptions] does not say.
const (
	// DefaultWindow is how many events are kept for readers that come back.
	DefaultWindow = 8192
	// DefaultOutstanding is how many events a reader may leave unread. Marathon's 1024 is less than what a change of a thousand apps tells at once,
	// which would end the streams of quick readers, too.
	DefaultOutstanding = 8192
	// breath is after how many events of one Publish readers get a turn.
	breath = 1024
)

// HubOptions are the sizes of a [Hub]. The zero value is good.
type HubOptions struct {
	// Window is how many events are kept for readers that come back with the id of the last one they had. 0 is DefaultWindow.
	Window int
	// Outstanding is how many events may wait for a reader before it is closed. 0 is DefaultOutstanding.
	Outstanding int
	// Now is the time of the stream's own events; nil is time.Now.
	Now func() time.Time
}

// A Hub passes events on to all that read the event stream. One that reads too slowly is closed: nothing is left out
// silently. Its methods may be called from many goroutines.
//
// Events wait in one ring for all readers; each has a place in it. An event is encoded once, by the first reader that gets to
// it, and not at all when nobody reads.
type Hub struct {
	window, outstanding uint64 // the ring holds both: who is told old events gets as much time as the others
	epoch               string // of this Hub: ids of another one mean nothing here
	now                 func() time.Time

	sent, closed, slow atomic.Uint64 // bytes; readers that were closed, all and those that were too slow
	reading            atomic.Int64  // readers that are attached

	mu      sync.Mutex
	ring    []*frame
	next    uint64        // the number of the next event; the first is 1
	more    chan struct{} // closed when there is something new for those that wait
	waiting bool          // somebody has seen more
	readers map[*reader]struct{}
	check   uint64 // the next at which a reader may be too slow
	ended   bool
}

// frame is an event in the ring.
type frame struct {
	number uint64
	kind   app.EventType
	once   sync.Once
	event  app.Event // nil once it is encoded
	text   []byte    // with the line of the id
	rest   int       // where what comes after the id begins
	err    error
}

var (
	errSlow  = errors.New("the reader is too slow")
	errEnded = errors.New("the event stream ends")
)

// NewHub returns a Hub without readers.
func NewHub(o HubOptions) *Hub {
	if o.Outstanding <= 0 {
		o.Outstanding = DefaultOutstanding
	}
	if o.Window <= 0 {
		o.Window = DefaultWindow
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	h := &Hub{
		window: uint64(o.Window), outstanding: uint64(o.Outstanding),
		epoch: strconv.FormatInt(o.Now().UnixMilli(), 36), now: o.Now,
		next: 1, more: make(chan struct{}), readers: map[*reader]struct{}{},
	}
	h.ring = make([]*frame, h.window+h.outstanding)
	return h
}

// Publish tells all readers, in this order. The events are constant from now on. It never waits for a reader.
func (h *Hub) Publish(events ...app.Event) {
	for some := range slices.Chunk(events, breath) {
		h.mu.Lock()
		h.publish(some...)
		h.mu.Unlock()
	}
}

func (h *Hub) publish(events ...app.Event) {
	if h.ended {
		return
	}
	for _, e := range events {
		*h.slot(h.next) = &frame{number: h.next, kind: e.Type(), event: e}
		h.next++
		if h.next > h.check {
			h.closeSlow()
		}
	}
	h.wake()
}

// slot is where an event is, or would be, in the ring.
func (h *Hub) slot(number uint64) **frame { return &h.ring[number%uint64(len(h.ring))] }

func (h *Hub) wake() {
	if h.waiting {
		close(h.more)
		h.more, h.waiting = make(chan struct{}), false
	}
}

// closeSlow ends readers that are too far behind, also where a write waits for them, and finds when the next one can be.
func (h *Hub) closeSlow() {
	h.check = h.next + h.outstanding
	for r := range h.readers {
		if h.late(r) {
			r.interrupt()
			continue
		}
		at := r.at.Load()
		h.check = min(h.check, max(at, r.from)+h.outstanding, at+uint64(len(h.ring)))
	}
}

// late tells whether more events wait for a reader than may. What it is told again does not count, as long as it is there.
func (h *Hub) late(r *reader) bool {
	at := r.at.Load()
	return h.next-max(at, r.from) > h.outstanding || h.next-at > uint64(len(h.ring))
}

// Close ends all streams. What is published later is dropped.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = true
	h.wake()
}

// Readers is how many read the stream.
func (h *Hub) Readers() int { return int(h.reading.Load()) }

// reader is somebody's place in the stream.
type reader struct {
	at     atomic.Uint64 // the number of the next event for it
	from   uint64        // the number that was next when it came
	remote string
	stop   func() // interrupts a write that waits
}

func (r *reader) interrupt() {
	if r.stop != nil {
		r.stop()
	}
}

// attach adds a reader and tells everybody. After is the id of the last event that it has had, or empty for none; a gap is what is
// missing between that and what is still there.
func (h *Hub) attach(r *reader, after string) (gap *app.StreamGap, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended {
		return nil, errEnded
	}
	r.from = h.next
	r.at.Store(h.next)
	if after != "" {
		gap = h.resume(r, after)
	}
	h.readers[r] = struct{}{}
	h.check = min(h.check, h.next+h.outstanding)
	h.reading.Add(1)
	h.publish(h.streamEvent(app.EventStreamAttached, r))
	return gap, nil
}

// resume sets a reader's place behind the event with the id after.
func (h *Hub) resume(r *reader, after string) *app.StreamGap {
	oldest := uint64(1)
	if h.next > h.window {
		oldest = h.next - h.window
	}
	number, ok := h.number(after)
	if ok && number+1 >= oldest && number < h.next {
		r.at.Store(number + 1)
		return nil
	}
	gap := &app.StreamGap{Stamp: h.stamp(app.EventStreamGap), After: after, Next: h.id(oldest)}
	if ok && number < h.next {
		gap.Missed = new(oldest - number - 1)
	}
	r.at.Store(oldest)
	return gap
}

func (h *Hub) detach(r *reader, cause error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.readers, r)
	h.reading.Add(-1)
	h.closed.Add(1)
	if errors.Is(cause, errSlow) {
		h.slow.Add(1)
	}
	h.publish(h.streamEvent(app.EventStreamDetached, r))
}

func (h *Hub) stamp(t app.EventType) app.Stamp {
	return app.Stamp{EventType: t, Timestamp: app.At(h.now())}
}

func (h *Hub) streamEvent(t app.EventType, r *reader) app.Event {
	return app.Stream{Stamp: h.stamp(t), RemoteAddress: r.remote}
}

// id is an event's on our own stream.
func (h *Hub) id(number uint64) string { return h.epoch + "-" + strconv.FormatUint(number, 10) }

// number is that of an id of this Hub's.
func (h *Hub) number(id string) (uint64, bool) {
	epoch, text, ok := strings.Cut(id, "-")
	if !ok || epoch != h.epoch {
		return 0, false
	}
	n, err := strconv.ParseUint(text, 10, 64)
	return n, err == nil
}

// batch is how many events a reader takes at once.
const batch = 128

// take gives what is new for a reader, appended to frames, and moves its place. When there is nothing, more is closed as soon as
// there is.
func (h *Hub) take(r *reader, frames []*frame) (taken []*frame, more <-chan struct{}, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.late(r) {
		return nil, nil, errSlow
	}
	at := r.at.Load()
	if at == h.next {
		if h.ended {
			return nil, nil, errEnded
		}
		h.waiting = true
		return nil, h.more, nil
	}
	for ; at < h.next && len(frames) < batch; at++ {
		frames = append(frames, *h.slot(at))
	}
	r.at.Store(at)
	return frames, nil, nil
}

// encode makes the frame's text, the first time that it is called.
func (h *Hub) encode(f *frame) error {
	f.once.Do(func() {
		data, err := encode(f.event)
		if err != nil {
			f.err = fmt.Errorf("cannot encode an event %s: %w", f.kind, err)
			return
		}
		id := h.id(f.number)
		text := make([]byte, 0, len("id: \nevent: \ndata: \n\n")+len(id)+len(f.kind)+len(data))
		text = append(append(append(text, "id: "...), id...), '\n')
		f.rest = len(text)
		f.text, f.event = appendEvent(text, f.kind, data), nil
	})
	return f.err
}

func appendEvent(b []byte, kind app.EventType, data []byte) []byte {
	b = append(append(append(b, "event: "...), kind...), '\n')
	return append(append(append(b, "data: "...), data...), "\n\n"...)
}
