package engine

import (
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
)

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// offered is an agent's offer for the role *.
func offered(tb testing.TB, agent, resources, attributes string) mesos.Offer {
	tb.Helper()
	r, err := mesos.ParseResources(resources)
	if err != nil {
		tb.Fatal(err)
	}
	a, err := mesos.ParseAttributes(attributes)
	if err != nil {
		tb.Fatal(err)
	}
	return mesos.Offer{
		ID: mesos.OfferID{Value: "offer-" + agent}, AgentID: mesos.AgentID{Value: agent}, Hostname: agent + ".example.org",
		Resources: r.AllocatedTo("*"), Attributes: a, AllocationInfo: &mesos.ResourceAllocationInfo{Role: new("*")},
	}
}

// web is an app with one port.
func web(instances int) *app.App {
	return &app.App{
		ID: "/shop/web", Cmd: new("serve"), Instances: instances, CPUs: 0.5, Mem: 64, Networks: []app.Network{{Mode: app.HostNetwork}},
		PortDefinitions: []app.PortDefinition{{Port: 10000, Protocol: "tcp", Name: "http"}}, Version: app.At(noon),
	}
}

// scheduled are pending instances of an app.
func scheduled(a *app.App, n int) []pending {
	all := make([]pending, n)
	for i := range all {
		id := fmt.Sprintf("shop_web.instance-%d", i)
		all[i] = pending{app: a, taskID: id + "._app.1", instance: &Instance{ID: id, App: a.ID, Version: a.Version, Condition: Scheduled, Since: app.At(noon)}}
	}
	return all
}

func these(instances ...*Instance) func(*app.App) iter.Seq[*Instance] {
	return func(a *app.App) iter.Seq[*Instance] {
		return slices.Values(slices.DeleteFunc(slices.Clone(instances), func(i *Instance) bool { return i.Version.Before(since(a)) }))
	}
}

func TestPlaceProvisions(t *testing.T) {
	offers := []mesos.Offer{offered(t, "a", "cpus:1;mem:1000;ports:[31000-31001]", "rack:r1"), offered(t, "b", "cpus:0.1;mem:1000", "")}
	l := launcher{LaunchOptions: new(LaunchOptions)}
	p := l.place(placing{now: noon, offers: offers, pending: scheduled(web(3), 3), placed: these()})
	if len(p.launched) != 2 || !slices.Equal(p.waiting, []int{2}) || len(p.accepts) != 1 || len(p.unused) != 1 {
		t.Fatalf("launched %v, waiting %v, accepts %v, unused %v", p.launched, p.waiting, p.accepts, p.unused)
	}
	want := &Instance{
		ID: "shop_web.instance-0", TaskID: "shop_web.instance-0._app.1", App: "/shop/web", Version: app.At(noon), Condition: Provisioned,
		State: mesos.TaskStaging, Role: "*", Host: "a.example.org", AgentID: "a", Attributes: offers[0].Attributes, Ports: []int{31000},
		Since: app.At(noon), StagedAt: app.At(noon),
	}
	if diff := cmp.Diff(want, p.launched[0], cmp.AllowUnexported(Instance{}, killing{}), cmp.Comparer(func(a, b app.Timestamp) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	tasks := p.accepts[0].Operations[0].Launch.TaskInfos
	if len(tasks) != 2 || tasks[1].TaskID.Value != "shop_web.instance-1._app.1" || tasks[1].AgentID.Value != "a" {
		t.Errorf("launches %v", tasks)
	}
}
