package replay

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"

	"github.com/ormosproject/ormos/internal/memory"
	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/scheduler"
)

// step is an entry to be played.
type step struct {
	entry
	call   *scheduler.Call
	made   bool // a call that has come
	event  *scheduler.Event
	answer entry // to a call that was refused
}

// Player plays the master of a recording. Its methods may be called from any goroutine.
type Player struct {
	network  *memory.Network
	listener net.Listener
	server   *http.Server
	served   chan struct{}
	done     chan struct{}

	mu     sync.Mutex
	steps  []step
	at     int
	link   int // of the recorded subscription that is played
	number int // of the subscription
	stream *wire.EventStream
	names  names
	extra  []string // calls that were not recorded
}

// Open reads a recording and starts to play it to whoever dials.
func Open(r io.Reader) (*Player, error) {
	p := &Player{network: memory.New(), done: make(chan struct{}), served: make(chan struct{}), names: names{}}
	var err error
	if p.steps, err = read(r); err != nil {
		return nil, fmt.Errorf("cannot read the recording: %w", err)
	}
	if p.listener, err = p.network.Listen(context.Background(), "tcp", "127.0.0.1:5050"); err != nil {
		return nil, err
	}
	p.server = &http.Server{Handler: p}
	go func() {
		defer close(p.served)
		_ = p.server.Serve(p.listener) // until Close
	}()
	return p, nil
}

// Master is the address of the master that is played, for scheduler.Options, as Dial is.
func (p *Player) Master() string { return p.listener.Addr().String() }

// Dial connects to it.
func (p *Player) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return p.network.Dial(ctx, network, address)
}

// Done is closed when everything recorded has been played.
func (p *Player) Done() <-chan struct{} { return p.done }

// Close ends the connections and tells what has differed: nothing where the framework has made the calls that were recorded.
func (p *Player) Close() (differences []string) {
	p.mu.Lock()
	if p.stream != nil {
		p.stream.Close()
	}
	p.mu.Unlock()
	_ = p.server.Close() // there is nothing to lose
	<-p.served
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.steps {
		if s := &p.steps[i]; s.Call != nil && !s.made {
			differences = append(differences, fmt.Sprintf("not made: %s", s.Call))
		}
	}
	return append(differences, p.extra...)
}

// ServeHTTP is the master's scheduler API.
func (p *Player) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := new(scheduler.Call)
	media, ok := wire.ReadCall(w, r, 0, call)
	if !ok {
		return
	}
	stream, answer := p.take(media, call)
	switch {
	case stream != nil:
		w.Header().Set(wire.StreamID, answer.Body)
		_ = stream.Serve(w, r) // its end is the framework's affair
	case answer.Status != 0:
		wire.Fail(w, answer.Status, answer.Body)
	default:
		w.WriteHeader(http.StatusAccepted)
	}
}

// take looks for the call in the recording, and plays what follows it.
func (p *Player) take(media wire.MediaType, call *scheduler.Call) (*wire.EventStream, entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.find(call)
	if s == nil {
		return nil, entry{Status: http.StatusServiceUnavailable, Body: "this was not recorded"}
	}
	s.made = true
	subscribes := call.GetType() == scheduler.CallTypeSubscribe && s.answer.Status == 0
	if subscribes {
		p.number++
		p.link, p.stream = s.Link, wire.NewEventStream(media)
	}
	stream := p.stream
	p.play()
	if subscribes {
		return stream, entry{Body: strconv.Itoa(p.number)}
	}
	return nil, s.answer
}

// find finds the first call like this that has not come, but for the ids that it makes. SUBSCRIBE describes framework and machine, and is like any other.
func (p *Player) find(call *scheduler.Call) *step {
	text, err := plain(call)
	subscribe := call.GetType() == scheduler.CallTypeSubscribe
	for i := range p.steps {
		s := &p.steps[i]
		if s.call == nil || s.made || s.call.GetType() != call.GetType() || err != nil {
			continue
		}
		same := subscribe
		if !same {
			p.names, same = p.names.match(call, text, s)
		}
		if same {
			return s
		}
	}
	if !subscribe || p.at < len(p.steps) { // one after the recording's end is no news
		p.extra = append(p.extra, fmt.Sprintf("not recorded: %s", text))
	}
	return nil
}

// play tells all events up to the next call that has not come.
func (p *Player) play() {
	for ; p.at < len(p.steps); p.at++ {
		s := &p.steps[p.at]
		switch {
		case s.Call != nil && !s.made:
			return
		case s.event != nil && p.stream != nil && s.Link == p.link:
			p.stream.Send(p.names.event(s))
		case s.End && p.stream != nil && s.Link == p.link:
			p.stream.Close()
			p.stream = nil
		}
	}
	select {
	case <-p.done:
	default:
		close(p.done)
	}
}

// read reads a recording.
func read(r io.Reader) ([]step, error) {
	decoder := json.NewDecoder(r)
	var first entry
	if err := decoder.Decode(&first); err != nil {
		return nil, err
	}
	if first.Recording != format {
		return nil, fmt.Errorf("it begins with %.40q, not with %q", first.Recording, format)
	}
	var steps []step
	for n := 2; ; n++ {
		var s step
		err := decoder.Decode(&s.entry)
		if err == io.EOF {
			return steps, nil
		}
		if err == nil {
			err = s.decode()
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if s.Status != 0 {
			refuse(steps, s.entry)
		} else {
			steps = append(steps, s)
		}
	}
}

// decode reads the message of a line.
func (s *step) decode() (err error) {
	switch {
	case s.Call != nil:
		s.call = new(scheduler.Call)
		if err = s.call.UnmarshalJSON(s.Call); err == nil {
			s.Call, err = plain(s.call)
		}
	case s.Event != nil:
		s.event = new(scheduler.Event)
		if err = s.event.UnmarshalJSON(s.Event); err == nil {
			s.Event, err = plain(s.event)
		}
	}
	return err
}

// refuse gives an answer to the call that it belongs to: the last of its connection without one.
func refuse(steps []step, answer entry) {
	for i := len(steps) - 1; i >= 0; i-- {
		if s := &steps[i]; s.Call != nil && s.Link == answer.Link && s.answer.Status == 0 {
			s.answer = answer
			return
		}
	}
}
