package engine

import (
	"cmp"
	"slices"
	"time"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
)

// Options are what an Engine goes by. The zero value works.
type Options struct {
	// Defaults are what apps get where they do not say.
	Defaults app.Defaults
	// Seed is what ids, ports and jitter are made of: the same seed and inputs give the same effects. Take another one at each start.
	Seed uint64
	// LaunchOptions are how instances are placed.
	LaunchOptions
	// Deadline is after how long a deployment is rolled back whose apps do not say; 0 is never.
	Deadline time.Duration
	// MaxDeployments is how many may be under way at once; 0 means 100.
	MaxDeployments int
	// Versions is how many are kept of each app, and of the tree; 0 means 50.
	Versions int
	// ConfirmTimeout is how long a launch may be without a word, LaunchTimeout how long a task may take from its launch until it runs: then
	// it is killed and tried again. 0 means 5 minutes.
	ConfirmTimeout, LaunchTimeout time.Duration
	// NarrowAfter is how long instances wait before the master is asked to offer only agents that may serve those that wait, and the least time
	// from one such request to the next; 0 means 30 seconds.
	NarrowAfter time.Duration
}

func (o Options) withDefaults() Options {
	o.MaxDeployments = cmp.Or(o.MaxDeployments, 100)
	o.Versions = cmp.Or(o.Versions, 50)
	o.ConfirmTimeout = cmp.Or(o.ConfirmTimeout, 5*time.Minute)
	o.LaunchTimeout = cmp.Or(o.LaunchTimeout, 5*time.Minute)
	o.NarrowAfter = cmp.Or(o.NarrowAfter, 30*time.Second)
	return o
}

// An Engine is everything that the framework knows, and decides what follows from it. It is one goroutine's.
//
//	Change ---> tree ---> deployment, step by step ---> goals of crews --> instances: schedule, launch, kill
//	                            ^                                                   |
//	                            +---------- what they wait for has come ------------+ <--- updates, probes, time
//
// Nothing is looked at that has not changed: an input marks the apps and deployments that it is about, and a Step settles what
// is marked. What waits for a time is in timers.
type Engine struct {
	opts Options
	now  time.Time
	at   app.Timestamp // now
	seq  int           // of ids made at this time

	root        *app.Group
	crews       map[app.ID]*crew
	tasks       map[string]*Instance // by the id of the task at hand or the last one
	deployments []*deployment        // the oldest first
	history     []*change            // of the tree, the oldest first

	timers   timers
	dirty    map[app.ID]*crew
	stirred  map[string]*deployment
	waiting  map[app.ID]*crew // that have instances to launch
	unsaved  map[string]any   // nouns by their keys; nil of those that are no more
	changed  map[app.ID]*crew // since the last View
	market   market
	launcher launcher
	views    views
	met      bool // there was a subscription

	servicePorts map[int]int    // of the tree's apps: how many have each
	roles        map[string]int // of the tree's apps: how many have each
	subscribedTo []string       // the roles that were last told
	out          Effects
}

// Step takes in what has happened, and says what is to be done about it. Now never goes back.
func (e *Engine) Step(now time.Time, in Input) Effects {
	if now.After(e.now) {
		e.now, e.at, e.seq = now, app.At(now), 0
	}
	e.take(in)
	e.attend()
	e.settle()
	e.trade()
	e.flush()
	out := e.out
	e.out = Effects{}
	return out
}

func (e *Engine) take(in Input) {
	switch in := in.(type) {
	case Subscribed:
		e.subscribed(in)
	case Disconnected:
		e.disconnected()
	case Refused:
		e.refused(&in)
	case Barred:
		e.barred(in.Roles)
	case Offered:
		e.market.offered(e.now, in.Offers)
	case Rescinded:
		e.market.Gone(in.OfferID)
	case Updated:
		e.updated(&in.Status)
	case Probed:
		e.probed(in)
	case Readied:
		e.readied(in)
	case Told:
		e.told(in)
	case Do:
		e.out.Replies = append(e.out.Replies, Reply{ID: in.ID, Result: e.do(in.Command)})
	}
}

// attend looks at what is due.
func (e *Engine) attend() {
	for {
		k, ok := e.timers.take(e.now)
		if !ok {
			return
		}
		switch k.kind {
		case dueInstance:
			e.overdue(k.id)
		case dueApp:
			if s := e.crews[app.ID(k.id)]; s != nil {
				e.mark(s)
			}
		case dueDeployment:
			e.expired(k.id)
		}
	}
}

// settle brings about what is wanted of everything that was marked. What it does may mark more.
func (e *Engine) settle() {
	for len(e.dirty)+len(e.stirred) > 0 {
		for _, id := range sortedKeys(e.dirty) {
			s := e.dirty[id]
			delete(e.dirty, id)
			e.tend(s)
			e.touch(s)
		}
		for _, d := range slices.Clone(e.deployments) {
			if e.stirred[d.ID] != nil {
				delete(e.stirred, d.ID)
				e.progress(d)
			}
		}
	}
}

// mark has an app looked at in this Step.
func (e *Engine) mark(s *crew) {
	e.dirty[s.id], e.changed[s.id] = s, s
}

func (e *Engine) subscribed(in Subscribed) {
	again := e.met && e.views.frameworkID == in.FrameworkID.Value
	e.views.frameworkID, e.views.master, e.views.connected = in.FrameworkID.Value, in.Master, true
	kind := app.EventSchedulerRegistered
	event := app.SchedulerRegistered{FrameworkID: in.FrameworkID.Value, Master: in.Master}
	if again {
		kind, event.FrameworkID = app.EventSchedulerAgain, ""
	}
	event.Stamp = e.stamp(kind)
	e.publish(event)
	e.met = true
	e.market.Subscribed(e.now, e.open(), in.Suppressed)
	e.market.changed, e.market.asking.heeded = true, in.Heeds
	e.launcher.settle(in.Region)
	e.market.reconciler.Subscribed(e.now, e.live())
	e.killAgain()
}

func (e *Engine) disconnected() {
	if !e.views.connected {
		return
	}
	e.views.connected = false
	e.market.Disconnected()
	e.market.reconciler.Disconnected()
	e.publish(app.SchedulerLost{Stamp: e.stamp(app.EventSchedulerLost)})
}

func (e *Engine) stamp(t app.EventType) app.Stamp { return app.Stamp{EventType: t, Timestamp: e.at} }

func (e *Engine) publish(event app.Event) { e.out.Events = append(e.out.Events, event) }

func taskID(id string) mesos.TaskID { return mesos.TaskID{Value: id} }
