package scheduler

import (
	"crypto/rand"
	"strings"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// randomID makes a task's id of its need's: it is never used again.
func randomID(need string) string { return need + "." + strings.ToLower(rand.Text()[:10]) }

// put takes a task's record over.
func (b *book) put(t *Task) {
	before := b.tasks[t.ID]
	if before != nil && !before.Over() {
		b.live[t.Need]--
	}
	switch {
	case !t.Over():
		b.live[t.Need]++
	case before == nil || !before.Over():
		b.kills.Remove(t.ID)
		b.reconciler.Heard(t.ID)
		b.changed, b.fresh = true, true // what it held may be of use
	}
	if b.live[t.Need] <= 0 {
		delete(b.live, t.Need)
	}
	b.tasks[t.ID] = t
	b.save(taskPrefix+t.ID, t)
}

// update follows a status: what is new is saved and told.
func (b *book) update(now time.Time, s *mesos.TaskStatus) {
	id := s.TaskID.Value
	if rank(s.State) == 0 && !s.State.Terminal() && !s.State.MayReturn() {
		return // a state of a later Mesos: nobody knows what it means, nor could it be recorded
	}
	b.reconciler.Heard(id)
	t := b.tasks[id]
	if t == nil {
		b.stranger(now, s)
		return
	}
	switch {
	case t.Abandoned:
		b.returned(now, t, s)
		return
	case !t.news(s):
		b.hurry(now, t, s)
		b.confirm(now, t, s)
		return
	}
	b.hurry(now, t, s)
	next := t.after(now, s)
	e := &EventTask{Task: *next, Before: t.State(), Status: s}
	b.put(next)
	b.settle(now, t, e, t.neverStarted(s))
	b.tell(e, ending(next))
}

// hurry has a KILL repeated where the task is said to be alive: it may have been made before the master, or the agent, knew the task.
func (b *book) hurry(now time.Time, t *Task, s *mesos.TaskStatus) {
	if t.Kill != nil && rank(s.State) > 0 && s.State != mesos.TaskKilling {
		b.kills.Hurry(t.ID, now)
	}
}

// ending is the key of a record whose task is over, "" for others.
func ending(t *Task) string {
	if t.Over() {
		return taskPrefix + t.ID
	}
	return ""
}

// returned follows an abandoned task, whose end was told when it was abandoned: if it is back, its place is taken.
func (b *book) returned(now time.Time, t *Task, s *mesos.TaskStatus) {
	switch {
	case s.State.MayReturn():
		b.kills.Remove(t.ID) // there is nobody who could end it
		return
	case s.State.Terminal():
		b.forgetTask(t.ID)
		return
	case t.State() != s.State:
		b.put(t.after(now, s))
	}
	if !b.kills.Has(t.ID) {
		b.kills.Add(t.ID, now)
	}
}

// confirm is what follows of a status that says nothing new. A task that the master has in its hands (TASK_STAGING) may still come to nothing.
func (b *book) confirm(now time.Time, t *Task, s *mesos.TaskStatus) {
	if !t.Heard && !t.Over() {
		b.put(t.after(now, s))
	}
}

// settle says what a task's news mean for the need that it was launched for.
func (b *book) settle(now time.Time, t *Task, e *EventTask, neverStarted bool) {
	w := b.launching[t.Need]
	if w == nil || !w.pending[t.ID] {
		return // its need counts as served, and does not wait again by itself
	}
	e.Dropped = neverStarted && t.Kill == nil
	delete(w.pending, t.ID)
	if !e.Dropped {
		delete(b.launching, t.Need)
		return
	}
	if len(w.pending) > 0 {
		return // others of its group
	}
	delete(b.launching, t.Need)
	e.Retry = b.again(now, w)
}

// again has a need wait for another try.
func (b *book) again(now time.Time, w *wanted) time.Duration {
	pause := w.backoff.Next()
	w.retry = now.Add(pause)
	b.waiting[w.Name] = w
	b.changed = true
	return pause
}

// refused is told of tasks and operations that the master was never asked for, or does not take.
func (b *book) refused(now time.Time, s sending, why error) {
	b.offers.Refused(now, s.call.suppressed(), s.call.revived())
	if s.bare != nil && b.waiting[s.bare.Name] == nil {
		b.again(now, s.bare)
	}
	for _, id := range s.tasks {
		t := b.tasks[id]
		if t == nil || t.Heard || t.Over() {
			continue
		}
		next := *t
		next.Since, next.Status.State = now, mesos.TaskDropped
		e := &EventTask{Task: next, Before: t.State(), Err: why}
		b.put(&next)
		b.settle(now, t, e, true)
		b.tell(e, ending(&next))
	}
	for _, id := range s.operations {
		o := b.operations[id]
		if o == nil || o.Heard || o.Over() {
			continue
		}
		next := *o
		next.Since, next.Status.State = now, mesos.OperationDropped
		b.putOperation(&next, o.State(), why)
	}
}

// stranger deals with a task that is not recorded.
func (b *book) stranger(now time.Time, s *mesos.TaskStatus) {
	id := s.TaskID.Value
	if s.State.Terminal() || s.State.MayReturn() {
		delete(b.strangers, id)
		return
	}
	policy := b.unknown
	if policy == AdoptUnknown && !recordable(id) {
		policy = TellUnknown
	}
	switch policy {
	case AdoptUnknown:
		id = strings.Clone(id) // which is a part of all that was read with it
		t := (&Task{ID: id, Launched: now, Since: now}).after(now, s)
		if dot := strings.LastIndexByte(id, '.'); dot > 0 && b.live[id[:dot]] == 0 {
			t.Need = id[:dot]
			delete(b.waiting, t.Need) // it is there
		}
		b.put(t)
		b.tell(&EventTask{Task: *t, Before: mesos.TaskStaging, Status: s}, "")
	case KillUnknown:
		if s.State != mesos.TaskKilling {
			b.call(&Call{Type: new(CallTypeKill), Kill: &CallKill{TaskID: s.TaskID, AgentID: s.AgentID}})
		}
	default:
		if known, ok := b.strangers[id]; !ok || known != s.State {
			if len(b.strangers) >= strangersMost {
				clear(b.strangers)
			}
			b.strangers[strings.Clone(id)] = s.State
			b.tell(&EventUnknownTask{Status: s}, "")
		}
	}
}

// kill remembers that a task is to end, and has it asked for until it does.
func (b *book) kill(now time.Time, id string, grace *time.Duration) {
	order := KillOrder{Asked: now, Grace: grace}
	t := b.tasks[id]
	if t == nil && !recordable(id) { // told as unknown, and of a kind that Mesos itself does not launch
		b.call(killCall(&Task{ID: id, Kill: &order}))
		return
	}
	b.orders[id] = order
	if t == nil { // one that was told as unknown
		t = &Task{ID: id, Launched: now, Since: now, Heard: true}
		t.Status = mesos.TaskStatus{TaskID: mesos.TaskID{Value: id}, State: mesos.TaskStaging}
	}
	if t.Over() || t.Kill != nil && b.kills.Has(id) && equal(t.Kill.Grace, grace) {
		return
	}
	next := *t
	next.Kill = &order
	next.Abandoned = t.State() == mesos.TaskUnreachable
	b.put(&next)
	if w := b.launching[t.Need]; w != nil && w.pending[id] {
		delete(b.launching, t.Need)
	}
	if next.Abandoned {
		b.tell(&EventTask{Task: next, Before: t.State()}, ending(&next))
	} else if b.connected {
		b.kills.Add(id, now)
	}
}

// operationUpdate follows an operation's status.
func (b *book) operationUpdate(now time.Time, s *mesos.OperationStatus) {
	if s.OperationID == nil || !storable(&mesos.OperationStatus{State: s.State}) {
		return // it is nobody's, or in a state of a later Mesos
	}
	b.inquiry.Heard(s.OperationID.Value)
	o := b.operations[s.OperationID.Value]
	if o == nil {
		return
	}
	if o.news(s) {
		b.putOperation(o.after(now, s), o.State(), nil)
	} else if !o.Heard && !o.Over() {
		next := o.after(now, s)
		b.operations[o.ID] = next
		b.save(operationPrefix+o.ID, next)
	}
}

func (b *book) putOperation(o *Operation, before mesos.OperationState, why error) {
	b.operations[o.ID] = o
	key := operationPrefix + o.ID
	b.save(key, o)
	e := &EventOperation{Operation: *o, Before: before, Err: why}
	if o.Over() {
		b.inquiry.Heard(o.ID)
		b.tell(e, key)
		return
	}
	b.tell(e, "")
}
