package master

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// sink is a framework's stream that nobody reads.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) WriteHeader(int)             {}
func (s *sink) Flush()                      {}

// benchMaster runs a master with one large agent and one framework, whose tasks are n.
func benchMaster(b *testing.B, n int) (*Master, *framework) {
	b.Helper()
	m, err := New(Options{Flags: Flags{MaxCompletedTasksPerFramework: 1}})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	peer, _, err := m.Dial(mute{}, func() {})
	if err != nil {
		b.Fatal(err)
	}
	peer.Send(link.Register{Agent: mesos.AgentInfo{Hostname: "a", Resources: mesos.Resources{mesos.CPUs(1e6), mesos.Mem(1e9)}}})
	stream, served := wire.NewEventStream(wire.Protobuf), make(chan struct{})
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	go func() {
		defer close(served)
		_ = stream.Serve(&sink{http.Header{}}, r)
	}()
	b.Cleanup(func() { cancel(); <-ended; <-served })
	var f *framework
	m.do(ctx, func() {
		call := &scheduler.Call{Type: new(scheduler.CallTypeSubscribe), Subscribe: &scheduler.CallSubscribe{FrameworkInfo: *aware()}}
		f = m.subscribe(call, "", stream, "id")
	})
	m.do(ctx, func() { launchAll(m, f, n) })
	return m, f
}

// launchAll launches n tasks in one ACCEPT of the framework's only offer, whose rest comes back at once.
func launchAll(m *Master, f *framework, n int) {
	for _, o := range f.offers {
		tasks := make([]mesos.TaskInfo, n)
		for i := range tasks {
			m.nextID.task++
			tasks[i] = command(fmt.Sprint("t", m.nextID.task), o.sent, "cpus:0.1;mem:32")
		}
		m.accept(f, &scheduler.CallAccept{
			OfferIDs: []mesos.OfferID{{Value: o.id}}, Filters: &mesos.Filters{RefuseSeconds: new(0.0)},
			Operations: []mesos.OfferOperation{{Type: new(mesos.OfferOperationTypeLaunch), Launch: &mesos.OfferOperationLaunch{TaskInfos: tasks}}},
		})
	}
	m.round(nil)
}

// BenchmarkLaunch launches 100 tasks in an ACCEPT and ends them, beside others that run.
func BenchmarkLaunch(b *testing.B) {
	for _, resident := range []int{0, 10000} {
		b.Run(fmt.Sprint(resident, "-resident"), func(b *testing.B) {
			m, f := benchMaster(b, resident)
			for b.Loop() {
				m.do(context.Background(), func() {
					first := m.nextID.task
					launchAll(m, f, 100)
					for _, t := range f.tasks {
						if t.seq > first {
							m.endTask(f, t, t.masterStatus(mesos.TaskKilled, mesos.ReasonTaskUnknown, ""))
							m.completeTask(f, t)
						}
					}
				})
			}
		})
	}
}

// BenchmarkReconcile answers an implicit RECONCILE of 10,000 tasks.
func BenchmarkReconcile(b *testing.B) {
	m, f := benchMaster(b, 10000)
	for b.Loop() {
		m.do(context.Background(), func() { m.reconcile(f, &scheduler.CallReconcile{}) })
	}
}
