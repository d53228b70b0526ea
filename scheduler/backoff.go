package scheduler

import (
	"math/rand/v2"
	"time"
)

const (
	defaultBackoffMin = 100 * time.Millisecond
	defaultBackoffMax = 10 * time.Second
)

// Backoff says how long to pause before something is tried again: at first up to Min, then twice as long each time, up to Max. Each
// pause is shortened by chance, to as little as half, so that those who failed together do not try together. The session pauses
// so between subscriptions; a framework can pause so between launches. The zero value works. It is used by one goroutine at a time.
type Backoff struct {
	Min time.Duration // 0 means 100 ms
	Max time.Duration // 0 means 10 s; never less than Min

	last time.Duration
}

// Next returns the next pause.
func (b *Backoff) Next() time.Duration {
	low, high := b.Min, b.Max
	if low <= 0 {
		low = defaultBackoffMin
	}
	if high <= 0 {
		high = defaultBackoffMax
	}
	high = max(low, high)
	switch {
	case b.last <= 0:
		b.last = low
	case b.last > high/2:
		b.last = high
	default:
		b.last *= 2
	}
	return b.last - rand.N(b.last/2+1)
}

// Reset makes the next pause the shortest again: what was tried has worked.
func (b *Backoff) Reset() { b.last = 0 }
