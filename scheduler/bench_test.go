package scheduler_test

import (
	"context"
	"fmt"
	"iter"
	"net/http/httptest"
	"testing"

	"github.com/ormosproject/ormos/scheduler"
	"github.com/ormosproject/ormos/store"
)

// BenchmarkUpdates takes status updates, each of another task, through a whole session over a real socket: read, decoded, told, and acknowledged
// where they want it. The framework also makes a record of each task, in a store in memory. The master at the other end runs in the same
// process, and its time counts.
func BenchmarkUpdates(b *testing.B) {
	uuid := []byte("0123456789abcdef")
	session := func(o scheduler.Options) events { return scheduler.New(o).Events }
	for name, c := range map[string]struct {
		uuid   []byte
		events func(scheduler.Options) events
	}{
		"reconciled": {nil, session}, "acknowledged": {uuid, session}, "framework": {uuid, func(o scheduler.Options) events {
			o.FrameworkID = nil
			f := scheduler.NewFramework(scheduler.FrameworkOptions{Options: o, Store: &store.Memory{}, UnknownTasks: scheduler.AdoptUnknown})
			return f.Events
		}},
	} {
		b.Run(name, func(b *testing.B) {
			m := newMaster()
			server := httptest.NewServer(m)
			defer server.Close()
			defer m.hangUp()
			m.url = server.URL
			ctx, cancel := context.WithCancel(b.Context())
			defer cancel()
			go func() {
				for {
					select {
					case <-m.calls:
					case <-ctx.Done():
						return
					}
				}
			}()
			b.ReportAllocs()
			takeUpdates(ctx, b, m, c.events(m.options()), c.uuid)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

type events = func(context.Context) iter.Seq2[scheduler.TypedEvent, error]

// takeUpdates has the master send b.N updates, and is done when the last was told.
func takeUpdates(ctx context.Context, b *testing.B, m *master, all events, uuid []byte) {
	n := 0
	for event, err := range all(ctx) {
		if err != nil {
			b.Fatal(err)
		}
		switch event.(type) {
		case *scheduler.EventSubscribed:
			s := <-m.subscriptions
			for i := range b.N {
				s.Send(update(fmt.Sprint("task-", i), uuid))
			}
			b.ResetTimer()
		case *scheduler.EventUpdate, *scheduler.EventTask:
			n++
		}
		if n == b.N {
			return
		}
	}
}
