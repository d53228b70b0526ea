package master

import (
	"context"
	"testing"

	"github.com/ormosproject/ormos/local/internal/link"
)

type deaf struct{}

func (deaf) Send(link.Message) {}

// An agent that dials a master which ends at once is told, or refused: it would wait for an answer for ever.
func TestDialedAtTheEnd(t *testing.T) {
	for range 50 {
		m, err := New(Options{})
		if err != nil {
			t.Fatal(err)
		}
		gone := false
		if _, _, err := m.Dial(deaf{}, func() { gone = true }); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := m.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if !gone {
			t.Fatal("the agent was not told that the master is gone")
		}
		if _, _, err := m.Dial(deaf{}, func() {}); err == nil {
			t.Fatal("a master that has ended accepts a connection")
		}
	}
}
