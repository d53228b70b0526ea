package local_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
	"github.com/ormosproject/ormos/zk/zktest"
)

// disaster is a cluster found by ZooKeeper, in a process of its own, with a framework that survives everything.
type disaster struct {
	*mortal
	zookeeper *zktest.Server
	agent     mesos.AgentID
	pids      map[string]int // of the process of each task
	lives     []string       // tasks that are to run
}

// TestDisasters lets one thing after another happen to a cluster: whatever it is, what should live on does, and what ends is told as
// Mesos tells it, once.
func TestDisasters(t *testing.T) {
	t.Parallel()
	needsKeeper(t)
	d := newDisaster(t)
	for _, happens := range []struct {
		what string
		do   func()
	}{
		{"the agent is killed and comes back", func() { d.faults("kill-agent 0", "start-agent 0") }},
		{"the agent is lost and comes back", d.agentIsLost},
		{"the master is killed and another one takes over", d.masterFailsOver},
		{"the master's session with ZooKeeper expires", d.sessionExpires},
		{"ZooKeeper is killed and comes back", func() { d.zookeeper.Kill(); d.zookeeper.Restart() }},
		{"the agent is killed, then the master, and both come back", func() {
			d.faults("kill-agent 0")
			d.masterFailsOver()
			d.faults("start-agent 0")
		}},
		{"the framework's connection breaks", func() { d.faults("disconnect-frameworks"); d.subscribedAgain() }},
		{"everything is killed at once", func() { d.child.kill(); d.child.start(); d.subscribedAgain() }},
		{"everything is killed, and ZooKeeper", func() {
			d.child.kill()
			d.zookeeper.Kill()
			d.zookeeper.Restart()
			d.child.start()
			d.subscribedAgain()
		}},
	} {
		t.Log(happens.what)
		happens.do()
		d.allLive()
	}
	d.killTasks()
	d.killTasksUnseen()
	eventually(t, "no task is left", func() bool {
		var state struct {
			Frameworks []struct{ Tasks []struct{ ID string } }
		}
		into(t, d.master(), "/state", &state)
		return len(state.Frameworks) == 1 && len(state.Frameworks[0].Tasks) == 0
	})
	eventually(t, "no process is left", func() bool { return len(processesIn(d.options.WorkDir)) == 0 })
	for _, id := range []string{"command", "custom", "one", "two", "late command", "late custom", "late one", "late two"} {
		if n := len(d.ends(id)); n != 1 {
			t.Errorf("%s has ended %d times", id, n)
		}
	}
}

func newDisaster(t *testing.T) *disaster {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	d := &disaster{zookeeper: zktest.Start(t), pids: map[string]int{}}
	url := d.zookeeper.URL("/mesos")
	flags := soon()
	flags["agent_ping_timeout"], flags["max_agent_ping_timeouts"] = "2secs", "2"
	d.mortal = &mortal{t: t, ended: map[string][]*mesos.TaskStatus{}}
	d.child = startChild(t, local.Options{
		ZK: url, MasterFlags: flags, AgentFlags: map[string]string{"executor_reregistration_timeout": "15secs"}, Keeper: []string{self, roleKeeper},
	})
	d.framework = newFramework(t, url, partitionAware)
	d.keep = func(e *scheduler.EventUpdate) bool { return d.note(e) }
	d.framework.start()
	await[*scheduler.EventSubscribed](d.framework, nil)
	d.launchAll("")
	return d
}

// launchAll launches a task of each kind, and notes their processes.
func (d *disaster) launchAll(prefix string) {
	d.t.Helper()
	o := d.offer()
	d.agent = o.AgentID
	command, custom := sleepTask(prefix+"command"), customTask(d.t, prefix+"custom")
	group := mesos.TaskGroupInfo{Tasks: []mesos.TaskInfo{sleepTask(prefix + "one"), sleepTask(prefix + "two")}}
	for i := range group.Tasks {
		group.Tasks[i].AgentID = o.AgentID
	}
	command.AgentID, custom.AgentID = o.AgentID, o.AgentID
	d.must(d.Accept(context.Background(), scheduler.CallAccept{
		OfferIDs: []mesos.OfferID{o.ID}, Filters: scheduler.Refuse(0), Operations: []mesos.OfferOperation{
			{Type: new(mesos.OfferOperationTypeLaunch), Launch: &mesos.OfferOperationLaunch{TaskInfos: []mesos.TaskInfo{command, custom}}},
			{Type: new(mesos.OfferOperationTypeLaunchGroup), LaunchGroup: &mesos.OfferOperationLaunchGroup{
				Executor: mesos.ExecutorInfo{
					Type: new(mesos.ExecutorInfoTypeDefault), ExecutorID: mesos.ExecutorID{Value: prefix + "group"}, FrameworkID: new(d.FrameworkID()),
					Resources: []mesos.Resource{mesos.CPUs(0.1), mesos.Mem(32), mesos.Disk(10)},
				},
				TaskGroup: group,
			}},
		},
	}))
	d.lives = []string{prefix + "command", prefix + "custom", prefix + "one", prefix + "two"}
	for _, id := range d.lives {
		s := d.until(id, mesos.TaskRunning)
		if s.ContainerStatus == nil || s.ContainerStatus.GetExecutorPID() == 0 {
			d.t.Fatalf("%s runs without a process: %v", id, s)
		}
		d.pids[id] = int(s.ContainerStatus.GetExecutorPID())
	}
}

// faults injects faults into the cluster.
func (d *disaster) faults(faults ...string) {
	d.t.Helper()
	for _, fault := range faults {
		answer, err := http.Post("http://"+d.master()+"/ormos/faults", "application/json", strings.NewReader(fmt.Sprintf(`{"fault":%q}`, fault)))
		if err != nil {
			d.t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			d.t.Fatalf("%s: %s", fault, answer.Status)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

func (d *disaster) subscribedAgain() {
	d.t.Helper()
	await[*scheduler.EventSubscribed](d.framework, nil)
}

// agentIsLost has the agent not answer for so long that the master gives it up. Its tasks are told to be unreachable, and to run again when it
// is back.
func (d *disaster) agentIsLost() {
	d.faults("freeze-agent 0")
	for _, id := range d.lives {
		s := d.until(id, mesos.TaskUnreachable)
		if s.GetSource() != mesos.SourceMaster || s.GetReason() != mesos.ReasonAgentRemoved || len(s.UUID) > 0 || s.UnreachableTime == nil {
			d.t.Errorf("%s: %v", id, s)
		}
	}
	await(d.framework, func(e *scheduler.EventFailure) bool { return e.AgentID != nil && e.ExecutorID == nil })
	d.faults("thaw-agent 0")
	for _, id := range d.lives {
		if s := d.until(id, mesos.TaskRunning); s.GetSource() != mesos.SourceMaster || s.GetReason() != mesos.ReasonAgentReregistered {
			d.t.Errorf("%s: %v", id, s)
		}
	}
}

func (d *disaster) masterFailsOver() {
	d.faults("kill-master")
	await(d.framework, func(e *scheduler.EventDisconnected) bool { return e.Lost })
	d.faults("start-master")
	d.subscribedAgain()
}

func (d *disaster) sessionExpires() {
	d.zookeeper.ExpireSessions()
	await(d.framework, func(e *scheduler.EventDisconnected) bool { return e.Lost })
	d.subscribedAgain()
}

// allLive waits until the agent is back and every task runs, with the process that it had.
func (d *disaster) allLive() {
	d.t.Helper()
	for _, id := range d.lives {
		var last *mesos.TaskStatus
		eventually(d.t, id+" runs", func() bool { last = d.reconcile(id, &d.agent); return last.State == mesos.TaskRunning })
		if err := syscall.Kill(d.pids[id], 0); err != nil {
			d.t.Errorf("%s has no process %d: %v", id, d.pids[id], err)
		}
		if ends := d.ends(id); len(ends) > 0 {
			d.t.Errorf("%s has ended: %v", id, ends)
		}
	}
}

// killTasks kills the processes of tasks.
func (d *disaster) killTasks() {
	for _, id := range []string{"command", "custom", "one"} {
		if err := syscall.Kill(d.pids[id], syscall.SIGKILL); err != nil {
			d.t.Fatal(err)
		}
	}
	d.endsAs("command", mesos.TaskFailed, mesos.SourceExecutor, "Command terminated with signal Killed")
	d.endsAs("custom", mesos.TaskFailed, mesos.SourceAgent, "Executor terminated")
	d.endsAs("one", mesos.TaskFailed, mesos.SourceExecutor, "Command terminated with signal Killed")
	d.endsAs("two", mesos.TaskKilled, mesos.SourceExecutor, "Command terminated with signal Terminated")
}

// killTasksUnseen kills others while nothing else runs that could see it.
func (d *disaster) killTasksUnseen() {
	d.launchAll("late ")
	d.child.kill()
	for _, id := range []string{"late command", "late custom", "late one"} {
		if err := syscall.Kill(d.pids[id], syscall.SIGKILL); err != nil {
			d.t.Fatal(err)
		}
	}
	eventually(d.t, "they are gone", func() bool {
		for _, id := range []string{"late command", "late custom", "late one"} {
			if syscall.Kill(d.pids[id], 0) == nil {
				return false
			}
		}
		return true
	})
	d.child.start()
	d.subscribedAgain()
	d.endsAs("late command", mesos.TaskFailed, mesos.SourceExecutor, "Command terminated with signal Killed")
	d.endsAs("late custom", mesos.TaskFailed, mesos.SourceAgent, "Executor terminated")
	d.endsAs("late one", mesos.TaskFailed, mesos.SourceExecutor, "Command terminated with signal Killed")
	d.endsAs("late two", mesos.TaskKilled, mesos.SourceExecutor, "Command terminated with signal Terminated")
}

// endsAs waits for the end of a task, which an update tells.
func (d *disaster) endsAs(id string, state mesos.TaskState, source mesos.TaskStatusSource, message string) {
	d.t.Helper()
	eventually(d.t, id+" ends", func() bool { return len(d.ends(id)) > 0 })
	if s := d.ends(id)[0]; s.State != state || s.GetSource() != source || s.GetMessage() != message {
		d.t.Errorf("%s: %v %q of %v, want %v %q of %v", id, s.State, s.GetMessage(), s.GetSource(), state, message, source)
	}
}
