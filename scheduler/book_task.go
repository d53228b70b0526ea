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
	if !t.Over() {
		b.live[t.Need]++
	} else {
		b.kills.remove(t.ID)
		b.reconciler.heard(t.ID)
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
	b.reconciler.heard(id)
	t := b.tasks[id]
	if t == nil {
		b.stranger(now, s)
		return
	}
	if t.Abandoned && !s.State.Terminal() && !s.State.MayReturn() {
		defer b.kills.add(id, now) // it is back, and its place taken
	}
	if !t.news(s) {
		b.confirm(now, t, s)
		return
	}
	next := t.after(now, s)
	e := &EventTask{Task: *next, Before: t.State(), Status: s}
	b.put(next)
	b.settle(now, t, e, t.neverStarted(s))
	b.tell(e, forget(next))
}

// forget is the key of a record that is of no more use once its end was told.
func forget(t *Task) string {
	if t.State().Terminal() && !t.Abandoned {
		return taskPrefix + t.ID
	}
	return ""
}

// confirm is what follows of a status that says nothing new.
func (b *book) confirm(now time.Time, t *Task, s *mesos.TaskStatus) {
	switch {
	case t.Abandoned && s.State.Terminal() && s.State != mesos.TaskLost:
		delete(b.tasks, t.ID) // as was told
		b.kills.remove(t.ID)
		b.save(taskPrefix+t.ID, nil)
	case !t.Heard && !t.State().Terminal():
		next := t.after(now, s)
		b.put(next)
		delete(b.launching, t.Need)
	}
}

// settle says what a task's news mean for the need that it was launched for.
func (b *book) settle(now time.Time, t *Task, e *EventTask, neverStarted bool) {
	e.Dropped = neverStarted && t.Kill == nil
	w := b.launching[t.Need]
	if w == nil || !w.pending[t.ID] {
		return
	}
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
		b.tell(e, forget(&next))
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
	switch b.unknown {
	case AdoptUnknown:
		t := (&Task{ID: id, Launched: now, Since: now}).after(now, s)
		if dot := strings.LastIndexByte(id, '.'); dot > 0 && b.live[id[:dot]] == 0 && b.waiting[id[:dot]] == nil {
			t.Need = id[:dot]
		}
		b.put(t)
		b.tell(&EventTask{Task: *t, Before: mesos.TaskStaging, Status: s}, "")
	case KillUnknown:
		if s.State != mesos.TaskKilling {
			b.call(&Call{Type: new(CallTypeKill), Kill: &CallKill{TaskID: s.TaskID, AgentID: s.AgentID}})
		}
	default:
		if known, ok := b.strangers[id]; !ok || known != s.State {
			b.strangers[id] = s.State
			b.tell(&EventUnknownTask{Status: s}, "")
		}
	}
}

// kill remembers that a task is to end, and has it asked for until it does.
func (b *book) kill(now time.Time, id string, grace *time.Duration) {
	t := b.tasks[id]
	if t == nil { // one that was told as unknown
		t = &Task{ID: id, Launched: now, Since: now, Heard: true}
		t.Status = mesos.TaskStatus{TaskID: mesos.TaskID{Value: id}, State: mesos.TaskStaging}
	}
	if t.Over() {
		return
	}
	next := *t
	next.Kill = &KillOrder{Asked: now, Grace: grace}
	next.Abandoned = t.State() == mesos.TaskUnreachable
	b.put(&next)
	if w := b.launching[t.Need]; w != nil && w.pending[id] {
		delete(b.launching, t.Need)
	}
	if next.Abandoned {
		b.tell(&EventTask{Task: next, Before: t.State()}, "")
	} else if b.connected {
		b.kills.add(id, now)
	}
}

// operationUpdate follows an operation's status.
func (b *book) operationUpdate(now time.Time, s *mesos.OperationStatus) {
	if s.OperationID == nil {
		return
	}
	b.inquiry.heard(s.OperationID.Value)
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
		b.inquiry.heard(o.ID)
		b.tell(e, key)
		return
	}
	b.tell(e, "")
}
