package local_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

func startOn(t testing.TB, o local.Options) *local.Cluster {
	t.Helper()
	cluster, err := local.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cluster.Stop() })
	return cluster
}

func stop(t testing.TB, c *local.Cluster) {
	t.Helper()
	if err := c.Stop(); err != nil {
		t.Errorf("the cluster ended with %v", err)
	}
}

// TestWorkDirTaken starts a second cluster on a work dir.
func TestWorkDirTaken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := local.RunT(t, local.Options{WorkDir: dir})
	second, err := local.Start(t.Context(), local.Options{WorkDir: dir})
	if err == nil {
		second.Stop()
		t.Fatal("a second cluster started on the same work dir")
	}
	if want := "cannot use the work dir " + dir + ": another cluster runs on it"; err.Error() != want {
		t.Errorf("the error is %q, want %q", err, want)
	}
	stop(t, first)
	stop(t, startOn(t, local.Options{WorkDir: dir, Port: 0, AgentPort: portOf(t, first.Agents()[0])}))
}

// TestRestart ends a cluster as SIGTERM does and starts it again: tasks of both kinds live on, are taken back, and can be killed.
func TestRestart(t *testing.T) {
	t.Parallel()
	o := durable(t, local.Options{MasterFlags: map[string]string{"allocation_interval": "50ms"}})
	cluster := startOn(t, o)
	f := subscribe(t, cluster.Master())
	f.launch(f.offer(), sleepTask("command"), customTask(t, "custom"))
	f.until("command", mesos.TaskRunning)
	f.until("custom", mesos.TaskRunning)
	before := processesIn(o.WorkDir)
	stop(t, cluster)
	await(f, func(e *scheduler.EventDisconnected) bool { return e.Lost })
	if diff := cmp.Diff(before, processesIn(o.WorkDir)); diff != "" {
		t.Errorf("without the cluster: %s", diff)
	}
	cluster = startOn(t, o)
	await[*scheduler.EventSubscribed](f, nil)
	f.offer() // the agent is back
	for _, task := range []string{"command", "custom"} {
		if s := f.reconcile(task, nil); s.State != mesos.TaskRunning {
			t.Errorf("the task came back as %v", s)
		}
		f.kill(task)
		f.until(task, mesos.TaskKilled)
	}
	eventually(t, "nothing runs", func() bool { return len(processesIn(o.WorkDir)) == 0 })
	stop(t, cluster)
}

// TestUnacknowledged leaves an update unacknowledged, restarts the cluster and hears of it again, with the same uuid.
func TestUnacknowledged(t *testing.T) {
	t.Parallel()
	o := durable(t, local.Options{})
	cluster := startOn(t, o)
	id := scheduler.FileID(write(t, "id", ""))
	kept := func(o *scheduler.Options) { o.FrameworkID = id }
	f := subscribe(t, cluster.Master(), kept)
	f.keep = func(e *scheduler.EventUpdate) bool { return e.Status.State != mesos.TaskRunning }
	f.launch(f.offer(), sleepTask("task"))
	first := f.until("task", mesos.TaskRunning)
	if err := f.fault(); err != nil {
		t.Fatal(err)
	}
	stop(t, cluster)
	cluster = startOn(t, o)
	f = subscribe(t, cluster.Master(), kept)
	again := f.until("task", mesos.TaskRunning)
	if diff := cmp.Diff(first.UUID, again.UUID); diff != "" {
		t.Errorf("another update came: %s", diff)
	}
	f.kill("task")
	f.until("task", mesos.TaskKilled)
	stop(t, cluster)
}

// TestDamaged breaks what a cluster has kept: it says so, keeps the broken file, and starts.
func TestDamaged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ broken, aside string }{
		"registry":       {"master/registry.json", "master/registry.json.damaged-*"},
		"agent":          {"agent0/meta/slaves/latest/slave.info", "agent0/damaged/*/*"},
		"framework":      {"agent0/meta/slaves/latest/frameworks/*/framework.info", "agent0/damaged/*/*"},
		"executor":       {"agent0/meta/slaves/latest/frameworks/*/executors/task/executor.info", "agent0/damaged/*/*"},
		"task":           {"agent0/meta/slaves/latest/frameworks/*/executors/task/runs/latest/tasks/task/task.info", "agent0/damaged/*/*"},
		"status updates": {"agent0/meta/slaves/latest/frameworks/*/executors/task/runs/latest/tasks/task/task.updates", "agent0/damaged/*/*"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log buffer
			o := durable(t, local.Options{Logger: logger(&log), MasterFlags: map[string]string{"allocation_interval": "50ms"}})
			cluster := startOn(t, o)
			f := subscribe(t, cluster.Master(), partitionAware)
			f.launch(f.offer(), sleepTask("task"))
			agent := f.until("task", mesos.TaskRunning).AgentID
			f.reconcile("task", nil) // answered after the acknowledgement was taken
			stop(t, cluster)
			broken := match(t, o.WorkDir, c.broken)
			if len(broken) != 1 {
				t.Fatalf("%s is %v", c.broken, broken)
			}
			if err := os.WriteFile(broken[0], []byte("\xffdamaged, damaged, damaged"), 0o600); err != nil {
				t.Fatal(err)
			}
			if name == "agent" {
				o.MasterFlags["agent_reregister_timeout"] = "100ms" // it will not come back
			}
			cluster = startOn(t, o)
			eventually(t, "the broken is moved to "+c.aside, func() bool { return len(match(t, o.WorkDir, c.aside)) > 0 })
			if text := log.String(); !strings.Contains(text, "level=ERROR") || !strings.Contains(text, "damaged") {
				t.Error("nobody told of the damage")
			}
			await[*scheduler.EventSubscribed](f, nil)
			f.offer() // the agent is back, or a new one is
			s := f.reconcile("task", agent)
			if running := len(processesIn(o.WorkDir)) > 0; running != (s.State == mesos.TaskRunning) || running != (name == "registry") {
				t.Errorf("the task is %v; it runs: %v", s.State, running)
			}
			if s.State == mesos.TaskRunning {
				f.kill("task")
				f.until("task", mesos.TaskKilled)
			}
			stop(t, cluster)
		})
	}
}

// match gives the files of a pattern.
func match(t testing.TB, dir, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return found
}
