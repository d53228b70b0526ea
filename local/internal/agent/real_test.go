package agent

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ormosproject/ormos/local/internal/container"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
)

// realProcesses makes an agent's containers real.
func realProcesses(t *testing.T) func(*Options) {
	t.Helper()
	return func(o *Options) { o.Containerizer = NewContainerizer(processesOf(t)) }
}

func processesOf(t *testing.T) *container.Processes {
	t.Helper()
	p, err := container.NewProcesses(container.Options{CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// shell is a task that runs a shell command.
func shell(id, command string) mesos.TaskInfo {
	return commandTask(id, func(t *mesos.TaskInfo) { t.Command = &mesos.CommandInfo{Value: &command} })
}

// content waits for a file that ends in a line feed.
func content(t *testing.T, path string) string {
	t.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-ticker.C {
		if b, err := os.ReadFile(path); err == nil && strings.HasSuffix(string(b), "\n") {
			return strings.TrimSpace(string(b))
		}
	}
	t.Fatalf("%s does not come", path)
	return ""
}

func alive(pid int) bool {
	return syscall.Kill(pid, 0) == nil
}

func TestRealCommand(t *testing.T) {
	c := start(t, realProcesses(t))
	hear[link.Register](t, c.master)
	c.launch(testFramework(), shell("t", "echo $MESOS_SANDBOX; exit 3"))
	c.acknowledged(mesos.TaskStarting)
	c.acknowledged(mesos.TaskRunning)
	if s := c.acknowledged(mesos.TaskFailed); s.GetMessage() != "Command exited with status 3" {
		t.Errorf("status: %s", &s)
	}
	c.completed()
	sandbox := c.agent.files.Attached()[virtualLatest(frameworkID, "t")]
	if got := content(t, sandbox+"/stdout"); got != sandbox {
		t.Errorf("stdout: %s", got)
	}
}

// A task lives through the death of its agent, and is ended by the next one.
func TestRealRecovery(t *testing.T) {
	c := start(t, realProcesses(t))
	hear[link.Register](t, c.master)
	c.launch(testFramework(checkpointing), shell("t", "echo $$ > pid; exec sleep 1000"))
	c.acknowledged(mesos.TaskStarting)
	c.acknowledged(mesos.TaskRunning)
	sandbox := c.agent.files.Attached()[virtualLatest(frameworkID, "t")]
	pid, err := strconv.Atoi(content(t, sandbox+"/pid"))
	if err != nil {
		t.Fatal(err)
	}
	c.kill()
	c.options.Containerizer.(processes).p.Close()
	c.options.Containerizer = NewContainerizer(processesOf(t))
	c.run()
	if m := hear[link.Reregister](t, c.master); len(m.Tasks) != 1 || m.Tasks[0].State != mesos.TaskRunning {
		t.Errorf("Reregister: %v", m)
	}
	if !alive(pid) {
		t.Error("the task ended with its agent")
	}
	c.master.say(kill("t"))
	c.acknowledged(mesos.TaskKilled)
	c.completed()
}

// What does not checkpoint ends with the next agent at the latest.
func TestRealSweep(t *testing.T) {
	c := start(t, realProcesses(t))
	hear[link.Register](t, c.master)
	c.launch(testFramework(), shell("t", "echo $$ > pid; exec sleep 1000"))
	c.acknowledged(mesos.TaskStarting)
	c.acknowledged(mesos.TaskRunning)
	content(t, c.agent.files.Attached()[virtualLatest(frameworkID, "t")]+"/pid")
	c.kill()
	c.options.Containerizer.(processes).p.Close()
	c.options.Containerizer = NewContainerizer(processesOf(t))
	c.run()
	hear[link.Reregister](t, c.master)
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(patience); len(names(c.agent.layout.runtime())) > 0; <-ticker.C {
		if time.Now().After(deadline) {
			t.Fatal("the container is still there")
		}
	}
}

// BenchmarkCommand is a task from its launch to TASK_RUNNING, one after the other.
func BenchmarkCommand(b *testing.B) {
	p, err := container.NewProcesses(container.Options{CacheDir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	heard := make(chan link.StatusUpdate, 16)
	master := newMaster()
	master.onUpdate = func(u link.StatusUpdate) {
		master.agent.Send(link.Acknowledge{FrameworkID: u.FrameworkID, TaskID: u.Status.TaskID, UUID: u.Status.UUID})
		if u.Status.State == mesos.TaskRunning {
			heard <- u
		}
	}
	a, err := New(Options{WorkDir: b.TempDir(), Master: master, Containerizer: NewContainerizer(p), DestroyOnStop: true})
	if err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- a.Run(b.Context()) }()
	for registered := false; !registered; {
		a.ask(b.Context(), func() { registered = a.master.registered })
	}
	f := testFramework()
	for i := 0; b.Loop(); i++ {
		task := commandTask("t"+strconv.Itoa(i), func(t *mesos.TaskInfo) {
			t.Command = &mesos.CommandInfo{Shell: new(false), Value: new("/bin/true"), Arguments: []string{"true"}}
		})
		master.agent.Send(link.RunTask{Framework: f, Task: task})
		<-heard
	}
	a.post(func() { a.stop(nil) })
	<-ended
}
