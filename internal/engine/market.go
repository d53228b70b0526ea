package engine

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"github.com/ormosproject/ormos/internal/pace"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

const (
	// reconcileFirst and reconcileEvery are when the master is asked about all tasks, as by Marathon.
	reconcileFirst = 15 * time.Second
	reconcileEvery = 10 * time.Minute
)

// market is what goes on between the engine and the master besides launches and kills.
type market struct {
	pace.Discipline
	reconciler pace.Reconciler
	changed    bool            // offers, or what waits for them, since they were last matched
	needed     map[string]int  // how many apps seek offers, by roles
	fresh      map[string]bool // roles for which more is sought than when offers were last declined
	seq        uint64          // of matches
	asking     asking
	barred     map[string]string // the roles that the master does not let the framework have, and why
}

func newMarket() market {
	r := pace.NewReconciler()
	r.First, r.Every = reconcileFirst, reconcileEvery
	return market{Discipline: pace.NewDiscipline(), reconciler: r, needed: map[string]int{}, fresh: map[string]bool{}}
}

func (m *market) offered(now time.Time, offers []mesos.Offer) {
	m.Offered(now, offers)
	m.changed = true
}

// trade launches what waits on what is offered, asks about tasks, and answers the offers that are of no use.
func (e *Engine) trade() {
	if !e.views.connected {
		return
	}
	m := &e.market
	if m.changed {
		m.changed = false
		e.weigh()
		e.match()
	}
	e.ask()
	e.answer(m.Step(e.now))
	ids, all := m.reconciler.Step(e.now, e.live())
	e.reconcile(ids, all)
}

// pending are the instances that wait for nothing but an offer, those that wait longest first.
func (e *Engine) pending() []pending {
	var all []pending
	for _, id := range sortedKeys(e.waiting) {
		s := e.waiting[id]
		if e.delayed(s) || s.goal == nil {
			continue
		}
		enforce := enforced(e.root, id)
		for _, i := range s.instances.all() {
			if i.Condition == Scheduled {
				all = append(all, pending{app: s.goal.App, instance: i, taskID: taskOf(i.ID, i.incarnation+1), enforceRole: enforce})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b pending) int {
		return cmp.Compare(a.instance.Since.Time().UnixMilli(), b.instance.Since.Time().UnixMilli())
	})
	return all
}

// seek notes how many instances of an app offers are sought for.
func (e *Engine) seek(s *crew, n int) {
	role := s.soughtFor
	if s.sought > 0 {
		if e.market.needed[role]--; e.market.needed[role] == 0 {
			delete(e.market.needed, role)
		}
	}
	if n > 0 {
		role = e.opts.role(s.goal.App)
		e.market.needed[role]++
	}
	fresh := n > s.sought || n > 0 && s.goal != s.soughtAs
	switch {
	case fresh:
		e.market.fresh[role] = true
		e.market.asking.seeks(e.now, e.needOf(s), role)
	case n == 0 && s.sought > 0:
		e.market.asking.later(e.now)
	}
	e.market.changed = e.market.changed || fresh || n == 0 && s.sought > 0
	s.sought, s.soughtFor, s.soughtAs = n, role, s.goal
}

// weigh tells the market which roles' offers are of use.
func (e *Engine) weigh() {
	for role := range e.market.Roles() {
		e.market.Need(e.now, role, e.market.needed[role] > 0, e.market.fresh[role])
	}
	clear(e.market.fresh)
}

// match launches what it finds places for.
func (e *Engine) match() {
	m := &e.market
	offers := m.Offers()
	if len(offers) == 0 {
		return
	}
	m.seq++
	seed := e.opts.Seed ^ uint64(e.now.UnixNano()) ^ m.seq
	done := e.launcher.place(placing{now: e.now, offers: offers, pending: e.pending(), placed: e.counted, seed: seed})
	if len(done.launched) == 0 {
		return
	}
	for _, i := range done.launched {
		e.provisioned(e.crews[i.App], i)
	}
	e.settle()
	e.weigh()
	for _, a := range done.accepts {
		_, role := m.Held(a.OfferIDs[0])
		a.Filters = scheduler.Refuse(m.Used(e.now, role, a.OfferIDs))
		e.call(scheduler.Call{Type: new(scheduler.CallTypeAccept), Accept: a})
	}
	m.changed = false
}

func (e *Engine) answer(a pace.Answers) {
	for _, d := range a.Declines {
		e.call(scheduler.Call{
			Type: new(scheduler.CallTypeDecline), Decline: &scheduler.CallDecline{OfferIDs: d.OfferIDs, Filters: scheduler.Refuse(d.Refuse)},
		})
	}
	if len(a.Suppress) > 0 {
		e.call(scheduler.Call{Type: new(scheduler.CallTypeSuppress), Suppress: &scheduler.CallSuppress{Roles: a.Suppress}})
	}
	if len(a.Revive) > 0 {
		e.call(scheduler.Call{Type: new(scheduler.CallTypeRevive), Revive: &scheduler.CallRevive{Roles: a.Revive}})
	}
}

// live are the tasks that are not over.
func (e *Engine) live() iter.Seq[string] {
	return func(yield func(string) bool) {
		e.views.tasks.Scan(func(id string, i *Instance) bool { return !i.holds() || yield(id) })
	}
}

func (e *Engine) reconcile(ids []string, all bool) {
	if len(ids) > 0 {
		asked := make([]scheduler.CallReconcileTask, 0, len(ids))
		for _, id := range ids {
			q := scheduler.CallReconcileTask{TaskID: taskID(id)}
			if i := e.tasks[id]; i != nil {
				q.AgentID = i.agent() // without it an unreachable task would be unknown
			}
			asked = append(asked, q)
		}
		e.call(scheduler.Call{Type: new(scheduler.CallTypeReconcile), Reconcile: &scheduler.CallReconcile{Tasks: asked}})
	}
	if all {
		e.call(scheduler.Call{Type: new(scheduler.CallTypeReconcile), Reconcile: &scheduler.CallReconcile{}})
	}
}

// Roles are those that the framework has to be subscribed for, in order: the default, and those of the apps.
func (e *Engine) Roles() []string {
	roles := sortedKeys(e.roles)
	if base := e.opts.BaseRole(); e.roles[base] == 0 {
		roles = append(roles, base)
		slices.Sort(roles)
	}
	return roles
}

// open are the roles for which there are offers.
func (e *Engine) open() []string {
	return slices.DeleteFunc(e.Roles(), func(role string) bool { return e.market.barred[role] != "" })
}

// wakeAt is when something is due next.
func (e *Engine) wakeAt() time.Time {
	first := e.timers.next()
	earlier := func(at time.Time, ok bool) {
		if ok && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	if e.views.connected {
		earlier(e.market.Next())
		earlier(e.market.reconciler.Next())
		earlier(e.market.asking.due, e.market.asking.heeded && !e.market.asking.due.IsZero())
	}
	return first
}
