package invariant

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// most is how many violations are told.
const most = 20

// ledger is what has been said on the wire. It decides and asks for nothing: the time is an argument.
type ledger struct {
	opts      Options
	records   map[string][]byte // what the framework has stored
	framework string            // its id
	stream    string            // of the present subscription, "" while there is none
	offers    map[string]*offer // of the present subscription
	tasks     map[string]*task
	updates   map[string]*update // by uuid
	open      map[string]*offer  // of the offers those that are not answered
	unsettled map[string]*update // of the updates those that are not acknowledged
	declined  map[string][]time.Time

	violations []Violation
	enough     chan struct{} // is closed when there are many
}

// offer is one that the framework was made in the present subscription.
type offer struct {
	agent     string
	since     time.Time
	rescinded time.Time // zero while it is not
	used      bool      // it is answered
}

// task is one that the framework has launched, or was told of.
type task struct {
	info     *mesos.TaskInfo // nil for one that it did not launch
	instance string
	launches int // that were not refused
	over     bool
	state    mesos.TaskState // the last that was told; 0 before
}

// update is a status update that wants to be acknowledged.
type update struct {
	status       mesos.TaskStatus
	told         int // how often it came
	acknowledged int
	since        time.Time // of its last coming
}

func newLedger(o Options) *ledger {
	return &ledger{
		opts: o.complete(), records: map[string][]byte{}, offers: map[string]*offer{}, tasks: map[string]*task{}, updates: map[string]*update{},
		open: map[string]*offer{}, unsettled: map[string]*update{}, declined: map[string][]time.Time{}, enough: make(chan struct{}),
	}
}

func (l *ledger) violate(now time.Time, rule Rule, format string, args ...any) {
	if len(l.violations) >= most {
		return
	}
	l.violations = append(l.violations, Violation{At: now, Rule: rule, Text: fmt.Sprintf(format, args...)})
	if len(l.violations) == most {
		close(l.enough)
	}
}

// subscribed begins a subscription: what was offered before is void.
func (l *ledger) subscribed(stream string) {
	l.stream = stream
	clear(l.offers)
	clear(l.open)
	clear(l.unsettled) // agents tell again what is not acknowledged
	clear(l.declined)
}

// ended ends it.
func (l *ledger) ended() { l.subscribed("") }

// called is told of a call before the master is.
func (l *ledger) called(now time.Time, stream string, call *scheduler.Call) {
	l.look(now)
	if stream != l.stream { // the master will refuse it
		return
	}
	switch {
	case call.Accept != nil && call.GetType() == scheduler.CallTypeAccept:
		l.accept(now, call.Accept)
	case call.Decline != nil && call.GetType() == scheduler.CallTypeDecline:
		l.decline(now, call.Decline)
	case call.Acknowledge != nil && call.GetType() == scheduler.CallTypeAcknowledge:
		l.acknowledge(now, call.Acknowledge)
	}
}

// refused is told that the master did not take a call.
func (l *ledger) refused(call *scheduler.Call) {
	if call.GetType() != scheduler.CallTypeAccept || call.Accept == nil {
		return
	}
	for _, info := range launches(call.Accept) {
		if t := l.tasks[info.TaskID.Value]; t != nil && t.launches > 0 {
			if t.launches--; t.launches == 0 && t.state == 0 {
				t.over = true
			}
		}
	}
}

// launches are the tasks that an ACCEPT launches.
func launches(c *scheduler.CallAccept) (all []*mesos.TaskInfo) {
	for i := range c.Operations {
		if o := c.Operations[i].Launch; o != nil {
			for k := range o.TaskInfos {
				all = append(all, &o.TaskInfos[k])
			}
		}
		if o := c.Operations[i].LaunchGroup; o != nil {
			for k := range o.TaskGroup.Tasks {
				all = append(all, &o.TaskGroup.Tasks[k])
			}
		}
	}
	return all
}

func (l *ledger) accept(now time.Time, c *scheduler.CallAccept) {
	tasks := launches(c)
	for _, id := range c.OfferIDs {
		o := l.offers[id.Value]
		if len(tasks) > 0 {
			l.judgeOffer(now, id.Value, o)
		}
		if o != nil {
			o.used = true
			delete(l.open, id.Value)
			delete(l.declined, o.agent)
		}
	}
	for _, info := range tasks {
		l.launch(now, info)
	}
}

// judgeOffer looks whether something may be launched on an offer.
func (l *ledger) judgeOffer(now time.Time, id string, o *offer) {
	switch {
	case o == nil:
		l.violate(now, OfferVoid, "tasks are launched on %s, which this subscription was not offered", id)
	case o.used:
		l.violate(now, OfferVoid, "tasks are launched on %s, which was answered before", id)
	case !o.rescinded.IsZero() && now.Sub(o.rescinded) > l.opts.Reaction:
		l.violate(now, OfferVoid, "tasks are launched on %s, which was rescinded %v before", id, now.Sub(o.rescinded))
	}
}

func (l *ledger) launch(now time.Time, info *mesos.TaskInfo) {
	id := info.TaskID.Value
	t := l.tasks[id]
	if t != nil && t.launches > 0 {
		l.violate(now, LaunchedTwice, "%s is launched again", id)
		return
	}
	instance := l.opts.Instance(info)
	for _, other := range l.live() {
		if t := l.tasks[other]; instance != "" && t.instance == instance && !l.abandoned(t) {
			l.violate(now, TwoOfOne, "%s is launched for %s, of which %s lives", id, instance, other)
		}
	}
	if l.opts.Recorded != nil && !l.opts.Recorded(l.records, info) {
		l.violate(now, NotRecorded, "%s is launched before it was recorded", id)
	}
	l.tasks[id] = &task{info: info.Clone(), instance: instance, launches: 1}
}

// abandoned tells whether the framework says so. A task that it was only told of has no record of its own.
func (l *ledger) abandoned(t *task) bool { return t.info != nil && l.opts.Abandoned(l.records, t.info) }

// live are the tasks that the framework has launched and was not told the end of, or was told of.
func (l *ledger) live() []string {
	var all []string
	for _, id := range slices.Sorted(maps.Keys(l.tasks)) {
		if !l.tasks[id].over {
			all = append(all, id)
		}
	}
	return all
}

func (l *ledger) decline(now time.Time, c *scheduler.CallDecline) {
	agents := map[string]bool{}
	for _, id := range c.OfferIDs {
		if o := l.offers[id.Value]; o != nil && !o.used {
			o.used = true
			delete(l.open, id.Value)
			agents[o.agent] = true
		}
	}
	for agent := range agents {
		recent := slices.DeleteFunc(l.declined[agent], func(at time.Time) bool { return now.Sub(at) >= time.Minute })
		if recent = append(recent, now); len(recent) > l.opts.Declines {
			l.violate(now, BusyDeclining, "offers of %s are declined %d times in a minute; decline for longer, or suppress", agent, len(recent))
			recent = nil
		}
		l.declined[agent] = recent
	}
}

func (l *ledger) acknowledge(now time.Time, c *scheduler.CallAcknowledge) {
	u := l.updates[string(c.UUID)]
	if u == nil {
		l.violate(now, Acknowledged, "an update of %s is acknowledged that never came", c.TaskID.Value)
		return
	}
	delete(l.unsettled, string(c.UUID))
	if u.acknowledged++; u.acknowledged > u.told {
		l.violate(now, Acknowledged, "%v of %s is acknowledged %d times, but came %d times", u.status.State, c.TaskID.Value, u.acknowledged, u.told)
	}
	if l.opts.Saved != nil && !l.opts.Saved(l.records, &u.status) {
		l.violate(now, NotSaved, "%v of %s is acknowledged before it was saved", u.status.State, c.TaskID.Value)
	}
}

// told is told of an event before the framework is.
func (l *ledger) told(now time.Time, stream string, e *scheduler.Event) {
	l.look(now)
	if stream != l.stream {
		return
	}
	switch {
	case e.Subscribed != nil && e.GetType() == scheduler.EventTypeSubscribed:
		l.identify(now, e.Subscribed.FrameworkID.Value)
	case e.Offers != nil && e.GetType() == scheduler.EventTypeOffers:
		for i := range e.Offers.Offers {
			o := &e.Offers.Offers[i]
			made := &offer{agent: o.AgentID.Value, since: now}
			l.offers[o.ID.Value], l.open[o.ID.Value] = made, made
		}
	case e.Rescind != nil && e.GetType() == scheduler.EventTypeRescind:
		if o := l.offers[e.Rescind.OfferID.Value]; o != nil && o.rescinded.IsZero() {
			o.rescinded = now
			delete(l.open, e.Rescind.OfferID.Value)
		}
	case e.Update != nil && e.GetType() == scheduler.EventTypeUpdate:
		l.update(now, &e.Update.Status)
	}
}

func (l *ledger) identify(now time.Time, id string) {
	if l.framework != "" && l.framework != id {
		l.violate(now, IDLost, "framework %s has come back as %s", l.framework, id)
	}
	l.framework = id
}

func (l *ledger) update(now time.Time, s *mesos.TaskStatus) {
	t := l.tasks[s.TaskID.Value]
	if t == nil {
		t = &task{}
		l.tasks[s.TaskID.Value] = t
	}
	t.state, t.over = s.State, s.State.Terminal() || s.State.MayReturn()
	if len(s.UUID) == 0 {
		return
	}
	u := l.updates[string(s.UUID)]
	if u == nil {
		u = &update{status: *s.Clone()}
		l.updates[string(s.UUID)] = u
	}
	u.told++
	u.since = now
	l.unsettled[string(s.UUID)] = u
}

// look finds what was not done in time, once.
func (l *ledger) look(now time.Time) {
	for id, o := range l.open {
		if kept := now.Sub(o.since); kept > l.opts.Patience {
			delete(l.open, id)
			l.violate(now, OfferKept, "%s of %s is neither accepted nor declined after %v", id, o.agent, kept)
		}
	}
	for uuid, u := range l.unsettled {
		if waits := now.Sub(u.since); waits > l.opts.Patience {
			delete(l.unsettled, uuid)
			l.violate(now, Acknowledged, "%v of %s is not acknowledged after %v", u.status.State, u.status.TaskID.Value, waits)
		}
	}
}

// end compares what the framework was told with the tasks that the cluster has for it.
func (l *ledger) end(now time.Time, running []mesos.Task) {
	l.look(now)
	there := map[string]bool{}
	instances := map[string]string{}
	for i := range running {
		r := &running[i]
		id := r.TaskID.Value
		there[id] = true
		t := l.tasks[id]
		switch {
		case t == nil:
			l.violate(now, Forgotten, "%s runs, of which the framework was told nothing", id)
			continue
		case t.over:
			l.violate(now, Forgotten, "%s runs (%v), though the framework was last told %v", id, r.State, t.state)
		}
		if other := instances[t.instance]; other != "" && t.instance != "" {
			l.violate(now, TwoOfOne, "%s and %s both run for %s", other, id, t.instance)
		}
		instances[t.instance] = id
	}
	for _, id := range l.live() {
		if !there[id] {
			l.violate(now, Forgotten, "%s does not run, and the framework was never told its end (last: %v)", id, l.tasks[id].state)
		}
	}
	if l.opts.Wanted > 0 && len(running) != l.opts.Wanted {
		l.violate(now, NotWanted, "%d tasks run in the end, but %d are wanted", len(running), l.opts.Wanted)
	}
}
