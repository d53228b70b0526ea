package local_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// TestEndsAreKept kills the cluster, lets commands end meanwhile, and starts it again: it knows how they ended.
func TestEndsAreKept(t *testing.T) {
	t.Parallel()
	needsKeeper(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := startChild(t, local.Options{Keeper: []string{self, roleKeeper}})
	f := subscribe(t, c.master(), partitionAware)
	offer := f.offer()
	gate := filepath.Join(t.TempDir(), "go")
	ends := map[string]string{"zero": "exit 0", "three": "exit 3", "signal": "kill -USR1 $$"}
	var tasks []mesos.TaskInfo
	for id, end := range ends {
		task := sleepTask(id)
		task.Command = &mesos.CommandInfo{Value: new("while [ ! -e " + gate + " ]; do sleep 0.02; done; " + end)}
		tasks = append(tasks, task)
	}
	f.launch(offer, tasks...)
	for range tasks {
		await(f, func(e *scheduler.EventUpdate) bool { return e.Status.State == mesos.TaskRunning })
	}
	pids := processesIn(c.options.WorkDir)
	c.kill()
	if err := os.WriteFile(gate, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the commands have ended, and init has waited for them", func() bool {
		return !slices.ContainsFunc(pids, func(pid string) bool {
			_, err := os.Stat("/proc/" + pid)
			return err == nil
		})
	})
	c.start()
	for id, want := range map[string]struct {
		state   mesos.TaskState
		message string
	}{
		"zero":   {mesos.TaskFinished, "Command exited with status 0"},
		"three":  {mesos.TaskFailed, "Command exited with status 3"},
		"signal": {mesos.TaskFailed, "Command terminated with signal User defined signal 1"},
	} {
		s := await(f, func(e *scheduler.EventUpdate) bool {
			return e.Status.TaskID.Value == id && e.Status.State.Terminal()
		}).Status
		if s.State != want.state || s.GetMessage() != want.message || s.GetSource() != mesos.SourceExecutor {
			t.Errorf("%s: %v %q of %v, want %v %q", id, s.State, s.GetMessage(), s.GetSource(), want.state, want.message)
		}
	}
}

// needsKeeper skips a test where the system does not tell how others' processes ended.
func needsKeeper(t *testing.T) {
	t.Helper()
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		t.Fatal(err)
	}
	var major, minor int
	fmt.Sscanf(string(release), "%d.%d", &major, &minor)
	if major < 6 || major == 6 && minor < 15 {
		t.Skip("this kernel does not tell how others' processes ended")
	}
}
