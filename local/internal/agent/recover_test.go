package agent

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	api "github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
)

// patient gives executors all the time they need to come back.
func patient(o *Options) { o.Flags.ExecutorReregistrationTimeout = time.Hour }

func hasty(o *Options) { o.Flags.ExecutorReregistrationTimeout = time.Millisecond }

func TestRecoverExecutor(t *testing.T) {
	c, x, container := subscribed(t, testFramework(checkpointing), []string{"told", "waiting"}, patient)
	x.running("told")
	if err := x.update(update("waiting", mesos.TaskRunning)); err != nil {
		t.Fatal(err)
	}
	x.event(api.EventTypeAcknowledged)
	waiting := c.status(mesos.TaskRunning)
	c.kill()
	if select_(container.done) {
		t.Fatal("the executor ended with its agent")
	}

	c.run()
	y := c.play()
	y.resubscribe()
	m := hear[link.Reregister](t, c.master)
	if len(m.Tasks) != 2 || len(m.Executors) != 1 || len(m.Frameworks) != 1 || m.Agent.ID.Value != "m-S0" {
		t.Errorf("Reregister: %v", m)
	}
	for _, task := range m.Tasks {
		if task.State != mesos.TaskRunning || task.ExecutorID.Value != executorID {
			t.Errorf("task: %s", &task)
		}
	}
	if again := c.acknowledged(mesos.TaskRunning); string(again.UUID) != string(waiting.UUID) {
		t.Errorf("the update came back as %s", &again)
	}
	c.master.say(kill("told"))
	y.event(api.EventTypeKill)
	if err := y.update(update("told", mesos.TaskKilled)); err != nil {
		t.Fatal(err)
	}
	c.acknowledged(mesos.TaskKilled)
	container.end(0)
	c.acknowledged(mesos.TaskFailed)
	c.completed()

	c.kill()
	c.run()
	if m := hear[link.Reregister](t, c.master); len(m.Tasks)+len(m.Executors)+len(m.Frameworks) != 0 {
		t.Errorf("Reregister: %v", m)
	}
}

func select_(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// resubscribe subscribes as soon as the agent lets it.
func (p *played) resubscribe() {
	p.c.t.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(patience); ; <-ticker.C {
		err := p.subscribe(api.CallSubscribe{})
		if err == nil {
			p.event(api.EventTypeSubscribed)
			return
		}
		if refused, ok := errors.AsType[*wire.StatusError](err); !ok || refused.Status != http.StatusServiceUnavailable || time.Now().After(deadline) {
			p.c.t.Fatal(err)
		}
	}
}

func TestExecutorStaysAway(t *testing.T) {
	for want, capabilities := range map[mesos.TaskState][]mesos.FrameworkInfoCapability{
		mesos.TaskGone: testFramework().Capabilities, mesos.TaskLost: nil,
	} {
		f := testFramework(checkpointing, func(f *mesos.FrameworkInfo) { f.Capabilities = capabilities })
		c, x, _ := subscribed(t, f, []string{"t"}, hasty)
		x.running("t")
		c.kill()
		c.run()
		hear[link.Reregister](t, c.master)
		s := c.acknowledged(want)
		if s.GetReason() != mesos.ReasonExecutorReregistrationTimeout || s.GetSource() != mesos.SourceAgent {
			t.Errorf("status: %s", &s)
		}
		hear[link.ExitedExecutor](t, c.master)
		c.completed()
	}
}

func TestExecutorEndedMeanwhile(t *testing.T) {
	c, x, container := subscribed(t, testFramework(checkpointing), []string{"t"}, patient)
	x.running("t")
	c.kill()
	delete(c.containers.all, container.spec.ID)
	c.run()
	hear[link.Reregister](t, c.master)
	if s := c.acknowledged(mesos.TaskFailed); s.GetReason() != mesos.ReasonExecutorTerminated {
		t.Errorf("status: %s", &s)
	}
	if got := hear[link.ExitedExecutor](t, c.master); got.Status != -1 {
		t.Errorf("ExitedExecutor: %v", got)
	}
	c.completed()
}

func TestRecoverCommand(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	container := c.runs(testFramework(checkpointing), commandTask("t"))
	c.kill()
	c.run()
	if m := hear[link.Reregister](t, c.master); len(m.Tasks) != 1 || len(m.Executors) != 0 || m.Tasks[0].ExecutorID != nil {
		t.Errorf("Reregister: %v", m)
	}
	container.end(0)
	if s := c.acknowledged(mesos.TaskFinished); s.GetSource() != mesos.SourceExecutor || s.GetMessage() != "Command exited with status 0" {
		t.Errorf("status: %s", &s)
	}
	c.completed()
}

// A command that ends while the agent is away has an end, as far as anybody knows it.
func TestCommandEndedMeanwhile(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	known := c.runs(testFramework(checkpointing), commandTask("known"))
	unknown := c.runs(testFramework(checkpointing), commandTask("unknown"))
	c.kill()
	known.end(3 << 8)
	delete(c.containers.all, unknown.spec.ID)
	c.run()
	for range 2 {
		s := c.acknowledged(mesos.TaskFailed)
		want := map[string]string{"known": "Command exited with status 3", "unknown": "Executor terminated"}[s.TaskID.Value]
		if s.GetMessage() != want {
			t.Errorf("status: %s", &s)
		}
	}
	c.completed()
}

// A task that is being ended goes on being ended.
func TestRecoverKill(t *testing.T) {
	killing := func(f *mesos.FrameworkInfo) {
		f.Capabilities = append(f.Capabilities, mesos.FrameworkInfoCapability{Type: new(mesos.FrameworkInfoCapabilityTypeTaskKillingState)})
	}
	c := start(t)
	hear[link.Register](t, c.master)
	c.containers.deaf = true
	grace := &mesos.KillPolicy{GracePeriod: &mesos.DurationInfo{Nanoseconds: int64(100 * time.Millisecond)}}
	c.runs(testFramework(checkpointing, killing), commandTask("t", func(t *mesos.TaskInfo) { t.KillPolicy = grace }))
	c.master.say(kill("t"))
	c.acknowledged(mesos.TaskKilling)
	c.kill()
	c.run()
	c.acknowledged(mesos.TaskKilled)
	c.completed()
}

func TestCommandNeverLaunched(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	c.containers.hold = make(chan struct{})
	c.launch(testFramework(checkpointing), commandTask("t"))
	c.until("it is being launched", func(a *Agent) bool { return a.frameworks[frameworkID] != nil })
	c.kill()
	c.containers.hold = nil
	c.run()
	if s := c.acknowledged(mesos.TaskDropped); s.GetReason() != mesos.ReasonAgentRestarted {
		t.Errorf("status: %s", &s)
	}
	c.completed()
}

func TestWithoutCheckpointNothingIsRecovered(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	container := c.runs(testFramework(), commandTask("t"))
	c.kill()
	c.run()
	if m := hear[link.Reregister](t, c.master); len(m.Tasks)+len(m.Frameworks) != 0 {
		t.Errorf("Reregister: %v", m)
	}
	select {
	case <-container.done:
	case <-time.After(patience):
		t.Error("the container goes on")
	}
}

// damage changes the only file of that name under the work directory.
func (c *cluster) damage(name string) {
	c.t.Helper()
	var found []string
	for _, path := range tree(c.t, filepath.Join(c.options.WorkDir, "meta")) {
		if filepath.Base(path) == name {
			found = append(found, filepath.Join(c.options.WorkDir, "meta", path))
		}
	}
	if len(found) != 1 {
		c.t.Fatalf("%s is there %d times", name, len(found))
	}
	if err := os.WriteFile(found[0], []byte("damaged"), 0o644); err != nil {
		c.t.Fatal(err)
	}
}

func TestDamage(t *testing.T) {
	for name, keepsID := range map[string]bool{
		"slave.info": false, "framework.info": true, "executor.info": true, "task.info": true, "task.updates": true,
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t)
			hear[link.Register](t, c.master)
			container := c.runs(testFramework(checkpointing), commandTask("t"))
			c.kill()
			c.damage(name)
			c.run()
			if keepsID {
				if m := hear[link.Reregister](t, c.master); len(m.Tasks) != 0 {
					t.Errorf("Reregister: %v", m)
				}
			} else {
				hear[link.Register](t, c.master)
			}
			if !select_(container.done) {
				t.Error("the container goes on")
			}
			aside := strings.Join(tree(t, filepath.Join(c.options.WorkDir, "damaged")), "\n")
			if !strings.Contains(aside, name) {
				t.Errorf("not moved aside: %s", aside)
			}
			c.completed()
			c.runs(testFramework(checkpointing), commandTask("t"))
		})
	}
}

func TestChangedResources(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	c.until("registered", func(a *Agent) bool { return a.master.registered })
	c.kill()
	before := c.options.Resources
	c.options.Resources = []mesos.Resource{mesos.CPUs(1)}
	c.run()
	if err := c.wait(); err == nil || !strings.Contains(err.Error(), "incompatible agent info detected") {
		t.Errorf("Run: %v", err)
	}
	c.options.Resources = []mesos.Resource{before[1], before[0], before[2]}
	c.run()
	hear[link.Reregister](t, c.master)
}

// Traces of an agent that was killed while it wrote are no damage, nor are updates about tasks that nobody launched.
func TestHalfWritten(t *testing.T) {
	c, x, container := subscribed(t, testFramework(checkpointing), []string{"t"}, patient)
	x.running("t")
	if err := x.update(update("never launched", mesos.TaskRunning)); err != nil {
		t.Fatal(err)
	}
	c.acknowledged(mesos.TaskRunning)
	c.kill()
	executors := filepath.Join(c.options.WorkDir, "meta/slaves/m-S0/frameworks", frameworkID, "executors")
	tasks := executorID + "/runs/" + container.spec.ID + "/tasks/"
	for _, path := range []string{tasks + "half", tasks + "empty", "half/runs"} {
		if err := os.MkdirAll(filepath.Join(executors, path), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{tasks + "empty/task.info", "half/executor.info"} {
		if err := os.WriteFile(filepath.Join(executors, path), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c.run()
	c.play().resubscribe()
	if m := hear[link.Reregister](t, c.master); len(m.Tasks) != 1 || len(m.Executors) != 1 {
		t.Errorf("Reregister: %v", m)
	}
	if _, err := os.Stat(filepath.Join(c.options.WorkDir, "damaged")); err == nil {
		t.Error("something was taken for damaged")
	}
}

func TestShutdownByMaster(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	container := c.runs(testFramework(checkpointing), commandTask("t"))
	c.master.say(link.Shutdown{Reason: "removed"})
	if err := c.wait(); !errors.Is(err, ErrShutdown) {
		t.Errorf("Run: %v", err)
	}
	if !select_(container.done) {
		t.Error("the container goes on")
	}
	c.run()
	hear[link.Register](t, c.master)
}

func TestStop(t *testing.T) {
	c, x, container := subscribed(t, testFramework(checkpointing), []string{"t"})
	x.running("t")
	c.cancel()
	if err := c.wait(); err != nil {
		t.Errorf("Run: %v", err)
	}
	if select_(container.done) {
		t.Error("the executor of a checkpointing framework ended")
	}
}

func TestStopEndsWhatIsNotCheckpointed(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	container := c.runs(testFramework(), commandTask("t"))
	c.cancel()
	if err := c.wait(); err != nil {
		t.Errorf("Run: %v", err)
	}
	if !select_(container.done) {
		t.Error("the container goes on")
	}
	silentAbout[link.StatusUpdate](t, c.master)
}

func TestDestroyOnStop(t *testing.T) {
	c, x, container := subscribed(t, testFramework(checkpointing), []string{"t"}, func(o *Options) { o.DestroyOnStop = true })
	x.running("t")
	c.launch(testFramework(), commandTask("command"))
	command := c.containers.next(t)
	c.acknowledged(mesos.TaskStarting)
	c.acknowledged(mesos.TaskRunning)
	c.cancel()
	c.status(mesos.TaskKilled)
	x.event(api.EventTypeShutdown)
	if err := x.update(update("t", mesos.TaskKilled)); err != nil {
		t.Fatal(err)
	}
	if s := c.status(mesos.TaskKilled); s.TaskID.Value != "t" {
		t.Errorf("status: %s", &s)
	}
	container.end(0)
	if err := c.wait(); err != nil {
		t.Errorf("Run: %v", err)
	}
	if !select_(command.done) {
		t.Error("the command goes on")
	}
}

func TestGarbage(t *testing.T) {
	c := start(t, func(o *Options) { o.Flags.GCDelay, o.Flags.DiskWatchInterval = time.Nanosecond, time.Millisecond })
	hear[link.Register](t, c.master)
	container := c.runs(testFramework(checkpointing), commandTask("t"))
	live := c.runs(testFramework(checkpointing), commandTask("live"))
	container.end(0)
	c.acknowledged(mesos.TaskFinished)
	c.until("the sandbox is removed", func(a *Agent) bool { return a.garbage.removed == 1 })
	for _, path := range tree(t, c.options.WorkDir) {
		if strings.Contains(path, "/executors/t") {
			t.Errorf("left: %s", path)
		}
	}
	if _, err := os.Stat(live.spec.Sandbox); err != nil {
		t.Error(err)
	}
	if attached := c.agent.files.Attached(); len(attached) != 3 {
		t.Errorf("attached: %v", attached)
	}
}
