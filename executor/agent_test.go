package executor

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/mesos"
)

// agent plays the agent's side over the real wire. The test hears of each call and gives the answers.
type agent struct {
	t        *testing.T
	listener net.Listener
	dial     func(context.Context, string, string) (net.Conn, error)

	recorded      chan []byte // if set, SUBSCRIBE is answered with this and the end of the stream
	subscriptions chan subscription
	calls         chan *Call // others than SUBSCRIBE

	mu     sync.Mutex
	status func(*Call) int // refuses calls when it is not 0
	hangUp bool            // break the connection of the next call that is not SUBSCRIBE, instead of an answer
	header http.Header     // of the last call
}

// pause parts what is written at once in a recording.
var pause = []byte("\x00pause\x00")

type subscription struct {
	call *Call
	*wire.EventStream
}

// pipes is a network in memory, which may be used in a bubble of synctest.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 5051} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-p.closed:
	case <-ctx.Done():
	}
	return nil, errors.New("connection refused")
}

// start serves on TCP, or in memory.
func start(t *testing.T, tcp bool) *agent {
	t.Helper()
	if tcp {
		a := listen(t)
		a.serve(a.listener)
		return a
	}
	p := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	a := newAgent(t, p)
	a.dial = p.dial
	a.serve(p)
	return a
}

// listen has an address and does not serve yet.
func listen(t *testing.T) *agent {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return newAgent(t, listener)
}

func newAgent(t *testing.T, listener net.Listener) *agent {
	return &agent{t: t, listener: listener, subscriptions: make(chan subscription, 100), calls: make(chan *Call, 100)}
}

func (a *agent) serve(listener net.Listener) {
	server := &http.Server{Handler: a, ErrorLog: log.New(io.Discard, "", 0)}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	a.t.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
	})
}

func (a *agent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := new(Call)
	media, ok := wire.ReadCall(w, r, 0, call)
	if !ok {
		return
	}
	a.mu.Lock()
	a.header = r.Header
	status, hangUp := 0, false
	if a.status != nil {
		status = a.status(call)
	}
	if call.GetType() != CallTypeSubscribe {
		hangUp, a.hangUp = a.hangUp, false
	}
	a.mu.Unlock()
	switch {
	case status != 0:
		wire.Fail(w, status, "no")
	case call.GetType() == CallTypeSubscribe && a.recorded != nil:
		a.calls <- call
		w.Header().Set("Content-Type", string(media))
		for part := range bytes.SplitSeq(<-a.recorded, pause) {
			_, _ = w.Write(part)
			_ = http.NewResponseController(w).Flush()
		}
	case call.GetType() == CallTypeSubscribe:
		stream := wire.NewEventStream(media)
		a.subscriptions <- subscription{call, stream}
		_ = stream.Serve(w, r)
	case hangUp:
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			a.t.Error(err)
			return
		}
		_ = conn.Close()
	default:
		a.calls <- call
		w.WriteHeader(http.StatusAccepted)
	}
}

// refuse answers calls with what status says, 0 meaning as usual.
func (a *agent) refuse(status func(*Call) int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status = status
}

func (a *agent) environment() *Environment {
	return &Environment{
		Agent:       "http://" + a.listener.Addr().String() + "/slave(1)/api/v1/executor",
		FrameworkID: "f", ExecutorID: "e", Token: "token",
		Checkpoint: true, RecoveryTimeout: 15 * time.Minute, SubscriptionBackoffMax: 2 * time.Second, ShutdownGracePeriod: 5 * time.Second,
	}
}

// running is a driver whose loop runs.
type running struct {
	*Driver
	t      *testing.T
	events chan TypedEvent // closed at the end of the loop
	err    error           // then
	cancel context.CancelFunc
	killed chan struct{}
}

// drive runs the loop with the options that change makes.
func (a *agent) drive(change func(*Options)) *running {
	a.t.Helper()
	r := &running{t: a.t, events: make(chan TypedEvent), killed: make(chan struct{}, 1)}
	opts := Options{
		Environment: a.environment(), Dial: a.dial, Kill: func() { r.killed <- struct{}{} },
		Logger: slog.New(slog.NewTextHandler(a.t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&opts)
	}
	var err error
	if r.Driver, err = New(opts); err != nil {
		a.t.Fatal(err)
	}
	var ctx context.Context
	ctx, r.cancel = context.WithCancel(context.Background())
	var looping sync.WaitGroup
	looping.Go(func() {
		defer close(r.events)
		for event, err := range r.Events(ctx) {
			if err != nil {
				r.err = err
				continue // nothing may follow
			}
			select {
			case r.events <- event:
			case <-ctx.Done():
			}
		}
	})
	a.t.Cleanup(func() {
		r.cancel()
		looping.Wait()
	})
	return r
}

// patience is much longer than anything takes, in real time and in synctest's.
const patience = 24 * time.Hour

func receive[T any](t *testing.T, what string, ch <-chan T) T {
	t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	select {
	case v, ok := <-ch:
		if !ok {
			t.Fatalf("waiting for %s: the channel is closed", what)
		}
		return v
	case <-limit.C:
	}
	t.Fatalf("waiting for %s: nothing comes", what)
	panic("unreachable")
}

// next takes events until one of type E.
func next[E TypedEvent](r *running) E {
	r.t.Helper()
	for {
		if e, ok := receive(r.t, "an event", r.events).(E); ok {
			return e
		}
	}
}

// ends waits for the loop's end and gives its error.
func (r *running) ends() error {
	r.t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		select {
		case _, ok := <-r.events:
			if !ok {
				return r.err
			}
		case <-limit.C:
			r.t.Fatal("the loop does not end")
		}
	}
}

func (r *running) update(id string, state mesos.TaskState) {
	r.t.Helper()
	if err := r.Update(mesos.TaskStatus{TaskID: mesos.TaskID{Value: id}, State: state}); err != nil {
		r.t.Error(err)
	}
}

// subscribed takes the next subscription and answers it.
func (a *agent) subscribed() subscription {
	a.t.Helper()
	s := receive(a.t, "a subscription", a.subscriptions)
	s.Send(&Event{Type: new(EventTypeSubscribed), Subscribed: &EventSubscribed{}})
	return s
}

func (a *agent) updated() *CallUpdate {
	a.t.Helper()
	for {
		if call := receive(a.t, "an update", a.calls); call.GetType() == CallTypeUpdate {
			return call.Update
		}
	}
}

func (s subscription) launch(ids ...string) {
	for _, id := range ids {
		s.Send(&Event{Type: new(EventTypeLaunch), Launch: &EventLaunch{Task: mesos.TaskInfo{
			Name: id, TaskID: mesos.TaskID{Value: id}, AgentID: mesos.AgentID{Value: "a"},
		}}})
	}
}

func (s subscription) kill(id string) {
	s.Send(&Event{Type: new(EventTypeKill), Kill: &EventKill{TaskID: mesos.TaskID{Value: id}}})
}

func (s subscription) acknowledge(u *CallUpdate) {
	s.Send(&Event{Type: new(EventTypeAcknowledged), Acknowledged: &EventAcknowledged{TaskID: u.Status.TaskID, UUID: u.Status.UUID}})
}

// bubble runs a test in virtual time and in memory.
func bubble(t *testing.T, test func(*testing.T, *agent)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, start(t, false)) })
}
