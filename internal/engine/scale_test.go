package engine

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
)

// A town is an engine with many apps, all of whose instances run.
type town struct {
	e       *Engine
	opts    Options
	now     time.Time
	records map[string][]byte
	tasks   []string
}

// newTown makes an engine with apps, each of so many instances.
func newTown(tb testing.TB, apps, instances int) *town {
	tb.Helper()
	w := &town{opts: Options{Seed: 1, LaunchOptions: LaunchOptions{PerOffer: -1}}, now: epoch, records: map[string][]byte{}}
	var err error
	if w.e, err = New(nil, w.opts); err != nil {
		tb.Fatal(err)
	}
	w.step(Subscribed{FrameworkID: mesos.FrameworkID{Value: "F"}, Master: "m:5050"})
	text := fmt.Sprintf(`{"cmd": "serve", "cpus": 0.1, "mem": 32, "instances": %d, "portDefinitions": [], "labels": {"team": "one"}, "env": {"A": "b"}}`, instances)
	update := parsed(tb, text)
	for i := range apps {
		id := app.ID(fmt.Sprintf("/g%02d/app%05d", i%50, i))
		out := w.step(Do{uint64(i), Change{Edits: []Edit{CreateApp{update.At(id)}}}})
		if err := out.Replies[0].Result.Err; err != nil {
			tb.Fatal(err)
		}
		offer := toyOffer(fmt.Sprintf("o%d", i), fmt.Sprintf("agent%d", i%1000), 0)
		offer.Resources = mesos.Resources{mesos.CPUs(64), mesos.Mem(65536)}
		w.step(Offered{[]mesos.Offer{offer}})
		for _, one := range w.e.crews[id].instances.all() {
			w.step(Updated{status(one.TaskID, mesos.TaskRunning)})
			w.tasks = append(w.tasks, one.TaskID)
		}
	}
	if len(w.e.deployments) > 0 || len(w.tasks) != apps*instances {
		tb.Fatalf("%d deployments are left, %d tasks run", len(w.e.deployments), len(w.tasks))
	}
	return w
}

func parsed(tb testing.TB, text string) *app.Update {
	tb.Helper()
	doc, err := app.Parse([]byte(text), app.JSON)
	if err != nil {
		tb.Fatal(err)
	}
	u, err := doc.App()
	if err != nil {
		tb.Fatal(err)
	}
	return u
}

func (w *town) step(in Input) Effects {
	out := w.e.Step(w.now, in)
	for key, value := range out.Records {
		if value == nil {
			delete(w.records, key)
		} else {
			w.records[key] = value
		}
	}
	return out
}

// BenchmarkStep measures steps by how many apps there are, each with ten instances: they cost what changes, not what there is.
func BenchmarkStep(b *testing.B) {
	for _, apps := range []int{10, 1000, 10_000} {
		w := newTown(b, apps, 10)
		w.e.View()
		b.Run(fmt.Sprintf("update/apps=%d", apps), func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				st := status(w.tasks[i%len(w.tasks)], mesos.TaskRunning)
				st.Healthy = new(true)
				st.ContainerStatus.ContainerID.Value = fmt.Sprint("c", i)
				w.e.Step(w.now, Updated{st})
				w.e.View()
			}
		})
		b.Run(fmt.Sprintf("nothing/apps=%d", apps), func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				w.e.Step(w.now, nil)
				w.e.View()
			}
		})
		b.Run(fmt.Sprintf("upgrade/apps=%d", apps), func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				w.now = w.now.Add(time.Millisecond)
				id := app.ID(fmt.Sprintf("/g%02d/app%05d", i%apps%50, i%apps))
				w.e.Step(w.now, Do{1, Change{Force: true, Edits: []Edit{UpdateApp{ID: id, Update: parsed(b, fmt.Sprintf(`{"env": {"N": "%d"}}`, i))}}}})
				w.e.View()
			}
		})
	}
}

// BenchmarkNew measures the start from the store, and what an engine of that size takes.
func BenchmarkNew(b *testing.B) {
	w := newTown(b, 10_000, 10)
	w.e = nil
	before := heapNow()
	var e *Engine
	for b.Loop() {
		var err error
		if e, err = New(w.records, w.opts); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(heapNow()-before)/1e6, "MB")
	bytes := 0
	for key, value := range w.records {
		bytes += len(key) + len(value)
	}
	b.ReportMetric(float64(bytes)/1e6, "MB-of-records")
	runtime.KeepAlive(e)
}

func heapNow() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkDeploy measures how long 10,000 apps of one instance take from their creation until all run, one change for each.
func BenchmarkDeploy(b *testing.B) {
	for b.Loop() {
		newTown(b, 10_000, 1)
	}
}
