package engine

import (
	"slices"
	"testing"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
)

// Apps stay in the masters' region unless a constraint names one. Where the masters tell none, all agents are alike.
func TestHome(t *testing.T) {
	agents := func() []mesos.Offer {
		all := []mesos.Offer{offered(t, "home", "cpus:8;mem:4096;ports:[1-9]", ""), offered(t, "abroad", "cpus:8;mem:4096;ports:[1-9]", ""), offered(t, "silent", "cpus:8;mem:4096;ports:[1-9]", "")}
		all[0].Domain, all[1].Domain = domain("eu", "eu-1"), domain("us", "us-1")
		return all
	}
	everywhere, there, zoned := web(9), web(9), web(9)
	everywhere.Constraints = []app.Constraint{{Field: "hostname", Operator: "GROUP_BY"}}
	there.Constraints = []app.Constraint{{Field: "@region", Operator: "IS", Value: "us"}}
	zoned.Constraints = []app.Constraint{{Field: "@zone", Operator: "LIKE", Value: "u.*"}}
	l := launcher{LaunchOptions: &LaunchOptions{PerOffer: -1}}
	for _, c := range []struct {
		masters string
		app     *app.App
		want    []string
	}{
		{"", everywhere, []string{"abroad", "home", "silent"}},
		{"eu", everywhere, []string{"home", "silent"}},
		{"us", everywhere, []string{"abroad", "silent"}},
		{"eu", there, []string{"abroad"}},
		{"us", zoned, []string{"abroad"}},
		{"eu", zoned, nil},
	} {
		l.settle(c.masters)
		var got []string
		for _, i := range l.place(placing{now: noon, offers: agents(), pending: scheduled(c.app, 6), placed: these(), seed: 1}).launched {
			if !slices.Contains(got, i.AgentID) {
				got = append(got, i.AgentID)
			}
		}
		if slices.Sort(got); !slices.Equal(got, c.want) {
			t.Errorf("masters in %q, %v: on %v, want %v", c.masters, c.app.Constraints, got, c.want)
		}
	}
}
