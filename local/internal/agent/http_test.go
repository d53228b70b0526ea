package agent

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/internal/recordings"
	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/local/internal/daemon"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
)

// get asks the agent for a JSON document.
func (c *cluster) get(path string, v any) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.server.URL+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	answer := c.answer(r)
	if err := json.NewDecoder(answer.Body).Decode(v); err != nil || answer.StatusCode != http.StatusOK {
		c.t.Fatalf("%s: status %d, %v", path, answer.StatusCode, err)
	}
}

// call makes an operator call.
func (c *cluster) call(body, accept string) (int, string) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.server.URL+"/api/v1", strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", accept)
	answer := c.answer(r)
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// recorded reads what real Mesos answered.
func recorded(t *testing.T, name string, v any) {
	t.Helper()
	if err := json.Unmarshal(recordings.Read(t, "agent/"+name), v); err != nil {
		t.Fatal(err)
	}
}

type object = map[string]any

// lacks gives the members that real Mesos shows and we do not, but for those that are allowed to be missing.
func lacks(got, want object, allowed ...string) []string {
	var missing []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if _, ok := got[name]; !ok && !slices.Contains(allowed, name) {
			missing = append(missing, name)
		}
	}
	return missing
}

func first(v any) object { return v.([]any)[0].(object) }

// The shapes of what endpoints show are those that real Mesos' agent has.
func TestShapes(t *testing.T) {
	var want object
	recorded(t, "state.json", &want)
	c, x, _ := subscribed(t, testFramework(), []string{"one"})
	x.running("one")
	done := c.runs(testFramework(), commandTask("two"))
	done.end(0)
	c.acknowledged(mesos.TaskFinished)
	var got object
	c.until("one executor is completed", func(a *Agent) bool { return len(a.frameworks[frameworkID].completed) == 1 })
	c.get("/state", &got)
	wantFramework, gotFramework := first(want["frameworks"]), first(got["frameworks"])
	wantExecutor, gotExecutor := first(wantFramework["executors"]), first(gotFramework["executors"])
	for _, lists := range [][]string{
		lacks(got, want, "git_sha", "domain", "master_hostname"),
		lacks(gotFramework, wantFramework, "principal"),
		lacks(gotExecutor, wantExecutor, "labels"),
		lacks(first(gotExecutor["tasks"]), first(wantExecutor["tasks"])),
		lacks(first(first(gotExecutor["tasks"])["statuses"]), first(first(wantExecutor["tasks"])["statuses"]), "labels"),
	} {
		if len(lists) > 0 {
			t.Errorf("missing: %v", lists)
		}
	}
	var metrics, recordedMetrics object
	recorded(t, "metrics-snapshot.json", &recordedMetrics)
	c.get("/metrics/snapshot", &metrics)
	for _, name := range lacks(metrics, recordedMetrics) {
		t.Errorf("missing: %s", name)
	}
}

func TestState(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	c.until("registered", func(a *Agent) bool { return a.master.registered })
	var idle object
	c.get("/slave(1)/state", &idle)
	for name, want := range map[string]any{
		"id": "m-S0", "pid": c.agent.pid(), "hostname": "localhost", "frameworks": []any{}, "completed_frameworks": []any{}, "resource_providers": []any{},
		"reserved_resources_allocated":   object{},
		"unreserved_resources_allocated": object{"cpus": 0.0, "gpus": 0.0, "mem": 0.0, "disk": 0.0},
		"resources":                      object{"cpus": 4.0, "gpus": 0.0, "mem": 1024.0, "disk": 0.0, "ports": "[31000-31099]"},
	} {
		if diff := cmp.Diff(want, idle[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if got := idle["flags"].(object)["work_dir"]; got != c.agent.o.WorkDir {
		t.Errorf("work_dir: %v", got)
	}

	container := c.runs(testFramework(), commandTask("t"))
	var state object
	c.get("/state", &state)
	e := first(first(state["frameworks"])["executors"])
	for name, want := range map[string]any{
		"id": "t", "source": "t", "container": container.spec.ID, "directory": container.spec.Sandbox, "queued_tasks": []any{},
		"resources": object{"cpus": 0.2, "gpus": 0.0, "mem": 64.0, "disk": 0.0},
	} {
		if diff := cmp.Diff(want, e[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if task := first(e["tasks"]); task["state"] != "TASK_RUNNING" || task["executor_id"] != "" || len(task["statuses"].([]any)) != 2 {
		t.Errorf("task: %v", task)
	}
	var metrics object
	c.get("/metrics/snapshot", &metrics)
	for name, want := range map[string]float64{
		"slave/registered": 1, "slave/tasks_running": 1, "slave/executors_running": 1, "slave/cpus_total": 4, "slave/cpus_used": 0.2, "slave/mem_used": 64,
		"slave/frameworks_active": 1, "slave/valid_status_updates": 2,
	} {
		if metrics[name] != want {
			t.Errorf("%s: got %v, want %v", name, metrics[name], want)
		}
	}
}

// Reservations that the master has made show up in the agent's resources.
func TestReservedResources(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	reserved := mesos.CPUs(1)
	reserved.Reservations = []mesos.ResourceReservationInfo{{Type: new(mesos.ResourceReservationInfoTypeDynamic), Role: new("prod"), Principal: new("p")}}
	c.master.say(link.CheckpointResources{Resources: []mesos.Resource{reserved}})
	for range 2 {
		c.until("the reservation is known", func(a *Agent) bool { return len(a.reserved) == 1 })
		var state object
		c.get("/state", &state)
		if got := state["reserved_resources"].(object)["prod"].(object)["cpus"]; got != 1.0 {
			t.Errorf("reserved: %v", got)
		}
		if got := state["unreserved_resources"].(object)["cpus"]; got != 3.0 {
			t.Errorf("unreserved: %v", got)
		}
		c.kill()
		c.run()
		if got := hear[link.Reregister](t, c.master); len(got.CheckpointedResources) != 1 {
			t.Errorf("Reregister: %v", got)
		}
	}
}

func TestOperatorCalls(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	c.until("registered", func(a *Agent) bool { return a.master.registered })
	for _, test := range []struct {
		body string
		want int
		has  string
	}{
		{`{"type":"GET_HEALTH"}`, 200, `{"type":"GET_HEALTH","get_health":{"healthy":true}}`},
		{`{"type":"GET_VERSION"}`, 200, `"version":"` + daemon.MesosVersion + `"`},
		{`{"type":"GET_FLAGS"}`, 200, `"work_dir"`},
		{`{"type":"GET_METRICS"}`, 400, ""},
		{`{"type":"GET_METRICS","get_metrics":{}}`, 200, `"slave/registered"`},
		{`{"type":"GET_LOGGING_LEVEL"}`, 200, `{"level":0}`},
		{`{"type":"GET_STATE"}`, 200, `"get_tasks":{"pending_tasks":[]`},
		{`{"type":"GET_TASKS"}`, 200, `"completed_tasks":[]`},
		{`{"type":"GET_EXECUTORS"}`, 200, `"completed_executors":[]`},
		{`{"type":"GET_FRAMEWORKS"}`, 200, `"completed_frameworks":[]`},
		{`{"type":"GET_AGENT"}`, 200, `"id":{"value":"m-S0"}`},
		{`{"type":"GET_CONTAINERS"}`, 200, `{"type":"GET_CONTAINERS"}`},
		{`{"type":"GET_OPERATIONS"}`, 200, `"get_operations":{}`},
		{`{"type":"GET_RESOURCE_PROVIDERS"}`, 200, `"get_resource_providers":{}`},
		{`{"type":"LIST_FILES"}`, 400, ""},
		{`{"type":"LIST_FILES","list_files":{"path":"/no"}}`, 404, ""},
		{`{"type":"READ_FILE","read_file":{"path":"/no","offset":0}}`, 404, ""},
		{`{"type":"UNKNOWN"}`, 501, ""},
		{`{"type":"NO_SUCH"}`, 400, ""},
		{`{"type":"PRUNE_IMAGES"}`, 501, ""},
		{`{}`, 400, ""},
		{`{`, 400, ""},
	} {
		if got, text := c.call(test.body, "*/*"); got != test.want || !strings.Contains(text, test.has) {
			t.Errorf("%s: got %d %s", test.body, got, text)
		}
	}
	if got, _ := c.call(`{"type":"GET_HEALTH"}`, "text/html"); got != http.StatusNotAcceptable {
		t.Errorf("Accept: got %d", got)
	}
	_, text := c.call(`{"type":"GET_TASKS"}`, "application/x-protobuf")
	var r operator.AgentResponse
	if err := wire.Protobuf.Decode([]byte(text), &r, nil); err != nil || r.GetType() != operator.AgentResponseTypeGetTasks {
		t.Errorf("protobuf: %s, %v", &r, err)
	}
}

func TestOperatorSeesWhatRuns(t *testing.T) {
	c, x, _ := subscribed(t, testFramework(), []string{"one"})
	x.running("one")
	c.containers.hold = make(chan struct{})
	defer close(c.containers.hold)
	c.launch(testFramework(), commandTask("queued"))
	c.until("it is queued", func(a *Agent) bool { return a.frameworks[frameworkID].knows("queued") })
	for body, has := range map[string]string{
		`{"type":"GET_TASKS"}`: `"launched_tasks":[{"name":"one"`, `{"type":"GET_EXECUTORS"}`: `"executor_id":{"value":"ex"}`,
		`{"type":"GET_FRAMEWORKS"}`: `"name":"test"`, `{"type":"GET_CONTAINERS"}`: `"executor_pid":1000`, `{"type":"GET_STATE"}`: `"queued_tasks":[{"name":"queued"`,
	} {
		if _, text := c.call(body, "*/*"); !strings.Contains(text, has) {
			t.Errorf("%s: %s", body, text)
		}
	}
	var list []object
	c.get("/monitor/statistics", &list)
	if len(list) != 1 || list[0]["executor_id"] != executorID || list[0]["statistics"].(object)["mem_limit_bytes"] != 64.0*megabyte ||
		list[0]["statistics"].(object)["mem_rss_bytes"] != 1.0*megabyte {
		t.Errorf("/monitor/statistics: %v", list)
	}
	for query, want := range map[string]int{
		"": 1, "?container_id=no": 0, "?framework_id=" + frameworkID: 1, "?framework_id=" + frameworkID + "&executor_id=no": 0,
	} {
		if c.get("/containers"+query, &list); len(list) != want {
			t.Errorf("/containers%s: %v", query, list)
		}
	}
}

func TestCredentials(t *testing.T) {
	c := start(t, func(o *Options) { o.Credentials = daemon.Credentials{"p": "s"} })
	hear[link.Register](t, c.master)
	for path, want := range map[string]int{
		"/state": 401, "/containers": 401, "/monitor/statistics": 401, "/flags": 401, "/metrics/snapshot": 401, "/files/browse?path=/": 401, "/api/v1": 401,
		"/health": 200, "/version": 200, "/api/v1/executor": 405, "/nosuch": 404,
	} {
		for _, secret := range []string{"", "s"} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.server.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if secret != "" {
				r.SetBasicAuth("p", secret)
			}
			got := c.answer(r).StatusCode
			if refused := got == http.StatusUnauthorized; refused != (want == 401 && secret == "") || secret == "" && got != want {
				t.Errorf("%s with secret %q: got %d", path, secret, got)
			}
		}
	}
}

// Before Run and after it there is nothing to ask.
func TestNotServing(t *testing.T) {
	a, err := New(Options{WorkDir: t.TempDir(), Master: newMaster(), Containerizer: newContainers()})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/state": 503, "/api/v1": 503, "/api/v1/executor": 503, "/metrics/snapshot": 503, "/health": 200, "/version": 200} {
		w := httptest.NewRecorder()
		a.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, nil))
		if w.Code != want {
			t.Errorf("%s: got %d, want %d", path, w.Code, want)
		}
	}
}

// fuzzAgent is an agent that has a framework with an executor.
func fuzzAgent(f *testing.F) *Agent {
	a, err := New(Options{WorkDir: f.TempDir(), Master: newMaster(), Containerizer: newContainers()})
	if err != nil {
		f.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- a.Run(context.Background()) }()
	f.Cleanup(func() { a.Kill(); <-ended })
	for registered := false; !registered; {
		a.ask(context.Background(), func() { registered = a.master.registered })
	}
	a.ask(context.Background(), func() { a.runTask(link.RunTask{Framework: testFramework(), Task: customTask("t")}) })
	return a
}

// brief is a client that hangs up as soon as a stream has begun.
type brief struct {
	*httptest.ResponseRecorder
	hangUp func()
}

func (b brief) Flush() { b.hangUp() }

// post posts any body to an agent; streams that it opens end at once.
func post(t *testing.T, a *Agent, path, body string, text bool) {
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", map[bool]string{true: "application/json", false: "application/x-protobuf"}[text])
	w := brief{httptest.NewRecorder(), cancel}
	stop := time.AfterFunc(time.Minute, cancel)
	defer stop.Stop()
	defer cancel()
	a.ServeHTTP(w, r)
	if w.Code >= 500 && w.Code != http.StatusNotImplemented {
		t.Errorf("%q: %d %s", body, w.Code, w.Body)
	}
}

func FuzzOperatorCall(f *testing.F) {
	for _, seed := range []string{
		`{"type":"GET_STATE"}`, `{"type":"GET_METRICS","get_metrics":{"timeout":{"nanoseconds":-1}}}`, `{"type":"LIST_FILES","list_files":{"path":"../.."}}`,
		`{"type":"LAUNCH_NESTED_CONTAINER","launch_nested_container":{"container_id":{"value":"n","parent":{"value":"p","parent":{}}},"command":{"value":"true"}}}`,
		`{"type":"ATTACH_CONTAINER_INPUT","attach_container_input":{"type":"PROCESS_IO"}}`, `{"type":"SET_LOGGING_LEVEL","set_logging_level":{"level":3,"duration":{}}}`,
		`{"type":"READ_FILE","read_file":{"path":"/","offset":18446744073709551615,"length":3}}`, "\x08\x09",
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	a := fuzzAgent(f)
	f.Fuzz(func(t *testing.T, body string, text bool) { post(t, a, "/api/v1", body, text) })
}

func FuzzExecutorCall(f *testing.F) {
	const ids = `"framework_id":{"value":"fw-0000"},"executor_id":{"value":"ex"}`
	for _, seed := range []string{
		`{"type":"HEARTBEAT",` + ids + `}`,
		`{"type":"SUBSCRIBE","subscribe":{"unacknowledged_tasks":[{"name":"t","task_id":{"value":"t"},"agent_id":{"value":"a"}}],` +
			`"unacknowledged_updates":[{"status":{"task_id":{"value":"t"},"state":"TASK_RUNNING","uuid":"AAAAAAAAAAAAAAAAAAAAAA=="}}]},` + ids + `}`,
		`{"type":"MESSAGE","message":{"data":"eA=="},` + ids + `}`,
		`{"type":"UPDATE","update":{"status":{"task_id":{"value":"t"},"state":"TASK_RUNNING","source":"SOURCE_EXECUTOR","uuid":"AAAAAAAAAAAAAAAAAAAAAA=="}},` + ids + `}`,
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	a := fuzzAgent(f)
	f.Fuzz(func(t *testing.T, body string, text bool) { post(t, a, "/api/v1/executor", body, text) })
}
