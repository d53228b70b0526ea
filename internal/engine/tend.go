package engine

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
)

// A muster is an app's instances, sorted by what the goal makes of them.
type muster struct {
	// pending wait for an offer, and are what the goal wants; fresh have a task and are, too; stale have a task and are not. None of them
	// is to go.
	pending, fresh, stale []*Instance
	// outdated wait for an offer, and are not what the goal wants.
	outdated []*Instance
	// leaving is how many are to go and are not gone, staleLeaving how many of those are not what the goal wants.
	leaving, staleLeaving int
	// well is how many of fresh can take part in the work, staleWell how many of stale.
	well, staleWell int
}

// muster sorts the instances. Those that were replaced because they are unreachable do not count.
func (s *crew) muster() muster {
	var m muster
	for _, i := range s.instances.all() {
		wanted := s.goal != nil && (s.lenient && i.holds() || s.goal.serves(s.definition(i.Version)))
		switch {
		case i.Condition == UnreachableInactive:
		case i.leaving:
			m.leaving++
			if !wanted {
				m.staleLeaving++
			}
		case i.Condition == Scheduled && wanted:
			m.pending = append(m.pending, i)
		case i.Condition == Scheduled:
			m.outdated = append(m.outdated, i)
		case wanted:
			m.fresh = append(m.fresh, i)
			if i.well() {
				m.well++
			}
		default:
			m.stale = append(m.stale, i)
			if i.well() {
				m.staleWell++
			}
		}
	}
	return m
}

// tend brings the instances of an app closer to its goal: those that are too many or not wanted any more go, and those that
// are missing are scheduled. What it does is the same however often it is done.
//
// In an upgrade, until the last stale one is gone, it keeps Marathon's bounds: at least ceil(count * minimumHealthCapacity) are well, and at most
// floor(count * (1 + maximumOverCapacity)) have a task, or one more where both are the same and nothing could move.
func (e *Engine) tend(s *crew) {
	m := s.muster()
	for _, i := range m.outdated {
		e.remove(s, i)
	}
	room := s.count - len(m.pending) - len(m.fresh)
	if s.goal != nil && room < 0 {
		e.dismiss(s, s.victims(slices.Concat(m.pending, m.fresh), -room))
		m, room = s.muster(), 0
	}
	switch {
	case s.goal == nil:
		e.dismiss(s, slices.Concat(m.pending, m.fresh, m.stale))
		e.gone(s)
	case len(m.stale)+m.staleLeaving > 0:
		e.upgrade(s, m)
	default:
		if s.single() {
			room = min(room, 1-len(m.fresh)-len(m.pending)-m.leaving)
		}
		e.schedule(s, room)
	}
	e.purge(s)
	e.wait(s)
}

// upgrade replaces stale instances by fresh ones within the bounds.
func (e *Engine) upgrade(s *crew, m muster) {
	healthy, most := s.bounds()
	if surplus := len(m.stale) - max(0, healthy-m.well); surplus > 0 {
		e.dismiss(s, s.victims(m.stale, surplus))
		m.leaving += surplus
		m.stale = m.stale[:len(m.stale)-surplus]
	}
	total := len(m.stale) + len(m.fresh) + len(m.pending) + m.leaving
	limit := most
	if healthy == most {
		limit++
	}
	if s.single() {
		most, limit = 1, 1
	}
	if over := min(total-limit, len(m.pending)); over > 0 { // they were scheduled before the upgrade, and wait for their turn in it
		e.dismiss(s, m.pending[:over])
		return
	}
	if total == most && m.leaving == 0 && m.well == len(m.fresh)+len(m.pending) {
		most = limit // nothing else can move
	}
	e.schedule(s, min(most-total, s.count-len(m.fresh)-len(m.pending)))
}

// bounds are how many must be well in an upgrade, and how many may have a task.
func (s *crew) bounds() (healthy, most int) {
	const slack = 1e-9 // 100 * 1.15 is 114.99999999999999 in floating point, and means 115
	u := s.goal.App.UpgradeStrategy
	n := float64(s.count)
	return int(math.Ceil(n*u.MinimumHealthCapacity - slack)), int(math.Floor(n*(1+u.MaximumOverCapacity) + slack))
}

// single tells whether there must never be two instances.
func (s *crew) single() bool {
	return s.goal != nil && s.goal.App.Labels["MARATHON_SINGLE_INSTANCE_APP"] == "true"
}

// victims chooses n instances to go: what does no work first, then what is not well, then where GROUP_BY has too many, then by the app's kill
// selection.
func (s *crew) victims(from []*Instance, n int) []*Instance {
	var selection app.KillSelection
	if s.goal != nil {
		selection = s.goal.App.KillSelection
	}
	from = slices.Clone(from)
	slices.SortStableFunc(from, func(a, b *Instance) int {
		age := cmp.Or(a.began().Time().Compare(b.began().Time()), cmp.Compare(a.ID, b.ID))
		if selection != app.OldestFirst {
			age = -age
		}
		return cmp.Or(cmp.Compare(a.worth(), b.worth()), age)
	})
	if field := s.groupedBy(); field != "" && n < len(from) {
		return evenly(from, n, field)
	}
	return from[:n]
}

// groupedBy is the field that the app's instances are spread over evenly; empty when there is none.
func (s *crew) groupedBy() string {
	if s.goal == nil {
		return ""
	}
	for _, c := range constraints(s.goal.App) {
		if c.Operator == offer.GroupBy {
			return c.Field
		}
	}
	return ""
}

// evenly chooses n of those that are ordered by what is lost without them: of what is worth the same, one of where most are.
func evenly(from []*Instance, n int, field string) []*Instance {
	where, many := map[*Instance]string{}, map[string]int{}
	for _, i := range from {
		where[i], _ = fieldOf(field, &mesos.Offer{Hostname: i.Host, Attributes: i.Attributes, Domain: domain(i.Region, i.Zone)})
		many[where[i]]++
	}
	for k := range n {
		best := k
		for j := k + 1; j < len(from) && from[j].worth() == from[k].worth(); j++ {
			if many[where[from[j]]] > many[where[from[best]]] {
				best = j
			}
		}
		chosen := from[best]
		many[where[chosen]]--
		copy(from[k+1:best+1], from[k:best]) // the others stay in their order
		from[k] = chosen
	}
	return from[:n]
}

// schedule adds n instances that wait for an offer.
func (e *Engine) schedule(s *crew, n int) {
	for range n {
		e.put(s, &Instance{
			ID: e.newInstanceID(s.id), App: s.id, Version: s.goal.App.Version, Condition: Scheduled, Role: s.goal.App.Role, Since: e.at,
			Ready: true,
		})
	}
}

// dismiss has instances go.
func (e *Engine) dismiss(s *crew, all []*Instance) {
	for _, i := range all {
		e.kill(s, i, killing{Leave: true})
	}
}

// gone forgets an app that was removed, when nothing runs of it any more.
func (e *Engine) gone(s *crew) {
	if s.wanted != nil || len(s.instances.all()) > 0 || !s.recorded {
		return
	}
	s.recorded, s.failure, s.failures = false, nil, failures{}
	e.unsaved[appKey(s.id)] = nil
	e.timers.set(due{dueApp, string(s.id)}, time.Time{})
	e.publish(app.AppEvent{Stamp: e.stamp(app.EventAppTerminated), AppID: s.id})
	e.release(s)
	e.bury(s)
}

// wait notes whether the app has something to launch.
func (e *Engine) wait(s *crew) {
	n := 0
	for _, i := range s.instances.all() {
		if i.Condition == Scheduled {
			n++
		}
	}
	if e.delayed(s) {
		n = 0
	}
	e.seek(s, n)
	if delete(e.waiting, s.id); n > 0 || e.delayed(s) {
		e.waiting[s.id] = s
	}
	e.timers.set(due{dueApp, string(s.id)}, e.appDue(s))
}

// done tells whether an action of a deployment has come to its end.
func (s *crew) done(a app.ActionName) bool {
	switch a {
	case app.StartApplication:
		return true
	case app.StopApplication:
		return s == nil || len(s.instances.all()) == 0
	}
	m := s.muster()
	return len(m.stale)+len(m.pending)+len(m.outdated)+m.leaving == 0 && len(m.fresh) == s.count && m.well == s.count
}
