package pace

import (
	"iter"
	"time"
)

const (
	// Batch is how many tasks one RECONCILE asks about: some 100 kB, and as many answers.
	Batch = 1000
	// reconcilePause is how long the next batch waits for the answers to the one before.
	reconcilePause = 5 * time.Second
	// reconcileMin and reconcileMax are the pauses before a task is asked about again.
	reconcileMin = 10 * time.Second
	reconcileMax = 5 * time.Minute
	// launchPatience is how long a task that was launched may be silent before it is asked about.
	launchPatience = time.Minute
	// implicitPatience is how long a task may be left out of the answers to a question about all before it is asked about by name.
	implicitPatience = 30 * time.Second
)

// A Reconciler decides when to ask the master about which tasks (or operations), as Mesos recommends:
//
//	           subscribed                       each has been answered
//	silent --------------> explicit, in batches -----------------------> idle --+
//	  ^                      ^  |  again what is not answered, with              | after First, then
//	  |                      |  |  growing pauses                                v every Every
//	  |                      |  +<------+               what was left out      implicit: about all at once
//	  |                      +--------------------------------------------------+
//	  +-- disconnected, from anywhere
//
// An answer is any word about the task. Explicit questions find what the master does not know, the implicit one what the framework
// does not know. A task that was launched and of which nothing is heard is asked about after a minute.
//
// It is a pure state machine: time is an argument and what to ask is the result.
type Reconciler struct {
	// First is how long after the subscription all tasks are asked about for the first time, when most have been answered by name. Every is
	// the time between two questions about all tasks.
	First, Every time.Duration

	open      Repeater
	connected bool
	implicit  time.Time // when the next question about all is due
	gate      time.Time // no batch before, unless
	missing   int       // this many answers to the last one have come
}

// NewReconciler returns one that asks about all tasks 1 minute after the subscription, and then every 15 minutes.
func NewReconciler() Reconciler {
	return Reconciler{First: time.Minute, Every: 15 * time.Minute, open: Repeater{Min: reconcileMin, Max: reconcileMax}}
}

// Subscribed begins: each of these is to be answered.
func (r *Reconciler) Subscribed(now time.Time, keys iter.Seq[string]) {
	r.Disconnected()
	r.connected, r.implicit = true, now.Add(r.First)
	for key := range keys {
		r.open.Add(key, now)
	}
}

// Disconnected ends all asking: there is nobody to ask.
func (r *Reconciler) Disconnected() {
	r.connected, r.gate, r.missing = false, time.Time{}, 0
	r.open.Clear()
}

// Launched expects a first word.
func (r *Reconciler) Launched(now time.Time, key string) {
	if r.connected {
		r.open.Add(key, now.Add(launchPatience))
	}
}

// Heard is told of each word about a key.
func (r *Reconciler) Heard(key string) {
	if r.open.Remove(key) {
		r.missing--
	}
}

// Step says what to ask now: about these, or about all; live are those that could be asked about.
func (r *Reconciler) Step(now time.Time, live iter.Seq[string]) (keys []string, all bool) {
	if !r.connected {
		return nil, false
	}
	if r.missing <= 0 || !now.Before(r.gate) {
		if keys = r.open.Due(now, Batch); len(keys) > 0 {
			r.missing, r.gate = len(keys), now.Add(reconcilePause)
		}
	}
	if now.Before(r.implicit) {
		return keys, false
	}
	r.implicit = now.Add(r.Every)
	for key := range live {
		if !r.open.Has(key) {
			r.open.Add(key, now.Add(implicitPatience))
		}
	}
	return keys, true
}

// Next is when step has something to say again.
func (r *Reconciler) Next() (time.Time, bool) {
	if !r.connected {
		return time.Time{}, false
	}
	at, ok := r.open.Next()
	if ok && r.missing > 0 && at.Before(r.gate) {
		at = r.gate
	}
	if !ok || r.implicit.Before(at) {
		at = r.implicit
	}
	return at, true
}
