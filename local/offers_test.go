package local_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// fast is a cluster whose master makes offers often.
func fast(t *testing.T, flags ...string) *local.Cluster {
	t.Helper()
	o := local.Options{Resources: []string{resources}, MasterFlags: map[string]string{"allocation_interval": "50ms"}}
	for i := 0; i < len(flags); i += 2 {
		o.MasterFlags[flags[i]] = flags[i+1]
	}
	return local.RunT(t, o)
}

// TestOfferTimeout sits on an offer for too long.
func TestOfferTimeout(t *testing.T) {
	t.Parallel()
	f := subscribe(t, fast(t, "offer_timeout", "200ms").Master())
	first := f.offer()
	rescinded := func(o *mesos.Offer) {
		t.Helper()
		await(f, func(e *scheduler.EventRescind) bool { return e.OfferID.Value == o.ID.Value })
	}
	rescinded(first)
	if second := f.offer(); second.ID.Value == first.ID.Value {
		t.Error("the rescinded offer came again")
	}
	f.launch(first, sleepTask("late"))
	if s := f.update("late"); s.State != mesos.TaskLost && s.State != mesos.TaskDropped || s.GetReason() != mesos.ReasonInvalidOffers {
		t.Errorf("a task on a rescinded offer is %v", s)
	}
}

// TestFilters refuses an offer for long: it comes again once the filter is lifted, and not before somebody else got it.
func TestFilters(t *testing.T) {
	t.Parallel()
	master := fast(t).Master()
	f := subscribe(t, master)
	f.decline(f.offer(), time.Hour)
	other := subscribe(t, master, named("other", true))
	o := other.offer()
	if has[*scheduler.EventOffers](f, nil) {
		t.Error("a refused offer came again")
	}
	other.decline(o, time.Hour)
	f.must(f.Revive(context.Background()))
	f.decline(f.offer(), 0)
	f.offer()
	f.must(f.Suppress(context.Background()))
}

// TestShares has two roles share one agent: the role that has less is offered what becomes free.
func TestShares(t *testing.T) {
	t.Parallel()
	master := fast(t).Master()
	a := subscribe(t, master, withRole("a"))
	first := a.offer()
	task := sleepTask("a")
	task.Resources = []mesos.Resource{mesos.CPUs(2), mesos.Mem(2048)}
	a.launch(first, task)
	a.until("a", mesos.TaskRunning)
	rest := a.offer()
	b := subscribe(t, master, withRole("b"))
	a.decline(rest, 0) // both want it now
	o := b.offer()
	if got := mesos.Resources(o.Resources).CPUs(); got != 2 {
		t.Errorf("b is offered %v cpus, want 2", got)
	}
	if got := o.AllocationInfo.GetRole(); got != "b" {
		t.Errorf("the offer is for role %q", got)
	}
	b.decline(o, time.Hour)
	a.offer()
}

// TestReconcile asks for tasks that are known and for others.
func TestReconcile(t *testing.T) {
	t.Parallel()
	f := subscribe(t, fast(t).Master(), partitionAware)
	o := f.offer()
	agent := &o.AgentID
	f.launch(o, sleepTask("one"), sleepTask("two"))
	f.until("one", mesos.TaskRunning)
	f.until("two", mesos.TaskRunning)
	ctx := context.Background()
	f.must(f.Reconcile(ctx))
	for _, task := range []string{"one", "two"} {
		if s := f.update(task); s.State != mesos.TaskRunning || s.GetReason() != mesos.ReasonReconciliation || len(s.UUID) > 0 {
			t.Errorf("implicit: %v", s)
		}
	}
	f.must(f.Reconcile(ctx,
		scheduler.CallReconcileTask{TaskID: mesos.TaskID{Value: "one"}},
		scheduler.CallReconcileTask{TaskID: mesos.TaskID{Value: "never"}, AgentID: agent},
		scheduler.CallReconcileTask{TaskID: mesos.TaskID{Value: "nowhere"}, AgentID: &mesos.AgentID{Value: "nobody"}},
	))
	for task, want := range map[string]mesos.TaskState{"one": mesos.TaskRunning, "never": mesos.TaskGone, "nowhere": mesos.TaskUnknown} {
		if s := f.update(task); s.State != want || s.GetReason() != mesos.ReasonReconciliation {
			t.Errorf("explicit: %v, want %v", s, want)
		}
	}
}

// TestFailoverTimeout goes away for longer than the framework has said.
func TestFailoverTimeout(t *testing.T) {
	t.Parallel()
	cluster := fast(t)
	short := func(o *scheduler.Options) { o.Framework.FailoverTimeout = new(0.2) }
	f := subscribe(t, cluster.Master(), short)
	f.launch(f.offer(), sleepTask("task"))
	f.until("task", mesos.TaskRunning)
	f.close()
	eventually(t, "the framework is removed", func() bool {
		var state struct {
			Completed []struct{ ID string } `json:"completed_frameworks"`
		}
		into(t, cluster.Master(), "/state", &state)
		return len(state.Completed) == 1 && state.Completed[0].ID == f.FrameworkID().Value
	})
	eventually(t, "its task is killed", func() bool { return len(processesIn(cluster.WorkDir())) == 0 })
	f.start()
	if fault, ok := errors.AsType[*scheduler.Error](f.fault()); !ok || fault.Reason != scheduler.ReasonRemoved {
		t.Errorf("the framework came back: %v", fault)
	}
}

// TestFailover takes a framework over by another scheduler, which finds its task.
func TestFailover(t *testing.T) {
	t.Parallel()
	cluster := fast(t)
	id := scheduler.FileID(write(t, "id", ""))
	kept := func(o *scheduler.Options) { o.FrameworkID = id }
	old := subscribe(t, cluster.Master(), kept)
	old.launch(old.offer(), sleepTask("task"))
	old.until("task", mesos.TaskRunning)
	young := subscribe(t, cluster.Master(), kept)
	if fault, ok := errors.AsType[*scheduler.Error](old.fault()); !ok || fault.Reason != scheduler.ReasonFailedOver {
		t.Errorf("the old scheduler ended with %v", old.err)
	}
	young.must(young.Reconcile(context.Background()))
	young.until("task", mesos.TaskRunning)
	young.must(young.Teardown(context.Background()))
	if err := young.fault(); err != nil {
		t.Errorf("teardown ended the session with %v", err)
	}
	eventually(t, "its task is killed", func() bool { return len(processesIn(cluster.WorkDir())) == 0 })
}
