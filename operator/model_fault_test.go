package operator_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/local/fault"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
	"github.com/ormosproject/ormos/scheduler"
)

// launchAll launches a task on each offer that there is room in, up to n, and ends with its context.
func launchAll(ctx context.Context, t *testing.T, cluster *local.Cluster, n int) {
	session, number := scheduler.New(scheduler.Options{
		Master: cluster.Master(), Dial: cluster.Dial, Framework: mesos.FrameworkInfo{
			Name: "many", FailoverTimeout: new(7 * 24 * 3600.0), Checkpoint: new(true), Capabilities: scheduler.Capabilities{PartitionAware: true}.List(),
		},
	}), 0
	for event, err := range session.Events(ctx) {
		if err != nil {
			t.Error(err)
			return
		}
		offers, ok := event.(*scheduler.EventOffers)
		if !ok {
			continue
		}
		for _, o := range offers.Offers {
			accept := scheduler.CallAccept{OfferIDs: []mesos.OfferID{o.ID}, Filters: scheduler.Refuse(time.Hour)}
			if number < n {
				number++
				accept.Filters = scheduler.Refuse(time.Second)
				task := command(fmt.Sprintf("task-%d", number), "run")
				task.Name, task.AgentID, task.Resources = task.TaskID.Value, o.AgentID, []mesos.Resource{mesos.CPUs(0.1), mesos.Mem(32)}
				accept.Operations = []mesos.OfferOperation{{
					Type: new(mesos.OfferOperationTypeLaunch), Launch: &mesos.OfferOperationLaunch{TaskInfos: []mesos.TaskInfo{task}},
				}}
			}
			_ = session.Accept(ctx, accept) // lost with the master, maybe
		}
	}
}

// Agents become unreachable, come back, die and end, and masters fail over: in the end the model is what the master says, also while a fault
// goes on, and it has told the change that the fault stands for.
func TestModelThroughFaults(t *testing.T) {
	for name, test := range map[string]struct {
		faults string
		tells  operator.ChangeKind
	}{
		"an agent is out of sight":              {"1m freeze-agent agent=0 for=24h", operator.AgentRemoved},
		"an agent comes back":                   {"1m freeze-agent agent=0 for=10m", operator.AgentAdded},
		"an agent ends":                         {"1m stop-agent agent=1 for=24h", operator.AgentRemoved},
		"an agent unregisters":                  {"1m unregister-agent agent=1 for=24h", operator.AgentRemoved},
		"an agent registers anew":               {"1m unregister-agent agent=1 for=1m", operator.AgentAdded},
		"an agent dies":                         {"1m kill-agent agent=1 for=10m", operator.AgentRemoved},
		"the master fails over":                 {"1m kill-master for=30s", operator.Disconnected},
		"the master comes back to fewer agents": {"1m kill-agent agent=1 for=24h\n2m kill-master for=30s", operator.AgentRemoved},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				schedule, err := fault.Parse(test.faults)
				if err != nil {
					t.Fatal(err)
				}
				if told := throughFaults(t, schedule); told[test.tells] == 0 {
					t.Errorf("tells no %s: %v", test.tells, told)
				}
			})
		})
	}
}

// Whatever happens in the cluster, and in whatever order.
func TestModelThroughRandomFaults(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				throughFaults(t, fault.Random(seed, fault.Limits{Agents: 3, Kinds: fault.ClusterKinds()}))
			})
		})
	}
}

// throughFaults compares what a model has after two hours with what the master says, and gives how often the model has told what.
func throughFaults(t *testing.T, schedule fault.Schedule) map[operator.ChangeKind]int {
	t.Helper()
	o := local.Simulated(nil)
	o.Agents = 3
	cluster := local.RunT(t, o)
	master := newMaster(t, operator.Options{Address: cluster.Master(), Dial: cluster.Dial})
	model, told := operator.NewModel(master), map[operator.ChangeKind]int{}
	ctx, cancel := context.WithCancel(t.Context())
	faults, stop := context.WithCancel(ctx)
	var work, lasting sync.WaitGroup
	defer func() { cancel(); stop(); work.Wait(); lasting.Wait() }()
	work.Go(func() { launchAll(ctx, t, cluster, 12) })
	work.Go(func() {
		for change, err := range model.Changes(ctx) {
			if err != nil {
				t.Error(err)
				return
			}
			told[change.Kind]++
		}
	})
	work.Go(func() {
		_ = schedule.Run(faults, func(f fault.Fault) error {
			lasting.Go(func() { _ = fault.DoCluster(faults, cluster, f) })
			return nil
		}) // ends with the test, at the latest
	})
	<-time.After(2 * time.Hour)
	synctest.Wait()
	if compare(t, master, model.Cluster()); t.Failed() {
		t.Logf("schedule:\n%v", schedule)
	}
	if len(model.Cluster().Tasks) == 0 {
		t.Error("nothing runs")
	}
	cancel()
	stop()
	work.Wait()
	return told
}
