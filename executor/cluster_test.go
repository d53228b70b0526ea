package executor_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// framework is a scheduler on a local cluster. What it is told waits in channels.
type framework struct {
	*scheduler.Session
	t        testing.TB
	offers   chan mesos.Offer
	updates  chan mesos.TaskStatus // each once
	heard    map[string]bool       // their uuids
	messages chan *scheduler.EventMessage
	failures chan *scheduler.EventFailure
}

// simulated runs a test in virtual time on a cluster whose executor is run in this process, with the real executor API between it
// and its agent.
func simulated(t *testing.T, run func(context.Context, executor.Options) error, test func(*framework)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o := local.Simulated(func(*local.Process) local.Life { return local.Life{Executor: run} })
		o.Resources = []string{"cpus:1000;mem:1000000;disk:100000;ports:[]"}
		o.AgentFlags = map[string]string{"isolation": "cgroups/mem"} // without which a task may have no limit
		cluster := local.RunT(t, o)
		test(subscribe(t, scheduler.Options{
			Master: cluster.Master(), Dial: cluster.Dial,
			Framework: mesos.FrameworkInfo{Name: "test", Capabilities: []mesos.FrameworkInfoCapability{
				{Type: new(mesos.FrameworkInfoCapabilityTypeTaskKillingState)},
			}},
		}))
	})
}

// working is an executor of Run.
func working(o executor.RunOptions, work func(context.Context, *executor.Task) error) func(context.Context, executor.Options) error {
	return func(ctx context.Context, given executor.Options) error {
		o.Options = given
		return executor.Run(ctx, o, work)
	}
}

func subscribe(t testing.TB, o scheduler.Options) *framework {
	t.Helper()
	f := &framework{
		Session: scheduler.New(o), t: t, offers: make(chan mesos.Offer, 1000),
		heard: map[string]bool{}, updates: make(chan mesos.TaskStatus, 10000),
		messages: make(chan *scheduler.EventMessage, 10), failures: make(chan *scheduler.EventFailure, 10),
	}
	ctx, cancel := context.WithCancel(context.Background())
	var listening sync.WaitGroup
	listening.Go(func() {
		for event, err := range f.Events(ctx) {
			if err != nil {
				t.Error(err)
			}
			f.hear(event)
		}
	})
	t.Cleanup(func() {
		cancel()
		listening.Wait()
	})
	return f
}

func (f *framework) hear(event scheduler.TypedEvent) {
	switch e := event.(type) {
	case *scheduler.EventOffers:
		for _, offer := range e.Offers {
			f.offers <- offer
		}
	case *scheduler.EventUpdate:
		if uuid := string(e.Status.UUID); uuid == "" || !f.heard[uuid] {
			f.heard[uuid] = true
			f.updates <- e.Status
		}
	case *scheduler.EventMessage:
		f.messages <- e
	case *scheduler.EventFailure:
		f.failures <- e
	}
}

// receive waits for what should take a moment; in virtual time it may take a day.
func receive[T any](f *framework, what string, from <-chan T) T {
	f.t.Helper()
	limit := time.NewTimer(time.Hour)
	defer limit.Stop()
	select {
	case v := <-from:
		return v
	case <-limit.C:
	}
	f.t.Fatalf("waiting for %s: nothing comes", what)
	panic("unreachable")
}

func (f *framework) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// launch launches tasks on one executor of the agent's.
func (f *framework) launch(tasks ...mesos.TaskInfo) {
	f.t.Helper()
	f.accept(&mesos.OfferOperation{Type: new(mesos.OfferOperationTypeLaunch), Launch: &mesos.OfferOperationLaunch{TaskInfos: tasks}}, tasks)
}

func (f *framework) accept(operation *mesos.OfferOperation, tasks []mesos.TaskInfo) {
	f.t.Helper()
	offer := receive(f, "an offer", f.offers)
	for i := range tasks {
		tasks[i].AgentID = offer.AgentID
	}
	f.must(f.Accept(f.t.Context(), scheduler.CallAccept{
		OfferIDs: []mesos.OfferID{offer.ID}, Filters: scheduler.Refuse(0), Operations: []mesos.OfferOperation{*operation},
	}))
}

func (f *framework) kill(id string, grace time.Duration) {
	f.t.Helper()
	f.must(f.Kill(f.t.Context(), scheduler.CallKill{TaskID: mesos.TaskID{Value: id}, KillPolicy: policy(grace)}))
}

// until waits until a task is in a state, whatever the other tasks do.
func (f *framework) until(id string, state mesos.TaskState) *mesos.TaskStatus {
	f.t.Helper()
	for {
		s := receive(f, id+" in "+state.String(), f.updates)
		if s.TaskID.Value == id && s.State == state {
			return &s
		}
		if s.TaskID.Value == id && s.State.Terminal() {
			f.t.Fatalf("task %s is %v, want %v: %v", id, s.State, state, &s)
		}
	}
}

func policy(grace time.Duration) *mesos.KillPolicy {
	return &mesos.KillPolicy{GracePeriod: &mesos.DurationInfo{Nanoseconds: int64(grace)}}
}

// task is one for the executor e.
func task(id string) mesos.TaskInfo {
	return mesos.TaskInfo{
		Name: id, TaskID: mesos.TaskID{Value: id}, Resources: []mesos.Resource{mesos.CPUs(0.1), mesos.Mem(32), mesos.Disk(1)},
		Executor: &mesos.ExecutorInfo{
			Type: new(mesos.ExecutorInfoTypeCustom), ExecutorID: mesos.ExecutorID{Value: "e"}, Command: &mesos.CommandInfo{Value: new("simulated")},
			Resources: []mesos.Resource{mesos.CPUs(0.1), mesos.Mem(32), mesos.Disk(1)},
		},
	}
}
