package scheduler_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

func TestMain(m *testing.M) {
	if master := os.Getenv(childMaster); master != "" {
		if err := child(master); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// A master is the far end of the wire: it subscribes whoever asks, keeps the calls that it gets, and says what the test wants it to.
type master struct {
	url string
	// answer, if it is set, may answer a request itself, and returns whether it has.
	answer func(w http.ResponseWriter, r *http.Request, call *scheduler.Call) bool

	subscriptions chan *subscription
	calls         chan *scheduler.Call

	mu     sync.Mutex
	number int
	stream string // the id of the current subscription
	open   []*subscription
}

// A subscription is one that the master has accepted.
type subscription struct {
	*wire.EventStream
	call   *scheduler.Call
	header http.Header
}

func newMaster() *master {
	return &master{subscriptions: make(chan *subscription, 100), calls: make(chan *scheduler.Call, 1000)}
}

// startMaster starts a master on a real socket.
func startMaster(t *testing.T) *master {
	m := newMaster()
	s := httptest.NewServer(m)
	t.Cleanup(s.Close)
	t.Cleanup(m.hangUp)
	m.url = s.URL
	return m
}

// hangUp ends all subscriptions.
func (m *master) hangUp() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.open {
		s.Close()
	}
	m.open = nil
}

func (m *master) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := new(scheduler.Call)
	media, ok := wire.ReadCall(w, r, 0, call)
	if !ok || m.answer != nil && m.answer(w, r, call) {
		return
	}
	if r.URL.Path != "/api/v1/scheduler" {
		http.NotFound(w, r)
		return
	}
	if call.GetType() == scheduler.CallTypeSubscribe {
		m.subscribe(w, r, media, call)
		return
	}
	if r.Header.Get(wire.StreamID) != m.current() {
		wire.Fail(w, http.StatusBadRequest, "The stream id is another")
		return
	}
	m.calls <- call
	w.WriteHeader(http.StatusAccepted)
}

func (m *master) current() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stream
}

func (m *master) subscribe(w http.ResponseWriter, r *http.Request, media wire.MediaType, call *scheduler.Call) {
	s := &subscription{EventStream: wire.NewEventStream(media), call: call, header: r.Header}
	m.mu.Lock()
	m.number++
	m.stream = "stream-" + string(rune('0'+m.number))
	m.open = append(m.open, s)
	w.Header().Set(wire.StreamID, m.stream)
	m.mu.Unlock()
	id := mesos.FrameworkID{Value: "framework-1"}
	if call.FrameworkID != nil {
		id = *call.FrameworkID
	}
	s.Send(&scheduler.Event{Type: new(scheduler.EventTypeSubscribed), Subscribed: &scheduler.EventSubscribed{
		FrameworkID: id, HeartbeatIntervalSeconds: new(1.0),
		MasterInfo: &mesos.MasterInfo{ID: "master-1", Hostname: new("master.example")},
	}})
	m.subscriptions <- s
	_ = s.Serve(w, r)
}

// options are those of a framework of m.
func (m *master) options() scheduler.Options {
	return scheduler.Options{
		Master: m.url, Framework: mesos.FrameworkInfo{User: "me", Name: "test"},
		Backoff: scheduler.Backoff{Min: time.Millisecond, Max: 10 * time.Millisecond},
	}
}

func heartbeat() *scheduler.Event {
	return &scheduler.Event{Type: new(scheduler.EventTypeHeartbeat)}
}

// update is a status update; with a uuid the agent wants it acknowledged.
func update(task string, uuid []byte) *scheduler.Event {
	return &scheduler.Event{Type: new(scheduler.EventTypeUpdate), Update: &scheduler.EventUpdate{Status: mesos.TaskStatus{
		TaskID: mesos.TaskID{Value: task}, State: mesos.TaskRunning, AgentID: &mesos.AgentID{Value: "agent-1"}, UUID: uuid,
	}}}
}

func failure(message string) *scheduler.Event {
	return &scheduler.Event{Type: new(scheduler.EventTypeError), Error: &scheduler.EventError{Message: message}}
}

// memory keeps a framework id, and what was asked of it.
type memory struct {
	id       string
	loadErr  error
	saveErr  error
	saved    []string
	onSaving func()
}

func (m *memory) Load() (string, error) { return m.id, m.loadErr }

func (m *memory) Save(id string) error {
	if m.onSaving != nil {
		m.onSaving()
	}
	m.saved = append(m.saved, id)
	m.id = id
	return m.saveErr
}

// pipes is a network in memory: a listener and what dials it.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.conns <- far:
		return near, nil
	case <-p.closed:
		return nil, errors.New("nobody listens")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, io.EOF
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes"} }
