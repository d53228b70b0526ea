package engine

import (
	"fmt"
	"slices"

	"github.com/ormosproject/ormos/app"
)

// do carries out a command.
func (e *Engine) do(c Command) Result {
	switch c := c.(type) {
	case Change:
		return e.change(c)
	case Kill:
		return e.killCommand(c)
	case Cancel:
		return e.cancel(c)
	case ResetDelay:
		return e.resetDelay(c.App)
	}
	return refuse(app.Invalid, fmt.Sprintf("cannot do %T", c))
}

func refuse(code app.Code, message string) Result {
	return Result{Err: &app.Error{Code: code, Message: message}}
}

func (e *Engine) resetDelay(id app.ID) Result {
	s := e.crews[id]
	if s == nil || e.waiting[id] == nil {
		return refuse(app.NotFound, fmt.Sprintf("Application %s not found in tasks queue.", id))
	}
	e.heal(s)
	return Result{}
}

// change edits the tree: all edits or none.
func (e *Engine) change(c Change) Result {
	d := e.draft()
	for _, edit := range c.Edits {
		if err := d.apply(edit); err != nil {
			return Result{Err: err}
		}
	}
	if err := d.check(); err != nil {
		return Result{Err: err}
	}
	return e.enact(d, c)
}

// enact makes a draft the tree, and its differences a deployment.
func (e *Engine) enact(d *draft, c Change) Result {
	r := Result{Version: d.version, App: d.last, Created: d.created}
	diff := differ(e.root, d.root)
	if d.root == e.root {
		r.Version = e.root.Version
		return r
	}
	conflicts := e.conflicts(diff.apps())
	var also []app.ID
	for _, old := range conflicts {
		also = append(also, e.owned(old)...)
	}
	p := e.plan(d, diff, also)
	if err := e.possible(d, p); err != nil {
		return Result{Err: err}
	}
	if c.DryRun {
		r.Steps, r.Placed = p.steps, e.placements(d, p)
		return r
	}
	if err := e.admit(c.Force, p, conflicts); err != nil {
		return Result{Err: err}
	}
	for _, old := range conflicts {
		e.abandon(old, "superseded by another deployment")
	}
	e.commit(d, diff)
	e.announce(c, d, diff)
	r.Deployment = e.deploy(p, c)
	return r
}

// admit tells why a plan may not be carried out now.
func (e *Engine) admit(force bool, p *plan, conflicts []*deployment) *app.Error {
	if len(conflicts) > 0 && !force {
		return locked(conflicts)
	}
	if len(p.steps) > 0 && len(e.deployments)-len(conflicts) >= e.opts.MaxDeployments {
		return &app.Error{
			Code:    app.Forbidden,
			Message: fmt.Sprintf("Max deployment limit reached: %d deployments are under way", len(e.deployments)),
			Hint:    "wait until some have ended, or cancel one",
		}
	}
	return nil
}

func locked(by []*deployment) *app.Error {
	err := &app.Error{
		Code: app.Locked,
		Message: "App is locked by one or more deployments. Override with the option '?force=true'. " +
			"View details at '/v2/deployments/<DEPLOYMENT_ID>'.",
	}
	for _, d := range by {
		err.Deployments = append(err.Deployments, d.ID)
	}
	return err
}

// conflicts are the deployments that have one of the apps, the oldest first.
func (e *Engine) conflicts(ids []app.ID) []*deployment {
	var all []*deployment
	for _, id := range ids {
		if s := e.crews[id]; s != nil && s.deployment != nil && !slices.Contains(all, s.deployment) {
			all = append(all, s.deployment)
		}
	}
	slices.SortFunc(all, byAge)
	return all
}

// commit makes a draft the tree. What it was before is kept, so that one can go back.
func (e *Engine) commit(d *draft, diff difference) {
	c := &change{Version: d.version, before: e.root.Version, apps: map[app.ID]*version{}, groups: map[app.ID]*app.Group{}}
	for _, id := range diff.apps() {
		s := e.crew(id)
		c.apps[id] = s.wanted
		e.want(s, d, diff.after[id])
	}
	for id, g := range diff.was {
		c.groups[id] = g
		if diff.is[id] == nil {
			e.unsaved[groupKey(id)] = nil
		}
	}
	for id, g := range diff.is {
		if _, was := diff.was[id]; !was {
			c.groups[id] = nil
		}
		e.unsaved[groupKey(id)] = recordGroup(g)
	}
	e.root = d.root
	e.history = append(e.history, c)
	e.unsaved[changeKey(c.Version)] = c
	e.trim()
}

// want makes a definition the one that is wanted of an app; nil removes it.
func (e *Engine) want(s *crew, d *draft, a *app.App) {
	if s.wanted != nil {
		e.count(s.wanted.App, -1)
	}
	before := s.wanted
	s.wanted = nil
	if a != nil {
		v := &version{App: a}
		switch {
		case d.restarts[s.id]:
			v.Fresh = a.Version
		case before != nil && before.same(v):
			v.Fresh = before.Fresh
		}
		s.wanted, s.recorded = v, true
		e.keep(s, v)
		e.count(a, 1)
	}
	e.changedCrew(s)
}

// count notes what an app of the tree takes for itself, or gives back.
func (e *Engine) count(a *app.App, n int) {
	role := e.opts.role(a)
	if e.roles[role] += n; e.roles[role] <= 0 {
		delete(e.roles, role)
	}
	for _, port := range a.ServicePorts() {
		if e.servicePorts[port] += n; e.servicePorts[port] <= 0 {
			delete(e.servicePorts, port)
		}
	}
}

// announce publishes what was changed.
func (e *Engine) announce(c Change, d *draft, diff difference) {
	for _, id := range diff.apps() {
		if a := diff.after[id]; a != nil && c.URI != "" {
			e.publish(app.APIPost{Stamp: e.stamp(app.EventAPIPost), ClientIP: c.ClientIP, URI: c.URI, AppDefinition: a})
		}
	}
	e.publish(app.GroupChange{Stamp: e.stamp(app.EventGroupChangeSuccess), GroupID: app.Root, Version: d.version})
}
