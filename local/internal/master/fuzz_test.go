package master

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// target is a master with an agent and a framework, to which anybody sends anything.
type target struct {
	*Master
	names *strings.Replacer // of $FRAMEWORK and $AGENT in a body
}

func newTarget(f *testing.F) *target {
	f.Helper()
	m, err := New(Options{WorkDir: f.TempDir()})
	if err != nil {
		f.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	f.Cleanup(func() { cancel(); <-ended })
	peer, _, err := m.Dial(mute{}, func() {})
	if err != nil {
		f.Fatal(err)
	}
	peer.Send(link.Register{Agent: mesos.AgentInfo{Hostname: "a", Resources: mesos.Resources{mesos.CPUs(4), mesos.Mem(1024), mesos.Disk(1024)}}, Version: "1.12.0"})
	x := &target{Master: m, names: strings.NewReplacer()}
	info := aware()
	info.FailoverTimeout = new(1e6)
	text, err := (&scheduler.Call{Type: new(scheduler.CallTypeSubscribe), Subscribe: &scheduler.CallSubscribe{FrameworkInfo: *info}}).MarshalJSON()
	if err != nil {
		f.Fatal(err)
	}
	x.post(f, "/api/v1/scheduler", string(text), wire.JSON)
	for agent := ""; agent == ""; {
		m.do(context.Background(), func() {
			for id := range m.frameworks {
				for known := range m.agents {
					agent = known
				}
				x.names = strings.NewReplacer("$FRAMEWORK", id, "$AGENT", agent)
			}
		})
	}
	return x
}

// brief is a client that hangs up as soon as a stream has begun.
type brief struct {
	*httptest.ResponseRecorder
	hangUp func()
}

func (b brief) Flush() { b.hangUp() }

// post sends a body. The answer has to come, and may not be that the master has failed.
func (x *target) post(t testing.TB, path, body string, media wire.MediaType) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, path, strings.NewReader(x.names.Replace(body)))
	r.Header.Set("Content-Type", string(media))
	w := brief{httptest.NewRecorder(), cancel}
	x.ServeHTTP(w, r)
	if w.Code >= 500 && w.Code != http.StatusNotImplemented {
		t.Errorf("%s answers %q with %d %s", path, body, w.Code, w.Body)
	}
}

// call sends a body in JSON or protobuf.
func (x *target) call(t testing.TB, path, body string, isJSON bool) {
	if isJSON {
		x.post(t, path, body, wire.JSON)
	} else {
		x.post(t, path, body, wire.Protobuf)
	}
}

func FuzzSchedulerCall(f *testing.F) {
	const id = `"framework_id":{"value":"$FRAMEWORK"}`
	for _, body := range []string{
		`{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"u","name":"n","roles":["*"]}}}`,
		`{"type":"SUBSCRIBE",` + id + `,"subscribe":{"framework_info":{"user":"u","name":"n","id":{"value":"$FRAMEWORK"}},"suppressed_roles":["x"]}}`,
		`{"type":"ACCEPT",` + id + `,"accept":{"offer_ids":[{"value":"o"}],"operations":[{"type":"LAUNCH","launch":{"task_infos":[{"name":"t","task_id":{"value":"t"},"agent_id":{"value":"$AGENT"}}]}}]}}`,
		`{"type":"DECLINE",` + id + `,"decline":{"offer_ids":[{"value":"o"}],"filters":{"refuse_seconds":1e300}}}`,
		`{"type":"RECONCILE",` + id + `,"reconcile":{"tasks":[{"task_id":{"value":"t"},"agent_id":{"value":"$AGENT"}}]}}`,
		`{"type":"RECONCILE_OPERATIONS",` + id + `,"reconcile_operations":{"operations":[{"operation_id":{"value":"x"}}]}}`,
		`{"type":"UPDATE_FRAMEWORK",` + id + `,"update_framework":{"framework_info":{"user":"u","name":"n"}}}`,
		`{"type":"REQUEST",` + id + `,"request":{"requests":[{}]}}`,
		`{"type":"MESSAGE",` + id + `,"message":{"agent_id":{"value":"$AGENT"},"executor_id":{"value":"e"},"data":"eA=="}}`,
		`{"type":"SUPPRESS",` + id + `,"suppress":{"roles":["r"]}}`,
	} {
		f.Add(body, true)
	}
	f.Add("\x0a\x03\x0a\x01x\x10\x05", false)
	x := newTarget(f)
	f.Fuzz(func(t *testing.T, body string, isJSON bool) { x.call(t, "/api/v1/scheduler", body, isJSON) })
}

func FuzzOperatorCall(f *testing.F) {
	for _, body := range []string{
		`{"type":"SUBSCRIBE"}`, `{"type":"GET_STATE"}`, `{"type":"GET_METRICS","get_metrics":{"timeout":{"nanoseconds":-1}}}`,
		`{"type":"RESERVE_RESOURCES","reserve_resources":{"agent_id":{"value":"$AGENT"},"resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":1},"reservations":[{"type":"DYNAMIC","role":"r"}]}]}}`,
		`{"type":"CREATE_VOLUMES","create_volumes":{"agent_id":{"value":"$AGENT"},"volumes":[{}]}}`,
		`{"type":"UPDATE_MAINTENANCE_SCHEDULE","update_maintenance_schedule":{"schedule":{"windows":[{"machine_ids":[{"hostname":"a"}],"unavailability":{"start":{"nanoseconds":9223372036854775807}}}]}}}`,
		`{"type":"GROW_VOLUME","grow_volume":{"agent_id":{"value":"$AGENT"},"volume":{"name":"disk","type":"SCALAR","scalar":{"value":1},"role":"r","disk":{"persistence":{"id":"v"},"volume":{"container_path":"v","mode":"RW"}}},"addition":{"name":"disk","type":"SCALAR","scalar":{"value":1}}}}`,
		`{"type":"SHRINK_VOLUME","shrink_volume":{"agent_id":{"value":"$AGENT"},"volume":{},"subtract":{"value":-1}}}`,
		`{"type":"UNRESERVE_RESOURCES","unreserve_resources":{"agent_id":{"value":"$AGENT"},"resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":1}}]}}`,
		`{"type":"DESTROY_VOLUMES","destroy_volumes":{"agent_id":{"value":"$AGENT"},"volumes":[{}]}}`,
		`{"type":"START_MAINTENANCE","start_maintenance":{"machines":[{"hostname":"a"}]}}`, `{"type":"STOP_MAINTENANCE","stop_maintenance":{"machines":[{}]}}`,
		`{"type":"TEARDOWN","teardown":{"framework_id":{"value":"x"}}}`, `{"type":"MARK_AGENT_GONE","mark_agent_gone":{"agent_id":{"value":"x"}}}`,
		`{"type":"READ_FILE","read_file":{"path":"/master/log","offset":18446744073709551615,"length":3}}`,
		`{"type":"SET_LOGGING_LEVEL","set_logging_level":{"level":3,"duration":{"nanoseconds":-1}}}`,
	} {
		f.Add(body, true)
	}
	f.Add("\x08\x0d", false)
	x := newTarget(f)
	f.Fuzz(func(t *testing.T, body string, isJSON bool) { x.call(t, "/api/v1", body, isJSON) })
}

// FuzzForms sends bodies to what takes them under a path of its own.
func FuzzForms(f *testing.F) {
	for _, body := range []string{
		"slaveId=$AGENT&resources=[]", "frameworkId=%zz", "frameworkId=x",
		`slaveId=$AGENT&resources=[{"name":"cpus","type":"SCALAR","scalar":{"value":1},"role":"r","reservation":{}}]`,
		`slaveId=$AGENT&volumes=[{"name":"disk","type":"SCALAR","scalar":{"value":1e308},"role":"r","disk":{"persistence":{"id":"v"},"volume":{"container_path":"v","mode":"RW"}}}]`,
		`{"windows":[{"machine_ids":[{"hostname":"a","ip":"1.2.3.4"}],"unavailability":{"start":{"nanoseconds":1},"duration":{"nanoseconds":-1}}}]}`,
		`[{"hostname":"a"}]`, `[]`, `{}`,
	} {
		f.Add(body)
	}
	x := newTarget(f)
	f.Fuzz(func(t *testing.T, body string) {
		for _, path := range []string{
			"/teardown", "/reserve", "/unreserve", "/create-volumes", "/destroy-volumes", "/maintenance/schedule", "/machine/down", "/machine/up", "/weights", "/quota",
		} {
			x.post(t, path, body, wire.JSON)
		}
	})
}
