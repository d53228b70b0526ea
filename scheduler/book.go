package scheduler

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ormosproject/ormos/internal/pace"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
)

const (
	// killMin and killMax are the pauses before KILL is repeated: a master that does not know the task yet, or an agent that is away, forgets it.
	killMin = time.Second
	killMax = 5 * time.Minute
	// strangersMost is of how many unknown tasks is remembered what was told of them.
	strangersMost = 100_000
	// abandonedFor is how long an abandoned task is remembered, so that it is killed when it returns: Mesos too forgets its unreachable agents after two
	// weeks.
	abandonedFor = 14 * 24 * time.Hour
)

// A book is all that a framework knows, and what follows from it. It decides and never waits, dials, logs or asks the time: methods are told what
// happens, and what is to be done about it gathers in out.
type book struct {
	unknown     UnknownTasks
	maintenance Maintenance
	newID       func(need string) string
	id          mesos.FrameworkID

	tasks      map[string]*Task // values are never changed, only replaced
	live       map[string]int   // how many tasks of a need are not over
	operations map[string]*Operation
	waiting    map[string]*wanted // for offers or for the end of a pause
	launching  map[string]*wanted // for the first word about their tasks
	strangers  map[string]mesos.TaskState
	orders     map[string]KillOrder // those that are not saved yet

	reconciler, inquiry pace.Reconciler // of tasks, of operations
	kills               pace.Repeater
	offers              pace.Discipline
	connected           bool
	changed             bool      // needs or offers have
	fresh               bool      // what was declined may be of use now
	retry               time.Time // when a need's pause ends; zero for none
	seq                 uint64
	matched             map[string]int // what the last match did not serve: its place in
	result              offer.Result
	principal           string

	out effects
}

// effects are what is to be done, in this order: save, call, tell. A key whose record is nil is removed.
type effects struct {
	saves map[string]record
	calls []sending
	tells []telling
}

// record is what can be saved.
type record interface{ encode() ([]byte, error) }

// sending is a call, with the tasks and operations that it begins.
type sending struct {
	call              *Call
	offer             *mesos.Offer // of an ACCEPT: one of its offers
	role              string       // and theirs
	tasks, operations []string
	bare              *wanted // the need that it serves, if that has no task
}

// telling is an event for the author; over is the key of the record that it says has come to its end, which is settled when the author is done
// with the event.
type telling struct {
	event TypedEvent
	over  string
}

func newBook(o FrameworkOptions) *book {
	b := &book{
		unknown: o.UnknownTasks, maintenance: o.Maintenance, newID: randomID,
		waiting: map[string]*wanted{}, launching: map[string]*wanted{},
		strangers:  map[string]mesos.TaskState{},
		reconciler: pace.NewReconciler(), inquiry: pace.NewReconciler(), kills: pace.Repeater{Min: killMin, Max: killMax}, offers: pace.NewDiscipline(),
	}
	b.clear()
	return b
}

func (b *book) clear() {
	b.tasks, b.live, b.operations, b.out = map[string]*Task{}, map[string]int{}, map[string]*Operation{}, effects{}
	b.orders = map[string]KillOrder{}
	b.disconnected()
	for _, w := range b.launching {
		w.pending = nil
		b.waiting[w.Name] = w
	}
	clear(b.launching)
}

// load takes over what the store has. What was over but perhaps not told is told again.
func (b *book) load(records map[string][]byte) error {
	orders := b.orders
	b.clear()
	for key, value := range records {
		switch {
		case strings.HasPrefix(key, taskPrefix):
			t, err := decodeTask(key, value)
			if err != nil {
				return err
			}
			b.tasks[t.ID] = t
			if !t.Over() {
				b.live[t.Need]++
			}
		case strings.HasPrefix(key, operationPrefix):
			o, err := decodeOperation(key, value)
			if err != nil {
				return err
			}
			b.operations[o.ID] = o
		}
	}
	waiting := slices.SortedFunc(maps.Values(b.waiting), func(a, c *wanted) int { return cmp.Compare(a.seq, c.seq) })
	clear(b.waiting)
	for _, w := range waiting { // what was wanted before may have been launched
		b.want(w.since, w.Need)
	}
	for _, id := range sorted(orders) {
		b.kill(orders[id].Asked, id, orders[id].Grace)
	}
	return nil
}

// retell tells what is recorded, at the start of a loop: what is over may not have been told to its end.
func (b *book) retell() {
	b.out.tells = nil
	for _, id := range sorted(b.tasks) {
		if t := b.tasks[id]; !t.Told {
			b.tell(&EventTask{Task: *t, Before: t.State(), Status: &t.Status, Recorded: true}, ending(t))
		}
	}
	for _, id := range sorted(b.operations) {
		o := b.operations[id]
		key := ""
		if o.Over() {
			key = operationPrefix + id
		}
		b.tell(&EventOperation{Operation: *o, Before: o.State(), Recorded: true}, key)
	}
}

// take gives what is to be saved and then called now. What is to be told stays.
func (b *book) take() (saves map[string]record, calls []sending) {
	saves, calls = b.out.saves, b.out.calls
	b.out.saves, b.out.calls = nil, nil
	return saves, calls
}

func (b *book) save(key string, r record) {
	if b.out.saves == nil {
		b.out.saves = map[string]record{}
	}
	b.out.saves[key] = r
}

func (b *book) call(c *Call) { b.out.calls = append(b.out.calls, sending{call: c}) }

func (b *book) tell(e TypedEvent, over string) {
	b.out.tells = append(b.out.tells, telling{e, over})
}

// event is told of all that the session tells.
func (b *book) event(now time.Time, e TypedEvent) {
	switch e := e.(type) {
	case *EventUpdate:
		b.update(now, &e.Status)
		return
	case *EventUpdateOperationStatus:
		b.operationUpdate(now, &e.Status)
		return
	case *EventOffers:
		b.offers.Offered(now, b.sane(e.Offers))
		b.changed = true
		return
	case *EventRescind:
		b.offers.Gone(e.OfferID)
		return
	case *EventSubscribed:
		b.subscribed(now, e)
	case *EventDisconnected:
		b.disconnected()
	case *EventInverseOffers:
		b.maintain(e.InverseOffers)
	}
	b.tell(e, "")
}

// sane are the offers of agents with ids. A launch on others could be neither recorded nor followed.
func (b *book) sane(offers []mesos.Offer) []mesos.Offer {
	bad := func(o mesos.Offer) bool { return !recordable(o.AgentID.Value) }
	if !slices.ContainsFunc(offers, bad) {
		return offers
	}
	var ids []mesos.OfferID
	offers = slices.DeleteFunc(slices.Clone(offers), func(o mesos.Offer) bool {
		if bad(o) {
			ids = append(ids, o.ID)
		}
		return bad(o)
	})
	b.call(&Call{Type: new(CallTypeDecline), Decline: &CallDecline{OfferIDs: ids, Filters: Refuse(time.Hour)}})
	return offers
}

// recordable tells whether an id of somebody else's can be part of a record.
func recordable(id string) bool { return mesos.ValidID(id) == nil && utf8.ValidString(id) }

// subscribed asks about everything that is not known to be over.
func (b *book) subscribed(now time.Time, e *EventSubscribed) {
	b.connected, b.changed, b.id = true, true, e.FrameworkID
	b.reconciler.Subscribed(now, b.liveTasks())
	b.inquiry.Subscribed(now, b.liveOperations())
	b.kills.Clear()
	for _, id := range sorted(b.tasks) {
		if t := b.tasks[id]; t.Kill != nil && !t.Over() {
			b.kills.Add(id, now)
		}
	}
}

func (b *book) disconnected() {
	b.connected = false
	clear(b.strangers)
	b.reconciler.Disconnected()
	b.inquiry.Disconnected()
	b.kills.Clear()
	b.offers.Disconnected()
}

func (b *book) liveTasks() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, id := range sorted(b.tasks) {
			if !b.tasks[id].Over() && !yield(id) {
				return
			}
		}
	}
}

func (b *book) liveOperations() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, id := range sorted(b.operations) {
			if !b.operations[id].Over() && !yield(id) {
				return
			}
		}
	}
}

// maintain answers inverse offers by the policy.
func (b *book) maintain(offers []mesos.InverseOffer) {
	var ids []mesos.OfferID
	for _, o := range offers {
		ids = append(ids, o.ID)
	}
	switch b.maintenance {
	case AcceptMaintenance:
		b.call(&Call{Type: new(CallTypeAcceptInverseOffers), AcceptInverseOffers: &CallAcceptInverseOffers{InverseOfferIDs: ids}})
	case DeclineMaintenance:
		b.call(&Call{Type: new(CallTypeDeclineInverseOffers), DeclineInverseOffers: &CallDeclineInverseOffers{InverseOfferIDs: ids}})
	}
}

// told is what an event said that the author is done with: what is over is forgotten, and an abandoned task is not told of again.
func (b *book) told(t telling) {
	if id, ok := strings.CutPrefix(t.over, operationPrefix); ok {
		delete(b.operations, id)
		b.save(t.over, nil)
		return
	}
	id, ok := strings.CutPrefix(t.over, taskPrefix)
	task := b.tasks[id]
	switch {
	case !ok, task == nil, !task.Over():
	case !task.Abandoned:
		b.forgetTask(id)
	case !task.Told:
		next := *task
		next.Told = true
		b.tasks[id] = &next
		b.save(t.over, &next)
	}
}

func (b *book) forgetTask(id string) {
	delete(b.tasks, id)
	b.kills.Remove(id)
	b.save(taskPrefix+id, nil)
}

// act decides what is due: launches, questions, kills, and what becomes of the offers.
func (b *book) act(now time.Time) {
	if !b.connected {
		return
	}
	b.launch(now)
	keys, all := b.reconciler.Step(now, b.liveTasks())
	b.reconcile(keys, all)
	if all {
		b.forgetAbandoned(now)
	}
	keys, all = b.inquiry.Step(now, b.liveOperations())
	b.inquire(keys, all && len(b.operations) > 0)
	for _, id := range b.kills.Due(now, pace.Batch) {
		b.call(killCall(b.tasks[id]))
	}
	b.answer(b.offers.Step(now))
}

// answer makes the calls about offers that are not used.
func (b *book) answer(a pace.Answers) {
	for _, d := range a.Declines {
		b.call(&Call{Type: new(CallTypeDecline), Decline: &CallDecline{OfferIDs: d.OfferIDs, Filters: Refuse(d.Refuse)}})
	}
	if len(a.Suppress) > 0 {
		b.call(&Call{Type: new(CallTypeSuppress), Suppress: &CallSuppress{Roles: a.Suppress}})
	}
	if len(a.Revive) > 0 {
		b.call(&Call{Type: new(CallTypeRevive), Revive: &CallRevive{Roles: a.Revive}})
	}
}

func (b *book) reconcile(ids []string, all bool) {
	if len(ids) > 0 {
		questions := make([]CallReconcileTask, 0, len(ids))
		for _, id := range ids {
			q := CallReconcileTask{TaskID: mesos.TaskID{Value: id}}
			if agent := b.tasks[id].AgentID; agent != "" {
				q.AgentID = &mesos.AgentID{Value: agent} // without it an unreachable task would be unknown
			}
			questions = append(questions, q)
		}
		b.call(&Call{Type: new(CallTypeReconcile), Reconcile: &CallReconcile{Tasks: questions}})
	}
	if all {
		b.call(&Call{Type: new(CallTypeReconcile), Reconcile: &CallReconcile{}})
	}
}

func (b *book) inquire(ids []string, all bool) {
	if len(ids) > 0 {
		questions := make([]CallReconcileOperationsOperation, 0, len(ids))
		for _, id := range ids {
			questions = append(questions, b.operations[id].question())
		}
		b.call(&Call{Type: new(CallTypeReconcileOperations), ReconcileOperations: &CallReconcileOperations{Operations: questions}})
	}
	if all {
		b.call(&Call{Type: new(CallTypeReconcileOperations), ReconcileOperations: &CallReconcileOperations{}})
	}
}

func killCall(t *Task) *Call {
	c := &CallKill{TaskID: mesos.TaskID{Value: t.ID}}
	if t.AgentID != "" {
		c.AgentID = &mesos.AgentID{Value: t.AgentID}
	}
	if t.Kill != nil && t.Kill.Grace != nil {
		c.KillPolicy = &mesos.KillPolicy{GracePeriod: &mesos.DurationInfo{Nanoseconds: int64(*t.Kill.Grace)}}
	}
	return &Call{Type: new(CallTypeKill), Kill: c}
}

func (b *book) forgetAbandoned(now time.Time) {
	for _, id := range sorted(b.tasks) {
		if t := b.tasks[id]; t.Abandoned && now.Sub(t.Since) > abandonedFor {
			b.forgetTask(id)
		}
	}
}

// next is when act has something to do by itself.
func (b *book) next() (first time.Time, ok bool) {
	if !b.connected {
		return first, false
	}
	earlier := func(at time.Time, due bool) {
		if due && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	earlier(b.reconciler.Next())
	earlier(b.inquiry.Next())
	earlier(b.kills.Next())
	earlier(b.offers.Next())
	earlier(b.retry, !b.retry.IsZero())
	return first, !first.IsZero()
}

func sorted[T any](m map[string]T) []string {
	return slices.Sorted(maps.Keys(m))
}
