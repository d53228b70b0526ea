package master

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// world is a running master inside a synctest bubble. Frameworks speak to its HTTP handler without sockets, agents are fake.
type world struct {
	t *testing.T
	m *Master
	// stop ends the master and waits for it.
	stop func()
}

// inWorld runs a test with a master of these options.
func inWorld(t *testing.T, o Options, test func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := start(t, o)
		defer w.stop()
		test(w)
	})
}

func start(t *testing.T, o Options) *world {
	t.Helper()
	o.Address = link.Address{Hostname: "master.test", IP: "127.0.0.1", Port: 5050}
	m, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	return &world{t: t, m: m, stop: sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		synctest.Wait()
	})}
}

// post makes a request and returns the answer.
func (w *world) post(path string, body any, header ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.request(http.MethodPost, path, text, header...)
}

func (w *world) request(method, path string, body []byte, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, bytes.NewReader(body))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	recorder := httptest.NewRecorder()
	w.m.ServeHTTP(recorder, r)
	return recorder
}

// get reads a JSON endpoint.
func (w *world) get(path string) map[string]any {
	w.t.Helper()
	answer := w.request(http.MethodGet, path, nil)
	var v map[string]any
	if err := json.Unmarshal(answer.Body.Bytes(), &v); answer.Code != http.StatusOK || err != nil {
		w.t.Fatalf("GET %s: %d %v", path, answer.Code, err)
	}
	return v
}

// fakeAgent is an agent's end of a link.
type fakeAgent struct {
	w      *world
	master link.Peer
	hangUp func()
	id     string

	mu     sync.Mutex
	got    []link.Message
	silent bool // does not answer pings
	gone   bool
}

// Send takes what the master says.
func (a *fakeAgent) Send(m link.Message) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if ping, ok := m.(link.Ping); ok && ping.Connected {
		if !a.silent {
			a.master.Send(link.Pong{})
		}
		return
	}
	a.got = append(a.got, m)
}

func (a *fakeAgent) setSilent(silent bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.silent = silent
}

// take gives what the master has said since the last time.
func (a *fakeAgent) take() []link.Message {
	synctest.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	got := a.got
	a.got = nil
	return got
}

// heard gives the messages of one type that the master has said since the last time.
func heard[M link.Message](a *fakeAgent) (some []M) {
	for _, m := range a.take() {
		if one, ok := m.(M); ok {
			some = append(some, one)
		}
	}
	return some
}

func (w *world) dial() *fakeAgent {
	w.t.Helper()
	a := &fakeAgent{w: w}
	peer, hangUp, err := w.m.Dial(a, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.gone = true
	})
	if err != nil {
		w.t.Fatal(err)
	}
	a.master, a.hangUp = peer, hangUp
	return a
}

const agentResources = "cpus:4;mem:4096;disk:10240;ports:[31000-31099]"

func agentInfo(w *world, resources string) mesos.AgentInfo {
	w.t.Helper()
	r, err := mesos.ParseResources(resources)
	if err != nil {
		w.t.Fatal(err)
	}
	attributes, err := mesos.ParseAttributes("rack:r1;level:10")
	if err != nil {
		w.t.Fatal(err)
	}
	return mesos.AgentInfo{Hostname: "agent.test", Resources: r, Attributes: attributes, Port: new(int32(5051))}
}

// agent registers a new agent.
func (w *world) agent() *fakeAgent {
	w.t.Helper()
	return w.agentAt(5051, agentResources)
}

func (w *world) agentAt(port int, resources string) *fakeAgent {
	w.t.Helper()
	a := w.dial()
	a.master.Send(link.Register{Agent: agentInfo(w, resources), Address: link.Address{Hostname: "agent.test", IP: "127.0.0.1", Port: port}, Version: "1.12.0"})
	registered := heard[link.Registered](a)
	if len(registered) != 1 {
		w.t.Fatalf("the agent is not registered")
	}
	a.id = registered[0].AgentID.Value
	return a
}

// reregister lets an agent come back over a new connection.
func (w *world) reregister(id string, r link.Reregister) *fakeAgent {
	w.t.Helper()
	a := w.dial()
	a.id = id
	r.Agent = agentInfo(w, agentResources)
	r.Agent.ID = &mesos.AgentID{Value: id}
	r.Address = link.Address{Hostname: "agent.test", IP: "127.0.0.1", Port: 5051}
	a.master.Send(r)
	synctest.Wait()
	return a
}

// update sends a status update of a task.
func (a *fakeAgent) update(f *client, taskID string, state mesos.TaskState) link.StatusUpdate {
	u := link.StatusUpdate{
		FrameworkID: mesos.FrameworkID{Value: f.id}, LatestState: state,
		Status: mesos.TaskStatus{
			TaskID: mesos.TaskID{Value: taskID}, State: state, AgentID: &mesos.AgentID{Value: a.id}, Source: new(mesos.SourceExecutor),
			UUID: []byte("0123456789abcdef"), Timestamp: new(1.0),
		},
	}
	a.master.Send(u)
	synctest.Wait()
	return u
}

// body is the response that a stream is written into.
type body struct {
	mu     sync.Mutex
	header http.Header
	status int
	text   bytes.Buffer
}

func (b *body) Header() http.Header { return b.header }

func (b *body) WriteHeader(status int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status = status
}

func (b *body) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *body) Flush() {}

func (b *body) take() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.text.Next(b.text.Len()))
}

// client is a framework.
type client struct {
	w        *world
	id       string
	streamID string
	info     *mesos.FrameworkInfo
	body     *body
	close    context.CancelFunc
	ended    chan struct{}
	pending  []scheduler.Event
}

func frameworkInfo(capabilities ...mesos.FrameworkInfoCapabilityType) *mesos.FrameworkInfo {
	info := &mesos.FrameworkInfo{User: "nobody", Name: "f", Roles: []string{"r"}}
	for _, c := range append(capabilities, mesos.FrameworkInfoCapabilityTypeMultiRole) {
		info.Capabilities = append(info.Capabilities, mesos.FrameworkInfoCapability{Type: new(c)})
	}
	return info
}

// aware is a framework that is told of partitions.
func aware() *mesos.FrameworkInfo {
	return frameworkInfo(mesos.FrameworkInfoCapabilityTypePartitionAware)
}

// open subscribes without looking at the answer.
func (w *world) open(info *mesos.FrameworkInfo, suppressed ...string) *client {
	w.t.Helper()
	call := scheduler.Call{
		Type: new(scheduler.CallTypeSubscribe), FrameworkID: info.ID,
		Subscribe: &scheduler.CallSubscribe{FrameworkInfo: *info, SuppressedRoles: suppressed},
	}
	text, err := call.MarshalJSON()
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := httptest.NewRequest(http.MethodPost, "/api/v1/scheduler", bytes.NewReader(text)).WithContext(ctx)
	r.Header.Set("Content-Type", "application/json")
	f := &client{w: w, info: info, body: &body{header: http.Header{}}, close: cancel, ended: make(chan struct{})}
	go func() {
		defer close(f.ended)
		w.m.ServeHTTP(f.body, r)
	}()
	synctest.Wait()
	w.t.Cleanup(cancel)
	f.streamID = f.body.header.Get(wire.StreamID)
	return f
}

// subscribe subscribes and reads SUBSCRIBED.
func (w *world) subscribe(info *mesos.FrameworkInfo, suppressed ...string) *client {
	w.t.Helper()
	f := w.open(info, suppressed...)
	events := f.read()
	if len(events) == 0 || events[0].Subscribed == nil {
		w.t.Fatalf("not subscribed: %d %v", f.body.status, events)
	}
	f.id = events[0].Subscribed.FrameworkID.Value
	info.ID = &mesos.FrameworkID{Value: f.id}
	f.pending = events[1:]
	return f
}

// read gives all events that have come, without heartbeats.
func (f *client) read() []scheduler.Event {
	f.w.t.Helper()
	synctest.Wait()
	records := wire.NewReader(bytes.NewReader(f.body.take()), 0)
	events := f.pending
	f.pending = nil
	for {
		record, err := records.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			f.w.t.Fatal(err)
		}
		var e scheduler.Event
		if err := e.UnmarshalJSON(record); err != nil {
			f.w.t.Fatal(err)
		}
		events = append(events, e)
	}
	return slices.DeleteFunc(events, func(e scheduler.Event) bool { return e.GetType() == scheduler.EventTypeHeartbeat })
}

// offers gives the offers that have come, and fails if other events came.
func (f *client) offers() (offers []mesos.Offer) {
	f.w.t.Helper()
	for _, e := range f.read() {
		if e.Offers == nil {
			f.w.t.Fatalf("expected OFFERS, got %v", &e)
		}
		offers = append(offers, e.Offers.Offers...)
	}
	return offers
}

// offer gives the one offer that has come.
func (f *client) offer() mesos.Offer {
	f.w.t.Helper()
	offers := f.offers()
	if len(offers) != 1 {
		f.w.t.Fatalf("expected one offer, got %d", len(offers))
	}
	return offers[0]
}

// statuses gives the statuses that have come, other events set aside.
func (f *client) statuses() (statuses []mesos.TaskStatus) {
	f.w.t.Helper()
	for _, e := range f.read() {
		if e.Update != nil {
			statuses = append(statuses, e.Update.Status)
		} else {
			f.pending = append(f.pending, e)
		}
	}
	return statuses
}

func (f *client) types() (types []string) {
	for _, e := range f.read() {
		types = append(types, e.GetType().String())
	}
	return types
}

// call makes a call and checks its status.
func (f *client) call(status int, call *scheduler.Call) string {
	f.w.t.Helper()
	call.FrameworkID = &mesos.FrameworkID{Value: f.id}
	text, err := call.MarshalJSON()
	if err != nil {
		f.w.t.Fatal(err)
	}
	answer := f.w.request(http.MethodPost, "/api/v1/scheduler", text, wire.StreamID, f.streamID)
	if answer.Code != status {
		f.w.t.Fatalf("%s: expected %d, got %d %s", call.GetType(), status, answer.Code, answer.Body)
	}
	synctest.Wait()
	return answer.Body.String()
}

func command(id string, o mesos.Offer, resources string) mesos.TaskInfo {
	r, err := mesos.ParseResources(resources)
	if err != nil {
		panic(err)
	}
	return mesos.TaskInfo{
		Name: id, TaskID: mesos.TaskID{Value: id}, AgentID: o.AgentID, Resources: r, Command: &mesos.CommandInfo{Value: new("sleep 1000")},
	}
}

// accept launches tasks on an offer.
func (f *client) accept(o mesos.Offer, refuse float64, tasks ...mesos.TaskInfo) {
	f.w.t.Helper()
	f.call(http.StatusAccepted, &scheduler.Call{Type: new(scheduler.CallTypeAccept), Accept: &scheduler.CallAccept{
		OfferIDs: []mesos.OfferID{o.ID}, Filters: &mesos.Filters{RefuseSeconds: new(refuse)},
		Operations: []mesos.OfferOperation{{Type: new(mesos.OfferOperationTypeLaunch), Launch: &mesos.OfferOperationLaunch{TaskInfos: tasks}}},
	}})
}

// run launches a task that then runs, on the next offer.
func (f *client) run(a *fakeAgent, id string) {
	f.w.t.Helper()
	f.accept(f.offer(), 3600, command(id, mesos.Offer{AgentID: mesos.AgentID{Value: a.id}}, "cpus:1;mem:64"))
	if got := heard[link.RunTask](a); len(got) != 1 || got[0].Task.TaskID.Value != id {
		f.w.t.Fatalf("expected RunTask of %s, got %v", id, got)
	}
	a.update(f, id, mesos.TaskRunning)
	if got := f.statuses(); len(got) != 1 || got[0].State != mesos.TaskRunning {
		f.w.t.Fatalf("expected TASK_RUNNING, got %v", got)
	}
}

func (f *client) decline(o mesos.Offer, filters *mesos.Filters) {
	f.w.t.Helper()
	f.call(http.StatusAccepted, &scheduler.Call{Type: new(scheduler.CallTypeDecline), Decline: &scheduler.CallDecline{
		OfferIDs: []mesos.OfferID{o.ID}, Filters: filters,
	}})
}

func (f *client) reconcile(agentID string, ids ...string) []mesos.TaskStatus {
	f.w.t.Helper()
	call := &scheduler.CallReconcile{}
	for _, id := range ids {
		one := scheduler.CallReconcileTask{TaskID: mesos.TaskID{Value: id}}
		if agentID != "" {
			one.AgentID = &mesos.AgentID{Value: agentID}
		}
		call.Tasks = append(call.Tasks, one)
	}
	f.call(http.StatusAccepted, &scheduler.Call{Type: new(scheduler.CallTypeReconcile), Reconcile: call})
	return f.statuses()
}

// entry is the framework in /frameworks.
func (f *client) entry() map[string]any {
	f.w.t.Helper()
	all := f.w.get("/frameworks")
	for _, list := range []string{"frameworks", "completed_frameworks"} {
		for _, one := range all[list].([]any) {
			if entry := one.(map[string]any); entry["id"] == f.id {
				return entry
			}
		}
	}
	f.w.t.Fatalf("framework %s is not in /frameworks", f.id)
	return nil
}

// states are the states of the tasks in a list of the framework's entry.
func (f *client) states(list string) string {
	f.w.t.Helper()
	var states []string
	for _, one := range f.entry()[list].([]any) {
		states = append(states, one.(map[string]any)["state"].(string))
	}
	return strings.Join(states, " ")
}
