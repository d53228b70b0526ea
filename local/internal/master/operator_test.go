package master

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
	"github.com/ormosproject/ormos/scheduler"
)

// watch subscribes an operator and returns a function that gives the events since its last call.
func (w *world) watch() func() []operator.MasterEvent {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w.t.Cleanup(cancel)
	r := httptest.NewRequest(http.MethodPost, "/api/v1", strings.NewReader(`{"type":"SUBSCRIBE"}`)).WithContext(ctx)
	r.Header.Set("Content-Type", "application/json")
	b := &body{header: http.Header{}}
	go w.m.ServeHTTP(b, r)
	return func() (events []operator.MasterEvent) {
		w.t.Helper()
		synctest.Wait()
		for _, record := range records(w.t, b.take()) {
			var e operator.MasterEvent
			if err := e.UnmarshalJSON(record); err != nil {
				w.t.Fatal(err)
			}
			if e.GetType() != operator.MasterEventTypeHeartbeat {
				events = append(events, e)
			}
		}
		return events
	}
}

func operatorKinds(events []operator.MasterEvent) (kinds []string) {
	for i := range events {
		kinds = append(kinds, events[i].GetType().String())
	}
	return kinds
}

func TestOperatorSeesWhatHappens(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		events := w.watch()
		if got := events(); !slices.Equal(operatorKinds(got), []string{"SUBSCRIBED"}) || got[0].Subscribed.GetState == nil {
			t.Fatalf("first events: %v", operatorKinds(got))
		}
		a := w.agent()
		info := aware()
		info.FailoverTimeout = new(60.0)
		f := w.subscribe(info)
		f.run(a, "t")
		if got := operatorKinds(events()); !slices.Equal(got, []string{"AGENT_ADDED", "FRAMEWORK_ADDED", "TASK_ADDED", "TASK_UPDATED"}) {
			t.Errorf("events of a launch: %v", got)
		}
		a.update(f, "t", mesos.TaskRunning)
		f.close()
		pass(time.Second)
		if got := operatorKinds(events()); got != nil {
			t.Errorf("events of a repeated update and a disconnection: %v", got)
		}
		f = w.subscribe(info)
		a.master.Send(unregisterOf(a))
		f.call(202, &scheduler.Call{Type: new(scheduler.CallTypeTeardown)})
		got := operatorKinds(events())
		if want := []string{"FRAMEWORK_UPDATED", "TASK_UPDATED", "AGENT_REMOVED", "FRAMEWORK_REMOVED"}; !slices.Equal(got, want) {
			t.Errorf("events of the end: %v", got)
		}
	})
}

func TestOperatorReadsTheState(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		for _, call := range strings.Fields("GET_HEALTH GET_FLAGS GET_VERSION GET_LOGGING_LEVEL GET_STATE GET_AGENTS GET_FRAMEWORKS GET_EXECUTORS " +
			"GET_TASKS GET_ROLES GET_MASTER GET_OPERATIONS GET_WEIGHTS GET_QUOTA GET_MAINTENANCE_STATUS GET_MAINTENANCE_SCHEDULE") {
			answer := w.post("/api/v1", map[string]string{"type": call})
			if answer.Code != 200 || !strings.HasPrefix(answer.Body.String(), `{"type":"`+call+`"`) {
				t.Errorf("%s: %d %s", call, answer.Code, answer.Body)
			}
		}
		for call, want := range map[string]string{
			"GET_EXECUTORS":  `{"type":"GET_EXECUTORS","get_executors":{"executors":[]}}`,
			"GET_OPERATIONS": `{"type":"GET_OPERATIONS","get_operations":{}}`,
			"GET_QUOTA":      `{"type":"GET_QUOTA","get_quota":{"status":{}}}`,
			"GET_WEIGHTS":    `{"type":"GET_WEIGHTS"}`,
			"GET_TASKS":      `{"type":"GET_TASKS","get_tasks":{"tasks":[],"unreachable_tasks":[],"completed_tasks":[]}}`,
		} {
			if got := w.post("/api/v1", map[string]string{"type": call}).Body.String(); got != want {
				t.Errorf("%s: %s", call, got)
			}
		}
	})
}

func TestOperatorReserves(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		a := w.agent()
		f := w.subscribe(frameworkInfo(mesos.FrameworkInfoCapabilityTypeReservationRefinement))
		f.offer()
		resource := map[string]any{
			"name": "cpus", "type": "SCALAR", "scalar": map[string]any{"value": 1},
			"reservations": []any{map[string]any{"type": "DYNAMIC", "role": "r"}},
		}
		reserve := map[string]any{"type": "RESERVE_RESOURCES", "reserve_resources": map[string]any{
			"agent_id": map[string]any{"value": a.id}, "resources": []any{resource},
		}}
		if got := w.post("/api/v1", reserve); got.Code != 202 {
			t.Fatalf("RESERVE_RESOURCES: %d %s", got.Code, got.Body)
		}
		if got := f.types(); !slices.Equal(got, []string{"RESCIND"}) {
			t.Errorf("events: %v", got)
		}
		pass(time.Second)
		if got := mesos.Resources(f.offer().Resources).ReservedTo("r"); got.CPUs() != 1 {
			t.Errorf("reserved: %v", got)
		}
		unreserve := bytes.NewBufferString("slaveId=" + a.id + `&resources=[{"name":"cpus","type":"SCALAR","scalar":{"value":2},"reservations":[{"type":"DYNAMIC","role":"r"}]}]`)
		if got := w.request(http.MethodPost, "/unreserve", unreserve.Bytes()); got.Code != 409 {
			t.Errorf("/unreserve of too much: %d %s", got.Code, got.Body)
		}
	})
}
