package engine

import (
	"cmp"
	"iter"
	"strconv"

	"github.com/ormosproject/ormos/app"
)

// possible tells why what a draft wants can never be, nil when nothing says so. It is asked before anything is touched.
func (e *Engine) possible(d *draft, p *plan) *app.Error {
	sight := e.launcher.sight()
	launches := p.launches()
	for _, id := range sortedKeys(launches) {
		s, to := e.crews[id], appIn(d.root, id)
		var old *app.App
		var instances []*Instance
		if s != nil {
			instances = s.instances.all()
			if launches[id] == app.RestartApplication && s.goal != nil {
				old = s.goal.App
			}
		}
		if err := sight.impossible(old, to, instances, e.now); err != nil {
			err.Message = string(id) + ": " + err.Message
			return err
		}
	}
	return nil
}

// launches are the apps that a plan scales or restarts, each once.
func (p *plan) launches() map[app.ID]app.ActionName {
	all := map[app.ID]app.ActionName{}
	for _, step := range p.steps {
		for _, a := range step.Actions {
			if a.Action == app.ScaleApplication || a.Action == app.RestartApplication {
				all[a.App] = a.Action
			}
		}
	}
	return all
}

// placements are where the instances that a plan launches would go now.
func (e *Engine) placements(d *draft, p *plan) []Placement {
	launches := p.launches()
	var all []pending
	for _, id := range sortedKeys(launches) {
		to := appIn(d.root, id)
		n := to.Instances
		if s := e.crews[id]; s != nil && launches[id] == app.ScaleApplication {
			n -= s.staying()
		}
		for k := range n {
			i := &Instance{ID: string(id) + "#" + strconv.Itoa(k+1), App: id, Version: to.Version, Condition: Scheduled, Since: e.at}
			all = append(all, pending{app: to, instance: i, taskID: i.ID, enforceRole: enforced(d.root, id)})
		}
	}
	sight := e.launcher.sight()
	return sight.plan(e.now, all, e.counted)
}

// staying is how many instances have a task and are to keep it.
func (s *crew) staying() int {
	n := 0
	for _, i := range s.instances.all() {
		if i.holds() && !i.leaving && i.Condition != UnreachableInactive {
			n++
		}
	}
	return n
}

// counted are the instances that are as good as another one of this definition: those that constraints count beside it.
func (e *Engine) counted(a *app.App) iter.Seq[*Instance] {
	return func(yield func(*Instance) bool) {
		s := e.crews[a.ID]
		if s == nil {
			return
		}
		v := cmp.Or(s.definition(a.Version), &version{App: a})
		for _, i := range s.instances.all() {
			if v.serves(s.definition(i.Version)) && !yield(i) {
				return
			}
		}
	}
}
