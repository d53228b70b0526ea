package scheduler

import (
	"testing"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// An executor without an id is each launch's own, under the id of its task: that of before may not be gone yet.
func TestExecutorOfOneLaunch(t *testing.T) {
	d := newDesk(t, FrameworkOptions{})
	need := testNeed("web")
	need.Executor = &mesos.ExecutorInfo{Resources: mesos.Resources{mesos.CPUs(0.1)}}
	before := ""
	for range 2 {
		d.b.want(d.now, need)
		d.offer()
		if len(d.b.tasks) != 1 {
			t.Fatalf("there are %d tasks", len(d.b.tasks))
		}
		id := sorted(d.b.tasks)[0]
		if got := d.b.tasks[id].Executor.ExecutorID.Value; got != id || got == before {
			t.Errorf("the task %s has the executor %q, after %q", id, got, before)
		}
		before = id
		d.event(d.status(id, "FAILED agent"))
	}
	if need.Executor.ExecutorID.Value != "" {
		t.Error("the author's own need was changed")
	}
}

// A need with NotBefore is launched then, also when it is wanted again meanwhile, and the framework wakes up for it.
func TestNotBefore(t *testing.T) {
	d := newDesk(t, FrameworkOptions{})
	need := testNeed("web")
	d.b.want(d.now, need)
	need.NotBefore = d.now.Add(time.Minute)
	d.b.want(d.now, need)
	d.b.want(d.now, testNeed("web"))
	d.offer()
	d.wait(time.Minute - time.Second)
	if waits := d.b.waits(); len(d.b.tasks) != 0 || len(waits) != 1 || !waits[0].NotBefore.Equal(need.NotBefore) || waits[0].Reason != "it is wanted for later" {
		t.Fatalf("too early: %v, waiting is %+v", d.b.tasks, waits)
	}
	d.wait(time.Second)
	d.offer()
	if len(d.b.tasks) != 1 || len(d.b.waiting) != 0 {
		t.Errorf("there are %v, waiting is %+v", d.b.tasks, d.b.waits())
	}
}
