package master

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/ormosproject/ormos/internal/recordings"
	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve runs a master on a real port, with a registered agent that does nothing.
func serve(t *testing.T, o Options) (*Master, string) {
	t.Helper()
	o.Address = link.Address{Hostname: "localhost", IP: "127.0.0.1", Port: 5050}
	m, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	server := httptest.NewServer(m)
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		server.Close()
	})
	return m, server.URL
}

// mute is an agent that never answers.
type mute struct{}

func (mute) Send(link.Message) {}

func addAgent(t *testing.T, m *Master) {
	t.Helper()
	peer, _, err := m.Dial(mute{}, func() {})
	if err != nil {
		t.Fatal(err)
	}
	peer.Send(link.Register{Agent: mesos.AgentInfo{Hostname: "a", Resources: mesos.Resources{mesos.CPUs(4), mesos.Mem(1024)}}, Version: "1.12.0"})
}

func newClient(t *testing.T, url string, media wire.MediaType) *wire.Client {
	t.Helper()
	transport := wire.Dialer{}.Transport()
	t.Cleanup(transport.CloseIdleConnections)
	return &wire.Client{URL: url + "/api/v1/scheduler", HTTP: &http.Client{Transport: transport}, Media: media}
}

func TestSubscribeOverTheWire(t *testing.T) {
	m, url := serve(t, Options{})
	addAgent(t, m)
	for _, media := range []wire.MediaType{wire.JSON, wire.Protobuf} {
		c := newClient(t, url, media)
		stream, err := c.Subscribe(t.Context(), &scheduler.Call{
			Type: new(scheduler.CallTypeSubscribe), Subscribe: &scheduler.CallSubscribe{FrameworkInfo: *aware()},
		})
		if err != nil {
			t.Fatal(err)
		}
		var e scheduler.Event
		if err := stream.Next(&e); err != nil || e.Subscribed == nil {
			t.Fatalf("%v %v", &e, err)
		}
		id := e.Subscribed.FrameworkID
		for e.Offers == nil {
			e = scheduler.Event{}
			if err := stream.Next(&e); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Call(t.Context(), &scheduler.Call{Type: new(scheduler.CallTypeTeardown), FrameworkID: &id}); err != nil {
			t.Fatal(err)
		}
		for err == nil {
			err = stream.Next(&scheduler.Event{})
		}
		if !errors.Is(err, io.EOF) {
			t.Errorf("the stream's end: %v", err)
		}
		stream.Close()
	}
}

func TestStatusCodes(t *testing.T) {
	_, url := serve(t, Options{})
	cases := []struct {
		method, path, contentType, body string
		status                          int
	}{
		{"GET", "/api/v1/scheduler", "", "", 405},
		{"POST", "/api/v1/scheduler", "", "{}", 400},
		{"POST", "/api/v1/scheduler", "text/plain", "{}", 415},
		{"POST", "/api/v1/scheduler", "application/json", "{", 400},
		{"POST", "/api/v1/scheduler", "application/json", "{}", 400},
		{"POST", "/master/api/v1/scheduler/", "application/json", `{"type":"REVIVE","framework_id":{"value":"x"}}`, 400},
		{"POST", "/api/v1/scheduler", "application/json", `{"type":"SUBSCRIBE"}`, 400},
		{"POST", "/api/v1", "application/json", `{"type":"GET_HEALTH"}`, 200},
		{"POST", "/api/v1", "application/json", `{"type":"GET_METRICS"}`, 400},
		{"POST", "/api/v1", "application/json", `{"type":"UNKNOWN"}`, 501},
		{"POST", "/api/v1", "application/json", `{"type":"START_MAINTENANCE","start_maintenance":{}}`, 400},
		{"POST", "/api/v1", "application/json", `{"type":"TEARDOWN","teardown":{"framework_id":{"value":"x"}}}`, 400},
		{"POST", "/api/v1", "application/json", `{"type":"MARK_AGENT_GONE","mark_agent_gone":{"agent_id":{"value":"x"}}}`, 404},
		{"GET", "/state", "", "", 200},
		{"GET", "/master/state-summary", "", "", 200},
		{"GET", "/slaves", "", "", 200},
		{"GET", "/tasks?limit=x&order=asc", "", "", 200},
		{"GET", "/frameworks", "", "", 200},
		{"GET", "/roles", "", "", 200},
		{"GET", "/flags", "", "", 200},
		{"GET", "/health", "", "", 200},
		{"GET", "/version", "", "", 200},
		{"GET", "/metrics/snapshot", "", "", 200},
		{"GET", "/metrics/snapshot?timeout=x", "", "", 400},
		{"GET", "/files/debug", "", "", 200},
		{"GET", "/redirect", "", "", 307},
		{"GET", "/redirect/state", "", "", 404},
		{"GET", "/teardown", "", "", 405},
		{"POST", "/teardown", "", "", 400},
		{"POST", "/reserve", "", "slaveId=x&resources=[]", 400},
		{"GET", "/reserve", "", "", 405},
		{"GET", "/maintenance/schedule", "", "", 200},
		{"POST", "/maintenance/schedule", "", "{}", 200},
		{"POST", "/maintenance/schedule", "", "garbage", 400},
		{"POST", "/maintenance/schedule", "", `{"windows":[]}`, 200},
		{"POST", "/machine/down", "", "", 400},
		{"GET", "/machine/up", "", "", 405},
		{"GET", "/nosuchthing", "", "", 404},
		{"GET", "/master/../state", "", "", 404},
	}
	transport := wire.Dialer{}.Transport()
	defer transport.CloseIdleConnections()
	for _, c := range cases {
		r, err := http.NewRequestWithContext(t.Context(), c.method, url+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		if c.contentType != "" {
			r.Header.Set("Content-Type", c.contentType)
		}
		answer, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != c.status {
			t.Errorf("%s %s %s: expected %d, got %d %s", c.method, c.path, c.body, c.status, answer.StatusCode, text)
		}
	}
}

func TestStandby(t *testing.T) {
	m, url := serve(t, Options{Contend: true})
	transport := wire.Dialer{}.Transport()
	defer transport.CloseIdleConnections()
	get := func(path string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode, answer.Header.Get("Location")
	}
	for _, path := range []string{"/state", "/redirect", "/api/v1/scheduler", "/api/v1"} {
		if got, _ := get(path); got != 503 {
			t.Errorf("without a leader: %s is %d", path, got)
		}
	}
	m.SetLeader(&mesos.MasterInfo{ID: "other", Hostname: new("host"), Port: 1234})
	for path, want := range map[string]string{
		"/state?x=1": "//host:1234/master/state?x=1", "/master/slaves": "//host:1234/master/slaves", "/api/v1": "//host:1234/master/api/v1",
		"/redirect": "//host:1234", "/state/": "//host:1234/master/state/",
	} {
		if code, location := get(path); code != 307 || location != want {
			t.Errorf("%s: %d %s", path, code, location)
		}
	}
	if code, _ := get("/health"); code != 200 {
		t.Errorf("/health: %d", code)
	}
}

func TestDeposedMasterEnds(t *testing.T) {
	m, err := New(Options{Contend: true})
	if err != nil {
		t.Fatal(err)
	}
	m.SetLeader(m.Info())
	m.SetLeader(nil)
	if err := m.Run(t.Context()); !errors.Is(err, ErrDeposed) {
		t.Errorf("Run: %v", err)
	}
	if _, _, err := m.Dial(mute{}, func() {}); err == nil {
		t.Error("an agent can dial a master that has ended")
	}
}

func TestAuthentication(t *testing.T) {
	dir := t.TempDir()
	credentials, lists := filepath.Join(dir, "credentials"), filepath.Join(dir, "acls")
	writeFile(t, credentials, "p1 s1\np2 s2\n")
	writeFile(t, lists, `{"teardown_frameworks":[{"principals":{"values":["p2"]},"framework_principals":{"type":"NONE"}}],
		"view_frameworks":[{"principals":{"values":["p2"]},"users":{"type":"NONE"}}],
		"register_frameworks":[{"principals":{"type":"NONE"},"roles":{"values":["forbidden"]}}]}`)
	_, url := serve(t, Options{Credentials: credentials, ACLs: lists})
	c := newClient(t, url, wire.JSON)
	call := &scheduler.Call{Type: new(scheduler.CallTypeSubscribe), Subscribe: &scheduler.CallSubscribe{FrameworkInfo: *aware()}}
	if _, err := c.Subscribe(t.Context(), call); !isStatus(err, 401) {
		t.Fatalf("without credentials: %v", err)
	}
	c.Authorize = func(r *http.Request) { r.SetBasicAuth("p1", "s1") }
	stream, err := c.Subscribe(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	var e scheduler.Event
	if err := stream.Next(&e); err != nil {
		t.Fatal(err)
	}
	id := &e.Subscribed.FrameworkID
	for role, status := range map[string]int{"allowed": 200, "forbidden": 403} {
		info := aware()
		info.ID, info.Roles = id, []string{role}
		err := c.Call(t.Context(), &scheduler.Call{
			Type: new(scheduler.CallTypeUpdateFramework), FrameworkID: id, UpdateFramework: &scheduler.CallUpdateFramework{FrameworkInfo: *info},
		})
		if status == 200 && err != nil || status != 200 && !isStatus(err, status) {
			t.Errorf("an update to role %q: %v", role, err)
		}
	}
	c.Authorize = func(r *http.Request) { r.SetBasicAuth("p2", "s2") }
	if err := c.Call(t.Context(), &scheduler.Call{Type: new(scheduler.CallTypeRevive), FrameworkID: id}); !isStatus(err, 400) {
		t.Errorf("a call of somebody else: %v", err)
	}
	ask := func(principal, path, body string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth(principal, "s"+principal[1:])
		answer, err := c.HTTP.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		return answer.StatusCode, string(text)
	}
	if _, text := ask("p2", "/frameworks", ""); strings.Contains(text, id.Value) {
		t.Errorf("p2 sees %s", text)
	}
	if code, _ := ask("p2", "/teardown", "frameworkId="+id.Value); code != 403 {
		t.Errorf("teardown by p2: %d", code)
	}
	if code, _ := ask("p1", "/teardown", "frameworkId="+id.Value); code != 200 {
		t.Errorf("teardown by p1: %d", code)
	}
}

func isStatus(err error, status int) bool {
	got, ok := errors.AsType[*wire.StatusError](err)
	return ok && got.Status == status
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestShapes compares the members of what the endpoints show with what a real master was recorded to show.
func TestShapes(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		a := w.agent()
		f := w.subscribe(aware())
		f.run(a, "t")
		for file, path := range map[string]string{
			"state": "/state", "state-summary": "/state-summary", "slaves": "/slaves", "frameworks": "/frameworks", "tasks": "/tasks", "roles": "/roles",
		} {
			var want any
			if err := json.Unmarshal(recordings.Read(t, "master/"+file+".json"), &want); err != nil {
				t.Fatal(err)
			}
			compareShapes(t, path, want, any(w.get(path)))
		}
	})
}

// optional are members that are there only where there is something to show.
var optional = map[string]bool{
	"git_sha": true, "domain": true, "principal": true, "labels": true, "flags": true, "attributes": true, "ports": true, "health_check": true,
	"container_status": true, "healthy": true, "user": true, "reserved_resources_full": true, "reserved_resources": true, "value": true, "role": true,
}

func compareShapes(t *testing.T, where string, want, got any) {
	t.Helper()
	if strings.HasPrefix(where, "/roles.roles[].") || strings.HasSuffix(where, ".flags") {
		return // amounts and flags by name: there may be others
	}
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			t.Errorf("%s: expected an object, got %T", where, got)
			return
		}
		for name, value := range want {
			if one, ok := object[name]; ok {
				compareShapes(t, where+"."+name, value, one)
			} else if !optional[name] {
				t.Errorf("%s has no %q", where, name)
			}
		}
	case []any:
		list, ok := got.([]any)
		if !ok {
			t.Errorf("%s: expected a list, got %T", where, got)
		} else if len(list) > 0 && len(want) > 0 {
			compareShapes(t, where+"[]", want[0], list[0])
		}
	}
}

func FuzzACLs(f *testing.F) {
	f.Add(`{"permissive":false,"run_tasks":[{"principals":{"type":"ANY"},"users":{"values":["a"]}}]}`)
	f.Fuzz(func(_ *testing.T, text string) {
		if a, err := parseACLs([]byte(text)); err == nil {
			a.permit(aclRunTasks, "p", "a")
		}
	})
}

func FuzzRegistry(f *testing.F) {
	f.Add([]byte(`{"agents":[{"hostname":"a","id":{"value":"x"}}],"gone":{"y":"2026-01-01T00:00:00Z"}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		writeFile(t, filepath.Join(dir, registryFile), string(text))
		if _, err := New(Options{WorkDir: dir}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestFlagsBySetting(t *testing.T) {
	var f Flags
	for name, text := range map[string]string{"offer_timeout": "5secs", "max_agent_ping_timeouts": "2", "roles": "a,b", "root_submissions": "false"} {
		if err := f.Set(name, text); err != nil {
			t.Error(err)
		}
	}
	if f.OfferTimeout.Seconds() != 5 || f.MaxAgentPingTimeouts != 2 || len(f.Roles) != 2 || !f.NoRootSubmissions {
		t.Errorf("flags: %+v", f)
	}
	for name, text := range map[string]string{"no_such": "1", "offer_timeout": "5", "max_agent_ping_timeouts": "0", "agent_ping_timeout": "-1secs"} {
		if err := f.Set(name, text); err == nil {
			t.Errorf("%s=%s is accepted", name, text)
		}
	}
}
