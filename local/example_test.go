package local_test

import (
	"testing"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// TestFramework shows how a framework is tested: on a real cluster, waiting for what it says and never for time.
func TestFramework(t *testing.T) {
	cluster := local.RunT(t, local.Options{Resources: []string{"cpus:1;mem:256;disk:64;ports:[]"}})
	session := scheduler.New(scheduler.Options{Master: cluster.Master(), Framework: mesos.FrameworkInfo{Name: "example"}})
	for event, err := range session.Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		switch e := event.(type) {
		case *scheduler.EventOffers:
			err = session.Accept(t.Context(), scheduler.CallAccept{
				OfferIDs: []mesos.OfferID{e.Offers[0].ID}, Operations: launchTrue(t, &e.Offers[0]),
			})
		case *scheduler.EventUpdate:
			if e.Status.State.Terminal() {
				if e.Status.State != mesos.TaskFinished {
					t.Errorf("the task ended as %v: %s", e.Status.State, e.Status.GetMessage())
				}
				err = session.Teardown(t.Context()) // ends the loop
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// launchTrue launches a command that ends at once and well.
func launchTrue(t *testing.T, o *mesos.Offer) []mesos.OfferOperation {
	t.Helper()
	taken, _, ok := mesos.Resources(o.Resources).Take(mesos.CPUs(0.1), mesos.Mem(32))
	if !ok {
		t.Fatalf("the offer holds only %v", mesos.Resources(o.Resources))
	}
	task := mesos.TaskInfo{
		Name: "true", TaskID: mesos.TaskID{Value: "true-1"}, AgentID: o.AgentID, Resources: taken,
		Command: &mesos.CommandInfo{Value: new("true")},
	}
	return []mesos.OfferOperation{{
		Type: new(mesos.OfferOperationTypeLaunch), Launch: &mesos.OfferOperationLaunch{TaskInfos: []mesos.TaskInfo{task}},
	}}
}
