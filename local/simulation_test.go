package local_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// simulated is a framework in virtual time on a cluster that launches nothing.
func simulated(t *testing.T, simulate func(*local.Process) local.Life, test func(*local.Cluster, *framework)) {
	synctest.Test(t, func(t *testing.T) {
		cluster := local.RunT(t, local.Simulated(simulate))
		test(cluster, subscribe(t, cluster.Master(), func(o *scheduler.Options) { o.Dial = cluster.Dial }))
	})
}

// A cluster with nothing to do lets virtual time pass, and nothing happens in it but heartbeats and pings.
func TestVirtualTime(t *testing.T) {
	simulated(t, nil, func(_ *local.Cluster, f *framework) {
		start := time.Now()
		f.launch(f.offer(), sleepTask("a"))
		f.until("a", mesos.TaskRunning)
		<-time.After(24 * time.Hour)
		if has[*scheduler.EventDisconnected](f, nil) || has[*scheduler.EventUpdate](f, nil) {
			t.Errorf("in a day of virtual time: %s", f.told())
		}
		f.kill("a")
		f.until("a", mesos.TaskKilled)
		if took := time.Since(start) - 24*time.Hour; took > time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestLives(t *testing.T) {
	for name, c := range map[string]struct {
		life  local.Life
		kill  bool
		state mesos.TaskState
		after time.Duration
	}{
		"finishes":         {life: local.Life{Run: 30 * time.Second}, state: mesos.TaskFinished, after: 30 * time.Second},
		"fails":            {life: local.Life{Run: time.Second, ExitCode: 3}, state: mesos.TaskFailed, after: time.Second},
		"starts slowly":    {life: local.Life{Launch: 20 * time.Second, Run: 20 * time.Second}, state: mesos.TaskFinished, after: 40 * time.Second},
		"cannot start":     {life: local.Life{Refuse: errors.New("no such thing")}, state: mesos.TaskFailed},
		"ends when killed": {kill: true, state: mesos.TaskKilled},
		"ends slowly":      {life: local.Life{Die: 2 * time.Second}, kill: true, state: mesos.TaskKilled, after: 2 * time.Second},
		"has to be killed": {life: local.Life{Die: time.Hour}, kill: true, state: mesos.TaskKilled, after: 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			simulated(t, func(*local.Process) local.Life { return c.life }, func(_ *local.Cluster, f *framework) {
				offer := f.offer()
				start := time.Now()
				f.launch(offer, sleepTask("a"))
				if c.kill {
					f.until("a", mesos.TaskRunning)
					f.kill("a")
				}
				f.until("a", c.state)
				if took := time.Since(start); took < c.after || took > c.after+time.Second {
					t.Errorf("it took %v, not %v", took, c.after)
				}
			})
		})
	}
}

// Thousands of agents and tasks are cheap.
func TestAThousandAgents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const agents, each = 1000, 2
		o := local.Simulated(nil)
		o.Agents = agents
		cluster := local.RunT(t, o)
		f := subscribe(t, cluster.Master(), func(o *scheduler.Options) { o.Dial = cluster.Dial })
		for _, offer := range f.offers(agents) {
			var tasks []mesos.TaskInfo
			for i := range each {
				tasks = append(tasks, sleepTask(fmt.Sprintf("%s-%d", offer.AgentID.Value, i)))
			}
			f.launch(&offer, tasks...)
		}
		for range agents * each {
			await(f, func(e *scheduler.EventUpdate) bool { return e.Status.State == mesos.TaskRunning })
		}
	})
}

// play is an executor that runs its tasks for half a minute of virtual time.
func play(ctx context.Context, o executor.Options) error {
	driver, err := executor.New(o)
	if err != nil {
		return err
	}
	for event, err := range driver.Events(ctx) {
		if err != nil {
			return err
		}
		if e, ok := event.(*executor.EventLaunch); ok {
			driver.Update(mesos.TaskStatus{TaskID: e.Task.TaskID, State: mesos.TaskRunning, Data: e.Task.Data})
			time.AfterFunc(30*time.Second, func() {
				driver.Update(mesos.TaskStatus{TaskID: e.Task.TaskID, State: mesos.TaskFinished})
				driver.Stop()
			})
		}
	}
	return nil
}

// A framework's own executor is played in this process, through the real executor API.
func TestPlayedExecutor(t *testing.T) {
	simulated(t, func(*local.Process) local.Life { return local.Life{Executor: play} }, func(_ *local.Cluster, f *framework) {
		task := sleepTask("a")
		task.Command, task.Data = nil, []byte("from the scheduler")
		task.Executor = &mesos.ExecutorInfo{
			Type: new(mesos.ExecutorInfoTypeCustom), ExecutorID: mesos.ExecutorID{Value: "a"}, Command: &mesos.CommandInfo{},
			Resources: []mesos.Resource{mesos.CPUs(0.1), mesos.Mem(32)},
		}
		start := time.Now()
		f.launch(f.offer(), task)
		if s := f.until("a", mesos.TaskRunning); string(s.Data) != "from the scheduler" {
			t.Errorf("the executor was given %q", s.Data)
		}
		f.until("a", mesos.TaskFinished)
		if took := time.Since(start); took < 30*time.Second || took > 31*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}
