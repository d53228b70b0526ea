package operator_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
	"github.com/ormosproject/ormos/scheduler"
)

// framework launches the tasks that it is asked for, one after the other, and ends with its context.
type framework struct {
	session *scheduler.Session
	launch  chan mesos.TaskInfo
}

func runFramework(t *testing.T, master string) *framework {
	t.Helper()
	f := &framework{session: scheduler.New(scheduler.Options{Master: master, Framework: mesos.FrameworkInfo{Name: "steps"}}), launch: make(chan mesos.TaskInfo, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		for event, err := range f.session.Events(ctx) {
			if end, ok := errors.AsType[*scheduler.Error](err); ok && end.Reason == scheduler.ReasonRemoved {
				return
			}
			if err != nil {
				t.Error(err)
				return
			}
			if offers, ok := event.(*scheduler.EventOffers); ok {
				f.use(ctx, t, &offers.Offers[0])
			}
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	return f
}

// use waits for a task to launch on an offer.
func (f *framework) use(ctx context.Context, t *testing.T, o *mesos.Offer) {
	var task mesos.TaskInfo
	select {
	case task = <-f.launch:
	case <-ctx.Done():
		return
	}
	taken, _, ok := mesos.Resources(o.Resources).Take(mesos.CPUs(0.1), mesos.Mem(32))
	if !ok {
		t.Errorf("the offer holds only %v", mesos.Resources(o.Resources))
		return
	}
	task.AgentID, task.Resources, task.Name = o.AgentID, taken, task.TaskID.Value
	err := f.session.Accept(ctx, scheduler.CallAccept{
		OfferIDs: []mesos.OfferID{o.ID}, Filters: &mesos.Filters{RefuseSeconds: new(0.0)},
		Operations: []mesos.OfferOperation{{
			Type: new(mesos.OfferOperationTypeLaunch), Launch: &mesos.OfferOperationLaunch{TaskInfos: []mesos.TaskInfo{task}},
		}},
	})
	if err != nil && ctx.Err() == nil {
		t.Error(err)
	}
}

func command(id, text string) mesos.TaskInfo {
	return mesos.TaskInfo{TaskID: mesos.TaskID{Value: id}, Command: &mesos.CommandInfo{Value: &text}}
}

// compare demands that the model is what GET_STATE says.
func compare(t *testing.T, master *operator.Master, c *operator.Cluster) {
	t.Helper()
	s, err := master.GetState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	agents, frameworks, tasks := map[string]bool{}, map[string]bool{}, map[operator.TaskKey]string{}
	for i := range s.GetAgents.Agents {
		agents[s.GetAgents.Agents[i].AgentInfo.ID.Value] = true
	}
	for i := range s.GetFrameworks.Frameworks {
		frameworks[s.GetFrameworks.Frameworks[i].FrameworkInfo.ID.Value] = true
	}
	for _, task := range slices.Concat(s.GetTasks.Tasks, s.GetTasks.UnreachableTasks) {
		if !task.State.Terminal() {
			tasks[operator.TaskKey{Framework: task.FrameworkID.Value, Task: task.TaskID.Value}] = task.State.String() + task.AgentID.Value
		}
	}
	gotAgents, gotFrameworks, gotTasks := map[string]bool{}, map[string]bool{}, map[operator.TaskKey]string{}
	for id := range c.Agents {
		gotAgents[id] = true
	}
	for id := range c.Frameworks {
		gotFrameworks[id] = true
	}
	for key, task := range c.Tasks {
		gotTasks[key] = task.State.String() + task.AgentID.Value
	}
	if !maps.Equal(agents, gotAgents) || !maps.Equal(frameworks, gotFrameworks) || !maps.Equal(tasks, gotTasks) {
		t.Errorf("the model has %v %v %v, the master %v %v %v", gotAgents, gotFrameworks, gotTasks, agents, frameworks, tasks)
	}
}

// Tasks come and go, the framework too: after each step the model is what the master's state says.
func TestModelFollowsACluster(t *testing.T) {
	cluster := local.RunT(t, local.Options{Resources: []string{"cpus:4;mem:1024;disk:64;ports:[]"}})
	master := newMaster(t, operator.Options{Address: cluster.Master()})
	model := operator.NewModel(master)
	var f *framework
	for change, err := range model.Changes(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		switch change.Kind {
		case operator.Subscribed:
			f = runFramework(t, cluster.Master())
			f.launch <- command("long", "exec sleep 1000")
		case operator.TaskUpdated:
			if change.Task.State != mesos.TaskRunning || change.Task.TaskID.Value != "long" {
				continue // the short one may have ended already
			}
			compare(t, master, model.Cluster())
			f.launch <- command("short", "read line || true") // stdin is empty
		case operator.TaskEnded:
			if change.Task.TaskID.Value == "short" {
				compare(t, master, model.Cluster())
				if change.Task.State != mesos.TaskFinished {
					t.Errorf("%v", change)
				}
				if err := master.Teardown(t.Context(), f.session.FrameworkID()); err != nil {
					t.Fatal(err)
				}
			}
		case operator.FrameworkRemoved:
			compare(t, master, model.Cluster())
			if left := model.Cluster().Tasks; len(left) > 0 {
				t.Errorf("tasks are left: %v", left)
			}
			return
		case operator.Disconnected:
			t.Errorf("%v", change)
		}
	}
}

func TestARefusedSubscriptionEnds(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { wire.Fail(w, http.StatusUnauthorized, "") })
	for _, err := range operator.NewModel(newMaster(t, operator.Options{Address: s.URL})).Changes(t.Context()) {
		if err == nil {
			t.Error("is subscribed")
		}
	}
}
