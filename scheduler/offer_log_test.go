package scheduler_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
	"github.com/ormosproject/ormos/scheduler"
	"github.com/ormosproject/ormos/store"
)

// answers gathers what is logged of offers.
type answers struct {
	slog.Handler
	told chan string
}

func (a answers) Handle(_ context.Context, r slog.Record) error {
	if r.Message != "accepted" && r.Message != "declined" {
		return nil
	}
	line := r.Message
	r.Attrs(func(attr slog.Attr) bool {
		if attr.Key == "why" {
			line += ": " + attr.Value.String()
		}
		return true
	})
	a.told <- line
	return nil
}

// The logger hears what becomes of each offer, and why.
func TestFrameworkLogsOffers(t *testing.T) {
	cluster := local.RunT(t, local.Options{Resources: []string{"cpus:1;mem:512;disk:1024;ports:[]"}})
	o := frameworkOptions(cluster.Master(), &store.Memory{})
	told := make(chan string, 100)
	o.Logger = slog.New(answers{slog.NewTextHandler(t.Output(), nil), told})
	f := scheduler.NewFramework(o)
	tooMuch := command("much", "true")
	tooMuch.Tasks[0].Info.Resources = mesos.Resources{mesos.CPUs(1.5), mesos.Mem(32)}
	if err := f.Want(command("little", "exec sleep 600"), tooMuch); err != nil {
		t.Fatal(err)
	}
	var got []string
	for event, err := range f.Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		switch e := event.(type) {
		case *scheduler.EventSubscribed:
			if len(told) > 0 {
				t.Error("an offer is answered before the subscription is told")
			}
		case *scheduler.EventTask:
			if e.Task.State() == mesos.TaskRunning {
				f.Withdraw("much")
				f.Kill(e.Task.ID, nil)
			}
		}
		for len(told) > 0 {
			got = append(got, <-told)
		}
		if len(got) >= 2 {
			break
		}
	}
	if diff := cmp.Diff([]string{"accepted", "declined: nothing to launch"}, got[:2]); diff != "" {
		t.Error(diff)
	}
}

// An offer that somebody else has taken when the launch arrives is no failure of the task: it is dropped, and launched on the next. Mesos does not
// ask whose an offer is when it is declined.
func TestFrameworkOfferTaken(t *testing.T) {
	cluster := local.RunT(t, local.Options{Resources: []string{"cpus:1;mem:512;disk:1024"}})
	thief := scheduler.New(scheduler.Options{Master: cluster.Master(), Framework: mesos.FrameworkInfo{Name: "thief"}, SuppressedRoles: []string{"*"}})
	f := scheduler.NewFramework(frameworkOptions(cluster.Master(), &store.Memory{}))
	stolen := false
	need := scheduler.Need{Need: offer.Need{Name: "task"}, Use: func(o mesos.Offer) []mesos.OfferOperation {
		if !stolen {
			steal(t, thief, o.ID)
			stolen = true
		}
		resources, _, ok := mesos.Resources(o.Resources).Take(mesos.CPUs(0.1), mesos.Mem(32))
		if !ok {
			return nil
		}
		task := mesos.TaskInfo{Resources: resources, Command: &mesos.CommandInfo{Value: new("exec sleep 600")}}
		return []mesos.OfferOperation{{Type: new(mesos.OfferOperationTypeLaunch), Launch: &mesos.OfferOperationLaunch{TaskInfos: []mesos.TaskInfo{task}}}}
	}}
	if err := f.Want(need); err != nil {
		t.Fatal(err)
	}
	var states []string
	for event, err := range f.Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := event.(*scheduler.EventTask); ok && e.Task.Heard {
			states = append(states, e.Task.State().String())
			if e.Task.Over() && (!e.Dropped || e.Status.GetReason() != mesos.ReasonInvalidOffers) {
				t.Errorf("told %v", e)
			}
			if e.Task.State() == mesos.TaskRunning {
				break
			}
		}
	}
	if diff := cmp.Diff([]string{"TASK_DROPPED", "TASK_STARTING", "TASK_RUNNING"}, states); diff != "" {
		t.Error(diff)
	}
}

// steal declines somebody's offer.
func steal(t *testing.T, thief *scheduler.Session, id mesos.OfferID) {
	t.Helper()
	for event, err := range thief.Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := event.(*scheduler.EventSubscribed); ok {
			if err := thief.Decline(t.Context(), scheduler.CallDecline{OfferIDs: []mesos.OfferID{id}}); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
}
