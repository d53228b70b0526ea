package local_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// inject does faults, each of which has to succeed.
func inject(t *testing.T, c *local.Cluster, faults ...string) {
	t.Helper()
	for _, fault := range faults {
		if err := c.Inject(fault); err != nil {
			t.Fatalf("%s: %v", fault, err)
		}
	}
}

func inForce(t *testing.T, c *local.Cluster, want ...string) {
	t.Helper()
	if got := c.Faults(); !slices.Equal(got, want) {
		t.Errorf("in force are %q, want %q", got, want)
	}
}

// faulted has a framework that runs task "a" in virtual time, on a cluster whose agents count as unreachable after 4 s.
func faulted(t *testing.T, test func(*local.Cluster, *framework)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o := local.Simulated(nil)
		o.MasterFlags = map[string]string{"agent_ping_timeout": "1secs", "max_agent_ping_timeouts": "3", "agent_reregister_timeout": "10secs"}
		cluster := local.RunT(t, o)
		f := subscribe(t, cluster.Master(), partitionAware, func(o *scheduler.Options) { o.Dial = cluster.Dial })
		f.launch(f.offer(), sleepTask("a"))
		f.until("a", mesos.TaskRunning)
		test(cluster, f)
	})
}

// An agent that was killed comes back with its processes, and knows how they end.
func TestKillAgent(t *testing.T) {
	t.Parallel()
	cluster := local.RunT(t, local.Options{
		Resources:   []string{resources},
		MasterFlags: map[string]string{"allocation_interval": "50ms"},
		AgentFlags:  map[string]string{"executor_reregistration_timeout": "15secs", "recovery_timeout": "1mins"},
	})
	f := subscribe(t, cluster.Master(), partitionAware)
	f.launch(f.offer(), sleepTask("a"), customTask(t, "b"))
	f.until("a", mesos.TaskRunning)
	f.until("b", mesos.TaskRunning)
	before := processesIn(cluster.WorkDir())
	inject(t, cluster, "kill-agent 0")
	inForce(t, cluster, "kill-agent 0")
	if answer, err := http.Get("http://" + cluster.Agents()[0] + "/version"); err == nil {
		answer.Body.Close()
		t.Errorf("the agent answers %s", answer.Status)
	}
	if after := processesIn(cluster.WorkDir()); len(after) < 2 || !slices.Equal(before, after) {
		t.Errorf("the processes %v became %v", before, after)
	}
	inject(t, cluster, "start-agent 0")
	inForce(t, cluster)
	f.offer()
	f.kill("a")
	if s := f.until("a", mesos.TaskKilled); !strings.Contains(s.GetMessage(), "Terminated") {
		t.Errorf("a was killed: %v", s)
	}
	f.kill("b")
	f.until("b", mesos.TaskKilled)
}

// A cluster that leaves nothing behind leaves nothing of an agent that was killed, either.
func TestKilledAgentLeavesNothing(t *testing.T) {
	t.Parallel()
	cluster, err := local.Start(t.Context(), local.Options{Resources: []string{resources}})
	if err != nil {
		t.Fatal(err)
	}
	f := subscribe(t, cluster.Master())
	f.launch(f.offer(), sleepTask("a"))
	f.until("a", mesos.TaskRunning)
	inject(t, cluster, "kill-agent 0")
	if err := cluster.Stop(); err != nil {
		t.Error(err)
	}
	if left := processesIn(cluster.WorkDir()); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}

func TestStopAgent(t *testing.T) {
	faulted(t, func(c *local.Cluster, f *framework) {
		inject(t, c, "stop-agent 0", "start-agent 0")
		f.offer()
		if s := f.reconcile("a", nil); s.State != mesos.TaskRunning {
			t.Errorf("the task of a checkpointing framework: %v", s)
		}
	})
}

// A frozen agent is unreachable when it has missed its pings, and back with its task when it goes on.
func TestFreezeAgent(t *testing.T) {
	faulted(t, func(c *local.Cluster, f *framework) {
		inject(t, c, "freeze-agent 0")
		inForce(t, c, "freeze-agent 0")
		if s := f.update("a"); s.State != mesos.TaskUnreachable || s.GetReason() != mesos.ReasonAgentRemoved || s.UnreachableTime == nil {
			t.Errorf("the task of a frozen agent: %v", s)
		}
		inject(t, c, "thaw-agent 0")
		if s := f.update("a"); s.State != mesos.TaskRunning || s.GetReason() != mesos.ReasonAgentReregistered {
			t.Errorf("the task of an agent that is back: %v", s)
		}
		inForce(t, c)
	})
}

// A frozen agent that is thawed soon has missed nothing.
func TestFreezeAgentShortly(t *testing.T) {
	faulted(t, func(c *local.Cluster, f *framework) {
		inject(t, c, "freeze-agent 0")
		f.kill("a")
		<-time.After(1500 * time.Millisecond)
		if has[*scheduler.EventUpdate](f, nil) {
			t.Errorf("a frozen agent was heard: %s", f.told())
		}
		inject(t, c, "thaw-agent 0")
		f.until("a", mesos.TaskKilled)
	})
}

// What answers requests of a frozen agent waits with them.
func TestFrozenAgentAnswersNothing(t *testing.T) {
	t.Parallel()
	cluster := fast(t)
	inject(t, cluster, "freeze-agent 0")
	answered := make(chan int, 1)
	go func() {
		answer, _ := get(t, cluster.Agents()[0], "/version")
		answered <- answer.StatusCode
	}()
	inForce(t, cluster, "freeze-agent 0")
	select {
	case <-answered:
		t.Error("it answers")
	default:
	}
	inject(t, cluster, "thaw-agent 0")
	if status := <-answered; status != 200 {
		t.Errorf("it answers %d", status)
	}
	inject(t, cluster, "freeze-agent 0", "kill-agent 0", "start-agent 0")
	inForce(t, cluster)
}

// An agent that says goodbye loses its tasks, and comes back as another.
func TestUnregisterAgent(t *testing.T) {
	faulted(t, func(c *local.Cluster, f *framework) {
		before := f.offer().AgentID
		inject(t, c, "unregister-agent 0")
		if s := f.update("a"); s.State != mesos.TaskLost && s.State != mesos.TaskGone {
			t.Errorf("the task of an agent that has left: %v", s)
		}
		inject(t, c, "start-agent 0")
		if after := f.offer().AgentID; after.Value == before.Value {
			t.Errorf("the agent is %v again", after)
		}
	})
}

// A master that is killed comes back and learns from its agents what runs.
func TestKillMaster(t *testing.T) {
	faulted(t, func(c *local.Cluster, f *framework) {
		inject(t, c, "kill-master")
		await[*scheduler.EventDisconnected](f, nil)
		inForce(t, c, "kill-master")
		<-time.After(5 * time.Second)
		if has[*scheduler.EventSubscribed](f, nil) {
			t.Error("somebody answers")
		}
		inject(t, c, "start-master")
		await[*scheduler.EventSubscribed](f, nil)
		f.offer()
		if s := f.reconcile("a", nil); s.State != mesos.TaskRunning {
			t.Errorf("the task after the master's failover: %v", s)
		}
	})
}

func TestRescindOffers(t *testing.T) {
	faulted(t, func(c *local.Cluster, f *framework) {
		o := f.offer()
		inject(t, c, "rescind-offers")
		await(f, func(e *scheduler.EventRescind) bool { return e.OfferID.Value == o.ID.Value })
	})
}

func TestDisconnectFrameworks(t *testing.T) {
	faulted(t, func(c *local.Cluster, f *framework) {
		inject(t, c, "disconnect-frameworks")
		await[*scheduler.EventDisconnected](f, nil)
		await[*scheduler.EventSubscribed](f, nil)
	})
}

// Updates that are lost are sent again until they arrive.
func TestDropUpdates(t *testing.T) {
	faulted(t, func(c *local.Cluster, f *framework) {
		inject(t, c, "drop-updates")
		f.kill("a")
		<-time.After(15 * time.Second)
		if has[*scheduler.EventUpdate](f, nil) {
			t.Errorf("an update was not dropped: %s", f.told())
		}
		if err := c.Heal(); err != nil {
			t.Fatal(err)
		}
		f.until("a", mesos.TaskKilled)
	})
}

func TestDelayUpdates(t *testing.T) {
	faulted(t, func(c *local.Cluster, f *framework) {
		inject(t, c, "delay-updates 2s")
		inForce(t, c, "delay-updates 2s")
		start := time.Now()
		f.kill("a")
		f.until("a", mesos.TaskKilled)
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("it took %v", took)
		}
		inject(t, c, "delay-updates 0s")
		inForce(t, c)
	})
}

func TestDuplicateUpdates(t *testing.T) {
	faulted(t, func(c *local.Cluster, f *framework) {
		inject(t, c, "duplicate-updates")
		f.kill("a")
		first, second := f.update("a"), f.update("a")
		if string(first.UUID) != string(second.UUID) || first.State != mesos.TaskKilled {
			t.Errorf("after %v came %v", first, second)
		}
	})
}

func TestFillDisk(t *testing.T) {
	faulted(t, func(c *local.Cluster, f *framework) {
		inject(t, c, "fill-disk 0")
		inForce(t, c, "fill-disk 0")
		f.launch(f.offer(), sleepTask("b"))
		if s := f.update("b"); s.State != mesos.TaskFailed || !strings.Contains(s.GetMessage(), "no space left") {
			t.Errorf("a task on a full disk: %v", s)
		}
		if err := c.Heal(); err != nil {
			t.Fatal(err)
		}
		f.launch(f.offer(), sleepTask("c"))
		f.until("c", mesos.TaskRunning)
	})
}

// Healing ends whatever is in force.
func TestHeal(t *testing.T) {
	t.Parallel()
	o := local.Options{Agents: 4, Resources: []string{resources}, MasterFlags: map[string]string{"allocation_interval": "50ms"}}
	cluster := local.RunT(t, o)
	inject(t, cluster, "kill-agent 0", "stop-agent 1", "unregister-agent 2", "freeze-agent 3", "fill-disk 1", "delay-updates 1m", "drop-updates", "duplicate-updates", "kill-master")
	inForce(t, cluster, "kill-agent 0", "stop-agent 1", "fill-disk 1", "unregister-agent 2", "freeze-agent 3", "kill-master", "drop-updates", "delay-updates 1m0s", "duplicate-updates")
	if err := cluster.Heal(); err != nil {
		t.Fatal(err)
	}
	inForce(t, cluster)
	f := subscribe(t, cluster.Master())
	f.offers(4)
}

// A cluster with faults ends as any other.
func TestStopFaulty(t *testing.T) {
	t.Parallel()
	o := local.Options{Agents: 3, Resources: []string{resources}}
	cluster, err := local.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	inject(t, cluster, "freeze-agent 0", "kill-agent 1", "delay-updates 1h", "kill-master")
	if err := cluster.Stop(); err != nil {
		t.Error(err)
	}
	for _, fault := range []string{"start-agent 1", "start-master", "drop-updates"} {
		if err := cluster.Inject(fault); err == nil {
			t.Errorf("%s was done to a cluster that has ended", fault)
		}
	}
}

func TestFaultsThatCannotBe(t *testing.T) {
	t.Parallel()
	cluster := fast(t)
	for fault, want := range map[string]string{
		"":                        "none is named",
		"explode":                 "no such fault",
		"kill-agent":              `"kill-agent 0"`,
		"kill-agent one":          "not the number of an agent",
		"kill-agent 1":            "there is no agent 1, the last one is 0",
		"kill-agent -1":           "there is no agent -1",
		"start-agent 0":           "it runs",
		"thaw-agent 0":            "it is not frozen",
		"start-master":            "it runs",
		"kill-master now":         `"now" is too much`,
		"delay-updates":           "delay-updates 2s",
		"delay-updates 2":         "not a duration",
		"delay-updates -2s":       "negative",
		"delay-updates 2s please": "delay-updates 2s",
	} {
		if err := cluster.Inject(fault); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", fault, err, want)
		}
	}
	inject(t, cluster, "freeze-agent 0")
	for _, fault := range []string{"freeze-agent 0", "stop-agent 0", "unregister-agent 0"} {
		if err := cluster.Inject(fault); err == nil || !strings.Contains(err.Error(), "it is frozen") {
			t.Errorf("%s: %v", fault, err)
		}
	}
	inject(t, cluster, "kill-agent 0", "kill-master")
	for fault, want := range map[string]string{"kill-agent 0": "does not run", "kill-master": "there is no master", "rescind-offers": "there is no master"} {
		if err := cluster.Inject(fault); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", fault, err)
		}
	}
}

// A master that is started again, on a cluster that leaves nothing behind too, knows whom it waits for: tasks of agents that do not come back
// in time are unreachable, not unknown.
func TestStartMasterRemembersAgents(t *testing.T) {
	faulted(t, func(c *local.Cluster, f *framework) {
		agent := f.reconcile("a", nil).AgentID
		inject(t, c, "kill-agent 0", "kill-master", "start-master")
		<-time.After(time.Minute)
		if s := f.reconcile("a", agent); s.State != mesos.TaskUnreachable {
			t.Errorf("got %v", s)
		}
		inject(t, c, "start-agent 0")
		f.until("a", mesos.TaskRunning)
	})
}

// A fault that takes its time does not stop virtual time for those that wait for their turn.
func TestFaultsAtTheSameTime(t *testing.T) {
	faulted(t, func(c *local.Cluster, _ *framework) {
		done := make(chan error)
		go func() { done <- c.UnregisterAgent(0) }()
		synctest.Wait()
		if err := c.RescindOffers(); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
