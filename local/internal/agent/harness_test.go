package agent

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	api "github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/local/internal/container"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// fakeContainer is a container that does what the test says.
type fakeContainer struct {
	spec container.Spec
	pid  int
	done chan struct{}
	once sync.Once
	exit container.Exit

	mu      sync.Mutex
	signals []syscall.Signal
	deaf    bool          // SIGTERM does not end it
	slow    chan struct{} // until it is closed, Signal does not return; nil for at once
}

func (c *fakeContainer) PID() int               { return c.pid }
func (c *fakeContainer) Done() <-chan struct{}  { return c.done }
func (c *fakeContainer) Exit() container.Exit   { return c.exit }
func (c *fakeContainer) Usage() container.Usage { return container.Usage{RSS: 1 << 20} }

func (c *fakeContainer) Signal(s syscall.Signal) error {
	c.mu.Lock()
	c.signals = append(c.signals, s)
	deaf, slow := c.deaf, c.slow
	c.mu.Unlock()
	if slow != nil {
		<-slow
	}
	if !deaf {
		c.end(int32(s))
	}
	return nil
}

func (c *fakeContainer) Destroy() { c.end(int32(syscall.SIGKILL)) }

// end ends it with a raw wait status.
func (c *fakeContainer) end(status int32) {
	c.once.Do(func() {
		c.exit = container.Exit{Status: status}
		close(c.done)
	})
}

// fakeContainers launches fakeContainers. They outlive an agent.
type fakeContainers struct {
	fail error // of launches
	deaf bool
	late bool // a launch that is cancelled succeeds all the same

	mu       sync.Mutex
	all      map[string]*fakeContainer
	launched chan *fakeContainer
	hold     chan struct{} // launches wait for it before they have fetched, if there is one
	starts   chan struct{} // the same, when they have
}

func newContainers() *fakeContainers {
	return &fakeContainers{all: map[string]*fakeContainer{}, launched: make(chan *fakeContainer, 100)}
}

func (f *fakeContainers) Launch(ctx context.Context, s container.Spec) (Container, error) {
	if f.hold != nil {
		select {
		case <-f.hold:
		case <-ctx.Done():
			if !f.late {
				return nil, ctx.Err()
			}
		}
	}
	if f.fail != nil {
		return nil, f.fail
	}
	if s.Fetched != nil {
		s.Fetched()
	}
	if f.starts != nil {
		<-f.starts
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	c := &fakeContainer{spec: s, pid: 1000 + len(f.all), done: make(chan struct{}), deaf: f.deaf}
	f.all[s.ID] = c
	f.launched <- c
	return c, nil
}

func (f *fakeContainers) Recover(id, _ string) (Container, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c := f.all[id]; c != nil {
		return c, nil
	}
	return nil, container.ErrGone
}

func (f *fakeContainers) next(t *testing.T) *fakeContainer {
	t.Helper()
	select {
	case c := <-f.launched:
		return c
	case <-time.After(patience):
		t.Fatal("no container was launched")
		return nil
	}
}

// fakeMaster is a master that hears everything and says what the test says.
type fakeMaster struct {
	mu     sync.Mutex
	away   bool
	mute   bool // does not answer registrations
	agent  link.Peer
	gone   func()
	id     string
	heard  []link.Message
	update chan struct{}

	onUpdate func(link.StatusUpdate) // in place of keeping what is heard
}

func newMaster() *fakeMaster { return &fakeMaster{id: "m-S0", update: make(chan struct{}, 1)} }

func (m *fakeMaster) Dial(agent link.Peer, gone func()) (link.Peer, func(), error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away {
		return nil, nil, errors.New("nobody listens")
	}
	m.agent, m.gone = agent, gone
	return m, func() {}, nil
}

// Send is what the agent says.
func (m *fakeMaster) Send(message link.Message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if u, ok := message.(link.StatusUpdate); ok && m.onUpdate != nil {
		m.onUpdate(u)
		return
	}
	m.heard = append(m.heard, message)
	select {
	case m.update <- struct{}{}:
	default:
	}
	if m.mute {
		return
	}
	switch message.(type) {
	case link.Register:
		m.agent.Send(link.Registered{AgentID: mesos.AgentID{Value: m.id}})
	case link.Reregister:
		m.agent.Send(link.Reregistered{AgentID: mesos.AgentID{Value: m.id}})
	}
}

// say speaks to the agent.
func (m *fakeMaster) say(message link.Message) {
	m.mu.Lock()
	agent := m.agent
	m.mu.Unlock()
	agent.Send(message)
}

// take gives the first message that is wanted, among those that were not taken before.
func (m *fakeMaster) take(want func(link.Message) bool) link.Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, message := range m.heard {
		if want(message) {
			m.heard = append(m.heard[:i:i], m.heard[i+1:]...)
			return message
		}
	}
	return nil
}

// hear waits for a message of a type.
func hear[T link.Message](t *testing.T, m *fakeMaster) T {
	t.Helper()
	deadline := time.After(patience)
	for {
		message := m.take(func(x link.Message) bool { _, ok := x.(T); return ok })
		if message != nil {
			return message.(T)
		}
		select {
		case <-m.update:
		case <-deadline:
			var none T
			t.Fatalf("no %T came", none)
		}
	}
}

// cluster is an agent with all that it needs.
type cluster struct {
	t          *testing.T
	options    Options
	master     *fakeMaster
	containers *fakeContainers
	agent      *Agent
	server     *httptest.Server
	handler    *handler
	cancel     context.CancelFunc
	ended      chan error
}

// handler lets an agent be replaced behind an address that stays.
type handler struct {
	mu    sync.Mutex
	agent http.Handler
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	agent := h.agent
	h.mu.Unlock()
	agent.ServeHTTP(w, r)
}

func start(t *testing.T, change ...func(*Options)) *cluster {
	t.Helper()
	c := &cluster{t: t, master: newMaster(), containers: newContainers(), handler: &handler{agent: http.NotFoundHandler()}}
	c.server = httptest.NewServer(c.handler)
	host, port, _ := strings.Cut(strings.TrimPrefix(c.server.URL, "http://"), ":")
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	c.options = Options{
		Address: link.Address{IP: host, Port: number, Hostname: "localhost"}, WorkDir: t.TempDir(), Master: c.master, Containerizer: c.containers,
		Resources: []mesos.Resource{mesos.CPUs(4), mesos.Mem(1024), mesos.PortRange(31000, 31099)},
	}
	for _, f := range change {
		f(&c.options)
	}
	c.run()
	t.Cleanup(c.end)
	return c
}

// run starts an agent on the work directory.
func (c *cluster) run() {
	c.t.Helper()
	a, err := New(c.options)
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.agent, c.cancel, c.ended = a, cancel, make(chan error, 1)
	c.handler.mu.Lock()
	c.handler.agent = a
	c.handler.mu.Unlock()
	go func() { c.ended <- a.Run(ctx) }()
}

// wait waits for the end of Run.
func (c *cluster) wait() error {
	c.t.Helper()
	select {
	case err := <-c.ended:
		c.ended <- err
		return err
	case <-time.After(patience):
		c.t.Fatal("Run does not end")
		return nil
	}
}

// kill ends the agent as SIGKILL would, once it has acted on what was said to it.
func (c *cluster) kill() {
	c.t.Helper()
	c.agent.ask(context.Background(), func() {})
	c.agent.Kill()
	c.wait()
}

func (c *cluster) end() {
	c.agent.Kill()
	c.wait()
	c.cancel()
	c.server.CloseClientConnections()
	c.server.Close()
	http.DefaultClient.CloseIdleConnections()
}

const frameworkID, executorID = "fw-0000", "ex"

func testFramework(change ...func(*mesos.FrameworkInfo)) mesos.FrameworkInfo {
	f := mesos.FrameworkInfo{Name: "test", ID: &mesos.FrameworkID{Value: frameworkID}, Capabilities: []mesos.FrameworkInfoCapability{
		{Type: new(mesos.FrameworkInfoCapabilityTypePartitionAware)}, {Type: new(mesos.FrameworkInfoCapabilityTypeMultiRole)},
	}}
	for _, c := range change {
		c(&f)
	}
	return f
}

func checkpointing(f *mesos.FrameworkInfo) { f.Checkpoint = new(true) }

func resources() []mesos.Resource {
	return []mesos.Resource{mesos.CPUs(0.1), mesos.Mem(32)}
}

func commandTask(id string, change ...func(*mesos.TaskInfo)) mesos.TaskInfo {
	t := mesos.TaskInfo{
		Name: id, TaskID: mesos.TaskID{Value: id}, AgentID: mesos.AgentID{Value: "m-S0"}, Resources: resources(),
		Command: &mesos.CommandInfo{Value: new("sleep 1000")},
	}
	for _, c := range change {
		c(&t)
	}
	return t
}

func customTask(id string) mesos.TaskInfo {
	return commandTask(id, func(t *mesos.TaskInfo) {
		t.Executor = &mesos.ExecutorInfo{
			ExecutorID: mesos.ExecutorID{Value: executorID}, Command: t.Command, Resources: resources(), Type: new(mesos.ExecutorInfoTypeCustom),
		}
		t.Command = nil
	})
}

// launch runs tasks of a framework.
func (c *cluster) launch(f mesos.FrameworkInfo, tasks ...mesos.TaskInfo) {
	for _, t := range tasks {
		c.master.say(link.RunTask{Framework: f, Task: t})
	}
}

// status waits for the next update and checks its state.
func (c *cluster) status(want mesos.TaskState) mesos.TaskStatus {
	c.t.Helper()
	u := hear[link.StatusUpdate](c.t, c.master)
	if u.Status.State != want {
		c.t.Fatalf("got %s, want %s", &u.Status, want)
	}
	if len(u.Status.UUID) != 16 || u.Status.AgentID == nil || u.Status.Timestamp == nil || u.Status.Source == nil {
		c.t.Fatalf("something is missing in %s", &u.Status)
	}
	return u.Status
}

func (c *cluster) acknowledge(s mesos.TaskStatus) {
	c.master.say(link.Acknowledge{FrameworkID: mesos.FrameworkID{Value: frameworkID}, TaskID: s.TaskID, UUID: s.UUID})
}

// acknowledged is status, and acknowledges it.
func (c *cluster) acknowledged(want mesos.TaskState) mesos.TaskStatus {
	c.t.Helper()
	s := c.status(want)
	c.acknowledge(s)
	return s
}

// until waits for a fact about the agent's state.
func (c *cluster) until(what string, fact func(a *Agent) bool) {
	c.t.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-ticker.C {
		var ok bool
		if c.agent.ask(context.Background(), func() { ok = fact(c.agent) }) && ok {
			return
		}
	}
	c.t.Fatalf("in vain: %s", what)
}

// played is an executor that the test plays over HTTP.
type played struct {
	c      *cluster
	client *wire.Client
	stream *wire.Stream
}

func (c *cluster) play() *played {
	http := &http.Client{Transport: wire.Dialer{}.Transport()}
	c.t.Cleanup(http.CloseIdleConnections)
	return &played{c: c, client: &wire.Client{URL: c.server.URL + "/api/v1/executor", HTTP: http, Media: wire.Protobuf}}
}

func (p *played) wrap(call *api.Call) *api.Call {
	call.FrameworkID.Value, call.ExecutorID.Value = frameworkID, executorID
	return call
}

func (p *played) subscribe(s api.CallSubscribe) error {
	stream, err := p.client.Subscribe(context.Background(), p.wrap(&api.Call{Type: new(api.CallTypeSubscribe), Subscribe: &s}))
	if err == nil {
		p.stream = stream
		p.c.t.Cleanup(func() { stream.Close() })
	}
	return err
}

// must subscribes and reads SUBSCRIBED.
func (p *played) must() *api.EventSubscribed {
	p.c.t.Helper()
	if err := p.subscribe(api.CallSubscribe{}); err != nil {
		p.c.t.Fatal(err)
	}
	return p.event(api.EventTypeSubscribed).Subscribed
}

// event reads the next event and checks its type.
func (p *played) event(want api.EventType) *api.Event {
	p.c.t.Helper()
	var e api.Event
	if err := p.stream.Next(&e); err != nil {
		p.c.t.Fatalf("instead of %s: %v", want, err)
	}
	if e.GetType() != want {
		p.c.t.Fatalf("got %s, want %s", &e, want)
	}
	return &e
}

func update(id string, state mesos.TaskState) mesos.TaskStatus {
	return mesos.TaskStatus{TaskID: mesos.TaskID{Value: id}, State: state, Source: new(mesos.SourceExecutor), UUID: newUUID()}
}

func (p *played) update(s mesos.TaskStatus) error {
	return p.client.Call(context.Background(), p.wrap(&api.Call{Type: new(api.CallTypeUpdate), Update: &api.CallUpdate{Status: s}}))
}

// files lists everything under a directory.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.Walk(dir, func(path string, _ os.FileInfo, err error) error {
		all = append(all, strings.TrimPrefix(path, dir))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
