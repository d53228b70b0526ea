package agent

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ormosproject/ormos/local/internal/container"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
)

func defaultExecutorInfo() mesos.ExecutorInfo {
	return mesos.ExecutorInfo{
		ExecutorID: mesos.ExecutorID{Value: executorID}, Type: new(mesos.ExecutorInfoTypeDefault), Resources: resources(),
	}
}

func groupTask(id string, change ...func(*mesos.TaskInfo)) mesos.TaskInfo {
	t := commandTask(id, change...)
	t.Executor = new(defaultExecutorInfo())
	return t
}

func (c *cluster) launchGroup(f mesos.FrameworkInfo, tasks ...mesos.TaskInfo) {
	c.master.say(link.RunTaskGroup{Framework: f, Executor: defaultExecutorInfo(), Group: mesos.TaskGroupInfo{Tasks: tasks}})
}

// groupRuns launches a group and gives the tasks' containers.
func (c *cluster) groupRuns(f mesos.FrameworkInfo, tasks ...mesos.TaskInfo) map[string]*fakeContainer {
	c.t.Helper()
	c.launchGroup(f, tasks...)
	byID := map[string]*fakeContainer{}
	for range tasks {
		n := c.containers.next(c.t)
		byID[n.spec.ID] = n
	}
	for range tasks {
		c.acknowledged(mesos.TaskStarting)
	}
	running := map[string]*fakeContainer{}
	for range tasks {
		s := c.acknowledged(mesos.TaskRunning)
		running[s.TaskID.Value] = byID[chain(s.ContainerStatus.ContainerID)]
	}
	return running
}

// ends acknowledges the end of one task after the other, in any order.
func (c *cluster) ends(want map[string]mesos.TaskState) {
	c.t.Helper()
	for len(want) > 0 {
		u := hear[link.StatusUpdate](c.t, c.master)
		if s := want[u.Status.TaskID.Value]; s != u.Status.State || u.Status.GetSource() != mesos.SourceExecutor {
			c.t.Fatalf("got %s, want %s", &u.Status, s)
		}
		delete(want, u.Status.TaskID.Value)
		c.acknowledge(u.Status)
	}
}

// executorEnds waits for the word that the executor has ended.
func (c *cluster) executorEnds() {
	c.t.Helper()
	if got := hear[link.ExitedExecutor](c.t, c.master); got.Status != 0 || got.ExecutorID.Value != executorID {
		c.t.Errorf("ExitedExecutor: %v", got)
	}
	c.completed()
}

func TestGroup(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	running := c.groupRuns(testFramework(), groupTask("one"), groupTask("two"))
	sandbox := c.agent.files.Attached()[virtualLatest(frameworkID, executorID)]
	for id, n := range running {
		place, err := filepath.EvalSymlinks(filepath.Join(sandbox, "tasks", id))
		if err != nil || place != n.spec.Sandbox || filepath.Dir(place) != filepath.Join(sandbox, "containers") {
			t.Errorf("%s: sandbox %s, %v", id, place, err)
		}
		if !slices.Contains(n.spec.Env, "MESOS_SANDBOX="+place) || slices.ContainsFunc(n.spec.Env, func(e string) bool { return strings.HasPrefix(e, "MESOS_EXECUTOR_ID") }) {
			t.Errorf("environment: %v", n.spec.Env)
		}
	}
	running["one"].end(0)
	c.ends(map[string]mesos.TaskState{"one": mesos.TaskFinished})
	running["two"].end(0)
	c.ends(map[string]mesos.TaskState{"two": mesos.TaskFinished})
	c.executorEnds()
}

// A task that fails or is killed takes its own group along, and no other.
func TestGroupEndsTogether(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(*cluster, *fakeContainer)
		want mesos.TaskState
	}{
		{"fails", func(_ *cluster, n *fakeContainer) { n.end(1 << 8) }, mesos.TaskFailed},
		{"killed", func(c *cluster, _ *fakeContainer) { c.master.say(kill("one")) }, mesos.TaskKilled},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := start(t)
			hear[link.Register](t, c.master)
			running := c.groupRuns(testFramework(), groupTask("one"), groupTask("two"))
			other := c.groupRuns(testFramework(), groupTask("three"))
			test.do(c, running["one"])
			c.ends(map[string]mesos.TaskState{"one": test.want, "two": mesos.TaskKilled})
			if select_(other["three"].done) {
				t.Error("another group ended as well")
			}
			other["three"].end(0)
			c.ends(map[string]mesos.TaskState{"three": mesos.TaskFinished})
			c.executorEnds()
		})
	}
}

func TestKillInGroup(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	c.containers.deaf = true
	n := c.groupRuns(testFramework(), groupTask("t"))["t"]
	long, short := kill("t"), kill("t")
	long.KillPolicy = &mesos.KillPolicy{GracePeriod: &mesos.DurationInfo{Nanoseconds: int64(time.Hour)}}
	short.KillPolicy = &mesos.KillPolicy{GracePeriod: &mesos.DurationInfo{}}
	c.master.say(long)
	c.master.say(short)
	c.until("SIGTERM came", func(*Agent) bool {
		n.mu.Lock()
		defer n.mu.Unlock()
		return len(n.signals) == 1
	})
	if select_(n.done) {
		t.Error("the second KILL was heard")
	}
	n.end(int32(syscall.SIGTERM))
	c.ends(map[string]mesos.TaskState{"t": mesos.TaskKilled})
	c.executorEnds()
}

func TestKillOfLaunchingGroup(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	c.containers.hold = make(chan struct{})
	c.launchGroup(testFramework(), groupTask("t"))
	c.acknowledged(mesos.TaskStarting)
	c.master.say(kill("t"))
	close(c.containers.hold)
	c.acknowledged(mesos.TaskRunning)
	c.ends(map[string]mesos.TaskState{"t": mesos.TaskKilled})
	c.executorEnds()
}

func TestGroupLaunchFailure(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	c.containers.fail = &container.FetchError{}
	c.launchGroup(testFramework(), groupTask("t"))
	c.acknowledged(mesos.TaskStarting)
	if s := c.acknowledged(mesos.TaskFailed); s.GetSource() != mesos.SourceExecutor || s.GetMessage() != c.containers.fail.Error() {
		t.Errorf("status: %s", &s)
	}
	c.executorEnds()
}

func TestShutdownOfDefaultExecutor(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	c.groupRuns(testFramework(), groupTask("one"), groupTask("two"))
	c.master.say(link.ShutdownExecutor{FrameworkID: mesos.FrameworkID{Value: frameworkID}, ExecutorID: mesos.ExecutorID{Value: executorID}})
	c.ends(map[string]mesos.TaskState{"one": mesos.TaskKilled, "two": mesos.TaskKilled})
	c.executorEnds()
}

// Groups live through the death of their agent: they run on, and what ended meanwhile is told with its status.
func TestRecoverGroup(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	f := testFramework(checkpointing)
	running := c.groupRuns(f, groupTask("ended"), groupTask("alive"))
	other := c.groupRuns(f, groupTask("other"))
	c.kill()
	running["ended"].end(7 << 8)
	c.run()
	m := hear[link.Reregister](t, c.master)
	if len(m.Executors) != 1 || m.Executors[0].GetType() != mesos.ExecutorInfoTypeDefault {
		t.Errorf("Reregister: %v", m)
	}
	c.ends(map[string]mesos.TaskState{"ended": mesos.TaskFailed, "alive": mesos.TaskKilled})
	c.launchGroup(f, groupTask("late"))
	late := c.containers.next(t)
	c.acknowledged(mesos.TaskStarting)
	c.acknowledged(mesos.TaskRunning)
	late.end(1 << 8)
	c.ends(map[string]mesos.TaskState{"late": mesos.TaskFailed})
	if select_(other["other"].done) {
		t.Error("another group ended as well")
	}
	c.master.say(kill("other"))
	c.ends(map[string]mesos.TaskState{"other": mesos.TaskKilled})
	c.executorEnds()
}

// A real group that does not checkpoint ends with its agent's successor.
func TestRealGroupWithoutCheckpoint(t *testing.T) {
	c := start(t, realProcesses(t))
	hear[link.Register](t, c.master)
	c.launchGroup(testFramework(), groupTask("t", func(t *mesos.TaskInfo) { t.Command.Value = new("echo $$ > pid; exec sleep 1000") }))
	c.acknowledged(mesos.TaskStarting)
	c.acknowledged(mesos.TaskRunning)
	sandbox := c.agent.files.Attached()[virtualLatest(frameworkID, executorID)]
	pid := content(t, filepath.Join(sandbox, "tasks", "t", "pid"))
	c.kill()
	c.run()
	hear[link.Reregister](t, c.master)
	c.until("the process is gone", func(*Agent) bool {
		_, err := os.Stat("/proc/" + pid)
		return os.IsNotExist(err)
	})
}
