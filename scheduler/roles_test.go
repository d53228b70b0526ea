package scheduler_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
	"github.com/ormosproject/ormos/scheduler"
)

// Each of the schema's capabilities can be chosen, by a field of its own.
func TestCapabilities(t *testing.T) {
	seen := map[mesos.FrameworkInfoCapabilityType]bool{}
	fields := reflect.TypeFor[scheduler.Capabilities]()
	for i := range fields.NumField() {
		var c scheduler.Capabilities
		reflect.ValueOf(&c).Elem().Field(i).SetBool(true)
		list := c.List()
		if len(list) != 1 || seen[list[0].GetType()] {
			t.Fatalf("%s stands for %v", fields.Field(i).Name, list)
		}
		seen[list[0].GetType()] = true
	}
	for n := mesos.FrameworkInfoCapabilityType(1); n.String() != "" && n.String()[0] >= 'A'; n++ { // one without a name is a number
		if !seen[n] {
			t.Errorf("%v cannot be chosen", n)
		}
		delete(seen, n)
	}
	if len(seen) > 0 {
		t.Errorf("the schema does not have %v", seen)
	}
	if got := (scheduler.Capabilities{}).List(); got != nil {
		t.Errorf("nothing chosen: %v", got)
	}
}

// Of a framework's roles those are suppressed that nothing is wanted for, each by itself, also from the start; and no longer once something is.
func TestFrameworkSuppressesRoleByRole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := local.RunT(t, local.Simulated(nil))
		o := frameworkOptions(cluster.Master(), nil)
		o.Dial, o.SuppressedRoles = cluster.Dial, []string{"later"}
		o.Framework.Roles = []string{"busy", "idle", "later"}
		o.Framework.Capabilities = scheduler.Capabilities{PartitionAware: true, MultiRole: true}.List()
		f := scheduler.NewFramework(o)
		tooMuch := scheduler.Need{Need: offer.Need{Name: "much", Roles: []string{"busy"}, Tasks: []offer.Task{{
			Info: mesos.TaskInfo{Command: &mesos.CommandInfo{}, Resources: mesos.Resources{mesos.CPUs(1000)}},
		}}}}
		if err := f.Want(tooMuch); err != nil {
			t.Fatal(err)
		}
		id, beats, running := "", 0, 0
		check := func(want map[string]float64) {
			t.Helper()
			if diff := cmp.Diff(want, suppressed(t, cluster, id)); diff != "" {
				t.Errorf("after %d heartbeats %d tasks run, and suppressed are (-want +got):\n%s", beats, running, diff)
			}
		}
		for event, err := range f.Events(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			switch e := event.(type) {
			case *scheduler.EventSubscribed:
				id = e.FrameworkID.Value
				check(map[string]float64{"busy": 0, "idle": 0, "later": 1})
			case *scheduler.EventTask:
				if e.Task.State() == mesos.TaskRunning {
					running++
					check(map[string]float64{"busy": 0, "idle": 1, "later": 0})
					beats = 0
				}
			case *scheduler.EventHeartbeat: // right after the subscription, and then every 15 s
				if beats++; beats < 3 {
					continue
				}
				check(map[string]float64{"busy": 0, "idle": 1, "later": 1})
				if running > 0 {
					return
				}
				little := command("little", "exec sleep 600")
				little.Roles = []string{"later"}
				if err := f.Want(little); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// suppressed tells of each of a framework's roles whether the master makes it no offers.
func suppressed(t *testing.T, cluster *local.Cluster, id string) map[string]float64 {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DialContext: cluster.Dial, DisableKeepAlives: true}}
	answer, err := client.Get("http://" + cluster.Master() + "/metrics/snapshot")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var all map[string]float64
	if err := json.NewDecoder(answer.Body).Decode(&all); err != nil {
		t.Fatal(err)
	}
	roles := map[string]float64{}
	for _, role := range []string{"busy", "idle", "later"} {
		value, ok := all["master/frameworks/test/"+id+"/roles/"+role+"/suppressed"]
		if !ok {
			t.Fatalf("there is no metric of role %s", role)
		}
		roles[role] = value
	}
	return roles
}
