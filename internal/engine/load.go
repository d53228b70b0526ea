package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/ormosproject/ormos/app"
)

// New returns an engine that goes on from records: those that the effects of another one's Steps had saved, or none. Keys that are not the
// engine's (see [Owns]) are passed over; older ones have to be brought up to date by [Upgrade] before. The error says which record is wrong; it wraps
// [ErrNewer] when they were written by a newer version of the program.
func New(records map[string][]byte, o Options) (*Engine, error) {
	e := &Engine{
		opts: o.withDefaults(), root: &app.Group{ID: app.Root}, crews: map[app.ID]*crew{}, tasks: map[string]*Instance{}, timers: newTimers(),
		dirty: map[app.ID]*crew{}, stirred: map[string]*deployment{}, waiting: map[app.ID]*crew{}, unsaved: map[string]any{},
		changed: map[app.ID]*crew{}, market: newMarket(), servicePorts: map[int]int{}, roles: map[string]int{},
	}
	e.market.asking.after = e.opts.NarrowAfter
	e.launcher.LaunchOptions = &e.opts.LaunchOptions
	if err := e.load(records); err != nil {
		return nil, err
	}
	e.subscribedTo = e.Roles()
	e.market.SetRoles(e.now, e.subscribedTo, nil)
	return e, nil
}

// ErrNewer says that records are of a format that this version of the program does not know.
var ErrNewer = fmt.Errorf("the records are newer than this program")

// load takes over the records, in the order in which they refer to each other.
func (e *Engine) load(records map[string][]byte) error {
	if err := e.loadMeta(records); err != nil {
		return err
	}
	keys := sortedKeys(records)
	for _, load := range []struct {
		prefix string
		one    func(rest string, value []byte) error
	}{
		{groupPrefix, e.loadGroup},
		{versionPrefix, e.loadVersion},
		{deploymentPrefix, e.loadDeployment},
		{appPrefix, e.loadApp},
		{instancePrefix, e.loadInstance},
		{changePrefix, e.loadChange},
	} {
		for _, key := range keys {
			rest, ok := strings.CutPrefix(key, load.prefix)
			if !ok {
				continue
			}
			if err := load.one(rest, records[key]); err != nil {
				return fmt.Errorf("cannot read the record %s: %w", key, err)
			}
		}
	}
	slices.SortStableFunc(e.deployments, byAge)
	return e.complete()
}

// complete checks that every app that a deployment has yet to act on is there.
func (e *Engine) complete() error {
	for _, d := range e.deployments {
		for _, step := range d.Steps[d.Step+1:] {
			for _, a := range step.Actions {
				if s := e.crews[a.App]; s == nil || s.deployment != d {
					return fmt.Errorf("cannot read the record %s: its app %s is missing", deploymentKey(d.ID), a.App)
				}
			}
		}
	}
	return nil
}

func (e *Engine) loadMeta(records map[string][]byte) error {
	was, err := formatOf(records, format())
	if err != nil {
		return err
	}
	if was != format() {
		return fmt.Errorf("cannot go on from records of format %d: they were not upgraded", was)
	}
	if _, ok := records[metaKey]; !ok {
		e.unsaved[metaKey] = meta{Format: format()}
	}
	return nil
}

func (e *Engine) loadGroup(rest string, value []byte) error {
	var r groupRecord
	if err := json.Unmarshal(value, &r); err != nil {
		return err
	}
	g := e.grow(app.ID(rest))
	g.Dependencies, g.EnforceRole, g.Version = r.Dependencies, r.EnforceRole, r.Version
	return nil
}

// grow gives the group of that id in a tree that nobody else knows yet. What is added comes in the order of ids.
func (e *Engine) grow(id app.ID) *app.Group {
	if id == app.Root {
		return e.root
	}
	parent := e.grow(id.Parent())
	at, ok := slices.BinarySearchFunc(parent.Groups, id, compareGroup)
	if !ok {
		parent.Groups = slices.Insert(parent.Groups, at, &app.Group{ID: id})
	}
	return parent.Groups[at]
}

func (e *Engine) loadVersion(rest string, value []byte) error {
	v := new(version)
	if err := json.Unmarshal(value, v); err != nil {
		return err
	}
	if v.App == nil || rest != string(v.App.ID)+"/"+v.App.Version.String() {
		return fmt.Errorf("it has another version's definition")
	}
	s := e.crew(v.App.ID)
	s.versions = append(s.versions, v) // keys are in order
	return nil
}

func (e *Engine) loadApp(rest string, value []byte) error {
	var r crewRecord
	if err := json.Unmarshal(value, &r); err != nil {
		return err
	}
	s := e.crew(app.ID(rest))
	s.wanted, s.goal, s.count, s.lenient = s.definition(r.Wanted), s.definition(r.Goal), r.Count, r.Lenient
	s.failures, s.failure, s.recorded = r.Failures, r.Failure, true
	if s.wanted.at() != r.Wanted || s.goal.at() != r.Goal {
		return fmt.Errorf("the definition %s or %s is missing", r.Wanted, r.Goal)
	}
	if s.wanted != nil {
		e.count(s.wanted.App, 1)
		g := e.grow(s.id.Parent())
		g.Apps = append(g.Apps, s.wanted.App)
	}
	if r.Deployment != "" {
		return e.enlist(s, r.Deployment)
	}
	e.mark(s)
	return nil
}

// enlist puts an app into the deployment that has it.
func (e *Engine) enlist(s *crew, id string) error {
	d := e.deploymentOf(id)
	if d == nil {
		return fmt.Errorf("its deployment %s is missing", id)
	}
	for _, step := range d.Steps {
		for _, a := range step.Actions {
			if a.App == s.id && s.wanted == nil && a.Action != app.StopApplication {
				return fmt.Errorf("its deployment %s wants it, and nobody else does", id)
			}
		}
	}
	s.deployment = d
	for _, a := range d.Steps[d.Step].Actions {
		if a.App == s.id {
			d.left[s.id] = a.Action
		}
	}
	e.mark(s)
	return nil
}

func (e *Engine) loadInstance(rest string, value []byte) error {
	var r instanceRecord
	if err := json.Unmarshal(value, &r); err != nil {
		return err
	}
	s := e.crews[r.App]
	if s == nil || s.definition(r.Version) == nil {
		return fmt.Errorf("the definition %s of %s is missing", r.Version, r.App)
	}
	i := r.instance(rest)
	i.checked = len(s.definition(r.Version).App.HealthChecks) > 0
	s.instances.put(i)
	if i.TaskID != "" {
		e.tasks[i.TaskID] = i
		e.views.tasks.Set(i.TaskID, i)
	}
	e.timers.set(due{dueInstance, i.TaskID}, e.instanceDue(s, i))
	e.probe(s, nil, i)
	return nil
}

func (e *Engine) loadChange(rest string, value []byte) error {
	var r changeRecord
	if err := json.Unmarshal(value, &r); err != nil {
		return err
	}
	at, err := app.ParseTimestamp(rest)
	if err != nil {
		return err
	}
	c := &change{Version: at, before: r.Before, apps: map[app.ID]*version{}, groups: map[app.ID]*app.Group{}}
	for id, at := range r.Apps {
		c.apps[id] = e.crew(id).definition(at)
		if c.apps[id].at() != at {
			return fmt.Errorf("the definition %s of %s is missing", at, id)
		}
	}
	for id, g := range r.Groups {
		c.groups[id] = g.group(id)
	}
	e.history = append(e.history, c)
	return nil
}

func (e *Engine) loadDeployment(rest string, value []byte) error {
	d := new(deployment)
	if err := json.Unmarshal(value, d); err != nil {
		return err
	}
	if d.ID != rest || d.Step < 0 || d.Step >= len(d.Steps) {
		return fmt.Errorf("it has no step %d", d.Step)
	}
	d.left = map[app.ID]app.ActionName{} // see enlist: apps that it does not have any more are done
	e.stirred[d.ID] = d
	e.deployments = append(e.deployments, d)
	e.timers.set(due{dueDeployment, d.ID}, at(d.Deadline))
	return nil
}
