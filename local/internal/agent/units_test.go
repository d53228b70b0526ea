package agent

import (
	"strings"
	"testing"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

func TestFlags(t *testing.T) {
	var f Flags
	for name, value := range map[string]string{
		"executor_registration_timeout": "3secs", "executor_reregistration_timeout": "1secs", "executor_shutdown_grace_period": "2secs",
		"recovery_timeout": "5mins", "registration_backoff_factor": "50ms", "gc_delay": "1days", "disk_watch_interval": "1secs",
		"http_command_executor": "true", "max_completed_executors_per_framework": "3",
	} {
		if err := f.Set(name, value); err != nil {
			t.Error(err)
		}
	}
	want := Flags{
		ExecutorRegistrationTimeout: 3 * time.Second, ExecutorReregistrationTimeout: time.Second, ExecutorShutdownGracePeriod: 2 * time.Second,
		RecoveryTimeout: 5 * time.Minute, RegistrationBackoff: 50 * time.Millisecond, GCDelay: 24 * time.Hour, DiskWatchInterval: time.Second,
		HTTPCommandExecutor: true, MaxCompletedExecutorsPerFramework: 3,
	}
	if f != want {
		t.Errorf("got %+v", f)
	}
	for _, bad := range [][2]string{
		{"no_such", "1"},
		{"gc_delay", "x"},
		{"gc_delay", "-1secs"},
		{"gc_delay", "0ns"},
		{"executor_reregistration_timeout", "16secs"},
		{"http_command_executor", "maybe"},
		{"max_completed_executors_per_framework", "-1"},
	} {
		if err := f.Set(bad[0], bad[1]); err == nil || !strings.Contains(err.Error(), bad[0]) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	if f != want {
		t.Errorf("changed by what failed: %+v", f)
	}
}

func FuzzFlags(f *testing.F) {
	f.Add("gc_delay", "1weeks")
	f.Add("http_command_executor", "1")
	f.Fuzz(func(_ *testing.T, name, value string) { new(Flags).Set(name, value) })
}

func TestDetect(t *testing.T) {
	all, err := Detect([]mesos.Resource{mesos.CPUs(0), mesos.PortRange(1, 2)}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := mesos.Resources(all)
	if r.CPUs() != 0 || r.Ports().String() != "[1-2]" || r.Mem() <= 0 || r.Disk() <= 0 || len(all) != 4 {
		t.Errorf("detected %s", r)
	}
	if all, err = Detect(nil, t.TempDir()); err != nil || mesos.Resources(all).CPUs() < 1 {
		t.Errorf("detected %s, %v", mesos.Resources(all), err)
	}
	if _, err := Detect(nil, "/no/such/directory"); err == nil {
		t.Error("a directory that does not exist has a disk")
	}
}

func TestSpare(t *testing.T) {
	for _, c := range [][2]uint64{{0, 7}, {1, 0}, {19, 9}, {20, 15}, {100, 95}} {
		if got := spare(c[0], 5, 20, 7); got != c[1] {
			t.Errorf("%d: got %d, want %d", c[0], got, c[1])
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, o := range []Options{{}, {WorkDir: t.TempDir()}, {WorkDir: "/dev/null/x", Master: newMaster(), Containerizer: newContainers()}} {
		if _, err := New(o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}
