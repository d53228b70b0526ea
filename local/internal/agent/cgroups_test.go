//go:build linux

package agent

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/ormosproject/ormos/local/internal/cgroup"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
)

// grouping is an agent that uses control groups below a root of the test's own, of which nothing may be left in the end.
func grouping(t *testing.T) func(*Options) {
	t.Helper()
	flags := Flags{
		Isolation:   "cgroups/mem", // without cgroups/cpu, that a busy machine leaves the tests their time
		CgroupsRoot: fmt.Sprintf("ormos-test-%d-%s", os.Getpid(), strings.ReplaceAll(t.Name(), "/", "-")),
	}
	if _, err := flags.openGroups(); err != nil {
		t.Skip("this machine does not let us: ", err)
	}
	t.Cleanup(func() {
		roots, _ := filepath.Glob("/sys/fs/cgroup/*/" + flags.CgroupsRoot)
		whole, _ := filepath.Glob("/sys/fs/cgroup/" + flags.CgroupsRoot)
		for _, root := range append(roots, whole...) {
			if err := os.Remove(root); err != nil {
				t.Errorf("a control group is left: %v", err)
			}
		}
	})
	real := realProcesses(t)
	return func(o *Options) {
		real(o)
		o.Flags.Isolation, o.Flags.CgroupsRoot = flags.Isolation, flags.CgroupsRoot
	}
}

// hungry takes more memory than any test's task may, in a child of the command.
const hungry = "head -c 120000000 /dev/zero | tail >/dev/null; exec sleep 1000"

// outOfMemoryAt checks how a task ended that used too much.
func outOfMemoryAt(t *testing.T, s mesos.TaskStatus, megabytes string) {
	t.Helper()
	exceeded(t, s, mesos.ReasonContainerLimitationMemory, "mem")
	want := "Memory limit exceeded: Requested: " + megabytes + " Maximum Used: "
	if m := s.GetMessage(); !strings.HasPrefix(m, want) || !strings.Contains(m, "\n\nMEMORY STATISTICS: \n") {
		t.Errorf("message: %s", m)
	}
}

func TestGroupMemory(t *testing.T) {
	for name, command := range map[string]string{
		"a child is killed":       hungry,
		"the command is killed":   "exec tail /dev/zero",
		"the command has a child": "tail /dev/zero; exit 3",
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, grouping(t))
			hear[link.Register](t, c.master)
			c.launch(testFramework(), shell("t", command))
			c.acknowledged(mesos.TaskStarting)
			c.acknowledged(mesos.TaskRunning)
			outOfMemoryAt(t, c.acknowledged(mesos.TaskFailed), "64MB")
			c.completed()
			c.end()
		})
	}
}

// A limit above the request holds in its place.
func TestGroupLimitOfTask(t *testing.T) {
	for limit, want := range map[float64]string{64: "96MB", math.Inf(1): ""} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			c := start(t, grouping(t))
			hear[link.Register](t, c.master)
			task := shell("t", "head -c 70000000 /dev/zero | tail >/dev/null; echo done > done; "+hungry)
			task.Limits = map[string]mesos.ValueScalar{"mem": {Value: limit}}
			c.launch(testFramework(), task)
			c.acknowledged(mesos.TaskStarting)
			c.acknowledged(mesos.TaskRunning)
			sandbox := c.agent.files.Attached()[virtualLatest(frameworkID, "t")]
			content(t, sandbox+"/done")
			if want == "" {
				c.master.say(kill("t"))
				c.acknowledged(mesos.TaskKilled)
			} else {
				outOfMemoryAt(t, c.acknowledged(mesos.TaskFailed), want)
			}
			c.completed()
			c.end()
		})
	}
}

// Tasks of a group share the group of their executor, and end together.
func TestGroupSharedByTasks(t *testing.T) {
	c := start(t, grouping(t))
	hear[link.Register](t, c.master)
	one := groupTask("one", func(t *mesos.TaskInfo) { t.Command.Value = new(hungry) })
	two := groupTask("two", func(t *mesos.TaskInfo) { t.Command.Value = new("exec sleep 1000") })
	c.launchGroup(testFramework(), one, two)
	for failed := 0; failed < 2; {
		s := hear[link.StatusUpdate](t, c.master).Status
		c.acknowledge(s)
		if s.State == mesos.TaskFailed {
			outOfMemoryAt(t, s, "96MB")
			failed++
		}
	}
	hear[link.ExitedExecutor](t, c.master)
	c.completed()
	c.end()
}

// A task with a group of its own is ended alone, and its executor tells why.
func TestGroupOfOneTask(t *testing.T) {
	c := start(t, grouping(t))
	hear[link.Register](t, c.master)
	own := func(t *mesos.TaskInfo) {
		t.Container = &mesos.ContainerInfo{Type: mesos.ContainerInfoTypeMesos, LinuxInfo: &mesos.LinuxInfo{ShareCgroups: new(false)}}
		t.Limits = map[string]mesos.ValueScalar{"mem": {Value: 48}}
	}
	one := groupTask("one", own, func(t *mesos.TaskInfo) { t.Command.Value = new(hungry) })
	two := groupTask("two", own, func(t *mesos.TaskInfo) { t.Command.Value = new("exec sleep 1000") })
	c.launchGroup(testFramework(), one, two)
	ends := map[string]mesos.TaskStatus{}
	for len(ends) < 2 {
		s := hear[link.StatusUpdate](t, c.master).Status
		c.acknowledge(s)
		if s.State.Terminal() {
			ends[s.TaskID.Value] = s
		}
	}
	s := ends["one"]
	if s.State != mesos.TaskFailed || s.GetSource() != mesos.SourceExecutor || s.GetReason() != mesos.ReasonContainerLimitationMemory || s.Limitation == nil ||
		!strings.HasPrefix(s.GetMessage(), "Command terminated with signal Killed: Memory limit exceeded: Requested: 48MB ") {
		t.Errorf("one: %s", &s)
	}
	if s := ends["two"]; s.State != mesos.TaskKilled {
		t.Errorf("two: %s", &s)
	}
	c.executorEnds()
	c.end()
}

// What happens while the agent is away is told when it is back; what lives on is in its group yet.
func TestGroupRecovery(t *testing.T) {
	c := start(t, grouping(t))
	hear[link.Register](t, c.master)
	f := testFramework(checkpointing)
	c.launch(f, shell("gone", "echo $$ > pid; while [ ! -e now ]; do sleep 0.01; done; exec tail /dev/zero"))
	c.acknowledged(mesos.TaskStarting)
	c.acknowledged(mesos.TaskRunning)
	c.launch(f, shell("stays", "echo $$ > pid; while [ ! -e now ]; do sleep 0.01; done; "+hungry))
	c.acknowledged(mesos.TaskStarting)
	c.acknowledged(mesos.TaskRunning)
	sandboxes, pids := map[string]string{}, map[string]int{}
	for _, id := range []string{"gone", "stays"} {
		sandboxes[id] = c.agent.files.Attached()[virtualLatest(frameworkID, id)]
		pid, err := strconv.Atoi(content(t, sandboxes[id]+"/pid"))
		if err != nil {
			t.Fatal(err)
		}
		pids[id] = pid
	}
	c.kill()
	c.options.Containerizer.(processes).p.Close()
	now := func(id string) {
		if err := os.WriteFile(sandboxes[id]+"/now", nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	now("gone")
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pids["gone"], &status, 0, nil); err != nil || status.Signal() != syscall.SIGKILL {
		t.Fatalf("%v %v", status, err)
	}
	c.options.Containerizer = NewContainerizer(processesOf(t))
	c.run()
	hear[link.Reregister](t, c.master)
	outOfMemoryAt(t, c.acknowledged(mesos.TaskFailed), "64MB")
	now("stays")
	outOfMemoryAt(t, c.acknowledged(mesos.TaskFailed), "64MB")
	c.completed()
	c.end()
}

// What does not checkpoint is ended with its group by the next agent.
func TestGroupSweep(t *testing.T) {
	c := start(t, grouping(t))
	hear[link.Register](t, c.master)
	// Without the marker in its environment, only the group knows whose child it is.
	c.launch(testFramework(), shell("t", "env -i setsid sh -c 'echo $$ > pid; exec sleep 1000' & exec sleep 1000"))
	c.acknowledged(mesos.TaskStarting)
	c.acknowledged(mesos.TaskRunning)
	pid, err := strconv.Atoi(content(t, c.agent.files.Attached()[virtualLatest(frameworkID, "t")]+"/pid"))
	if err != nil {
		t.Fatal(err)
	}
	c.kill()
	c.options.Containerizer.(processes).p.Close()
	c.options.Containerizer = NewContainerizer(processesOf(t))
	c.run()
	hear[link.Reregister](t, c.master)
	c.until("the container is gone", func(a *Agent) bool { return len(names(a.layout.runtime())) == 0 })
	if p, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil && !strings.Contains(string(p), ") Z ") {
		t.Errorf("the child lives: %s", p)
	}
	c.end()
}

func TestGroupStatistics(t *testing.T) {
	c := start(t, grouping(t), func(o *Options) { o.Flags.CgroupsEnableCFS, o.Flags.Isolation = true, "cgroups/all" })
	hear[link.Register](t, c.master)
	task := shell("t", "exec sleep 1000")
	task.Limits = map[string]mesos.ValueScalar{"mem": {Value: math.Inf(1)}}
	c.launch(testFramework(), task)
	c.acknowledged(mesos.TaskStarting)
	c.acknowledged(mesos.TaskRunning)
	var views []containerView
	c.until("the container is shown", func(a *Agent) bool { views = a.containerViews(true); return len(views) == 1 })
	s := measure(views)[0].statistics
	if s.GetMemTotalBytes() == 0 || s.MemRSSBytes == nil || s.CPUsUserTimeSecs == nil || s.CPUsNrPeriods == nil {
		t.Errorf("statistics: %s", &s)
	}
	if s.GetMemSoftLimitBytes() != 64<<20 || s.GetMemLimitBytes() != totalMemory() || s.CPUsLimit == nil || s.GetCPUsLimit() != s.GetCPUsSoftLimit() {
		t.Errorf("limits: %s", &s)
	}
	c.master.say(kill("t"))
	c.acknowledged(mesos.TaskKilled)
	c.completed()
	c.end()
}

// Limits are refused where nothing can keep them.
func TestLimitsNeedIsolators(t *testing.T) {
	for name, why := range map[string]string{"cpus": "the 'cgroups/cpu' isolator", "mem": "the 'cgroups/mem' isolator"} {
		c := start(t)
		hear[link.Register](t, c.master)
		task := shell("t", "true")
		task.Limits = map[string]mesos.ValueScalar{name: {Value: 1000}}
		c.launch(testFramework(), task)
		if s := c.acknowledged(mesos.TaskDropped); s.GetReason() != mesos.ReasonGcError || !strings.Contains(s.GetMessage(), why) {
			t.Errorf("%s: %s", name, &s)
		}
	}
}

// The limits of an executor are the sum of its tasks', as Mesos sums them.
func TestLimitsOfExecutor(t *testing.T) {
	inf := math.Inf(1)
	type task struct{ cpuLimit, memLimit float64 } // each requests 1 and 32
	for name, x := range map[string]struct {
		tasks []task
		cfs   bool
		want  cgroup.Limits
	}{
		"no task":               {nil, false, cgroup.Limits{CPUs: 0.1, Mem: 32}},
		"no limits":             {[]task{{}, {}}, false, cgroup.Limits{CPUs: 2.1, Mem: 96}},
		"all limited":           {[]task{{2, 64}, {3, 64}}, false, cgroup.Limits{CPUs: 2.1, Mem: 96, CPULimit: 5.1, MemLimit: 160}},
		"one limited":           {[]task{{2, 64}, {}}, false, cgroup.Limits{CPUs: 2.1, Mem: 96, MemLimit: 128}},
		"one limited, with CFS": {[]task{{2, 64}, {}}, true, cgroup.Limits{CPUs: 2.1, Mem: 96, CPULimit: 3.1, MemLimit: 128}},
		"one without end":       {[]task{{inf, inf}, {2, 64}}, false, cgroup.Limits{CPUs: 2.1, Mem: 96, CPULimit: inf, MemLimit: inf}},
	} {
		e := &executor{info: mesos.ExecutorInfo{Resources: []mesos.Resource{mesos.CPUs(0.1), mesos.Mem(32)}}}
		for _, one := range x.tasks {
			info := mesos.TaskInfo{Resources: []mesos.Resource{mesos.CPUs(1), mesos.Mem(32)}, Limits: map[string]mesos.ValueScalar{}}
			if one.cpuLimit != 0 {
				info.Limits["cpus"] = mesos.ValueScalar{Value: one.cpuLimit}
			}
			if one.memLimit != 0 {
				info.Limits["mem"] = mesos.ValueScalar{Value: one.memLimit}
			}
			e.queued = append(e.queued, batch{tasks: []mesos.TaskInfo{info}})
		}
		x.want.Mem *= megabyte
		x.want.MemLimit *= megabyte
		if got := e.limits(x.cfs); got != x.want {
			t.Errorf("%s: %+v, want %+v", name, got, x.want)
		}
	}
}

func TestBytesText(t *testing.T) {
	for n, want := range map[uint64]string{0: "0B", 1023: "1023B", 1024: "1KB", 64 << 20: "64MB", 64<<20 + 4096: "65540KB", 1 << 50: "1024TB"} {
		if got := bytesText(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}
