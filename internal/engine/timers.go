package engine

import (
	"container/heap"
	"time"
)

// timers say when each of many keys is due. Setting, clearing and taking cost about the logarithm of how many there are.
type timers struct {
	at    map[due]time.Time
	queue dueQueue // may hold turns that are not in at any more
}

// due names what is looked at when its time has come.
type due struct {
	kind dueKind
	id   string
}

type dueKind byte

const (
	dueInstance dueKind = iota
	dueApp
	dueDeployment
)

func newTimers() timers { return timers{at: map[due]time.Time{}} }

// set has k due at a time, and at no other; zero is never.
func (t *timers) set(k due, at time.Time) {
	was, ok := t.at[k]
	switch {
	case at.IsZero():
		delete(t.at, k)
	case !ok || !was.Equal(at):
		t.at[k] = at
		heap.Push(&t.queue, turn{k, at})
	}
}

// next is when the first key is due; zero when there is none.
func (t *timers) next() time.Time {
	for len(t.queue) > 0 {
		first := t.queue[0]
		if at, ok := t.at[first.key]; ok && at.Equal(first.at) {
			return first.at
		}
		heap.Pop(&t.queue)
	}
	return time.Time{}
}

// take gives a key that is due, and takes it out.
func (t *timers) take(now time.Time) (due, bool) {
	at := t.next()
	if at.IsZero() || at.After(now) {
		return due{}, false
	}
	k := heap.Pop(&t.queue).(turn).key
	delete(t.at, k)
	return k, true
}

type turn struct {
	key due
	at  time.Time
}

type dueQueue []turn

func (q dueQueue) Len() int { return len(q) }
func (q dueQueue) Less(i, j int) bool {
	a, b := &q[i], &q[j]
	switch {
	case !a.at.Equal(b.at):
		return a.at.Before(b.at)
	case a.key.kind != b.key.kind:
		return a.key.kind < b.key.kind
	}
	return a.key.id < b.key.id
}
func (q dueQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *dueQueue) Push(x any)   { *q = append(*q, x.(turn)) }
func (q *dueQueue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	(*q)[last] = turn{}
	*q = (*q)[:last]
	return x
}
