package local_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// TestScenarios holds for every Mesos: where MESOS_MASTER names a master (host:port or zk://), for that cluster, whose agents have to have room for a
// few small tasks; otherwise for a local one.
func TestScenarios(t *testing.T) {
	t.Parallel()
	master := os.Getenv("MESOS_MASTER")
	if master == "" {
		master = local.RunT(t, local.Options{Agents: 2, Resources: []string{resources, "cpus:2;mem:1024;ports:[31100-31199]"}}).Master()
	}
	for name, play := range map[string]func(s *scenario){
		"a task ends well":                         endsWell,
		"a task ends with a status":                endsBadly,
		"a task is killed":                         isKilled,
		"a task that ignores SIGTERM is killed":    isKilledHard,
		"a task takes too long":                    takesTooLong,
		"a task needs more than was offered":       needsTooMuch,
		"a task id is used twice":                  usedTwice,
		"an offer is used twice":                   offerUsedTwice,
		"an executable does not exist":             noExecutable,
		"a URI cannot be fetched":                  noURI,
		"a task group runs in one sandbox":         groupShares,
		"a task group ends with its first failure": groupFails,
		"a health check fails":                     unhealthy,
		"a check tells what it finds":              checked,
		"tasks are reconciled":                     reconciled,
		"an update is not acknowledged":            unacknowledged,
		"a scheduler takes over":                   takesOver,
		"a framework is torn down":                 tornDown,
		"offers are refused and asked for again":   refusedOffers,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &scenario{master: master}
			s.framework = subscribe(t, master, partitionAware, named(t.Name(), true))
			t.Cleanup(func() {
				if !s.gone {
					_ = s.Teardown(context.Background()) // before the session is closed: a real cluster would keep the framework
				}
			})
			play(s)
		})
	}
}

// scenario is a framework on a cluster of which nothing is known.
type scenario struct {
	*framework
	master string
	gone   bool // there is nothing to tear down
}

// shell is a task that runs a command in a shell.
func shell(id, command string) mesos.TaskInfo {
	task := sleepTask(id)
	task.Command.Value = new(command)
	return task
}

// ends waits for a task's end and tells whether it is as it should be.
func (s *scenario) ends(id string, state mesos.TaskState, source mesos.TaskStatusSource, message string) *mesos.TaskStatus {
	s.t.Helper()
	status := s.until(id, state)
	if status.GetSource() != source || !strings.Contains(status.GetMessage(), message) {
		s.t.Errorf("%s: %v of %v, want %v with %q", id, status, status.GetSource(), source, message)
	}
	return status
}

func endsWell(s *scenario) {
	s.launch(s.room(), shell("t", "test -n \"$MESOS_SANDBOX\" && test \"$MESOS_SANDBOX\" = \"$PWD\""))
	for _, want := range []mesos.TaskState{mesos.TaskStarting, mesos.TaskRunning, mesos.TaskFinished} {
		u := s.update("t")
		if u.State != want || u.GetSource() != mesos.SourceExecutor || len(u.UUID) != 16 || u.ContainerStatus == nil || u.ContainerStatus.ContainerID == nil {
			s.t.Errorf("%v, want %v", u, want)
		}
	}
}

func endsBadly(s *scenario) {
	s.launch(s.room(), shell("t", "exit 3"))
	s.ends("t", mesos.TaskFailed, mesos.SourceExecutor, "Command exited with status 3")
}

func isKilled(s *scenario) {
	s.launch(s.room(), sleepTask("t"))
	s.until("t", mesos.TaskRunning)
	s.kill("t")
	s.ends("t", mesos.TaskKilled, mesos.SourceExecutor, "Command terminated with signal Terminated")
}

func isKilledHard(s *scenario) {
	task := shell("t", "trap '' TERM; touch trapped; while :; do sleep 0.1; done")
	task.KillPolicy = &mesos.KillPolicy{GracePeriod: &mesos.DurationInfo{Nanoseconds: int64(100 * time.Millisecond)}}
	task.Check = &mesos.CheckInfo{ // RUNNING says only that the shell was started
		Type: new(mesos.CheckInfoTypeCommand), Command: &mesos.CheckInfoCommand{Command: mesos.CommandInfo{Value: new("test -e trapped")}},
		DelaySeconds: new(0.0), IntervalSeconds: new(0.1),
	}
	s.launch(s.room(), task)
	await(s.framework, func(e *scheduler.EventUpdate) bool {
		c := e.Status.CheckStatus
		return c != nil && c.Command != nil && c.Command.ExitCode != nil && *c.Command.ExitCode == 0
	})
	s.kill("t")
	s.ends("t", mesos.TaskKilled, mesos.SourceExecutor, "signal Killed")
}

func takesTooLong(s *scenario) {
	task := sleepTask("t")
	task.MaxCompletionTime = &mesos.DurationInfo{Nanoseconds: int64(100 * time.Millisecond)}
	s.launch(s.room(), task)
	if status := s.ends("t", mesos.TaskFailed, mesos.SourceExecutor, ""); status.GetReason() != mesos.ReasonMaxCompletionTimeReached {
		s.t.Errorf("%v", status)
	}
}

func needsTooMuch(s *scenario) {
	task := sleepTask("t")
	task.Resources = []mesos.Resource{mesos.CPUs(1e6), mesos.Mem(32)}
	s.launch(s.room(), task)
	if status := s.ends("t", mesos.TaskError, mesos.SourceMaster, "more than available"); status.GetReason() != mesos.ReasonTaskInvalid || len(status.UUID) > 0 {
		s.t.Errorf("%v", status)
	}
}

func usedTwice(s *scenario) {
	s.launch(s.room(), sleepTask("t"))
	s.until("t", mesos.TaskRunning)
	s.launch(s.room(), sleepTask("t"))
	if status := s.ends("t", mesos.TaskError, mesos.SourceMaster, "t"); status.GetReason() != mesos.ReasonTaskInvalid {
		s.t.Errorf("%v", status)
	}
}

func offerUsedTwice(s *scenario) {
	o := s.room()
	s.launch(o, sleepTask("one"))
	s.launch(o, sleepTask("two"))
	if status := s.ends("two", mesos.TaskDropped, mesos.SourceMaster, ""); status.GetReason() != mesos.ReasonInvalidOffers {
		s.t.Errorf("%v", status)
	}
	s.until("one", mesos.TaskRunning)
}

func noExecutable(s *scenario) {
	task := sleepTask("t")
	task.Command = &mesos.CommandInfo{Shell: new(false), Value: new("/nowhere/to/be/found")}
	s.launch(s.room(), task)
	s.until("t", mesos.TaskFailed)
}

func noURI(s *scenario) {
	task := sleepTask("t")
	task.Command.URIs = []mesos.CommandInfoURI{{Value: "file:///nowhere/to/be/found"}}
	s.launch(s.room(), task)
	if status := s.ends("t", mesos.TaskFailed, mesos.SourceAgent, ""); status.GetReason() != mesos.ReasonContainerLaunchFailed {
		s.t.Errorf("%v", status)
	}
}

// group launches a task group on the default executor.
func (s *scenario) group(o *mesos.Offer, tasks ...mesos.TaskInfo) {
	s.t.Helper()
	for i := range tasks {
		tasks[i].AgentID = o.AgentID
	}
	s.must(s.Accept(context.Background(), scheduler.CallAccept{
		OfferIDs: []mesos.OfferID{o.ID}, Filters: scheduler.Refuse(0),
		Operations: []mesos.OfferOperation{{Type: new(mesos.OfferOperationTypeLaunchGroup), LaunchGroup: &mesos.OfferOperationLaunchGroup{
			Executor: mesos.ExecutorInfo{
				Type: new(mesos.ExecutorInfoTypeDefault), ExecutorID: mesos.ExecutorID{Value: "group"}, Resources: []mesos.Resource{mesos.CPUs(0.1), mesos.Mem(32), mesos.Disk(1)},
				FrameworkID: &mesos.FrameworkID{Value: s.FrameworkID().Value},
			},
			TaskGroup: mesos.TaskGroupInfo{Tasks: tasks},
		}}},
	}))
}

func groupShares(s *scenario) {
	// What tasks of a group share is their executor's sandbox, two above their own.
	s.group(s.room(), shell("writes", "echo hello > ../../hello; exec sleep 1000"),
		shell("reads", "until grep -q hello ../../hello; do sleep 0.02; done"))
	s.ends("reads", mesos.TaskFinished, mesos.SourceExecutor, "")
	s.kill("writes")
	s.until("writes", mesos.TaskKilled)
}

func groupFails(s *scenario) {
	s.group(s.room(), sleepTask("long"), shell("short", "exit 1"))
	s.until("short", mesos.TaskFailed)
	s.until("long", mesos.TaskKilled)
}

func unhealthy(s *scenario) {
	task := sleepTask("t")
	task.HealthCheck = &mesos.HealthCheck{
		Type: new(mesos.HealthCheckTypeCommand), Command: &mesos.CommandInfo{Value: new("false")},
		DelaySeconds: new(0.0), IntervalSeconds: new(0.1), GracePeriodSeconds: new(0.0), ConsecutiveFailures: new(uint32(2)),
	}
	s.launch(s.room(), task)
	if status := s.until("t", mesos.TaskKilled); status.Healthy == nil || *status.Healthy {
		s.t.Errorf("%v", status)
	}
}

func checked(s *scenario) {
	task := sleepTask("t")
	task.Check = &mesos.CheckInfo{
		Type: new(mesos.CheckInfoTypeCommand), Command: &mesos.CheckInfoCommand{Command: mesos.CommandInfo{Value: new("exit 7")}},
		DelaySeconds: new(0.0), IntervalSeconds: new(0.1),
	}
	s.launch(s.room(), task)
	found := func(e *scheduler.EventUpdate) bool {
		c := e.Status.CheckStatus
		return c != nil && c.Command != nil && c.Command.GetExitCode() == 7
	}
	if status := await(s.framework, found).Status; status.State != mesos.TaskRunning || status.GetReason() != mesos.ReasonTaskCheckStatusUpdated {
		s.t.Errorf("%v", &status)
	}
}

func reconciled(s *scenario) {
	o := s.room()
	s.launch(o, sleepTask("t"))
	s.until("t", mesos.TaskRunning)
	for task, want := range map[string]mesos.TaskState{"t": mesos.TaskRunning, "never": mesos.TaskGone} {
		if status := s.reconcile(task, &o.AgentID); status.State != want || status.GetSource() != mesos.SourceMaster || len(status.UUID) > 0 {
			s.t.Errorf("%v, want %v", status, want)
		}
	}
	if status := s.reconcile("nowhere", &mesos.AgentID{Value: "nobody"}); status.State != mesos.TaskUnknown {
		s.t.Errorf("%v", status)
	}
}

// unacknowledged ends a session with an update that it has not acknowledged: the next one gets it again.
func unacknowledged(s *scenario) {
	s.keep = func(e *scheduler.EventUpdate) bool { return e.Status.State != mesos.TaskRunning }
	s.launch(s.room(), sleepTask("t"))
	first := s.until("t", mesos.TaskRunning)
	s.must(s.fault())
	s.keep = nil
	s.start()
	if again := s.until("t", mesos.TaskRunning); string(again.UUID) != string(first.UUID) {
		s.t.Errorf("%v came, and then %v", first, again)
	}
	s.must(s.Teardown(context.Background()))
	s.gone = true
}

func takesOver(s *scenario) {
	s.launch(s.room(), sleepTask("t"))
	s.until("t", mesos.TaskRunning)
	id := scheduler.FileID(write(s.t, "id", s.FrameworkID().Value))
	young := subscribe(s.t, s.master, partitionAware, named(s.t.Name(), true), func(o *scheduler.Options) { o.FrameworkID = id })
	if fault, ok := errors.AsType[*scheduler.Error](s.fault()); !ok || fault.Reason != scheduler.ReasonFailedOver {
		s.t.Errorf("the old scheduler ended with %v", s.err)
	}
	s.gone = true
	young.must(young.Reconcile(context.Background()))
	young.until("t", mesos.TaskRunning)
	young.must(young.Teardown(context.Background()))
}

func tornDown(s *scenario) {
	s.launch(s.room(), sleepTask("t"))
	s.until("t", mesos.TaskRunning)
	id := scheduler.FileID(write(s.t, "id", s.FrameworkID().Value))
	s.must(s.Teardown(context.Background()))
	s.gone = true
	s.must(s.fault())
	again := newFramework(s.t, s.master, partitionAware, func(o *scheduler.Options) { o.FrameworkID = id })
	again.start()
	if fault, ok := errors.AsType[*scheduler.Error](again.fault()); !ok || fault.Reason != scheduler.ReasonRemoved {
		s.t.Errorf("the framework came back: %v", fault)
	}
}

func refusedOffers(s *scenario) {
	s.decline(s.room(), time.Hour)
	s.must(s.Revive(context.Background()))
	s.decline(s.room(), 0)
	s.room()
}
