package scheduler_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// The whole way of a task, on a local cluster: offered, launched, run, ended, each step told and acknowledged.
func TestOnACluster(t *testing.T) {
	cluster := local.RunT(t, local.Options{Resources: []string{"cpus:2;mem:512;disk:1024"}})
	s := scheduler.New(scheduler.Options{Master: cluster.Master(), Framework: mesos.FrameworkInfo{Name: "test"}})
	ctx := t.Context()
	launched := false
	var states []string
	for event, err := range s.Events(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		switch e := event.(type) {
		case *scheduler.EventOffers:
			for _, offer := range e.Offers {
				err = use(ctx, s, offer, !launched)
				launched = true
			}
		case *scheduler.EventUpdate:
			states = append(states, e.Status.State.String())
			if e.Status.State.Terminal() {
				err = s.Teardown(ctx)
			}
		case *scheduler.EventDisconnected:
			t.Error(e)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	want := strings.Fields("TASK_STARTING TASK_RUNNING TASK_FINISHED")
	if diff := cmp.Diff(want, states); diff != "" {
		t.Error(diff)
	}
}
