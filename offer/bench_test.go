package offer_test

import (
	"fmt"
	"testing"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
)

// fleet is an offer of each of so many agents in 50 racks.
func fleet(tb testing.TB, agents int) []mesos.Offer {
	tb.Helper()
	offers := make([]mesos.Offer, agents)
	for i := range offers {
		offers[i] = offered(tb, fmt.Sprint("agent", i), "cpus:16;mem:32768;disk:100000;ports:[31000-32000]", fmt.Sprint("rack:r", i%50))
	}
	return offers
}

// instances are so many needs of one app.
func instances(tb testing.TB, n int, app offer.Need) []offer.Need {
	tb.Helper()
	needs := make([]offer.Need, n)
	for i := range needs {
		needs[i] = app
	}
	return needs
}

func benchmark(b *testing.B, offers []mesos.Offer, needs []offer.Need) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		if result := offer.Match(offers, needs, offer.Options{}); len(result.Unmatched) > 0 {
			b.Fatal(result.Explain(result.Unmatched[0]))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(needs)), "ns/need")
}

// BenchmarkMatch places an app's instances in several ways, with ten needs for each agent, and with those of the peers' tests.
func BenchmarkMatch(b *testing.B) {
	ways := []struct {
		name string
		set  func(*offer.Need)
	}{
		{"any", func(*offer.Need) {}},
		{"spread", func(n *offer.Need) { n.Preferences = []offer.Preference{{Kind: offer.Spread, Field: "hostname"}} }},
		{"racks", func(n *offer.Need) { n.Constraints = []offer.Constraint{{Field: "rack", Operator: offer.GroupBy}} }},
		{"pack", func(n *offer.Need) { n.Preferences = []offer.Preference{{Kind: offer.Pack}} }},
	}
	for _, size := range []struct{ agents, needs int }{
		{1, 100}, {100, 1000}, {1000, 1200}, {1000, 10_000}, {10_000, 10_000}, {10_000, 100_000}, {100_000, 1_000_000},
	} {
		offers := fleet(b, size.agents)
		for _, way := range ways {
			app := wants(b, "web", "cpus:0.1;mem:32", offer.Port{})
			way.set(&app)
			needs := instances(b, size.needs, app)
			b.Run(fmt.Sprintf("agents=%d/needs=%d/%s", size.agents, size.needs, way.name), func(b *testing.B) { benchmark(b, offers, needs) })
		}
	}
}
