package agent

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ormosproject/ormos/local/internal/container"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
)

// taskID names a task in messages of the master.
func taskID(id string) mesos.TaskID { return mesos.TaskID{Value: id} }

func kill(id string) link.KillTask {
	return link.KillTask{FrameworkID: mesos.FrameworkID{Value: frameworkID}, TaskID: taskID(id)}
}

// runs launches a command task and reads TASK_STARTING and TASK_RUNNING.
func (c *cluster) runs(f mesos.FrameworkInfo, task mesos.TaskInfo) *fakeContainer {
	c.t.Helper()
	c.launch(f, task)
	container := c.containers.next(c.t)
	c.acknowledged(mesos.TaskStarting)
	c.acknowledged(mesos.TaskRunning)
	return container
}

// completed waits until nothing of the framework is left.
func (c *cluster) completed() {
	c.t.Helper()
	c.until("the framework is completed", func(a *Agent) bool { return len(a.frameworks) == 0 && len(a.streams) == 0 })
}

func TestCommandOutcome(t *testing.T) {
	for _, test := range []struct {
		name    string
		status  int32
		want    mesos.TaskState
		message string
	}{
		{"exit 0", 0, mesos.TaskFinished, "Command exited with status 0"},
		{"exit 3", 3 << 8, mesos.TaskFailed, "Command exited with status 3"},
		{"SIGKILL", int32(syscall.SIGKILL), mesos.TaskFailed, "Command terminated with signal Killed"},
		{"core", int32(syscall.SIGSEGV) | 0x80, mesos.TaskFailed, "Command terminated with signal Segmentation fault (core dumped)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := start(t)
			hear[link.Register](t, c.master)
			c.runs(testFramework(), commandTask("t")).end(test.status)
			s := c.acknowledged(test.want)
			if s.GetMessage() != test.message || s.GetSource() != mesos.SourceExecutor || s.Reason != nil || s.ExecutorID.Value != "t" {
				t.Errorf("status: %s", &s)
			}
			c.completed()
			if m := c.master.take(func(m link.Message) bool { _, ok := m.(link.ExitedExecutor); return ok }); m != nil {
				t.Errorf("the end of a command executor was told: %v", m)
			}
		})
	}
}

func TestUnknownStatusOfCommand(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	c.runs(testFramework(), commandTask("t")).end(-1)
	if s := c.acknowledged(mesos.TaskFailed); s.GetSource() != mesos.SourceAgent || s.GetReason() != mesos.ReasonExecutorTerminated {
		t.Errorf("status: %s", &s)
	}
	c.completed()
}

// TASK_STARTING is told while the process is being started.
func TestStartingBeforeTheProcess(t *testing.T) {
	for _, test := range []struct {
		name string
		say  link.Message // while the process is being started
	}{
		{"runs", nil},
		{"killed", kill("t")},
		{"shut down", link.ShutdownExecutor{FrameworkID: mesos.FrameworkID{Value: frameworkID}, ExecutorID: mesos.ExecutorID{Value: "t"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := start(t)
			hear[link.Register](t, c.master)
			c.containers.starts = make(chan struct{})
			c.launch(testFramework(), commandTask("t"))
			c.acknowledged(mesos.TaskStarting)
			if test.say != nil {
				c.master.say(test.say)
				c.until("the agent has heard", func(a *Agent) bool { return a.frameworks[frameworkID].executors["t"].command.early != nil })
			}
			close(c.containers.starts)
			container := c.containers.next(t)
			if s := c.acknowledged(mesos.TaskRunning); s.ContainerStatus.GetExecutorPID() != uint32(container.pid) {
				t.Errorf("status: %s", &s)
			}
			if test.say == nil {
				container.end(0)
				c.acknowledged(mesos.TaskFinished)
			} else {
				c.acknowledged(mesos.TaskKilled)
			}
			c.completed()
		})
	}
}

func TestKillCommand(t *testing.T) {
	killing := func(f *mesos.FrameworkInfo) {
		f.Capabilities = append(f.Capabilities, mesos.FrameworkInfoCapability{Type: new(mesos.FrameworkInfoCapabilityTypeTaskKillingState)})
	}
	for _, test := range []struct {
		name      string
		framework mesos.FrameworkInfo
		deaf      bool
		message   string
	}{
		{"obeys", testFramework(), false, "Command terminated with signal Terminated"},
		{"ignores", testFramework(), true, "Command terminated with signal Killed"},
		{"killing state", testFramework(killing), false, "Command terminated with signal Terminated"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := start(t)
			hear[link.Register](t, c.master)
			c.containers.deaf = test.deaf
			grace := &mesos.KillPolicy{GracePeriod: &mesos.DurationInfo{Nanoseconds: 1000}}
			c.runs(test.framework, commandTask("t", func(t *mesos.TaskInfo) { t.KillPolicy = grace }))
			c.master.say(kill("t"))
			c.master.say(kill("t"))
			if len(test.framework.Capabilities) == 3 {
				c.acknowledged(mesos.TaskKilling)
			}
			s := c.acknowledged(mesos.TaskKilled)
			if s.GetSource() != mesos.SourceExecutor || !test.deaf && s.GetMessage() != test.message {
				t.Errorf("status: %s", &s)
			}
			c.completed()
		})
	}
}

// A kill's own policy reaches the command executor only with the flag, and may shorten what is left of the grace.
// TestSlowSignal kills a task whose processes take long to find: others are launched meanwhile, and SIGKILL waits for SIGTERM.
func TestSlowSignal(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	first := c.runs(testFramework(), commandTask("first", func(t *mesos.TaskInfo) {
		t.KillPolicy = &mesos.KillPolicy{GracePeriod: &mesos.DurationInfo{}}
	}))
	slow := make(chan struct{})
	first.mu.Lock()
	first.slow = slow
	first.mu.Unlock()
	c.master.say(kill("first"))
	c.runs(testFramework(), commandTask("second"))
	close(slow)
	if s := c.acknowledged(mesos.TaskKilled); s.GetMessage() != "Command terminated with signal Terminated" {
		t.Errorf("status: %s", &s)
	}
}

func TestGraceOfKill(t *testing.T) {
	c := start(t, func(o *Options) { o.Flags.HTTPCommandExecutor = true })
	hear[link.Register](t, c.master)
	c.containers.deaf = true
	c.runs(testFramework(), commandTask("t"))
	for _, grace := range []time.Duration{time.Hour, 2 * time.Hour, time.Nanosecond} {
		m := kill("t")
		m.KillPolicy = &mesos.KillPolicy{GracePeriod: &mesos.DurationInfo{Nanoseconds: int64(grace)}}
		c.master.say(m)
	}
	c.acknowledged(mesos.TaskKilled)
}

func TestKillDuringLaunch(t *testing.T) {
	for _, late := range []bool{false, true} {
		c := start(t)
		hear[link.Register](t, c.master)
		c.containers.hold, c.containers.late = make(chan struct{}), late
		c.launch(testFramework(), commandTask("t"))
		c.master.say(kill("t"))
		s := c.acknowledged(mesos.TaskKilled)
		if s.GetSource() != mesos.SourceAgent || s.GetReason() != mesos.ReasonTaskKilledDuringLaunch {
			t.Errorf("status: %s", &s)
		}
		c.completed()
		silentAbout[link.StatusUpdate](t, c.master)
	}
}

func TestKillUnknownTask(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	c.runs(testFramework(), commandTask("t"))
	c.master.say(kill("other"))
	s := c.acknowledged(mesos.TaskDropped)
	if s.GetReason() != mesos.ReasonExecutorTerminated || s.GetMessage() != "Cannot find executor" {
		t.Errorf("status: %s", &s)
	}
}

func TestMaxCompletionTime(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	c.runs(testFramework(), commandTask("t", func(t *mesos.TaskInfo) { t.MaxCompletionTime = &mesos.DurationInfo{Nanoseconds: 1000} }))
	if s := c.acknowledged(mesos.TaskFailed); s.GetReason() != mesos.ReasonMaxCompletionTimeReached || s.GetSource() != mesos.SourceExecutor {
		t.Errorf("status: %s", &s)
	}
	c.completed()
}

func TestLaunchFailures(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)

	c.containers.fail = &container.FetchError{}
	c.launch(testFramework(), commandTask("fetch"))
	if s := c.acknowledged(mesos.TaskFailed); s.GetReason() != mesos.ReasonContainerLaunchFailed || s.GetMessage() != c.containers.fail.Error() {
		t.Errorf("status: %s", &s)
	}
	c.completed()
	c.launch(testFramework(), customTask("custom"))
	if s := c.acknowledged(mesos.TaskFailed); s.GetReason() != mesos.ReasonContainerLaunchFailed || s.GetSource() != mesos.SourceAgent {
		t.Errorf("status: %s", &s)
	}
	if got := hear[link.ExitedExecutor](t, c.master); got.Status != -1 {
		t.Errorf("ExitedExecutor: %v", got)
	}
	c.completed()

	c.containers.fail = &container.LaunchError{Command: "/no/such", Err: syscall.ENOENT}
	c.launch(testFramework(), commandTask("exec"))
	c.acknowledged(mesos.TaskStarting)
	if s := c.acknowledged(mesos.TaskFailed); s.GetSource() != mesos.SourceExecutor || !strings.Contains(s.GetMessage(), "/no/such") {
		t.Errorf("status: %s", &s)
	}
	c.completed()
}

func TestNoCommand(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	c.launch(testFramework(), commandTask("t", func(t *mesos.TaskInfo) { t.Command = &mesos.CommandInfo{} }))
	c.acknowledged(mesos.TaskStarting)
	c.acknowledged(mesos.TaskFailed)
	c.completed()
}

func TestUnknownUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root chooses users")
	}
	c := start(t)
	hear[link.Register](t, c.master)
	task := commandTask("t", func(t *mesos.TaskInfo) { t.Command.User = new("no-such-user") })
	unaware := testFramework(func(f *mesos.FrameworkInfo) { f.Capabilities = nil })
	for want, f := range map[mesos.TaskState]mesos.FrameworkInfo{mesos.TaskDropped: testFramework(), mesos.TaskLost: unaware} {
		c.launch(f, task)
		if s := c.acknowledged(want); s.GetReason() != mesos.ReasonExecutorTerminated || !strings.Contains(s.GetMessage(), "no-such-user") {
			t.Errorf("status: %s", &s)
		}
		c.completed()
	}
}

func TestCommandTaskIDInUse(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	c.runs(testFramework(), commandTask("t"))
	c.launch(testFramework(), commandTask("t"))
	if s := c.status(mesos.TaskDropped); s.GetReason() != mesos.ReasonTaskInvalid {
		t.Errorf("status: %s", &s)
	}
}

func TestSignalName(t *testing.T) {
	for s, want := range map[syscall.Signal]string{
		syscall.SIGTERM: "Terminated", syscall.SIGKILL: "Killed", syscall.SIGHUP: "Hangup", syscall.SIGABRT: "Aborted", 77: "Signal 77",
	} {
		if got := signalName(s); got != want {
			t.Errorf("%d: got %s, want %s", s, got, want)
		}
	}
}

func TestCommandExecutorInfo(t *testing.T) {
	for want, command := range map[string]*mesos.CommandInfo{
		"(Command: sh -c 'sleep 100000...')": {Value: new("sleep 100000 1 2 3")},
		"(Command: sh -c 'exec sleep 1000')": {Value: new("exec sleep 1000")},
		"(Command: [/bin/echo, echo, hi])":   {Shell: new(false), Value: new("/bin/echo"), Arguments: []string{"echo", "hi"}},
		"(Command: NO COMMAND)":              {},
		"(Command: NO EXECUTABLE)":           {Shell: new(false)},
	} {
		task := commandTask("t", func(t *mesos.TaskInfo) { t.Command = command })
		info := commandExecutorInfo(&framework{id: "f"}, &task)
		if got := info.GetName(); got != "Command Executor (Task: t) "+want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("MESOS_AGENT_ENDPOINT", "elsewhere")
	t.Setenv("ORMOS_CONTAINER", "elsewhere")
	t.Setenv("KEPT", "yes")
	c := start(t)
	hear[link.Register](t, c.master)
	task := commandTask("t", func(t *mesos.TaskInfo) {
		t.Command.Environment = &mesos.Environment{Variables: []mesos.EnvironmentVariable{
			{Name: "MINE", Value: new("x y")}, {Name: "MESOS_SANDBOX", Value: new("/mine")}, {Name: "SECRET"},
		}}
		for i := range t.Resources {
			t.Resources[i].AllocationInfo = &mesos.ResourceAllocationInfo{Role: new("prod")}
		}
	})
	container := c.runs(testFramework(checkpointing), task)
	env := map[string]string{}
	for _, entry := range container.spec.Env {
		name, value, _ := strings.Cut(entry, "=")
		if _, twice := env[name]; twice {
			t.Errorf("%s is there twice", name)
		}
		env[name] = value
	}
	for name, want := range map[string]string{
		"MESOS_FRAMEWORK_ID": frameworkID, "MESOS_EXECUTOR_ID": "t", "MESOS_DIRECTORY": container.spec.Sandbox, "MESOS_SANDBOX": "/mine",
		"MESOS_SLAVE_ID": "m-S0", "MESOS_SLAVE_PID": c.agent.pid(), "MESOS_AGENT_ENDPOINT": c.agent.endpoint(), "MESOS_CHECKPOINT": "1",
		"MESOS_HTTP_COMMAND_EXECUTOR": "0", "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": "5secs", "LIBPROCESS_PORT": "0",
		"MESOS_RECOVERY_TIMEOUT": "15mins", "MESOS_SUBSCRIPTION_BACKOFF_MAX": "2secs", "MESOS_ALLOCATION_ROLE": "prod", "MINE": "x y", "KEPT": "yes",
		"PWD": container.spec.Sandbox,
	} {
		if env[name] != want {
			t.Errorf("%s: got %q, want %q", name, env[name], want)
		}
	}
	for _, name := range []string{"ORMOS_CONTAINER", "SECRET"} {
		if _, there := env[name]; there {
			t.Errorf("%s is there", name)
		}
	}
}

func TestSandbox(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	container := c.runs(testFramework(), commandTask("t"))
	want := c.agent.o.WorkDir + "/slaves/m-S0/frameworks/fw-0000/executors/t/runs/"
	if got := container.spec.Sandbox; got != want+container.spec.ID {
		t.Errorf("sandbox: %s", got)
	}
	info, err := os.Stat(container.spec.Sandbox)
	target, linkErr := os.Readlink(want + "latest")
	if err := errors.Join(err, linkErr); err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o750 || target != container.spec.Sandbox {
		t.Errorf("mode %s, latest %s", info.Mode(), target)
	}
	attached := c.agent.files.Attached()
	for _, path := range []string{want + "latest", container.spec.Sandbox, "/frameworks/fw-0000/executors/t/runs/latest"} {
		if attached[path] != container.spec.Sandbox {
			t.Errorf("%s: %s", path, attached[path])
		}
	}
}
