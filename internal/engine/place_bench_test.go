package engine

import (
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
)

// fleet is an offer of each of so many agents in 50 racks.
func fleet(tb testing.TB, agents int) []mesos.Offer {
	tb.Helper()
	offers := make([]mesos.Offer, agents)
	for i := range offers {
		offers[i] = offered(tb, fmt.Sprintf("agent%06d", i), "cpus:16;mem:32768;disk:100000;ports:[31000-32000]", fmt.Sprint("rack:r", i%50))
	}
	return offers
}

// cpu is the processor time that this process has used.
func cpu() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkPlace goes all the way from pending instances to the calls that launch them: an app's instances anywhere, spread over hosts or racks, and
// every app with one instance. With growth in agents and instances.
func BenchmarkPlace(b *testing.B) {
	ways := []struct {
		name string
		set  func(*app.App)
	}{
		{"any", func(*app.App) {}},
		{"racks", func(a *app.App) { a.Constraints = []app.Constraint{{Field: "rack", Operator: "GROUP_BY", Value: "50"}} }},
		{"maxper", func(a *app.App) {
			a.Constraints = []app.Constraint{{Field: "hostname", Operator: "MAX_PER", Value: "10"}}
		}},
	}
	for _, size := range []struct{ agents, instances int }{
		{1000, 1}, {100_000, 1}, {1000, 1200}, {1000, 10_000}, {100_000, 10_000},
	} {
		for _, way := range ways {
			b.Run(fmt.Sprintf("agents=%d/instances=%d/%s", size.agents, size.instances, way.name), func(b *testing.B) {
				a := web(size.instances)
				a.CPUs, a.Mem = 0.1, 32
				way.set(a)
				benchmarkPlace(b, fleet(b, size.agents), scheduled(a, size.instances))
			})
		}
		b.Run(fmt.Sprintf("agents=%d/instances=%d/apps", size.agents, size.instances), func(b *testing.B) {
			all := scheduled(web(1), size.instances)
			for i := range all {
				one := web(1)
				one.ID, one.CPUs, one.Mem = app.ID(fmt.Sprint("/app", i)), 0.1, 32
				all[i].app = one
			}
			benchmarkPlace(b, fleet(b, size.agents), all)
		})
	}
}

func benchmarkPlace(b *testing.B, offers []mesos.Offer, all []pending) {
	b.Helper()
	runtime.GC()
	start := cpu()
	b.ReportAllocs()
	for b.Loop() {
		l := launcher{LaunchOptions: &LaunchOptions{PerOffer: -1}}
		if p := l.place(placing{now: noon, offers: offers, pending: all, placed: these(), seed: 1}); len(p.launched) != len(all) {
			b.Fatalf("launched %d of %d", len(p.launched), len(all))
		}
	}
	used := float64(cpu()-start) / float64(b.N)
	b.ReportMetric(used/1e6, "cpu-ms/op")
	b.ReportMetric(used/float64(len(all)), "cpu-ns/instance")
}

// BenchmarkPlaceNothing looks at an offer that serves none of 10,000 apps that wait: what a Step costs while a cluster is full.
func BenchmarkPlaceNothing(b *testing.B) {
	all := scheduled(web(1), 10_000)
	for i := range all {
		one := web(1)
		one.ID = app.ID(fmt.Sprint("/app", i))
		all[i].app = one
	}
	offers := []mesos.Offer{offered(b, "small", "cpus:0.1;mem:1000", "")}
	l := launcher{LaunchOptions: new(LaunchOptions)}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		offers[0].ID.Value = fmt.Sprint(i)
		if p := l.place(placing{now: noon, offers: offers, pending: all, placed: these(), seed: 1}); len(p.launched) > 0 {
			b.Fatal(p.launched)
		}
	}
}
