package scheduler

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// FrameworkOptions are a session's and what a [Framework] does by itself. Only Master has no default.
type FrameworkOptions struct {
	// Options are the session's. Its FrameworkID stays nil: the id is kept in Store.
	Options
	// Store keeps the framework's id, tasks and operations, such as store.File or store.ZooKeeper. With nil they are forgotten when the process ends.
	Store Store
	// UnknownTasks says what to do about tasks that are not recorded.
	UnknownTasks UnknownTasks
	// Maintenance says how inverse offers are answered.
	Maintenance Maintenance
}

// A Framework is a [Session] that does what every framework has to: it finds offers for what is wanted, records what it launches, follows its tasks and
// operations until they are over, asks for what it was not told, and keeps no offer that it does not need.
//
//	         Want                 an offer fits            first word
//	author ------> waiting needs --------------> recorded ------------> tasks --------> over: told, forgotten
//	                     ^                          |                     ^  |
//	                     | dropped, refused: after  |                     |  | Kill: remembered, repeated
//	                     +--------------------------+      adopted -------+  v
//
// Its loop is one goroutine. What it decides it does in this order: save, call, tell, acknowledge. So when the process is killed at any
// moment and started again with the same store:
//
//	killed after              found by
//	the record, before        reconciliation: the master does not know the task. Told as Dropped, and launched under another id
//	  ACCEPT                  once it is wanted again
//	ACCEPT                    reconciliation, or the task's first update
//	an update came            the agent, which sends it again: it was not acknowledged
//	it was saved              the agent again (the same uuid: not told twice); the end of a task from the record: it is told again
//	its end was told          nothing is left to find
//
// Its methods may be called from any goroutine, also in the loop's body.
type Framework struct {
	opts    FrameworkOptions
	session *Session
	fault   error
	wake    chan struct{} // has a token when somebody but the loop has changed the book

	mu     sync.Mutex
	book   *book
	loaded bool // the book is what the store has
}

// NewFramework returns a framework that is not subscribed yet. What is wrong with the options, Events tells.
func NewFramework(o FrameworkOptions) *Framework {
	f := &Framework{opts: o, wake: make(chan struct{}, 1), book: newBook(o)}
	if o.FrameworkID != nil {
		f.fault = errors.New("the framework's id is kept in Store: leave FrameworkID nil")
	}
	switch o.UnknownTasks {
	case TellUnknown, AdoptUnknown, KillUnknown:
	default:
		f.fault = fmt.Errorf("the policy for unknown tasks %q is none of adopt, kill and nothing", o.UnknownTasks)
	}
	switch o.Maintenance {
	case TellMaintenance, AcceptMaintenance, DeclineMaintenance:
	default:
		f.fault = fmt.Errorf("the policy for maintenance %q is none of accept, decline and nothing", o.Maintenance)
	}
	inner := o.Options
	if o.Store != nil {
		inner.FrameworkID = StoredID(o.Store)
	}
	f.session = New(inner)
	f.opts.Logger = f.session.opts.Logger
	f.book.principal = f.session.framework.GetPrincipal()
	return f
}

// String names the framework and the masters, and holds no secret.
func (f *Framework) String() string { return f.session.String() }

// GoString is String.
func (f *Framework) GoString() string { return f.session.String() }

// Session is for the calls that need no record: Message, Shutdown, Request, and the answers to inverse offers. The framework makes
// all calls about offers, tasks and operations itself, and ranges over the session's events.
func (f *Framework) Session() *Session { return f.session }

// Want says what is to be launched. Each need is served once, by launches until one is confirmed by a word about its task; launches that come to nothing
// are repeated with pauses from 1 s to 1 min. Wanting a need again that waits does not shorten its pause. A need whose task is there already, from before a restart for example, is served. When
// its task is over, it is its author's to say that another is wanted.
//
// Nothing is wanted of a need that cannot work; the error names it.
func (f *Framework) Want(needs ...Need) error {
	if err := checkNeeds(needs); err != nil {
		return err
	}
	f.change(func(now time.Time) {
		for _, n := range needs {
			f.book.want(now, n)
		}
	})
	return nil
}

// Withdraw takes needs back that are not served yet. Tasks that were launched for them live on.
func (f *Framework) Withdraw(names ...string) {
	f.change(func(time.Time) {
		for _, name := range names {
			f.book.withdraw(name)
		}
	})
}

// Kill ends a task. That is recorded before anything else is acknowledged, and repeated until the task is over, across subscriptions and restarts. grace
// replaces the task's own grace period where the executor heeds it; nil leaves it. A task that is TASK_UNREACHABLE is
// abandoned: what it was launched for may be wanted again at once, and it is killed if it returns.
func (f *Framework) Kill(id string, grace *time.Duration) {
	f.change(func(now time.Time) { f.book.kill(now, id, grace) })
}

// change does something to the book and has the loop look at it.
func (f *Framework) change(do func(now time.Time)) {
	f.mu.Lock()
	do(time.Now())
	f.mu.Unlock()
	f.nudge()
}

func (f *Framework) nudge() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// Tasks returns the records of all tasks, abandoned ones among them, by their ids. What they point to is shared and not to be changed.
func (f *Framework) Tasks() map[string]Task {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make(map[string]Task, len(f.book.tasks))
	for id, t := range f.book.tasks {
		all[id] = *t
	}
	return all
}

// Task returns the record of one task, if there is one.
func (f *Framework) Task(id string) (Task, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.book.tasks[id]
	if t == nil {
		return Task{}, false
	}
	return *t, true
}

// Operations returns the records of all operations that are not over, by their ids.
func (f *Framework) Operations() map[string]Operation {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make(map[string]Operation, len(f.book.operations))
	for id, o := range f.book.operations {
		all[id] = *o
	}
	return all
}

// Waiting tells which needs are not served yet, and why, sorted by name.
func (f *Framework) Waiting() []Waiting {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.book.waits()
}

// UpdateFramework changes the framework's description, as [Session.UpdateFramework]. Which roles are suppressed is the framework's own affair.
func (f *Framework) UpdateFramework(ctx context.Context, info mesos.FrameworkInfo, constraints *mesos.OfferConstraints) error {
	_, suppressed := f.session.Roles()
	suppressed = slices.DeleteFunc(suppressed, func(role string) bool { return !slices.Contains(info.Roles, role) && info.GetRole() != role })
	err := f.session.UpdateFramework(ctx, CallUpdateFramework{FrameworkInfo: info, SuppressedRoles: suppressed, OfferConstraints: constraints})
	if err != nil {
		return err
	}
	roles, suppressed := f.session.Roles()
	f.change(func(now time.Time) {
		f.book.offers.SetRoles(now, roles, suppressed)
		f.book.changed = true
	})
	return nil
}

// Teardown ends the framework: Mesos kills all its tasks, its records are removed from the store, and the loop over the events ends.
func (f *Framework) Teardown(ctx context.Context) error {
	err := f.session.Teardown(ctx)
	if err == nil {
		f.change(func(time.Time) { f.book.clear() })
	}
	return err
}

// Forget removes the framework's id and all its records from the store, when Events has ended with [ReasonRemoved]: Mesos has killed the tasks, and
// the next Events subscribes as a new framework. Needs that were not served stay.
func (f *Framework) Forget(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.opts.Store != nil {
		if err := f.session.save(""); err != nil {
			return err
		}
	}
	f.session.forget()
	f.book.clear()
	return ctx.Err()
}

// load reads the store, unless what is known is newer.
func (f *Framework) load(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fault != nil {
		return invalidOptions(f.fault)
	}
	if f.loaded || f.opts.Store == nil {
		f.book.retell()
		return nil
	}
	records, err := f.opts.Store.Load(ctx)
	if err == nil {
		maps.DeleteFunc(records, func(key string, _ []byte) bool { return !ownKey(key) })
		err = f.book.load(records)
	}
	if err != nil {
		return &Error{Reason: ReasonStore, Hint: "without its records the framework would lose its tasks; see that they can be read", Err: err}
	}
	f.loaded = true
	f.book.retell()
	return nil
}

// Events subscribes, stays subscribed, serves what is wanted, and yields what happens, one event at a time: [EventTask], [EventOperation],
// [EventUnknownTask], and of a session's [EventSubscribed], [EventDisconnected], [EventInverseOffers], [EventRescindInverseOffer], [EventMessage],
// [EventFailure] and [EventHeartbeat]. It ends as [Session.Events] does; also with an error, [ReasonStore], when a record cannot be saved:
// nothing that is not saved is called, told or acknowledged.
//
// An update is acknowledged when it is saved and the loop's body has come to its end.
func (f *Framework) Events(ctx context.Context) iter.Seq2[TypedEvent, error] {
	return func(yield func(TypedEvent, error) bool) {
		if err := f.run(ctx, func(e TypedEvent) bool { return yield(e, nil) }); err != nil {
			yield(nil, err)
		}
	}
}
