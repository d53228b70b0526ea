package engine

import (
	"maps"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// refused takes back what was to follow from a call. KILL and RECONCILE are repeated in any case.
func (e *Engine) refused(in *Refused) {
	switch c := &in.Call; {
	case c.Accept != nil:
		e.unlaunched(c.Accept, "the master has refused its launch: "+in.Reason)
	case c.Suppress != nil:
		e.market.Refused(e.now, c.Suppress.Roles, nil)
	case c.Revive != nil:
		e.market.Refused(e.now, nil, c.Revive.Roles)
	}
}

// unlaunched has the instances wait again that an ACCEPT was to launch. That is a failure, one for each app: it would be refused as fast as offers
// come. The offers are given back, for the master takes them for undecided.
func (e *Engine) unlaunched(a *scheduler.CallAccept, reason string) {
	before := map[*crew]failures{}
	for i := range a.Operations {
		launch := a.Operations[i].Launch
		if launch == nil {
			continue
		}
		for j := range launch.TaskInfos {
			id := launch.TaskInfos[j].TaskID
			s, one := e.find(id.Value)
			if one == nil || !one.holds() || one.heard {
				continue
			}
			if was, again := before[s]; again {
				s.failures = was
			}
			before[s] = s.failures
			e.market.reconciler.Heard(id.Value)
			e.ended(s, one, &mesos.TaskStatus{TaskID: id, State: mesos.TaskError, Message: &reason, AgentID: one.agent()}, mesos.TaskError)
		}
	}
	e.call(scheduler.Call{Type: new(scheduler.CallTypeDecline), Decline: &scheduler.CallDecline{OfferIDs: a.OfferIDs}})
}

// barred takes over for which roles there are no offers. Apps that use them wait, and are told why.
func (e *Engine) barred(roles map[string]string) {
	if maps.Equal(e.market.barred, roles) {
		return
	}
	e.market.barred = maps.Clone(roles)
	e.market.SetRoles(e.now, e.open(), e.market.Suppressed())
	e.market.changed = true
}
