package offer_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
)

// world is what a match is drawn from.
type world struct {
	offers  []mesos.Offer
	needs   []offer.Need
	options offer.Options
}

func draw[T any](t *rapid.T, label string, of ...T) T { return rapid.SampledFrom(of).Draw(t, label) }

func anyWorld(t *rapid.T, tb testing.TB) world {
	var w world
	for i := range rapid.IntRange(0, 6).Draw(t, "agents") {
		for j := range rapid.IntRange(1, 2).Draw(t, "offers") {
			w.offers = append(w.offers, anyOffer(t, tb, i, j))
		}
	}
	kinds := make([]offer.Need, rapid.IntRange(1, 3).Draw(t, "kinds"))
	for i := range kinds {
		kinds[i] = anyNeed(t, tb)
	}
	for i := range rapid.IntRange(0, 12).Draw(t, "needs") {
		need := draw(t, "kind", kinds...)
		need.Name = fmt.Sprint("need-", i)
		need.Tasks = slices.Clone(need.Tasks)
		for j := range need.Tasks {
			need.Tasks[j].Info.TaskID.Value = fmt.Sprint("task-", i, "-", j)
		}
		w.needs = append(w.needs, need)
	}
	for range rapid.IntRange(0, 3).Draw(t, "placed") {
		at := fmt.Sprint(rapid.IntRange(0, 7).Draw(t, "on"))
		w.options.Placed = append(w.options.Placed, offer.Placed{
			Group: draw(t, "group", "app", "db"), AgentID: mesos.AgentID{Value: at}, Hostname: at, Attributes: attributesOf(tb, draw(t, "rack", "", "rack:a", "rack:b", "rack:z")),
		})
	}
	w.options.Principal = "ormos"
	w.options.Seed = draw(t, "seed", uint64(0), 7)
	return w
}

func anyOffer(t *rapid.T, tb testing.TB, agent, number int) mesos.Offer {
	text := fmt.Sprintf("cpus:%d;mem:%d", rapid.IntRange(0, 4).Draw(t, "cpus"), 64*rapid.IntRange(0, 4).Draw(t, "mem"))
	text += draw(t, "reserved", "", ";cpus(web):1.5", ";cpus(web):0.5;mem(web):64", ";disk:200;disk(web):64")
	if number == 0 {
		text += draw(t, "ports", "", ";ports:[80-80,31000-31003]", ";ports(web):[31000-31000];ports:[31002-31005]") + draw(t, "gpus", "", "", "", ";gpus:2")
	}
	o := offered(tb, fmt.Sprint(agent), text, draw(t, "attributes", "", "rack:a", "rack:b", "rack:c;level:1.5"))
	o.ID.Value += fmt.Sprint("-", number)
	if rapid.IntRange(0, 3).Draw(t, "revocable") == 0 {
		o.Resources = append(o.Resources, mesos.Resources{revocable(mesos.CPUs(3))}.AllocatedTo("web")...)
	}
	if number == 0 && rapid.IntRange(0, 3).Draw(t, "volume") == 0 {
		o.Resources = append(o.Resources, existing(draw(t, "id", "v", "w"), rapid.Bool().Draw(t, "shared")))
	}
	if rapid.IntRange(0, 5).Draw(t, "runs") == 0 {
		o.ExecutorIDs = []mesos.ExecutorID{{Value: "e"}}
	}
	return o
}

func revocable(one mesos.Resource) mesos.Resource {
	one.Revocable = &mesos.ResourceRevocableInfo{}
	return one
}

// existing is a volume that is offered.
func existing(id string, shared bool) mesos.Resource {
	dynamic := mesos.ResourceReservationInfo{Role: new("web"), Principal: new("ormos")}
	one := mesos.Resources{mesos.Disk(32)}.Reserve(dynamic)[0].WithVolume(
		mesos.ResourceDiskInfoPersistence{ID: id, Principal: new("ormos")}, mesos.Volume{ContainerPath: "data", Mode: mesos.VolumeModeRw})
	if shared {
		one.Shared = &mesos.ResourceSharedInfo{}
	}
	return mesos.Resources{one}.AllocatedTo("web")[0]
}

func anyNeed(t *rapid.T, tb testing.TB) offer.Need {
	n := wants(tb, "", fmt.Sprintf("cpus:%s;mem:%d", draw(t, "cpus", "0.1", "1", "1.7"), 32*rapid.IntRange(1, 3).Draw(t, "mem")))
	n.Group = draw(t, "group", "app", "db")
	for range rapid.IntRange(0, 2).Draw(t, "ports") {
		n.Tasks[0].Ports = append(n.Tasks[0].Ports, offer.Port{Number: draw(t, "port", uint64(0), 0, 80, 31000)})
	}
	if rapid.IntRange(0, 5).Draw(t, "gpus") == 0 {
		n.Tasks[0].Info.Resources = append(n.Tasks[0].Info.Resources, mesos.GPUs(1))
	}
	if rapid.IntRange(0, 3).Draw(t, "volume") == 0 {
		n.Tasks[0].Volumes = []offer.Volume{{ID: draw(t, "id", "v", "w", "x"), Path: "data", Size: draw(t, "size", 0., 16), Shared: rapid.Bool().Draw(t, "shared")}}
	}
	if rapid.IntRange(0, 2).Draw(t, "executor") == 0 {
		n.Executor = &mesos.ExecutorInfo{
			ExecutorID: mesos.ExecutorID{Value: draw(t, "executor id", "e", "f")}, Command: &mesos.CommandInfo{Value: new("run")}, Resources: parsed(tb, "cpus:0.3;mem:32"),
		}
		if rapid.Bool().Draw(t, "two tasks") {
			n.Tasks = append(n.Tasks, n.Tasks[0])
			n.Tasks[1].Ports, n.Tasks[1].Volumes = nil, nil
		}
	}
	n.From = draw(t, "from", offer.Anywhere, offer.Anywhere, offer.Anywhere, offer.Reserved, offer.Unreserved)
	n.Revocable = rapid.IntRange(0, 3).Draw(t, "may revoke") == 0
	n.Reserve = rapid.IntRange(0, 4).Draw(t, "reserve") == 0
	for range rapid.IntRange(0, 2).Draw(t, "constraints") {
		n.Constraints = append(n.Constraints, draw(t, "constraint", constraints...))
	}
	for range rapid.IntRange(0, 2).Draw(t, "preferences") {
		n.Preferences = append(n.Preferences, draw(t, "preference",
			offer.Preference{Kind: offer.Pack}, offer.Preference{Field: "rack"}, offer.Preference{Field: "hostname"}, offer.Preference{Field: "level"}))
	}
	return n
}

var constraints = []offer.Constraint{
	{Field: "hostname", Operator: offer.Unique},
	{Field: "rack", Operator: offer.Unique},
	{Field: "rack", Operator: offer.Cluster},
	{Field: "rack", Operator: offer.Cluster, Value: "a"},
	{Field: "rack", Operator: offer.GroupBy},
	{Field: "rack", Operator: offer.GroupBy, Value: "4"},
	{Field: "hostname", Operator: offer.GroupBy},
	{Field: "rack", Operator: offer.Like, Value: "[ab]"},
	{Field: "rack", Operator: offer.Unlike, Value: "a"},
	{Field: "hostname", Operator: offer.MaxPer, Value: "2"},
	{Field: "level", Operator: offer.Is, Value: "1.5"},
}

// TestIndex compares what Match finds quickly with what looking at everything finds.
func TestIndex(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := anyWorld(r, t)
		got, want := offer.Match(w.offers, w.needs, w.options), offer.MatchSlowly(w.offers, w.needs, w.options)
		if fmt.Sprint(where(got), got.Unmatched) != fmt.Sprint(where(want), want.Unmatched) {
			r.Fatalf("got %v %v, want %v %v", where(got), got.Unmatched, where(want), want.Unmatched)
		}
	})
}
