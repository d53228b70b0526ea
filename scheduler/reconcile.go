package scheduler

import (
	"iter"
	"time"
)

const (
	// reconcileBatch is how many tasks one RECONCILE asks about: some 100 kB, and as many answers.
	reconcileBatch = 1000
	// reconcilePause is how long the next batch waits for the answers to the one before.
	reconcilePause = 5 * time.Second
	// reconcileMin and reconcileMax are the pauses before a task is asked about again.
	reconcileMin = 10 * time.Second
	reconcileMax = 5 * time.Minute
	// reconcileFirst is how long after the subscription all tasks are asked about for the first time, when most have been answered by name.
	reconcileFirst = time.Minute
	// reconcileEvery is the time between two questions about all tasks.
	reconcileEvery = 15 * time.Minute
	// launchPatience is how long a task that was launched may be silent before it is asked about.
	launchPatience = time.Minute
	// implicitPatience is how long a task may be left out of the answers to a question about all before it is asked about by name.
	implicitPatience = 30 * time.Second
)

// A reconciler decides when to ask the master about which tasks (or operations), as Mesos recommends:
//
//	           subscribed                       each has been answered
//	silent --------------> explicit, in batches -----------------------> idle --+
//	  ^                      ^  |  again what is not answered, with              | after 1 min, then
//	  |                      |  |  growing pauses                                v every 15 min
//	  |                      |  +<------+               what was left out      implicit: about all at once
//	  |                      +--------------------------------------------------+
//	  +-- disconnected, from anywhere
//
// An answer is any word about the task. Explicit questions find what the master does not know, the implicit one what the framework
// does not know. A task that was launched and of which nothing is heard is asked about after a minute.
//
// It is a pure state machine: time is an argument and what to ask is the result.
type reconciler struct {
	open      repeater
	connected bool
	implicit  time.Time // when the next question about all is due
	gate      time.Time // no batch before, unless
	missing   int       // this many answers to the last one have come
}

func newReconciler() reconciler {
	return reconciler{open: repeater{min: reconcileMin, max: reconcileMax}}
}

// subscribed begins: each of these is to be answered.
func (r *reconciler) subscribed(now time.Time, keys iter.Seq[string]) {
	r.disconnected()
	r.connected, r.implicit = true, now.Add(reconcileFirst)
	for key := range keys {
		r.open.add(key, now)
	}
}

// disconnected ends all asking: there is nobody to ask.
func (r *reconciler) disconnected() {
	r.connected, r.gate, r.missing = false, time.Time{}, 0
	r.open.clear()
}

// launched expects a first word.
func (r *reconciler) launched(now time.Time, key string) {
	if r.connected {
		r.open.add(key, now.Add(launchPatience))
	}
}

// heard is told of each word about a key.
func (r *reconciler) heard(key string) {
	if r.open.remove(key) {
		r.missing--
	}
}

// step says what to ask now: about these, or about all; live are those that could be asked about.
func (r *reconciler) step(now time.Time, live iter.Seq[string]) (keys []string, all bool) {
	if !r.connected {
		return nil, false
	}
	if r.missing <= 0 || !now.Before(r.gate) {
		if keys = r.open.due(now, reconcileBatch); len(keys) > 0 {
			r.missing, r.gate = len(keys), now.Add(reconcilePause)
		}
	}
	if now.Before(r.implicit) {
		return keys, false
	}
	r.implicit = now.Add(reconcileEvery)
	for key := range live {
		if !r.open.has(key) {
			r.open.add(key, now.Add(implicitPatience))
		}
	}
	return keys, true
}

// next is when step has something to say again.
func (r *reconciler) next() (time.Time, bool) {
	if !r.connected {
		return time.Time{}, false
	}
	at, ok := r.open.next()
	if ok && r.missing > 0 && at.Before(r.gate) {
		at = r.gate
	}
	if !ok || r.implicit.Before(at) {
		at = r.implicit
	}
	return at, true
}
