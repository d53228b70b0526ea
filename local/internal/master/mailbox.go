package master

import (
	"context"
	"sync"
)

// mailbox is the unbounded queue of work for the goroutine that owns the state.
type mailbox struct {
	wake  chan struct{} // holds one token when there is something to do
	ended chan struct{} // closed when nothing more is done

	mu     sync.Mutex
	queue  []func()
	closed bool
}

func newMailbox() *mailbox { return &mailbox{wake: make(chan struct{}, 1), ended: make(chan struct{})} }

// post queues work, in order. It never blocks, and says false when nobody will ever do the work.
func (b *mailbox) post(work func()) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.queue = append(b.queue, work)
	select {
	case b.wake <- struct{}{}:
	default:
	}
	return true
}

// run does the work as it comes until ctx ends; rest is done whenever the queue got empty. What is queued at the end is dropped.
func (b *mailbox) run(ctx context.Context, rest func()) {
	var spare []func()
	for {
		select {
		case <-ctx.Done():
			b.close()
			return
		case <-b.wake:
		}
		for {
			batch := b.take(spare)
			spare = batch[:0]
			if len(batch) == 0 {
				break
			}
			for i, work := range batch {
				batch[i] = nil
				work()
			}
			rest()
		}
	}
}

// take gives all work and leaves an empty queue, for which spare is the memory: the caller must not use spare again, but may use
// what it was given.
func (b *mailbox) take(spare []func()) []func() {
	b.mu.Lock()
	defer b.mu.Unlock()
	batch := b.queue
	b.queue = spare
	return batch
}

func (b *mailbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed, b.queue = true, nil
	close(b.ended)
}
