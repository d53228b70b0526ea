package agent

import (
	"strings"
	"testing"
	"time"

	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
)

func limiting(t *testing.T) func(*Options) {
	real := realProcesses(t)
	return func(o *Options) {
		real(o)
		o.Flags.Isolation = "cgroups/mem, disk/du"
		o.Flags.CgroupsHierarchy = t.TempDir() // where there are no control groups: what is used is looked at
		o.Flags.EnforceContainerDiskQuota = true
		o.Flags.ContainerDiskWatchInterval = time.Millisecond
	}
}

// exceeded checks how a task ended that used too much.
func exceeded(t *testing.T, s mesos.TaskStatus, reason mesos.TaskStatusReason, name string) {
	t.Helper()
	if s.GetReason() != reason || s.GetSource() != mesos.SourceAgent || s.Limitation == nil || s.Limitation.Resources[0].Name != name {
		t.Errorf("status: %s", &s)
	}
}

func TestMemoryLimit(t *testing.T) {
	c := start(t, limiting(t))
	hear[link.Register](t, c.master)
	c.launch(testFramework(), shell("t", "head -c 200000000 /dev/zero | tail | sleep 1000"))
	c.acknowledged(mesos.TaskStarting)
	c.acknowledged(mesos.TaskRunning)
	s := c.acknowledged(mesos.TaskFailed)
	exceeded(t, s, mesos.ReasonContainerLimitationMemory, "mem")
	if !strings.HasPrefix(s.GetMessage(), "Memory limit exceeded: Requested: 64MB Maximum Used: ") {
		t.Errorf("message: %s", s.GetMessage())
	}
	c.completed()
}

func TestDiskLimit(t *testing.T) {
	c := start(t, limiting(t))
	hear[link.Register](t, c.master)
	task := shell("t", "head -c 3000000 /dev/zero > file; exec sleep 1000")
	task.Resources = append(task.Resources, mesos.Disk(2))
	c.launch(testFramework(), task)
	c.acknowledged(mesos.TaskStarting)
	c.acknowledged(mesos.TaskRunning)
	s := c.acknowledged(mesos.TaskFailed)
	exceeded(t, s, mesos.ReasonContainerLimitationDisk, "disk")
	c.completed()
}

// The tasks of a group share the limits, and end together.
func TestDiskLimitOfGroup(t *testing.T) {
	c := start(t, limiting(t))
	hear[link.Register](t, c.master)
	one := groupTask("one", func(t *mesos.TaskInfo) { t.Command.Value = new("head -c 3000000 /dev/zero > file; exec sleep 1000") })
	one.Resources = append(one.Resources, mesos.Disk(1))
	c.launchGroup(testFramework(), one, groupTask("two"))
	for failed := 0; failed < 2; {
		s := hear[link.StatusUpdate](t, c.master).Status
		c.acknowledge(s)
		if s.State == mesos.TaskFailed {
			exceeded(t, s, mesos.ReasonContainerLimitationDisk, "disk")
			failed++
		}
	}
	hear[link.ExitedExecutor](t, c.master)
	c.completed()
}
