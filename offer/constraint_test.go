package offer_test

import (
	"fmt"
	"testing"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
)

func TestConstraints(t *testing.T) {
	domain := func(region, zone string) *mesos.DomainInfo {
		return &mesos.DomainInfo{FaultDomain: &mesos.DomainInfoFaultDomain{
			Region: mesos.DomainInfoFaultDomainRegionInfo{Name: region}, Zone: mesos.DomainInfoFaultDomainZoneInfo{Name: zone},
		}}
	}
	offers := []mesos.Offer{
		offered(t, "a", "cpus:4", "rack:r1;level:10"),
		offered(t, "b", "cpus:4", "rack:r1;level:9.5"),
		offered(t, "c", "cpus:4", "rack:r2"),
		offered(t, "d", "cpus:4", ""),
	}
	offers[0].Domain, offers[1].Domain = domain("eu", "eu-1"), domain("eu", "eu-2")
	for _, tt := range []struct {
		name       string
		constraint []string
		placed     string // agents on which instances of the group run
		want       string // where four needs go
	}{
		{"unique hostname", []string{"hostname", "UNIQUE"}, "", "map[0:a 1:b 2:c 3:d]"},
		{"unique, one runs", []string{"@hostname", "UNIQUE"}, "b", "map[0:a 1:c 2:d]"},
		{"unique attribute", []string{"rack", "UNIQUE"}, "", "map[0:a 1:c]"},
		{"cluster with a value", []string{"rack", "CLUSTER", "r2"}, "", "map[0:c 1:c 2:c 3:c]"},
		{"cluster where the first is", []string{"rack", "CLUSTER"}, "", "map[0:a 1:a 2:a 3:a]"},
		{"cluster where one runs", []string{"rack", "CLUSTER"}, "c", "map[0:c 1:c 2:c 3:c]"},
		{"group by", []string{"rack", "GROUP_BY"}, "", "map[0:a 1:c 2:b 3:c]"},
		{"group by, one runs", []string{"rack", "GROUP_BY"}, "c", "map[0:a 1:b 2:c 3:a]"},
		{"group by, more values than there are", []string{"rack", "GROUP_BY", "3"}, "", "map[0:a 1:c]"},
		{"like", []string{"rack", "LIKE", "r[23]"}, "", "map[0:c 1:c 2:c 3:c]"},
		{"like matches the whole", []string{"rack", "LIKE", "r|2"}, "", "map[]"},
		{"unlike accepts what has none", []string{"rack", "UNLIKE", "r.*"}, "", "map[0:d 1:d 2:d 3:d]"},
		{"max per", []string{"rack", "max_per", "1"}, "", "map[0:a 1:c]"},
		{"is text", []string{"rack", "IS", "r2"}, "", "map[0:c 1:c 2:c 3:c]"},
		{"is a number", []string{"level", "IS", "9.5000"}, "", "map[0:b 1:b 2:b 3:b]"},
		{"zone", []string{"@zone", "IS", "eu-2"}, "", "map[0:b 1:b 2:b 3:b]"},
		{"home accepts what has none", []string{"rack", "HOME", "r3"}, "", "map[0:d 1:d 2:d 3:d]"},
		{"region", []string{"@region", "UNLIKE", "eu"}, "", "map[0:c 1:c 2:c 3:c]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			constraint, err := offer.ParseConstraint(tt.constraint...)
			if err != nil {
				t.Fatal(err)
			}
			var placed []offer.Placed
			for i := range offers {
				if offers[i].Hostname == tt.placed {
					placed = append(placed, offer.Placed{Group: "app", AgentID: offers[i].AgentID, Hostname: tt.placed, Attributes: offers[i].Attributes})
					placed = append(placed, offer.Placed{Group: "other", AgentID: offers[i].AgentID, Hostname: tt.placed, Attributes: offers[i].Attributes})
				}
			}
			var needs []offer.Need
			for i := range 4 {
				need := wants(t, fmt.Sprint(i), "cpus:1")
				need.Constraints = []offer.Constraint{constraint}
				needs = append(needs, need)
			}
			result := offer.Match(offers, needs, offer.Options{Placed: placed})
			if got := fmt.Sprint(where(result)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestWrongConstraints(t *testing.T) {
	for _, words := range [][]string{
		{"rack"},
		{"rack", "NEAR"},
		{"", "UNIQUE"},
		{"rack", "UNIQUE", "1"},
		{"rack", "LIKE", "["},
		{"rack", "LIKE", ")|("},
		{"rack", "MAX_PER"},
		{"rack", "MAX_PER", "0"},
		{"rack", "GROUP_BY", "x"},
		{"rack", "IS", "a b"},
		{"a", "IS", "b", "c"},
	} {
		if got, err := offer.ParseConstraint(words...); err == nil {
			t.Errorf("%q is %v", words, got)
		}
	}
	need := wants(t, "a", "cpus:1")
	need.Constraints = []offer.Constraint{{Field: "rack", Operator: offer.Like, Value: "["}}
	result := offer.Match([]mesos.Offer{offered(t, "a", "cpus:4", "rack:r1")}, []offer.Need{need}, offer.Options{})
	if e := result.Explain(0); e.Nearest == nil || e.Nearest.Failures[0].Reason != offer.Invalid {
		t.Errorf("got %v", e)
	}
}
