package scheduler_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
	"github.com/ormosproject/ormos/scheduler"
	"github.com/ormosproject/ormos/store"
)

// command is a need of one task that runs a command.
func command(name, line string) scheduler.Need {
	return scheduler.Need{Need: offer.Need{Name: name, Tasks: []offer.Task{{Info: mesos.TaskInfo{
		Name: name, Command: &mesos.CommandInfo{Value: new(line)}, Resources: mesos.Resources{mesos.CPUs(0.1), mesos.Mem(32)},
	}}}}}
}

func frameworkOptions(master string, s scheduler.Store) scheduler.FrameworkOptions {
	return scheduler.FrameworkOptions{Store: s, Options: scheduler.Options{
		Master: master, Framework: mesos.FrameworkInfo{
			Name: "test", FailoverTimeout: new(3600.0), Checkpoint: new(true), Capabilities: scheduler.Capabilities{PartitionAware: true, TaskKillingState: true}.List(),
		},
	}}
}

// The whole way of a task, on a local cluster: wanted, recorded, launched, run, ended, forgotten.
func TestFrameworkOnACluster(t *testing.T) {
	cluster := local.RunT(t, local.Options{Resources: []string{"cpus:2;mem:512;disk:1024;ports:[31000-31009]"}})
	records := &store.Memory{}
	f := scheduler.NewFramework(frameworkOptions(cluster.Master(), records))
	if err := f.Want(command("sleep", "sleep 0.1")); err != nil {
		t.Fatal(err)
	}
	var states []string
	for event, err := range f.Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		e, ok := event.(*scheduler.EventTask)
		if !ok {
			continue
		}
		all, err := records.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if text := string(all["task/"+e.Task.ID]); !strings.Contains(text, e.Task.State().String()) {
			t.Errorf("%v is told, and recorded is %s", e, text)
		}
		states = append(states, e.Task.State().String())
		if e.Task.Over() {
			break
		}
	}
	want := strings.Fields("TASK_STAGING TASK_STARTING TASK_RUNNING TASK_FINISHED")
	if diff := cmp.Diff(want, states); diff != "" {
		t.Error(diff)
	}
}

// A framework that is left and taken up again by another process's memory finds its task, ends it, and forgets it.
func TestFrameworkTakesUpItsTasks(t *testing.T) {
	cluster := local.RunT(t, local.Options{Resources: []string{"cpus:2;mem:512;disk:1024"}})
	records := &store.Memory{}
	need := command("sleep", "sleep 600")
	run := func(until func(*scheduler.Framework, *scheduler.EventTask) bool) {
		t.Helper()
		f := scheduler.NewFramework(frameworkOptions(cluster.Master(), records))
		if err := f.Want(need); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for event, err := range f.Events(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			if e, ok := event.(*scheduler.EventTask); ok && until(f, e) {
				return
			}
		}
		t.Fatal("the loop ended")
	}
	var id string
	run(func(_ *scheduler.Framework, e *scheduler.EventTask) bool {
		id = e.Task.ID
		return e.Task.State() == mesos.TaskRunning
	})
	launched := map[string]bool{}
	run(func(f *scheduler.Framework, e *scheduler.EventTask) bool {
		launched[e.Task.ID] = true
		if e.Recorded {
			if e.Task.ID != id || e.Task.State() != mesos.TaskRunning || f.Waiting() != nil {
				t.Errorf("taken up: %v, waiting: %v", e, f.Waiting())
			}
			f.Kill(id, new(time.Duration(0)))
		}
		return e.Task.Over()
	})
	if want := map[string]bool{id: true}; cmp.Diff(want, launched) != "" {
		t.Errorf("there were other tasks: %v", launched)
	}
}

// dying is a store whose process is killed right after it has recorded a task.
type dying struct{ scheduler.Store }

func (d dying) Commit(ctx context.Context, changes map[string][]byte) error {
	err := d.Store.Commit(ctx, changes)
	for key := range changes {
		if strings.HasPrefix(key, "task/") {
			return errors.New("killed")
		}
	}
	return err
}

// A task that was recorded and never launched is found out about, told as dropped, and launched under another id.
func TestFrameworkDiesBeforeLaunch(t *testing.T) {
	cluster := local.RunT(t, local.Options{Resources: []string{"cpus:2;mem:512;disk:1024"}})
	records := &store.Memory{}
	need := command("sleep", "exec sleep 600")
	f := scheduler.NewFramework(frameworkOptions(cluster.Master(), dying{records}))
	if err := f.Want(need); err != nil {
		t.Fatal(err)
	}
	for event, err := range f.Events(t.Context()) {
		if err != nil {
			break
		}
		if _, ok := event.(*scheduler.EventTask); ok {
			t.Fatalf("told and not saved: %v", event)
		}
	}
	f = scheduler.NewFramework(frameworkOptions(cluster.Master(), records))
	if err := f.Want(need); err != nil {
		t.Fatal(err)
	}
	first, dropped := "", false
	for event, err := range f.Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		e, ok := event.(*scheduler.EventTask)
		switch {
		case !ok:
		case e.Recorded:
			first = e.Task.ID
		case e.Dropped:
			dropped = e.Task.ID == first
		case e.Task.State() == mesos.TaskRunning:
			if first == "" || !dropped || e.Task.ID == first {
				t.Errorf("%v runs, recorded was %q, dropped %v", e.Task, first, dropped)
			}
			return
		}
	}
}

// A need of one role is launched on that role's offers.
func TestFrameworkOfTwoRoles(t *testing.T) {
	cluster := local.RunT(t, local.Options{Resources: []string{"cpus:2;mem:512;disk:1024"}})
	o := frameworkOptions(cluster.Master(), &store.Memory{})
	o.Framework.Roles = []string{"idle", "web"}
	o.Framework.Capabilities = scheduler.Capabilities{PartitionAware: true, MultiRole: true}.List()
	f := scheduler.NewFramework(o)
	need := command("sleep", "exec sleep 600")
	need.Roles = []string{"web"}
	var role string
	need.Finish = func(g *offer.Grant) { role = g.Tasks[0].Resources[0].AllocationInfo.GetRole() }
	if err := f.Want(need); err != nil {
		t.Fatal(err)
	}
	for event, err := range f.Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := event.(*scheduler.EventTask); ok && (e.Task.State() == mesos.TaskRunning || e.Task.Over()) {
			if e.Task.State() != mesos.TaskRunning || role != "web" {
				t.Errorf("%v, of the role %q", e, role)
			}
			return
		}
	}
}
