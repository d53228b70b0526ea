package offer_test

import (
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

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

// cpu is the processor time that this process has used.
func cpu() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func benchmark(b *testing.B, offers []mesos.Offer, needs []offer.Need) {
	b.Helper()
	runtime.GC()
	start := cpu()
	b.ReportAllocs()
	for b.Loop() {
		if result := offer.Match(offers, needs, offer.Options{}); len(result.Unmatched) > 0 {
			b.Fatal(result.Explain(result.Unmatched[0]))
		}
	}
	used := float64(cpu()-start) / float64(b.N)
	b.ReportMetric(used/1e6, "cpu-ms/op")
	b.ReportMetric(used/float64(len(needs)), "cpu-ns/need")
}

// BenchmarkMatch places an app's instances in several ways: those of the peers' tests, and ten for each agent. The last is every need
// different from all others.
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
		for _, way := range ways {
			b.Run(fmt.Sprintf("agents=%d/needs=%d/%s", size.agents, size.needs, way.name), func(b *testing.B) {
				app := wants(b, "web", "cpus:0.1;mem:32", offer.Port{})
				way.set(&app)
				benchmark(b, fleet(b, size.agents), instances(b, size.needs, app))
			})
		}
	}
	for _, agents := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprintf("agents=%d/needs=10000/different", agents), func(b *testing.B) {
			needs := instances(b, 10_000, wants(b, "web", "cpus:0.1;mem:1", offer.Port{}))
			for i := range needs {
				needs[i].Group = fmt.Sprint("app", i)
			}
			benchmark(b, fleet(b, agents), needs)
		})
	}
}
