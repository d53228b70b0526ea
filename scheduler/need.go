package scheduler

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
)

// A Need is something that a [Framework] wants to be launched, once: a task, a group of tasks, or any operations.
type Need struct {
	// Need says what is launched and what it asks for. Its Name is the need's id: wanting it again while it is being seen to has no effect. The ids
	// of its tasks begin with it; those that the templates have are not used. At most 200 bytes, see [mesos.ValidID]. An Executor without an id
	// is started for each launch anew, and has the id of the first task.
	offer.Need
	// NotBefore, if set, is when it may be launched at the earliest: after a pause, say, where its last task has failed.
	NotBefore time.Time
	// Finish, if set, completes the tasks once it is known what they are given: with ports in their environment, say. It must not wait, nor call
	// the Framework.
	Finish func(*offer.Grant)
	// Use, if set, takes the place of all that Need says but its Name and Roles: it is shown offers and returns what to do with one, such as RESERVE, CREATE_DISK
	// or GROW_VOLUME, or a LAUNCH of its own; nothing where it does not suit. Tasks without an id get one. What it leaves of the
	// offer goes back. It must not wait, nor call the Framework.
	Use func(mesos.Offer) []mesos.OfferOperation
}

// check finds what cannot work.
func (n *Need) check() error {
	if err := mesos.ValidID(n.Name); err != nil {
		return fmt.Errorf("cannot want a need by its name: %w", err)
	}
	if !utf8.ValidString(n.Name) {
		return fmt.Errorf("cannot want a need by its name: %q is not UTF-8", n.Name)
	}
	if len(n.Name) > 200 {
		return fmt.Errorf("cannot want %.40q...: its name has %d bytes, more than 200", n.Name, len(n.Name))
	}
	if len(n.Tasks) == 0 && n.Use == nil {
		return fmt.Errorf("cannot want %q: it has no task", n.Name)
	}
	for _, c := range n.Constraints {
		if err := c.Validate(); err != nil {
			return fmt.Errorf("cannot want %q: %w", n.Name, err)
		}
	}
	return nil
}

// checkNeeds finds what is wrong with any of them.
func checkNeeds(needs []Need) error {
	var errs []error
	for i := range needs {
		errs = append(errs, needs[i].check())
	}
	return errors.Join(errs...)
}

// Waiting is a need that is not served yet, or whose launch nobody has confirmed.
type Waiting struct {
	// Need is its name.
	Need string
	// Since is when it was wanted.
	Since time.Time
	// NotBefore is when it may be launched: the need's own NotBefore, or the end of the pause after a launch that came to nothing; zero if
	// that is now.
	NotBefore time.Time
	// Launching are the ids of the tasks that were recorded for it; none while it waits for an offer.
	Launching []string
	// Reason says why it waits, for people.
	Reason string
}

// wanted is a need and how it fares.
type wanted struct {
	Need
	since   time.Time
	seq     uint64 // orders what is wanted at the same time
	backoff Backoff
	retry   time.Time       // no launch before
	pending map[string]bool // the tasks that were launched for it and not heard of yet
	fresh   bool            // since the last time that it was matched
}

// tasksIn yields the tasks that an operation launches, to be changed in place.
func tasksIn(op *mesos.OfferOperation) []mesos.TaskInfo {
	switch {
	case op.Launch != nil:
		return op.Launch.TaskInfos
	case op.LaunchGroup != nil:
		return op.LaunchGroup.TaskGroup.Tasks
	}
	return nil
}
