package master

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

func records(t *testing.T, text []byte) (all [][]byte) {
	t.Helper()
	r := wire.NewReader(bytes.NewReader(text), 0)
	for {
		record, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, record)
	}
}

// lost is the time in which an agent that does not answer pings is certainly given up.
const lost = 6*defaultPingTimeout + time.Second

func TestAgentThatDoesNotAnswerPings(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		a := w.agent()
		f, g := w.subscribe(aware(), "r"), w.subscribe(frameworkInfo(), "r")
		for _, one := range []*client{f, g} {
			one.call(202, &scheduler.Call{Type: new(scheduler.CallTypeRevive)})
			o := one.offer()
			one.accept(o, 0, command("t"+one.id, o, "cpus:1;mem:64"))
			one.call(202, &scheduler.Call{Type: new(scheduler.CallTypeSuppress)})
			a.update(one, "t"+one.id, mesos.TaskRunning)
		}
		f.call(202, &scheduler.Call{Type: new(scheduler.CallTypeRevive)})
		f.read()
		g.read()
		pass(time.Hour)
		if got := f.types(); got != nil {
			t.Fatalf("an agent that answers pings: %v", got)
		}
		a.setSilent(true)
		pass(lost)
		events := f.read()
		if got := kinds(events); !slices.Equal(got, []string{"UPDATE", "RESCIND", "FAILURE"}) {
			t.Fatalf("events of the loss: %v", got)
		}
		if s := events[0].Update.Status; s.State != mesos.TaskUnreachable || s.GetReason() != mesos.ReasonAgentRemoved || s.UnreachableTime == nil || s.UUID != nil {
			t.Errorf("status: %v", &s)
		}
		events = g.read()
		if got := kinds(events); !slices.Equal(got, []string{"UPDATE", "FAILURE"}) || events[0].Update.Status.State != mesos.TaskLost {
			t.Errorf("events of a framework that is not partition aware: %v", events)
		}
		if got := f.reconcile(a.id, "t"+f.id); len(got) != 1 || got[0].State != mesos.TaskUnreachable || got[0].UnreachableTime == nil {
			t.Errorf("reconciliation with the agent's id: %v", got)
		}
		if got := f.reconcile("", "t"+f.id); len(got) != 1 || got[0].State != mesos.TaskUnknown {
			t.Errorf("reconciliation without it: %v", got)
		}
		if got := f.states("unreachable_tasks"); got != "TASK_UNREACHABLE" {
			t.Errorf("unreachable_tasks: %q", got)
		}

		b := w.reregister(a.id, link.Reregister{
			Frameworks: []mesos.FrameworkInfo{*f.info, *g.info}, Tasks: []mesos.Task{recordOf(f, a, "t"+f.id), recordOf(g, a, "t"+g.id)},
		})
		for _, one := range []*client{f, g} {
			got := one.statuses()
			if len(got) != 1 || got[0].State != mesos.TaskRunning || got[0].GetReason() != mesos.ReasonAgentReregistered || got[0].UUID != nil {
				t.Errorf("after the agent's return: %v", got)
			}
			if states := one.states("tasks") + one.states("unreachable_tasks"); states != "TASK_RUNNING" {
				t.Errorf("tasks after the agent's return: %q", states)
			}
		}
		if got := heard[link.Reregistered](b); len(got) != 1 {
			t.Errorf("the agent was told %v", got)
		}
	})
}

func kinds(events []scheduler.Event) (kinds []string) {
	for i := range events {
		kinds = append(kinds, events[i].GetType().String())
	}
	return kinds
}

// recordOf is a running task as its agent tells of it.
func recordOf(f *client, a *fakeAgent, id string) mesos.Task {
	return mesos.Task{
		Name: id, TaskID: mesos.TaskID{Value: id}, FrameworkID: mesos.FrameworkID{Value: f.id}, AgentID: mesos.AgentID{Value: a.id},
		State: mesos.TaskRunning, Resources: mesos.Resources{mesos.CPUs(1), mesos.Mem(64)}.AllocatedTo("r"),
	}
}

func TestAgentThatWasGivenUpIsToldByAPing(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		a := w.agent()
		a.setSilent(true)
		pass(lost)
		a.master.Send(link.Pong{}) // as a thawed agent answers the pings of before
		if got := heard[link.Ping](a); len(got) != 1 || got[0].Connected {
			t.Errorf("the agent was told %v", got)
		}
		if got := w.get("/state")["unreachable_slaves"]; got != 1.0 {
			t.Errorf("unreachable_slaves: %v", got)
		}
	})
}

func TestDisconnectedAgent(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		a := w.agent()
		kept := aware()
		kept.Checkpoint = new(true)
		f, g := w.subscribe(kept, "r"), w.subscribe(aware(), "r")
		for _, one := range []*client{f, g} {
			one.call(202, &scheduler.Call{Type: new(scheduler.CallTypeRevive)})
			one.accept(one.offer(), 0, command("t"+one.id, mesos.Offer{AgentID: mesos.AgentID{Value: a.id}}, "cpus:1;mem:64"))
			one.call(202, &scheduler.Call{Type: new(scheduler.CallTypeSuppress)})
			a.update(one, "t"+one.id, mesos.TaskRunning)
			one.read()
		}
		f.call(202, &scheduler.Call{Type: new(scheduler.CallTypeRevive)})
		f.offer()
		a.hangUp()
		if got := f.types(); !slices.Equal(got, []string{"RESCIND"}) {
			t.Errorf("a framework that checkpoints: %v", got)
		}
		if got := g.statuses(); len(got) != 1 || got[0].State != mesos.TaskLost || got[0].GetReason() != mesos.ReasonAgentDisconnected {
			t.Errorf("a framework that does not: %v", got)
		}
		f.call(202, &scheduler.Call{Type: new(scheduler.CallTypeKill), Kill: &scheduler.CallKill{TaskID: mesos.TaskID{Value: "t" + f.id}}})
		b := w.reregister(a.id, link.Reregister{Frameworks: []mesos.FrameworkInfo{*f.info}, Tasks: []mesos.Task{recordOf(f, a, "t"+f.id)}})
		if got := heard[link.KillTask](b); len(got) != 1 {
			t.Errorf("the KILL of the meantime: %v", got)
		}
		if o := f.offer(); mesos.Resources(o.Resources).CPUs() != 3 {
			t.Errorf("offer after the return: %v", mesos.Resources(o.Resources))
		}
	})
}

func TestDisconnectedAgentWithoutATaskIsAskedForIt(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		a := w.agent()
		info := aware()
		info.Checkpoint = new(true)
		f := w.subscribe(info)
		f.run(a, "t")
		a.hangUp()
		b := w.reregister(a.id, link.Reregister{Frameworks: []mesos.FrameworkInfo{*f.info}})
		got := heard[link.Reregistered](b)
		want := []link.ReconcileTask{{FrameworkID: mesos.FrameworkID{Value: f.id}, TaskID: mesos.TaskID{Value: "t"}}}
		if len(got) != 1 || !cmp.Equal(got[0].Reconcile, want) {
			t.Errorf("the agent was asked for %v", got)
		}
	})
}

func TestUnregisteredAgent(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		a := w.agent()
		f := w.subscribe(aware())
		f.run(a, "t")
		a.master.Send(link.Unregister{AgentID: mesos.AgentID{Value: a.id}})
		events := f.read()
		if got := kinds(events); !slices.Equal(got, []string{"UPDATE", "FAILURE"}) || events[0].Update.Status.State != mesos.TaskLost {
			t.Errorf("events: %v", events)
		}
		if got := f.states("completed_tasks"); got != "TASK_LOST" {
			t.Errorf("completed_tasks: %q", got)
		}
	})
}

func TestAgentMarkedGone(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		a := w.agent()
		f := w.subscribe(aware())
		f.run(a, "t")
		mark := map[string]any{"type": "MARK_AGENT_GONE", "mark_agent_gone": map[string]any{"agent_id": map[string]any{"value": a.id}}}
		for range 2 {
			if got := w.post("/api/v1", mark); got.Code != 200 {
				t.Errorf("MARK_AGENT_GONE: %d %s", got.Code, got.Body)
			}
		}
		if got := f.statuses(); len(got) != 1 || got[0].State != mesos.TaskGoneByOperator {
			t.Errorf("updates: %v", got)
		}
		if got := heard[link.Shutdown](a); len(got) != 1 {
			t.Errorf("the agent was told %v", got)
		}
		if got := f.reconcile(a.id, "x"); len(got) != 1 || got[0].State != mesos.TaskGoneByOperator {
			t.Errorf("reconciliation: %v", got)
		}
		if got := heard[link.Shutdown](w.reregister(a.id, link.Reregister{})); len(got) != 1 {
			t.Errorf("an agent that comes back although it is gone was told %v", got)
		}
	})
}

func TestMasterComesBack(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		first := start(t, Options{WorkDir: dir})
		a := first.agent()
		info := aware()
		info.Checkpoint, info.FailoverTimeout = new(true), new(600.0)
		f := first.subscribe(info)
		f.run(a, "t")
		first.stop()
		if !a.gone {
			t.Error("the agent was not told that the master has ended")
		}

		w := start(t, Options{WorkDir: dir})
		defer w.stop()
		g := w.subscribe(aware())
		if got := append(g.reconcile(a.id, "t"), g.reconcile("", "t")...); got != nil {
			t.Errorf("reconciliation before the agent is back: %v", got)
		}
		w.reregister(a.id, link.Reregister{Frameworks: []mesos.FrameworkInfo{*f.info}, Tasks: []mesos.Task{recordOf(f, a, "t")}})
		f.w = w
		if entry := f.entry(); entry["recovered"] != true || entry["connected"] != false {
			t.Errorf("recovered %v, connected %v", entry["recovered"], entry["connected"])
		}
		f = w.subscribe(info)
		if got := f.reconcile(""); len(got) != 1 || got[0].State != mesos.TaskRunning {
			t.Errorf("reconciliation: %v", got)
		}
		if o := g.offer(); mesos.Resources(o.Resources).CPUs() != 3 {
			t.Errorf("offered: %v", mesos.Resources(o.Resources))
		}
	})
}

func TestAgentsOfBeforeThatDoNotComeBack(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		first := start(t, Options{WorkDir: dir})
		a := first.agent()
		first.stop()
		w := start(t, Options{WorkDir: dir})
		defer w.stop()
		f := w.subscribe(aware())
		pass(defaultReregisterTimeout + time.Second)
		if got := f.reconcile(a.id, "t"); len(got) != 1 || got[0].State != mesos.TaskUnreachable {
			t.Errorf("reconciliation: %v", got)
		}
	})
}

// TestAgentOfBeforeIsReplaced has an agent that was killed before it had written down its id: it comes as a new one.
func TestAgentOfBeforeIsReplaced(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		first := start(t, Options{WorkDir: dir})
		first.agent()
		first.stop()
		w := start(t, Options{WorkDir: dir})
		defer w.stop()
		w.agent()
		if got := w.subscribe(aware()).reconcile("", "t"); len(got) != 1 || got[0].State != mesos.TaskUnknown {
			t.Errorf("reconciliation: %v", got)
		}
	})
}

func TestDamagedRegistryIsMovedAside(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, registryFile), []byte(`{"agents":[`), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		w := start(t, Options{WorkDir: dir})
		defer w.stop()
		w.agent()
	})
	aside, err := filepath.Glob(filepath.Join(dir, registryFile+".damaged-*"))
	if err != nil || len(aside) != 1 {
		t.Errorf("moved aside: %v %v", aside, err)
	}
}

func unregisterOf(a *fakeAgent) link.Unregister {
	return link.Unregister{AgentID: mesos.AgentID{Value: a.id}}
}
