package api

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ormosproject/ormos/app"
)

// heartbeat is how often something is written to a reader that nothing happens for, so that both ends find out when the
// connection is gone. Marathon's server does it as often, with an empty line.
const heartbeat = 10 * time.Second

// marathonEvents is /v2/events: as Marathon's, without ids, and only for those that ask for such a stream.
func marathonEvents(a *API, w http.ResponseWriter, r *request) error {
	if !slices.ContainsFunc(r.Header.Values("Accept"), func(v string) bool { return strings.Contains(v, eventMedia) }) {
		return &refusal{http.StatusMethodNotAllowed, http.StatusText(http.StatusMethodNotAllowed)}
	}
	return a.serveEvents(w, r, false)
}

// ownEvents is /v1/events: the same with ids, that goes on behind Last-Event-ID.
func ownEvents(a *API, w http.ResponseWriter, r *request) error { return a.serveEvents(w, r, true) }

const eventMedia = "text/event-stream"

func (a *API) serveEvents(w http.ResponseWriter, r *request, ids bool) error {
	if !a.streams.enter() {
		return &refusal{http.StatusServiceUnavailable, "Too many event streams"}
	}
	defer a.streams.leave()
	control := http.NewResponseController(w)
	s := subscriber{hub: a.hub, w: w, control: control, ids: ids, kinds: r.query["event_type"]}
	s.place.remote, s.place.stop = clientIP(r.Request), interrupter(w)
	after := ""
	if ids {
		after = r.Header.Get("Last-Event-ID")
	}
	gap, err := a.hub.attach(&s.place, after)
	if err != nil {
		return &refusal{http.StatusServiceUnavailable, "The server ends"}
	}
	w.Header().Set("Content-Type", eventMedia)
	w.WriteHeader(http.StatusOK)
	err = s.run(r.Context().Done(), gap)
	a.hub.detach(&s.place, err)
	if errors.Is(err, errSlow) {
		a.log.Warn("a reader of the event stream was too slow and is closed", "client", s.place.remote)
		panic(http.ErrAbortHandler) // cuts the connection: an end in good order would say that all was told
	}
	return nil
}

// subscriber writes events to one reader.
type subscriber struct {
	hub     *Hub
	place   reader
	w       http.ResponseWriter
	control *http.ResponseController
	ids     bool
	kinds   []string // none: all
}

func (s *subscriber) run(gone <-chan struct{}, gap *app.StreamGap) error {
	if err := s.begin(gap); err != nil {
		return s.cause(err)
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	var frames []*frame
	for {
		taken, more, err := s.hub.take(&s.place, frames[:0])
		if err != nil {
			return err
		}
		if more == nil {
			if err := s.write(taken); err != nil {
				return s.cause(err)
			}
			frames = taken
			continue
		}
		select {
		case <-more:
		case <-gone:
			return nil
		case <-beat.C:
			if err := s.send([]byte("\r\n")); err != nil {
				return s.cause(err)
			}
		}
	}
}

// begin tells what is missing, and has the client see at once that the stream is there.
func (s *subscriber) begin(gap *app.StreamGap) error {
	if gap == nil {
		return s.control.Flush()
	}
	data, err := encode(gap)
	if err != nil {
		return err
	}
	return s.send(appendEvent(nil, app.EventStreamGap, data))
}

// cause is why a write failed: too slow, when that was the reason to interrupt it.
func (s *subscriber) cause(err error) error {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	if s.hub.late(&s.place) {
		return errSlow
	}
	return err
}

// write sends what of frames the reader wants, as one write and one flush: with many readers it is these that cost.
func (s *subscriber) write(frames []*frame) error {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	text := (*buffer)[:0]
	for _, f := range frames {
		if len(s.kinds) > 0 && !slices.Contains(s.kinds, string(f.kind)) {
			continue
		}
		if err := s.hub.encode(f); err != nil {
			return err
		}
		if s.ids {
			text = append(text, f.text...)
		} else {
			text = append(text, f.text[f.rest:]...)
		}
	}
	if cap(text) <= keptBuffer {
		*buffer = text
	}
	if len(text) == 0 {
		return nil
	}
	s.hub.sent.Add(uint64(len(text)))
	return s.send(text)
}

// keptBuffer is the size of the largest buffer that is kept for the next writes, in bytes.
const keptBuffer = 1 << 20

// buffers are what writes are put together in; most readers wait most of the time and need none.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

func (s *subscriber) send(text []byte) error {
	if _, err := s.w.Write(text); err != nil {
		return err
	}
	return s.control.Flush()
}

// interrupter ends a write of w's that waits for the client.
func interrupter(w http.ResponseWriter) func() {
	control := http.NewResponseController(w)
	return func() { _ = control.SetWriteDeadline(time.Unix(1, 0)) } // unsupported: then only the next take ends it
}
