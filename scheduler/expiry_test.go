package scheduler_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
	"github.com/ormosproject/ormos/store"
	"github.com/ormosproject/ormos/zk/zktest"
)

// ZooKeeper ends a framework's sessions again and again, that of its records and that by which it follows the master, as it does with a client that was
// silent for too long: right before a launch is recorded, when it is recorded, and when its task runs. The framework goes on under its id,
// launches what is wanted, and nothing twice.
func TestFrameworkWhoseSessionsExpire(t *testing.T) {
	t.Parallel()
	server := zktest.Start(t)
	own := server.NewGate()
	cluster := local.RunT(t, local.Options{ZK: server.URL("/mesos"), Resources: []string{"cpus:2;mem:512;disk:1024"}})
	records, err := store.OpenZooKeeper(t.Context(), own.URL("/records"), store.ZooKeeperOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer records.Close()
	f := scheduler.NewFramework(frameworkOptions(own.URL("/mesos"), records))
	wanted := 0
	want := func() {
		wanted++
		server.ExpireSessions(own)
		if err := f.Want(command(fmt.Sprint("task-", wanted), "exec sleep 600")); err != nil {
			t.Fatal(err)
		}
	}
	want()
	var running, subscribed []string
	for event, err := range f.Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		switch e := event.(type) {
		case *scheduler.EventSubscribed:
			subscribed = append(subscribed, e.FrameworkID.Value)
		case *scheduler.EventDisconnected:
			if e.Lost {
				t.Errorf("the master is still there, and %v", e)
			}
		case *scheduler.EventTask:
			switch {
			case e.Task.State() == mesos.TaskStaging && !e.Task.Heard:
				server.ExpireSessions(own)
			case e.Task.State() == mesos.TaskRunning:
				running = append(running, e.Task.ID)
				if wanted < 3 {
					want()
				}
			case e.Task.Over():
				t.Errorf("a task has ended: %v", e)
			}
		}
		if len(running) == 3 {
			break
		}
	}
	if len(subscribed) != 1 {
		t.Errorf("subscribed as %v", subscribed)
	}
	tasks := active(t, cluster.Master())
	slices.Sort(tasks)
	slices.Sort(running)
	if diff := cmp.Diff(running, tasks); diff != "" {
		t.Errorf("told are running (-), and there are (+):\n%s", diff)
	}
	// What another process finds is what there is.
	again := scheduler.NewFramework(frameworkOptions(server.URL("/mesos"), reopened(t, server.URL("/records"))))
	var found []string
	for event, err := range again.Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := event.(*scheduler.EventTask); ok && e.Recorded {
			found = append(found, e.Task.ID)
		}
		if e, ok := event.(*scheduler.EventSubscribed); ok {
			if e.FrameworkID.Value != subscribed[0] {
				t.Errorf("%s came back as %s", subscribed[0], e.FrameworkID.Value)
			}
			break
		}
	}
	slices.Sort(found)
	if diff := cmp.Diff(tasks, found); diff != "" {
		t.Errorf("there are (-), and recorded (+):\n%s", diff)
	}
}

func reopened(t *testing.T, at string) scheduler.Store {
	t.Helper()
	records, err := store.OpenZooKeeper(t.Context(), at, store.ZooKeeperOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { records.Close() })
	return records
}

// All sessions expire, the master's too, which so loses its lead: the framework follows it back, with the task that it has. What was launched
// on the old lead's offers meanwhile is dropped, and launched anew.
func TestFrameworkWhoseMasterExpires(t *testing.T) {
	t.Parallel()
	server := zktest.Start(t)
	cluster := local.RunT(t, local.Options{ZK: server.URL("/mesos"), Resources: []string{"cpus:2;mem:512;disk:1024"}})
	f := scheduler.NewFramework(frameworkOptions(server.URL("/mesos"), reopened(t, server.URL("/records"))))
	if err := f.Want(command("before", "exec sleep 600")); err != nil {
		t.Fatal(err)
	}
	lost, running := false, []string{}
	for event, err := range f.Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		switch e := event.(type) {
		case *scheduler.EventDisconnected:
			lost = lost || len(running) == 1
		case *scheduler.EventTask:
			if e.Task.Over() && !e.Dropped {
				t.Errorf("a task has ended: %v", e)
			}
			if e.Task.State() != mesos.TaskRunning || slices.Contains(running, e.Task.ID) {
				continue
			}
			if running = append(running, e.Task.ID); len(running) == 1 {
				server.ExpireSessions()
				if err := f.Want(command("after", "exec sleep 600")); err != nil {
					t.Fatal(err)
				}
			}
		}
		if len(running) == 2 {
			break
		}
	}
	if !lost {
		t.Error("was not told that the master was lost")
	}
	tasks := active(t, cluster.Master())
	slices.Sort(tasks)
	slices.Sort(running)
	if diff := cmp.Diff(running, tasks); diff != "" {
		t.Errorf("told are running (-), and there are (+):\n%s", diff)
	}
}
