package scheduler_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/ormosproject/ormos/scheduler"
)

// BenchmarkUpdates takes status updates through a whole session over a real socket: read, decoded, told, and acknowledged where they
// want it. The master at the other end runs in the same process, and its time counts.
func BenchmarkUpdates(b *testing.B) {
	for name, uuid := range map[string][]byte{"reconciled": nil, "acknowledged": []byte("0123456789abcdef")} {
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
			n := 0
			for event, err := range scheduler.New(m.options()).Events(ctx) {
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
				case *scheduler.EventUpdate:
					n++
				}
				if n == b.N {
					break
				}
			}
		})
	}
}
