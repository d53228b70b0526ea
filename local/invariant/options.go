package invariant

import (
	"context"
	"net"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// Options say what a framework promises beyond what all do. The zero value works.
type Options struct {
	// Dial opens connections to the master; nil means TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Instance names what a task is one run of, so that no two of it may live at a time; nil, and "", are for tasks that stand for themselves.
	Instance func(*mesos.TaskInfo) string
	// Wanted is how many tasks run in the end; 0 is any number.
	Wanted int
	// Patience is how long the framework may keep an offer, or leave an update unacknowledged; 0 is two minutes, since a call may take one to
	// fail.
	Patience time.Duration
	// Reaction is how long after the word that an offer is rescinded it may still be used: a framework that waits for the answer to a call
	// does not hear it; 0 is two minutes.
	Reaction time.Duration
	// Declines is how often in a minute offers of one agent may be declined without a launch; 0 is ten.
	Declines int
	// Saved tells whether the records, which are those that the framework has committed to its store (see [Checker.Store]), hold what a status update
	// says, so that it may be acknowledged; nil does not ask.
	Saved func(records map[string][]byte, status *mesos.TaskStatus) bool
	// Recorded tells whether they hold that the task is launched, so that it may be; nil does not ask.
	Recorded func(records map[string][]byte, task *mesos.TaskInfo) bool
	// Abandoned tells whether they hold that the framework counts the task as ended though it may live: it was unreachable, say. Its instance may then have
	// another one, and in the end it may not run; nil is never.
	Abandoned func(records map[string][]byte, task *mesos.TaskInfo) bool
}

func (o Options) complete() Options {
	if o.Instance == nil {
		o.Instance = func(*mesos.TaskInfo) string { return "" }
	}
	if o.Abandoned == nil {
		o.Abandoned = func(map[string][]byte, *mesos.TaskInfo) bool { return false }
	}
	if o.Patience <= 0 {
		o.Patience = 2 * time.Minute
	}
	if o.Reaction <= 0 {
		o.Reaction = 2 * time.Minute
	}
	if o.Declines <= 0 {
		o.Declines = 10
	}
	return o
}
