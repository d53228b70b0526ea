package engine

import (
	"fmt"

	"github.com/ormosproject/ormos/app"
)

// cancel ends a deployment on request.
func (e *Engine) cancel(c Cancel) Result {
	d := e.deploymentOf(c.Deployment)
	if d == nil {
		return refuse(app.NotFound, fmt.Sprintf("DeploymentPlan %s does not exist", c.Deployment))
	}
	if !c.Force {
		return e.rollback(d, "cancelled")
	}
	ids := e.owned(d)
	e.abandon(d, "cancelled")
	for _, id := range ids {
		e.freeze(e.crews[id])
	}
	return Result{Version: e.root.Version}
}

// freeze leaves an app as it is, where instances of its old definition are concerned; their number is what is wanted.
func (e *Engine) freeze(s *crew) {
	if s == nil {
		return
	}
	if s.wanted == nil {
		e.aim(s, nil, 0)
		return
	}
	e.aim(s, s.wanted, s.wanted.App.Instances)
	s.lenient = true
}

// restore takes back what a change did to the tree, where nothing else has changed it since.
type restore struct{ change *change }

func (restore) edit() {}

func (d *draft) restore(x restore) error {
	c := x.change
	later := map[app.ID]bool{}
	for _, other := range d.e.history {
		for id := range other.apps {
			later[id] = later[id] || c.Version.Before(other.Version)
		}
	}
	ours := func(id app.ID) bool {
		if _, changed := c.apps[id]; changed {
			return !later[id]
		}
		now := groupIn(d.root, id)
		return id != app.Root && (now == nil || now.Version == c.Version)
	}
	old := d.root
	d.wide = true
	d.root = c.undo(d.root, d.version, ours)
	for id, v := range c.apps { // what comes back does so under a new name
		if a := appIn(d.root, id); a != nil && v != nil && a == v.App {
			d.put(appIn(old, id), a.Clone())
		}
	}
	return nil
}

// rollback ends a deployment by another one that goes back to what was before it. What runs of that and still matches stays.
func (e *Engine) rollback(d *deployment, reason string) Result {
	var undone *change
	for _, c := range e.history {
		if c.Version == d.Version {
			undone = c
		}
	}
	ids := e.owned(d)
	e.abandon(d, reason)
	if undone == nil {
		return refuse(app.Conflict, "what was before the deployment is not kept any more")
	}
	draft := e.draft()
	err := draft.apply(restore{undone})
	if err == nil {
		err = draft.check()
	}
	if err != nil { // others have come to depend on it
		for _, id := range ids {
			e.freeze(e.crews[id])
		}
		return Result{Err: err}
	}
	diff := differ(e.root, draft.root)
	p := e.plan(draft, diff, ids)
	p.rollback = true
	e.commit(draft, diff)
	e.announce(Change{}, draft, diff)
	return Result{Version: draft.version, Deployment: e.deploy(p, Change{})}
}
