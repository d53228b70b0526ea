package engine

import (
	"slices"

	"github.com/ormosproject/ormos/app"
)

// A plan is what a deployment is to do.
type plan struct {
	version  app.Timestamp
	steps    []app.DeploymentStep
	rollback bool
}

// plan gives the steps from what is to what a draft wants, in Marathon's order: what was removed is stopped, what is new is started with no
// instances, and then each is scaled or restarted after all that it depends on. Also are the apps of deployments that it ends: what they had
// not finished is taken over.
func (e *Engine) plan(d *draft, diff difference, also []app.ID) *plan {
	p := &plan{version: d.version}
	ids := diff.apps()
	for _, id := range also {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	actions := map[app.ID]app.ActionName{}
	var stop, start []app.ID
	for _, id := range ids {
		switch a := e.action(d, id); {
		case appIn(d.root, id) == nil && a != "":
			stop = append(stop, id)
		case a == app.StartApplication:
			start = append(start, id)
			actions[id] = app.ScaleApplication
		case a != "":
			actions[id] = a
		}
	}
	p.stop(e.root, stop)
	p.add(start, func(app.ID) app.ActionName { return app.StartApplication })
	for _, class := range classes(d.root, sortedKeys(actions)) {
		p.add(class, func(id app.ID) app.ActionName { return actions[id] })
	}
	return p
}

// add is one step.
func (p *plan) add(ids []app.ID, action func(app.ID) app.ActionName) {
	if len(ids) == 0 {
		return
	}
	var step app.DeploymentStep
	for _, id := range ids {
		step.Actions = append(step.Actions, app.Action{Action: action(id), App: id})
	}
	p.steps = append(p.steps, step)
}

// stop ends apps after those that depend on them.
func (p *plan) stop(root *app.Group, ids []app.ID) {
	for _, class := range slices.Backward(classes(root, ids)) {
		p.add(class, func(app.ID) app.ActionName { return app.StopApplication })
	}
}

// action is what has to be done about an app; empty when there is nothing.
func (e *Engine) action(d *draft, id app.ID) app.ActionName {
	wanted := appIn(d.root, id)
	s := e.crews[id]
	switch {
	case wanted == nil && (s == nil || s.goal == nil && len(s.instances.all()) == 0 && s.wanted == nil):
		return ""
	case wanted == nil:
		return app.StopApplication
	case s == nil || s.goal == nil:
		return app.StartApplication
	case d.restarts[id]:
		return app.RestartApplication
	}
	v := &version{App: wanted}
	if s.wanted != nil && s.wanted.same(v) {
		v.Fresh = s.wanted.Fresh
	}
	for _, i := range s.instances.all() {
		if !i.leaving && i.holds() && !v.serves(s.definition(i.Version)) {
			return app.RestartApplication
		}
	}
	if !v.serves(s.goal) {
		return app.RestartApplication
	}
	return app.ScaleApplication
}

// classes sorts apps by how long the chain is of those among them that each depends on: the first depend on none.
func classes(root *app.Group, ids []app.ID) [][]app.ID {
	g := graph{root: root, among: map[app.ID]bool{}, depth: map[app.ID]int{}}
	for _, id := range ids {
		g.among[id] = true
	}
	var all [][]app.ID
	for _, id := range ids {
		n := g.of(id)
		for len(all) <= n {
			all = append(all, nil)
		}
		all[n] = append(all[n], id)
	}
	return slices.DeleteFunc(all, func(class []app.ID) bool { return len(class) == 0 })
}

// graph is what depends on what.
type graph struct {
	root  *app.Group
	among map[app.ID]bool
	depth map[app.ID]int
}

// of is the length of the longest chain below an app. The tree has no cycles: it was validated.
func (g *graph) of(id app.ID) int {
	if n, ok := g.depth[id]; ok {
		return n
	}
	g.depth[id] = 0
	most := 0
	for _, on := range dependencies(g.root, id) {
		for _, below := range within(g.root, on) {
			n := g.of(below)
			if g.among[below] {
				n++
			}
			most = max(most, n)
		}
	}
	g.depth[id] = most
	return most
}

// dependencies are those of an app: its own, and those of the groups that it is in.
func dependencies(root *app.Group, id app.ID) []app.ID {
	a := appIn(root, id)
	if a == nil {
		return nil
	}
	all := slices.Clone(a.Dependencies)
	for g := root; g != nil; g = childToward(g, id) {
		all = append(all, g.Dependencies...)
		if g.ID == id.Parent() {
			break
		}
	}
	return all
}

// within are the apps that an id stands for: itself, or all in the group.
func within(root *app.Group, id app.ID) []app.ID {
	if appIn(root, id) != nil {
		return []app.ID{id}
	}
	var all []app.ID
	if g := groupIn(root, id); g != nil {
		for a := range g.All() {
			all = append(all, a.ID)
		}
	}
	return all
}
