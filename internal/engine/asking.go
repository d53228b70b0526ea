package engine

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
)

// mostGroups bounds what the master has to judge of each agent.
const mostGroups = 50

// An asking is what the master was asked to offer agents by. In a large cluster thousands of offers are of no use to an app that waits for the one
// agent with its attribute; the master then leaves them to others.
//
//	             something waits for a while                   something waits that this would starve
//	everything --------------------------> only what serves ------------------------------------------> everything
//
// So no instance ever waits for the master to be asked: what is told is widened before it is looked for.
type asking struct {
	heeded bool // by the master
	after  time.Duration
	told   map[string]mesos.OfferConstraintsRoleConstraints
	due    time.Time // when it is looked at again; zero is never
	// changed tells that the master has not heard of told.
	changed bool
}

// seeks hears that more instances of a definition wait, for offers of a role.
func (a *asking) seeks(now time.Time, need *offer.Need, role string) {
	if told, ok := a.told[role]; ok {
		if covers(told.Groups, need, role) {
			return
		}
		a.told = maps.Clone(a.told) // what was told before is the caller's
		delete(a.told, role)
		a.changed = true
	}
	a.later(now)
}

// later has it looked at again: something waits, or does not wait any more.
func (a *asking) later(now time.Time) {
	if a.due.IsZero() {
		a.due = now.Add(a.after)
	}
}

// covers tells whether every agent that may serve a need is offered.
func covers(groups []mesos.OfferConstraintsRoleConstraintsGroup, need *offer.Need, role string) bool {
	for _, one := range offer.OfferConstraints([]offer.Need{*need}, role).RoleConstraints[role].Groups {
		return slices.ContainsFunc(groups, func(g mesos.OfferConstraintsRoleConstraintsGroup) bool { return sameMessage(&g, &one) })
	}
	return false
}

// ask narrows what the master offers, when it is time for it, to what may serve one of the instances that wait, also of those that wait for their
// back-off yet.
func (e *Engine) ask() {
	a := &e.market.asking
	if !a.heeded || a.due.IsZero() || e.now.Before(a.due) {
		return
	}
	a.due = time.Time{}
	var needs []offer.Need
	for _, s := range e.waiting {
		if s.goal != nil {
			needs = append(needs, *e.needOf(s))
		}
	}
	slices.SortFunc(needs, func(a, b offer.Need) int { return cmp.Compare(a.Name, b.Name) })
	told := offer.OfferConstraints(needs, e.open()...).RoleConstraints
	maps.DeleteFunc(told, func(_ string, of mesos.OfferConstraintsRoleConstraints) bool { return len(of.Groups) > mostGroups })
	if !maps.EqualFunc(told, a.told, sameGroups) {
		a.told, a.changed = told, true
	}
}

func sameGroups(a, b mesos.OfferConstraintsRoleConstraints) bool { return sameMessage(&a, &b) }

// sameMessage compares by what goes over the wire.
func sameMessage(a, b interface{ MarshalBinary() ([]byte, error) }) bool {
	first, err := a.MarshalBinary()
	second, err2 := b.MarshalBinary()
	return err == nil && err2 == nil && bytes.Equal(first, second)
}

// needOf is what the master can judge of what an app's instances need.
func (e *Engine) needOf(s *crew) *offer.Need {
	return &offer.Need{Name: string(s.id), Roles: []string{e.opts.role(s.goal.App)}, Constraints: constraints(s.goal.App)}
}
