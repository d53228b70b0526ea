package master

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

func TestFromSubscriptionToAcknowledgement(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		a := w.agent()
		f := w.subscribe(aware())
		o := f.offer()
		if got := mesos.Resources(o.Resources).Unallocated(); got.CPUs() != 4 || o.AllocationInfo.GetRole() != "r" {
			t.Errorf("offer of %v", got)
		}
		f.accept(o, 3600, command("t", o, "cpus:1;mem:64;ports:[31000-31001]"))
		run := heard[link.RunTask](a)
		if len(run) != 1 || run[0].Framework.ID.Value != f.id || run[0].Task.Resources[0].AllocationInfo.GetRole() != "r" {
			t.Fatalf("RunTask: %+v", run)
		}
		sent := a.update(f, "t", mesos.TaskFinished)
		if got := f.statuses(); len(got) != 1 || !slices.Equal(got[0].UUID, sent.Status.UUID) {
			t.Fatalf("updates: %v", got)
		}
		if got := f.states("tasks"); got != "TASK_FINISHED" {
			t.Errorf("before the acknowledgement: %q", got)
		}
		f.call(202, &scheduler.Call{Type: new(scheduler.CallTypeAcknowledge), Acknowledge: &scheduler.CallAcknowledge{
			AgentID: mesos.AgentID{Value: a.id}, TaskID: mesos.TaskID{Value: "t"}, UUID: sent.Status.UUID,
		}})
		if got := heard[link.Acknowledge](a); len(got) != 1 || !slices.Equal(got[0].UUID, sent.Status.UUID) {
			t.Errorf("acknowledgements: %v", got)
		}
		if got := f.states("completed_tasks"); got != "TASK_FINISHED" {
			t.Errorf("after the acknowledgement: %q", got)
		}
	})
}

func TestHeartbeatsFollowTheSubscription(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		f := w.open(aware())
		pass(31 * time.Second)
		synctest.Wait()
		beats := 0
		for _, record := range records(t, f.body.take()) {
			var e scheduler.Event
			if err := e.UnmarshalJSON(record); err != nil {
				t.Fatal(err)
			}
			if e.GetType() == scheduler.EventTypeHeartbeat {
				beats++
			}
		}
		if beats != 3 { // at 0, 15 and 30 s
			t.Errorf("heartbeats: expected 3, got %d", beats)
		}
	})
}

func TestSubscriptionsThatAreRefused(t *testing.T) {
	with := func(change func(*mesos.FrameworkInfo)) *mesos.FrameworkInfo {
		info := aware()
		change(info)
		return info
	}
	cases := map[string]*mesos.FrameworkInfo{
		"role with MULTI_ROLE":      with(func(i *mesos.FrameworkInfo) { i.Role = new("x") }),
		"roles without MULTI_ROLE":  with(func(i *mesos.FrameworkInfo) { i.Capabilities = nil }),
		"a role twice":              with(func(i *mesos.FrameworkInfo) { i.Roles = []string{"a", "a"} }),
		"a bad role":                with(func(i *mesos.FrameworkInfo) { i.Roles = []string{"a//b"} }),
		"a bad id":                  with(func(i *mesos.FrameworkInfo) { i.ID = &mesos.FrameworkID{Value: "a/b"} }),
		"an endless timeout":        with(func(i *mesos.FrameworkInfo) { i.FailoverTimeout = new(1e30) }),
		"root":                      with(func(i *mesos.FrameworkInfo) { i.User = "root" }),
		"a role that is not listed": with(func(i *mesos.FrameworkInfo) { i.Roles = []string{"other"} }),
		"empty quantities": with(func(i *mesos.FrameworkInfo) {
			i.OfferFilters = map[string]mesos.OfferFilters{"r": {MinAllocatableResources: &mesos.OfferFiltersMinAllocatableResources{
				Quantities: []mesos.OfferFiltersResourceQuantities{{}},
			}}}
		}),
	}
	inWorld(t, Options{Flags: Flags{NoRootSubmissions: true, Roles: []string{"r", "a", "a//b"}}}, func(w *world) {
		for name, info := range cases {
			f := w.open(info)
			<-f.ended
			if got := f.types(); !slices.Equal(got, []string{"ERROR"}) {
				t.Errorf("%s: expected ERROR and the end, got %v", name, got)
			}
		}
		if got := w.get("/frameworks")["frameworks"].([]any); len(got) != 0 {
			t.Errorf("refused frameworks are known: %v", got)
		}
	})
}

func TestFailoverOfAFramework(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		a := w.agent()
		f := w.subscribe(aware())
		old := f.offer()
		a.take()
		g := w.subscribe(f.info)
		<-f.ended
		events := f.read()
		if len(events) != 1 || events[0].Error == nil || events[0].Error.Message != "Framework failed over" {
			t.Errorf("the old stream: %v", events)
		}
		if got := heard[link.UpdateFramework](a); len(got) != 1 {
			t.Errorf("the agent was told %v", got)
		}
		o := g.offer()
		if o.ID.Value == old.ID.Value || g.id != f.id {
			t.Errorf("offer %s of framework %s", o.ID.Value, g.id)
		}
		g.accept(old, 0, command("t", o, "cpus:1"))
		if got := g.statuses(); len(got) != 1 || got[0].State != mesos.TaskDropped || got[0].GetReason() != mesos.ReasonInvalidOffers || got[0].UUID != nil {
			t.Errorf("after the use of an old offer: %v", got)
		}
	})
}

func TestFailoverTimeout(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		a := w.agent()
		info := aware()
		info.FailoverTimeout = new(60.0)
		f := w.subscribe(info)
		f.run(a, "t")
		f.close()
		pass(59 * time.Second)
		if got := f.entry(); got["connected"] != false || f.states("tasks") != "TASK_RUNNING" {
			t.Errorf("before the timeout: connected %v, tasks %q", got["connected"], f.states("tasks"))
		}
		pass(2 * time.Second)
		if got := heard[link.ShutdownFramework](a); len(got) != 1 {
			t.Errorf("the agent was told %v", got)
		}
		if got := f.states("completed_tasks"); got != "TASK_KILLED" {
			t.Errorf("tasks of the removed framework: %q", got)
		}
		again := w.open(info)
		<-again.ended
		if events := again.read(); len(events) != 1 || events[0].Error.Message != "Framework has been removed" {
			t.Errorf("subscription of the removed framework: %v", events)
		}
	})
}

func TestResubscriptionInTimeKeepsTheFramework(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		info := aware()
		info.FailoverTimeout = new(60.0)
		f := w.subscribe(info)
		f.close()
		pass(50 * time.Second)
		g := w.subscribe(info)
		pass(time.Hour)
		if g.entry()["connected"] != true {
			t.Error("the framework was removed")
		}
	})
}

func TestUpdateFramework(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		w.agent()
		f := w.subscribe(aware())
		f.offer()
		update := func(status int, change func(*mesos.FrameworkInfo)) {
			info := f.info.Clone()
			change(info)
			f.call(status, &scheduler.Call{Type: new(scheduler.CallTypeUpdateFramework), UpdateFramework: &scheduler.CallUpdateFramework{FrameworkInfo: *info}})
		}
		update(400, func(i *mesos.FrameworkInfo) { i.User = "other" })
		update(400, func(i *mesos.FrameworkInfo) { i.Checkpoint = new(true) })
		update(400, func(i *mesos.FrameworkInfo) { i.Principal = new("p") })
		update(400, func(i *mesos.FrameworkInfo) { i.Roles = []string{"a", "a"} })
		update(200, func(i *mesos.FrameworkInfo) { i.Roles = []string{"q"}; i.Name = "new" })
		if got := f.types(); !slices.Equal(got, []string{"RESCIND"}) {
			t.Errorf("after its role was dropped: %v", got)
		}
		pass(time.Second)
		if o := f.offer(); o.AllocationInfo.GetRole() != "q" {
			t.Errorf("offer for %s", o.AllocationInfo.GetRole())
		}
		if got := f.entry()["name"]; got != "new" {
			t.Errorf("name %v", got)
		}
	})
}

func TestTeardown(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		a := w.agent()
		f := w.subscribe(aware())
		f.run(a, "t")
		f.call(202, &scheduler.Call{Type: new(scheduler.CallTypeTeardown)})
		<-f.ended
		if got := f.types(); got != nil {
			t.Errorf("events of the end: %v", got)
		}
		if got := f.states("completed_tasks"); got != "TASK_KILLED" {
			t.Errorf("tasks: %q", got)
		}
		if diff := cmp.Diff(map[string]any{"disk": 0.0, "mem": 0.0, "gpus": 0.0, "cpus": 0.0}, w.get("/slaves")["slaves"].([]any)[0].(map[string]any)["used_resources"]); diff != "" {
			t.Error(diff)
		}
		if got := w.request(http.MethodPost, "/teardown", []byte("frameworkId="+f.id)).Code; got != 400 {
			t.Errorf("second teardown: %d", got)
		}
	})
}
