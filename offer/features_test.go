package offer_test

import (
	"fmt"
	"testing"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
)

func TestOffersOfAnAgentAreCombined(t *testing.T) {
	first, second := offered(t, "a", "cpus:0.5;mem:64", ""), offered(t, "a", "cpus:0.7", "")
	second.ID.Value = "second"
	result := offer.Match([]mesos.Offer{first, second}, []offer.Need{wants(t, "x", "cpus:1;mem:32"), wants(t, "y", "cpus:0.2;mem:32")}, offer.Options{})
	if got := fmt.Sprint(where(result)); got != "map[0:a 1:a]" || len(result.Accepts[0].OfferIDs) != 2 {
		t.Fatalf("got %s, %+v", got, result.Accepts)
	}
	ops := result.Accepts[0].Operations()
	if len(ops) != 1 || len(ops[0].Launch.TaskInfos) != 2 {
		t.Errorf("two tasks are %v", operations(&result.Accepts[0]))
	}
}

func TestPorts(t *testing.T) {
	offers := []mesos.Offer{offered(t, "a", "cpus:4;ports:[80-81,31000-31001]", "")}
	result := offer.Match(offers, []offer.Need{
		wants(t, "x", "cpus:1", offer.Port{Name: "any"}, offer.Port{Name: "fixed", Number: 80}),
		wants(t, "y", "cpus:1", offer.Port{Name: "fixed", Number: 80}),
		wants(t, "z", "cpus:1", offer.Port{}, offer.Port{}, offer.Port{}),
	}, offer.Options{})
	if g := &result.Accepts[0].Grants[0]; g.Port("any") != 81 || g.Port("fixed") != 80 || g.Port("none") != 0 {
		t.Errorf("granted %v", g.Ports)
	}
	if got := result.Explain(1).Nearest.String(); got != "on a: port 80 is used by x" {
		t.Error(got)
	}
	if got := result.Explain(2).Nearest.String(); got != "on a: 1 ports more" {
		t.Error(got)
	}
	drawn := func(seed uint64) uint64 {
		r := offer.Match([]mesos.Offer{offered(t, "a", "cpus:1;ports:[31000-32000]", "")}, []offer.Need{wants(t, "x", "cpus:1", offer.Port{Name: "p"})}, offer.Options{Seed: seed})
		return r.Accepts[0].Grants[0].Port("p")
	}
	if one, again, other := drawn(1), drawn(1), drawn(2); one != again || one == other {
		t.Errorf("drew %d, %d and %d", one, again, other)
	}
}

// grouped is a need of two tasks in one executor.
func grouped(tb testing.TB, name string) offer.Need {
	tb.Helper()
	need := wants(tb, name, "cpus:0.2;mem:32")
	need.Tasks = append(need.Tasks, need.Tasks[0])
	need.Executor = &mesos.ExecutorInfo{
		Type: new(mesos.ExecutorInfoTypeDefault), ExecutorID: mesos.ExecutorID{Value: "e"}, Resources: parsed(tb, "cpus:0.5;mem:32"),
	}
	return need
}

func TestTaskGroup(t *testing.T) {
	offers := []mesos.Offer{offered(t, "a", "cpus:0.8;mem:256", ""), offered(t, "b", "cpus:0.9;mem:256", "")}
	result := offer.Match(offers, []offer.Need{grouped(t, "group")}, offer.Options{})
	if got := fmt.Sprint(where(result)); got != "map[0:b]" {
		t.Fatal(got)
	}
	group := result.Accepts[0].Operations()[0].LaunchGroup
	if group == nil || len(group.TaskGroup.Tasks) != 2 || mesos.Resources(group.Executor.Resources).CPUs() != 0.5 || group.Executor.FrameworkID.Value != "f" {
		t.Errorf("got %v", group)
	}
}

func TestExecutorCountsOnce(t *testing.T) {
	needs := []offer.Need{grouped(t, "x"), grouped(t, "y")}
	result := offer.Match([]mesos.Offer{offered(t, "a", "cpus:1.3;mem:256", "")}, needs, offer.Options{})
	if len(result.Unmatched) != 0 {
		t.Fatal(result.Explain(1))
	}
	grants := result.Accepts[0].Grants
	if !mesos.Resources(grants[0].Executor.Resources).Equal(grants[1].Executor.Resources) {
		t.Errorf("two tasks say differently of their executor: %v, %v", grants[0].Executor, grants[1].Executor)
	}
	small := offered(t, "a", "cpus:0.4;mem:64", "")
	small.ExecutorIDs = []mesos.ExecutorID{{Value: "e"}}
	result = offer.Match([]mesos.Offer{small}, needs[:1], offer.Options{Placed: []offer.Placed{{AgentID: small.AgentID, Executor: grants[0].Executor}}})
	if len(result.Unmatched) != 0 || !mesos.Resources(result.Accepts[0].Grants[0].Executor.Resources).Equal(grants[0].Executor.Resources) {
		t.Errorf("where it runs: %+v", result)
	}
}

// Executors without an id are one for each need.
func TestExecutorWithoutID(t *testing.T) {
	needs := []offer.Need{grouped(t, "x"), grouped(t, "y"), grouped(t, "z")}
	for i := range needs {
		needs[i].Executor.ExecutorID = mesos.ExecutorID{}
	}
	result := offer.Match([]mesos.Offer{offered(t, "a", "cpus:1.8;mem:256", "")}, needs, offer.Options{})
	if got := fmt.Sprint(where(result)); got != "map[0:a 1:a]" {
		t.Fatal(got)
	}
	for _, g := range result.Accepts[0].Grants {
		if mesos.Resources(g.Executor.Resources).CPUs() != 0.5 {
			t.Errorf("need %d has the executor %v", g.Need, g.Executor)
		}
	}
	if grants := result.Accepts[0].Grants; grants[0].Executor == grants[1].Executor {
		t.Error("two needs share an executor")
	}
}

func TestGPUsAreKept(t *testing.T) {
	offers := []mesos.Offer{offered(t, "gpu", "cpus:4;gpus:1", "")}
	needs := []offer.Need{wants(t, "x", "cpus:1"), wants(t, "y", "cpus:1;gpus:1")}
	result := offer.Match(offers, needs, offer.Options{})
	if got := fmt.Sprint(where(result), result.Explain(0).Nearest); got != "map[1:gpu] on gpu: let it use agents with gpus" {
		t.Error(got)
	}
	if got := fmt.Sprint(where(offer.Match(offers, needs, offer.Options{MixGPUs: true}))); got != "map[0:gpu 1:gpu]" {
		t.Error(got)
	}
}

func TestRevocable(t *testing.T) {
	o := offered(t, "a", "cpus:1", "")
	o.Resources = append(o.Resources, mesos.Resources{revocable(mesos.CPUs(2))}.AllocatedTo("web")...)
	large := wants(t, "large", "cpus:2")
	if result := offer.Match([]mesos.Offer{o}, []offer.Need{large}, offer.Options{}); len(result.Unmatched) != 1 {
		t.Errorf("revocable cpus, not asked for: %+v", result.Accepts)
	}
	large.Revocable = true
	result := offer.Match([]mesos.Offer{o}, []offer.Need{large}, offer.Options{})
	if len(result.Unmatched) != 0 {
		t.Fatal(result.Explain(0))
	}
	if got := result.Accepts[0].Grants[0].Tasks[0].Resources; len(got) != 1 || got[0].Revocable == nil {
		t.Errorf("got %v", mesos.Resources(got))
	}
	if large.Tasks[0].Info.Resources = parsed(t, "cpus:3"); len(offer.Match([]mesos.Offer{o}, []offer.Need{large}, offer.Options{}).Unmatched) != 1 {
		t.Error("revocable cpus and others are mixed")
	}
}

func TestReservations(t *testing.T) {
	offers := []mesos.Offer{offered(t, "a", "cpus:2;cpus(web):1", "")}
	for _, tt := range []struct {
		from offer.From
		want string
	}{
		{offer.Anywhere, "cpus(web):1;cpus:0.5"}, {offer.Unreserved, "cpus:1.5"}, {offer.Reserved, ""},
	} {
		need := wants(t, "x", "cpus:1.5")
		need.From = tt.from
		result := offer.Match(offers, []offer.Need{need}, offer.Options{})
		var got mesos.Resources
		if len(result.Accepts) > 0 {
			got = result.Accepts[0].Grants[0].Tasks[0].Resources
		} else if e := result.Explain(0); e.Nearest.Failures[0].Reason != offer.NoReservation {
			t.Errorf("%v: %v", tt.from, e)
		}
		if want := parsed(t, tt.want).AllocatedTo("web"); !got.Equal(want) {
			t.Errorf("%v: got %v, want %v", tt.from, got, want)
		}
	}
	need := wants(t, "x", "cpus:1.5")
	need.Reserve, need.Labels = true, &mesos.Labels{Labels: []mesos.Label{{Key: "app", Value: new("x")}}}
	result := offer.Match(offers, []offer.Need{need}, offer.Options{Principal: "me"})
	if len(result.Unmatched) > 0 || operations(&result.Accepts[0]) != "[RESERVE LAUNCH]" {
		t.Fatalf("got %+v", result)
	}
	if got := result.Accepts[0].Grants[0].Reserve; got.CPUs() != 1.5 || !got[0].ReservationLabels().Equal(need.Labels) {
		t.Errorf("reserves %v", got)
	}
}

func TestPreferences(t *testing.T) {
	offers := []mesos.Offer{
		offered(t, "a", "cpus:4", "rack:r1"), offered(t, "b", "cpus:2", "rack:r1"), offered(t, "c", "cpus:3", "rack:r2"), offered(t, "d", "cpus:9", ""),
	}
	spread, pack := offer.Preference{Kind: offer.Spread, Field: "rack"}, offer.Preference{Kind: offer.Pack}
	for _, tt := range []struct {
		name        string
		preferences []offer.Preference
		want        string
	}{
		{"none", nil, "map[0:a 1:a 2:a 3:a]"},
		{"spread over racks", []offer.Preference{spread}, "map[0:a 1:c 2:b 3:c]"},
		{"spread over hosts", []offer.Preference{{Field: "hostname"}}, "map[0:a 1:b 2:c 3:d]"},
		{"pack", []offer.Preference{pack}, "map[0:b 1:b 2:c 3:c]"},
		{"spread, then pack", []offer.Preference{spread, pack}, "map[0:b 1:c 2:b 3:c]"},
		{"nothing is left below pack", []offer.Preference{pack, spread}, "map[0:b 1:b 2:c 3:c]"},
	} {
		var needs []offer.Need
		for i := range 4 {
			need := wants(t, fmt.Sprint(i), "cpus:1")
			need.Preferences = tt.preferences
			needs = append(needs, need)
		}
		if got := fmt.Sprint(where(offer.Match(offers, needs, offer.Options{}))); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestRoles(t *testing.T) {
	other := offered(t, "a", "cpus:4", "")
	other.AllocationInfo, other.ID.Value = &mesos.ResourceAllocationInfo{Role: new("db")}, "db"
	other.Resources = parsed(t, "cpus:4").AllocatedTo("db")
	need := wants(t, "x", "cpus:1")
	need.Roles = []string{"db"}
	result := offer.Match([]mesos.Offer{offered(t, "a", "cpus:4", ""), other}, []offer.Need{need}, offer.Options{})
	if len(result.Accepts) != 1 || result.Accepts[0].Role != "db" || result.Accepts[0].OfferIDs[0].Value != "db" {
		t.Errorf("got %+v", result)
	}
	need.Roles = []string{"none"}
	result = offer.Match([]mesos.Offer{other}, []offer.Need{need}, offer.Options{})
	if e := result.Explain(0); e.Nearest == nil || e.Nearest.Failures[0].Reason != offer.WrongRole {
		t.Errorf("got %v", e)
	}
}

func TestNamedItems(t *testing.T) {
	o := offered(t, "a", "cpus:2;licenses:{a,b}", "")
	spare := mesos.SetResource("licenses", "c")
	o.Resources = append(o.Resources, mesos.Resources{revocable(spare)}.AllocatedTo("web")...)
	needs := []offer.Need{wants(t, "x", "cpus:1;licenses:{b}"), wants(t, "y", "cpus:1;licenses:{b}"), wants(t, "z", "cpus:1;licenses:{c}")}
	result := offer.Match([]mesos.Offer{o}, needs, offer.Options{})
	if got := fmt.Sprint(where(result)); got != "map[0:a]" {
		t.Errorf("an item twice, or a revocable one: %s", got)
	}
	needs[2].Revocable = true
	if got := fmt.Sprint(where(offer.Match([]mesos.Offer{o}, needs, offer.Options{}))); got != "map[0:a 2:a]" {
		t.Errorf("a revocable item: %s", got)
	}
}
