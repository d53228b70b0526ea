package master

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ormosproject/ormos/internal/recordings"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// A monitor finds the names that it asks a master for, whether the registry is in memory or on disk.
func TestMetricNames(t *testing.T) {
	for _, dir := range []string{"", t.TempDir()} {
		inWorld(t, Options{WorkDir: dir}, func(w *world) {
			w.agent()
			info := aware()
			info.Principal = new("ops")
			f := w.subscribe(info)
			f.call(202, &scheduler.Call{Type: new(scheduler.CallTypeAccept), Accept: &scheduler.CallAccept{
				OfferIDs: []mesos.OfferID{f.offer().ID}, Operations: []mesos.OfferOperation{
					{Type: new(mesos.OfferOperationTypeReserve), Reserve: &mesos.OfferOperationReserve{Resources: []mesos.Resource{reserved()}}},
					{Type: new(mesos.OfferOperationTypeReserve), Reserve: &mesos.OfferOperationReserve{}},
				},
			}})
			shown := w.get("/metrics/snapshot")
			for _, name := range []string{
				"registrar/queued_operations", "registrar/registry_size_bytes", "registrar/state_fetch_ms", "registrar/state_store_ms",
				"registrar/state_store_ms/p9999", "allocator/mesos/allocation_run_ms", "allocator/mesos/allocation_run_ms/p99",
				"allocator/mesos/allocation_run_latency_ms/max", "allocator/event_queue_dispatches", "master/operations/create_disk/pending",
				"frameworks/ops/messages_received",
			} {
				if _, ok := shown[name]; !ok {
					t.Errorf("registry in %q: there is no %s", dir, name)
				}
			}
			if runs := shown["allocator/mesos/allocation_run_ms/count"]; runs != shown["allocator/mesos/allocation_runs"] {
				t.Errorf("%v rounds were measured of %v", runs, shown["allocator/mesos/allocation_runs"])
			}
			if size := shown["registrar/registry_size_bytes"].(float64); (size > 0) != (dir != "") {
				t.Errorf("the registry in %q has %v bytes", dir, size)
			}
			for name, want := range map[string]float64{"reserve/finished": 1, "reserve/error": 1, "reserve/total": 2, "finished": 1, "total": 2} {
				if got := shown["master/operations/"+name]; got != want {
					t.Errorf("operations/%s: got %v, want %v", name, got, want)
				}
			}
		})
	}
}

// reserved is something that a framework of role r reserves.
func reserved() mesos.Resource {
	r := mesos.CPUs(1)
	r.Role = new("r")
	r.Reservation = &mesos.ResourceReservationInfo{Principal: new("ops")}
	return r
}

// TestRecordedMetrics compares the names with what a real master was recorded to show, but for those that hold a framework, role or reason.
func TestRecordedMetrics(t *testing.T) {
	var want map[string]any
	if err := json.Unmarshal(recordings.Read(t, "master/metrics-snapshot.json"), &want); err != nil {
		t.Fatal(err)
	}
	inWorld(t, Options{}, func(w *world) {
		w.agent()
		w.subscribe(aware())
		shown := w.get("/metrics/snapshot")
		for name := range want {
			if _, ok := shown[name]; !ok && !strings.Contains(name, "frameworks/") && !strings.Contains(name, "/roles/") && !strings.Contains(name, "/reason_") {
				t.Errorf("there is no %s", name)
			}
		}
	})
}
