package engine

import (
	"cmp"
	"slices"

	"github.com/ormosproject/ormos/app"
)

// A crew is an app with what runs of it.
//
//	wanted   what the tree says; nil once the app was removed
//	goal     what instances are brought to now: a deployment sets it to wanted when its turn comes; nil ends them
//	count    how many of goal
//
// Between the two lies the deployment. The instances follow the goal by themselves, whatever happens to them.
type crew struct {
	id           app.ID
	wanted, goal *version
	count        int
	// lenient leaves instances alone that are not what goal wants: their deployment was cancelled where it stood.
	lenient    bool
	deployment *deployment // the one that has it, if any

	instances instances
	versions  []*version // those that are kept, the oldest first
	failures  failures
	failure   *app.TaskFailure // the last
	breaker   openings
	sought    int      // instances that offers are sought for
	soughtFor string   // the role of those offers
	soughtAs  *version // what the instances were to be then
	recorded  bool     // there is a record of it, besides its versions
}

// failures are those in a row, and what follows from them.
type failures struct {
	Count int `json:"count,omitempty"`
	// Until is when the next launch may be; Last when the last failure was.
	Until app.Timestamp `json:"until,omitzero"`
	Last  app.Timestamp `json:"last,omitzero"`
}

// crew gives the crew of an app, a new one if there is none.
func (e *Engine) crew(id app.ID) *crew {
	s := e.crews[id]
	if s == nil {
		s = &crew{id: id}
		e.crews[id] = s
	}
	return s
}

// aim says what the instances are brought to from now on.
func (e *Engine) aim(s *crew, goal *version, count int) {
	before := s.goal
	s.goal, s.count, s.lenient = goal, count, false
	if goal != nil && (before == nil || !goal.same(before)) {
		e.heal(s) // a new version gets its own chance
	}
	e.checksChanged(s, before, goal)
	e.changedCrew(s)
}

// changedCrew has the crew saved and looked at.
func (e *Engine) changedCrew(s *crew) {
	e.unsaved[appKey(s.id)] = s
	e.mark(s)
}

// instances are an app's, in the order of their ids. Lists that were shared are not changed any more.
type instances struct {
	list   []*Instance
	shared bool
}

func (l *instances) all() []*Instance { return l.list }

// share gives the list for keeps.
func (l *instances) share() []*Instance {
	l.shared = true
	return l.list
}

func (l *instances) find(id string) (int, bool) {
	return slices.BinarySearchFunc(l.list, id, func(i *Instance, id string) int { return cmp.Compare(i.ID, id) })
}

func (l *instances) get(id string) *Instance {
	at, ok := l.find(id)
	if !ok {
		return nil
	}
	return l.list[at]
}

func (l *instances) own() {
	if l.shared {
		l.list, l.shared = slices.Clone(l.list), false
	}
}

func (l *instances) put(i *Instance) {
	l.own()
	at, ok := l.find(i.ID)
	if ok {
		l.list[at] = i
		return
	}
	l.list = slices.Insert(l.list, at, i)
}

func (l *instances) remove(id string) {
	if at, ok := l.find(id); ok {
		l.own()
		l.list = slices.Delete(l.list, at, at+1)
	}
}

// checksChanged publishes which health checks are asked from now on.
func (e *Engine) checksChanged(s *crew, before, after *version) {
	if before == after || before != nil && after != nil && before.same(after) {
		return
	}
	if before != nil && len(before.App.HealthChecks) > 0 {
		e.publish(app.AppEvent{Stamp: e.stamp(app.EventRemoveHealthCheck), AppID: s.id})
	}
	if after == nil {
		return
	}
	for _, h := range after.App.HealthChecks {
		e.publish(app.AddHealthCheck{Stamp: e.stamp(app.EventAddHealthCheck), AppID: s.id, Version: after.App.Version, HealthCheck: h})
	}
}
