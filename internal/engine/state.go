package engine

import (
	"iter"
	"slices"

	"github.com/tidwall/btree"

	"github.com/ormosproject/ormos/app"
)

// AppState is an app and what runs of it, at one moment. It is constant.
type AppState struct {
	// App is what is wanted; nil of an app that was removed and whose instances are not gone yet.
	App *app.App
	ID  app.ID
	// Instances are in the order of their ids.
	Instances []*Instance
	// Stale are those versions of instances that are not what is wanted: an older one that differs in nothing that its tasks would
	// notice, as after a rollback, is.
	Stale []app.Timestamp
	app.Counts
	// Deployments are the ids of those under way.
	Deployments []string
	LastFailure *app.TaskFailure
	// Delay is the back-off; nil without one.
	Delay *Delay
	// Versions are those that are kept, the newest first.
	Versions []app.Timestamp

	definitions []*version // the oldest first
}

// Delay is a back-off.
type Delay struct {
	// Failures is how many there were in a row; Until when the next try is.
	Failures int
	Until    app.Timestamp
}

// View is everything that may be read of the framework, at one moment. It is constant, and costs nothing to take.
type View struct {
	// Root is the tree that is wanted.
	Root *app.Group
	// FrameworkID and Master are empty while there is no subscription; Connected tells.
	FrameworkID, Master string
	Connected           bool

	apps        *btree.Map[app.ID, *AppState]
	tasks       *btree.Map[string, *Instance]
	deployments []app.Deployment
	history     []*change
	sight       sight
}

// views is what Views are made of. The trees are copied on write: a View's costs nothing to take.
type views struct {
	frameworkID, master string
	connected           bool
	apps                btree.Map[app.ID, *AppState]
	tasks               btree.Map[string, *Instance]
}

// View gives what there is after the last Step.
func (e *Engine) View() *View {
	for id, s := range e.changed {
		delete(e.changed, id)
		if s.recorded {
			e.views.apps.Set(id, e.state(s))
		} else {
			e.views.apps.Delete(id)
		}
	}
	v := &View{Root: e.root, Connected: e.views.connected, apps: e.views.apps.Copy(), tasks: e.views.tasks.Copy(), history: e.history, sight: e.launcher.sight()}
	v.sight.barred = e.market.barred
	if e.views.connected {
		v.FrameworkID, v.Master = e.views.frameworkID, e.views.master
	}
	for _, d := range e.deployments {
		v.deployments = append(v.deployments, e.show(d))
	}
	return v
}

// state is an app for others.
func (e *Engine) state(s *crew) *AppState {
	a := &AppState{ID: s.id, Instances: s.instances.share(), LastFailure: s.failure, definitions: s.versions}
	if s.wanted != nil {
		a.App = s.wanted.App
	}
	if s.deployment != nil {
		a.Deployments = []string{s.deployment.ID}
	}
	if s.failures.Count > 0 {
		a.Delay = &Delay{Failures: s.failures.Count, Until: s.failures.Until}
	}
	for _, i := range a.Instances {
		count(&a.Counts, i)
	}
	a.Stale = s.stale(a.Instances)
	for _, v := range slices.Backward(s.versions) {
		if len(a.Versions) < e.opts.Versions {
			a.Versions = append(a.Versions, v.App.Version)
		}
	}
	return a
}

// counted are the instances that constraints count beside another one.
func (a *AppState) counted() []*Instance {
	if len(a.Stale) == 0 {
		return a.Instances
	}
	return slices.DeleteFunc(slices.Clone(a.Instances), func(i *Instance) bool { return slices.Contains(a.Stale, i.Version) })
}

// stale gives the versions of instances that are not what is wanted.
func (s *crew) stale(instances []*Instance) (stale []app.Timestamp) {
	var known []app.Timestamp
	for _, i := range instances {
		if slices.Contains(known, i.Version) {
			continue
		}
		known = append(known, i.Version)
		if s.wanted == nil || !s.wanted.serves(s.definition(i.Version)) {
			stale = append(stale, i.Version)
		}
	}
	return stale
}

func count(c *app.Counts, i *Instance) {
	switch i.Condition {
	case Provisioned, Staging, Starting:
		c.TasksStaged++
	case Running:
		c.TasksRunning++
	default:
		return
	}
	if i.Healthy == nil {
		return
	}
	if *i.Healthy {
		c.TasksHealthy++
	} else {
		c.TasksUnhealthy++
	}
}

// show is a deployment for others.
func (e *Engine) show(d *deployment) app.Deployment {
	if d.shown == nil {
		shown := app.Deployment{
			ID: d.ID, Version: d.Version, AffectedApps: d.apps(), AffectedPods: []app.ID{}, Steps: d.Steps, CurrentActions: []app.ActionInfo{},
			CurrentStep: d.Step + 1, TotalSteps: len(d.Steps),
		}
		for _, a := range d.Steps[d.Step].Actions {
			shown.CurrentActions = append(shown.CurrentActions, app.ActionInfo{Action: a, ReadinessCheckResults: e.crews[a.App].readiness()})
		}
		d.shown = &shown
	}
	return *d.shown
}

// readiness is what the readiness checks of the app's instances have found.
func (s *crew) readiness() []app.ReadinessResult {
	all := []app.ReadinessResult{}
	if s == nil {
		return all // stopped, and gone
	}
	for _, i := range s.instances.all() {
		all = append(all, i.Readiness...)
	}
	return all
}

// App gives an app, also one that is being removed.
func (v *View) App(id app.ID) (*AppState, bool) { return v.apps.Get(id) }

// Apps are all of them, in the order of their ids.
func (v *View) Apps() iter.Seq[*AppState] {
	return func(yield func(*AppState) bool) {
		v.apps.Scan(func(_ app.ID, a *AppState) bool { return yield(a) })
	}
}

// Version gives the definition of an app at a version that is kept.
func (v *View) Version(id app.ID, version app.Timestamp) (*app.App, bool) {
	a, ok := v.apps.Get(id)
	if !ok {
		return nil, false
	}
	for _, d := range a.definitions {
		if d.App.Version == version {
			return d.App, true
		}
	}
	return nil, false
}

// GroupVersions are the versions of the tree in which something of a group is another than in the one before, the newest first.
func (v *View) GroupVersions(id app.ID) []app.Timestamp {
	all := versionsOf(v.Root, v.history, id)
	slices.Reverse(all)
	return all
}

// GroupVersion gives a group as it was at a version of the tree that is kept.
func (v *View) GroupVersion(id app.ID, version app.Timestamp) (*app.Group, bool) {
	root := treeAt(v.Root, v.history, version)
	if root == nil {
		return nil, false
	}
	g := groupIn(root, id)
	return g, g != nil
}

// Task gives the instance whose task at hand, or last one, has that id.
func (v *View) Task(id string) (*Instance, bool) { return v.tasks.Get(id) }

// Deployments are those under way, the oldest first.
func (v *View) Deployments() []app.Deployment { return v.deployments }

// Queue gives the apps with instances to launch, in the order of their ids, as Marathon tells of them; with offers also the last ones that did not
// serve.
func (v *View) Queue(now app.Timestamp, offers bool) []app.QueueItem {
	return v.sight.queue(v.Apps(), now, offers)
}

// Explain says why instances of an app wait; false when there is no such app.
func (v *View) Explain(id app.ID, now app.Timestamp) (*app.Explanation, bool) {
	a, ok := v.App(id)
	if !ok {
		return nil, false
	}
	definition := func(version app.Timestamp) (*app.App, bool) { return v.Version(id, version) }
	e := v.sight.explain(a, definition, now)
	e.Disconnected = !v.Connected
	return e, true
}
