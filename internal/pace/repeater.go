package pace

import (
	"container/heap"
	"time"
)

// A Repeater says when to ask for each of many keys, again and again with growing pauses, until somebody has what was asked for:
//
//	Add ---> due at once ---> due after min ---> after 2 min ---> ... ---> every max
//	           Hurry has it due again, Min after the last time at the earliest; Remove ends it at any time
//
// It waits for nothing and starts nothing; time is an argument. Adding, removing and taking what is due cost about the logarithm of the
// number of keys. The zero value is not ready: it needs Min and Max, the first pause and the longest.
type Repeater struct {
	Min, Max time.Duration
	turns    map[string]turn
	queue    turnQueue // may hold turns that are no longer in turns
	seq      uint64
}

// turn is when a key is asked for next.
type turn struct {
	at    time.Time
	seq   uint64        // orders what is due at the same time
	pause time.Duration // before the one after
	last  time.Time     // when it was asked for; zero if it was not yet
}

// Add asks for key at a time, and goes on from there as for a new key.
func (r *Repeater) Add(key string, at time.Time) { r.put(key, turn{at: at, pause: r.Min}) }

func (r *Repeater) put(key string, t turn) {
	if r.turns == nil {
		r.turns = map[string]turn{}
	}
	r.seq++
	t.seq = r.seq
	r.turns[key] = t
	heap.Push(&r.queue, queued{key, t.at, t.seq})
}

// Remove ends the asking for key, and tells whether it was asked for at least once.
func (r *Repeater) Remove(key string) (asked bool) {
	asked = !r.turns[key].last.IsZero()
	delete(r.turns, key)
	return asked
}

// Hurry asks for key again as soon as Min has gone by since the last time, whatever its pause has grown to: it has become likely that it
// will be heard now.
func (r *Repeater) Hurry(key string, now time.Time) {
	t, ok := r.turns[key]
	if !ok || t.last.IsZero() {
		return // it is due by itself
	}
	soon := t.last.Add(r.Min)
	if soon.Before(now) {
		soon = now
	}
	if soon.Before(t.at) {
		t.at = soon
		r.put(key, t)
	}
}

// Has tells whether key is asked for.
func (r *Repeater) Has(key string) bool {
	_, ok := r.turns[key]
	return ok
}

// Clear ends all asking.
func (r *Repeater) Clear() { r.turns, r.queue = nil, nil }

// Due takes at most limit keys whose time has come, the longest due first, and sets their next time.
func (r *Repeater) Due(now time.Time, limit int) []string {
	var keys []string
	for len(keys) < limit {
		at, ok := r.Next()
		if !ok || at.After(now) {
			break
		}
		first := heap.Pop(&r.queue).(queued)
		t := r.turns[first.key]
		r.put(first.key, turn{at: now.Add(t.pause), pause: min(2*t.pause, r.Max), last: now})
		keys = append(keys, first.key)
	}
	return keys
}

// Next is when the first key is due.
func (r *Repeater) Next() (time.Time, bool) {
	for len(r.queue) > 0 {
		first := r.queue[0]
		if t, ok := r.turns[first.key]; ok && t.seq == first.seq {
			return first.at, true
		}
		heap.Pop(&r.queue)
	}
	return time.Time{}, false
}

// queued is a turn in the queue; its seq tells whether it still counts.
type queued struct {
	key string
	at  time.Time
	seq uint64
}

type turnQueue []queued

func (q turnQueue) Len() int { return len(q) }
func (q turnQueue) Less(i, j int) bool {
	if q[i].at.Equal(q[j].at) {
		return q[i].seq < q[j].seq
	}
	return q[i].at.Before(q[j].at)
}
func (q turnQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *turnQueue) Push(x any)   { *q = append(*q, x.(queued)) }
func (q *turnQueue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	(*q)[last] = queued{}
	*q = (*q)[:last]
	return x
}
