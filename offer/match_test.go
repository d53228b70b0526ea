package offer_test

import (
	"fmt"
	"testing"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
)

// offered is an offer of one agent: its resources and attributes in Mesos' text form.
func offered(tb testing.TB, agent, resources, attributes string) mesos.Offer {
	tb.Helper()
	return mesos.Offer{
		ID: mesos.OfferID{Value: "offer-" + agent}, AgentID: mesos.AgentID{Value: agent}, Hostname: agent,
		FrameworkID: mesos.FrameworkID{Value: "f"},
		Resources:   parsed(tb, resources).AllocatedTo("web"), AllocationInfo: &mesos.ResourceAllocationInfo{Role: new("web")},
		Attributes: attributesOf(tb, attributes),
	}
}

func parsed(tb testing.TB, text string) mesos.Resources {
	tb.Helper()
	r, err := mesos.ParseResources(text)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func attributesOf(tb testing.TB, text string) mesos.Attributes {
	tb.Helper()
	a, err := mesos.ParseAttributes(text)
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

// wants is a need of one command task.
func wants(tb testing.TB, name, resources string, ports ...offer.Port) offer.Need {
	tb.Helper()
	info := mesos.TaskInfo{
		Name: "task", TaskID: mesos.TaskID{Value: name}, Command: &mesos.CommandInfo{Value: new("sleep 1")},
		Resources: parsed(tb, resources),
	}
	return offer.Need{Name: name, Group: "app", Tasks: []offer.Task{{Info: info, Ports: ports}}}
}

// where tells which agent serves which need.
func where(result offer.Result) map[int]string {
	placed := map[int]string{}
	for _, accept := range result.Accepts {
		for _, grant := range accept.Grants {
			placed[grant.Need] = accept.AgentID.Value
		}
	}
	return placed
}

func TestMatchOne(t *testing.T) {
	offers := []mesos.Offer{
		offered(t, "small", "cpus:0.2;mem:32", ""),
		offered(t, "large", "cpus(web):0.3;cpus:4;mem:64;ports:[31000-31001]", ""),
		offered(t, "idle", "cpus:4;mem:64", ""),
	}
	result := offer.Match(offers, []offer.Need{wants(t, "a", "cpus:0.5;mem:32", offer.Port{Name: "http"})}, offer.Options{})
	if len(result.Accepts) != 1 || len(result.Unmatched) != 0 || fmt.Sprint(result.Untouched) != fmt.Sprint([]mesos.OfferID{offers[0].ID, offers[2].ID}) {
		t.Fatalf("got %+v", result)
	}
	accept := result.Accepts[0]
	task := accept.Operations()[0].Launch.TaskInfos[0]
	want := parsed(t, "cpus(web):0.3;cpus:0.2;mem:32;ports:[31000-31000]").AllocatedTo("web")
	if accept.Hostname != "large" || !want.Equal(task.Resources) || task.AgentID.Value != "large" {
		t.Errorf("on %s: %v", accept.Hostname, mesos.Resources(task.Resources))
	}
	if port := accept.Grants[0].Port("http"); port != 31000 {
		t.Errorf("port %d", port)
	}
}

func TestExplain(t *testing.T) {
	offers := []mesos.Offer{
		offered(t, "a", "cpus:1;mem:64", "rack:r1"),
		offered(t, "b", "cpus:4;mem:64", "rack:r2"),
		offered(t, "c", "cpus:4;mem:64;ports:[80-80]", ""),
	}
	need := wants(t, "web-1", "cpus:1.5;mem:64", offer.Port{Number: 80})
	need.Constraints = []offer.Constraint{{Field: "rack", Operator: offer.Is, Value: "r1"}}
	result := offer.Match(offers, []offer.Need{need}, offer.Options{})
	if len(result.Unmatched) != 1 {
		t.Fatalf("got %+v", result)
	}
	const want = "web-1: offers fail at 2 of 3: constraint rack IS r1, 1 of 1: cpus cpus; nearest on c: drop the constraint rack IS r1"
	if got := result.Explain(0).String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestExplainFits has a need that GROUP_BY forbids until the next has been served.
func TestExplainFits(t *testing.T) {
	offers := []mesos.Offer{offered(t, "a", "cpus:4", "rack:r1"), offered(t, "b", "cpus:1", "rack:r2")}
	first, second := wants(t, "first", "cpus:2"), wants(t, "second", "cpus:1")
	first.Constraints = []offer.Constraint{{Field: "rack", Operator: offer.GroupBy, Value: "2"}}
	second.Constraints = []offer.Constraint{{Field: "rack", Operator: offer.Is, Value: "r2"}}
	placed := []offer.Placed{{Group: "app", Hostname: "c", Attributes: attributesOf(t, "rack:r1")}}
	result := offer.Match(offers, []offer.Need{first, second}, offer.Options{Placed: placed})
	if e := result.Explain(0); len(result.Unmatched) != 1 || len(e.Fits) != 1 || e.String() != "first: it would fit now, after others were served" {
		t.Errorf("got %v", e)
	}
}
