package local

import (
	"sync"
	"time"

	"github.com/ormosproject/ormos/local/internal/link"
)

// rule is what happens to status updates between agents and master. The zero value lets them pass.
type rule struct {
	drop, duplicate bool
	delay           time.Duration
}

// updates applies a rule to the status updates of all agents.
type updates struct {
	mu     sync.Mutex
	rule   rule
	queue  []func() // updates that are delayed, oldest first
	timers []*time.Timer
}

// tapped is a master to whose status updates something happens on the way.
type tapped struct {
	link.Peer
	updates *updates
}

// Send passes a message on.
func (t tapped) Send(m link.Message) {
	if u, ok := m.(link.StatusUpdate); ok {
		t.updates.pass(t.Peer, u)
		return
	}
	t.Peer.Send(m)
}

// pass does to an update what the rule says.
func (u *updates) pass(to link.Peer, m link.StatusUpdate) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.rule.drop {
		return
	}
	send := func() { to.Send(m) }
	if u.rule.duplicate {
		again := m
		again.Status = *m.Status.Clone()
		send = func() {
			to.Send(m)
			to.Send(again)
		}
	}
	if u.rule.delay == 0 {
		send()
		return
	}
	u.queue = append(u.queue, send)
	u.timers = append(u.timers, time.AfterFunc(u.rule.delay, u.next))
}

// next lets the oldest update go. Each has had a timer of its own, but which of them comes first is not said.
func (u *updates) next() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.queue) > 0 {
		u.queue[0]()
		u.queue, u.timers = u.queue[1:], u.timers[1:]
	}
}

// set changes the rule. Updates that wait go at once, before any other.
func (u *updates) set(r rule) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.rule = r
	for _, timer := range u.timers {
		timer.Stop()
	}
	for _, send := range u.queue {
		send()
	}
	u.queue, u.timers = nil, nil
}

// get gives the rule.
func (u *updates) get() rule {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.rule
}
