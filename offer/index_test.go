package offer_test

import (
	"fmt"
	"testing"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
)

// TestLaterItFits has needs of one kind that fit only after another need was served: none but the last of them do.
func TestLaterItFits(t *testing.T) {
	shared := withVolume(t, "shared", offer.Volume{ID: "v", Shared: true})
	creates := withVolume(t, "creates", offer.Volume{ID: "v", Shared: true, Size: 16})
	result := offer.Match([]mesos.Offer{offered(t, "a", "cpus:1;mem:256;disk:64", "")}, []offer.Need{shared, shared, creates, shared}, offer.Options{})
	if got := fmt.Sprint(where(result)); got != "map[2:a 3:a]" {
		t.Errorf("shared volume: %s", got)
	}

	cluster, other := wants(t, "cluster", "cpus:1"), wants(t, "other", "cpus:2")
	cluster.Constraints = []offer.Constraint{{Field: "rack", Operator: offer.Cluster}}
	offers := []mesos.Offer{offered(t, "a", "cpus:1", "rack:r1"), offered(t, "b", "cpus:8", "rack:r2")}
	result = offer.Match(offers, []offer.Need{cluster, cluster, other, cluster}, offer.Options{})
	if got := fmt.Sprint(where(result)); got != "map[0:a 2:b 3:b]" {
		t.Errorf("cluster: %s", got)
	}
}

// TestGPUsStayKept has a volume made on an agent with gpus: it lets nobody else in until it is offered.
func TestGPUsStayKept(t *testing.T) {
	shared := withVolume(t, "shared", offer.Volume{ID: "v", Shared: true})
	creates := withVolume(t, "creates", offer.Volume{ID: "v", Shared: true, Size: 16})
	creates.Tasks[0].Info.Resources = append(creates.Tasks[0].Info.Resources, mesos.GPUs(1))
	offers := []mesos.Offer{offered(t, "a", "cpus:1;mem:256;disk:64;gpus:1", "")}
	for _, needs := range [][]offer.Need{{creates, shared}, {shared, creates, shared}} {
		if got := offer.Match(offers, needs, offer.Options{}); len(where(got)) != 1 {
			t.Errorf("served %v", where(got))
		}
	}
	offers[0].Resources = append(offers[0].Resources, existing("v", true))
	if got := offer.Match(offers, []offer.Need{shared, shared}, offer.Options{}); len(where(got)) != 2 {
		t.Error(got.Explain(0))
	}
}
