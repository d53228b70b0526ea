package engine

import (
	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// Input is what has happened: one of the types below, or nil when only time has passed.
type Input interface{ input() }

// Subscribed: the framework is subscribed at a master. Everything that was offered before is void.
type Subscribed struct {
	FrameworkID mesos.FrameworkID
	// Master is host:port.
	Master string
	// Region is that of the masters; empty when they tell none.
	Region string
	// Suppressed are the roles that it was subscribed with as suppressed.
	Suppressed []string
	// Heeds tells that the master offers only agents that [Effects.Constraints] allow.
	Heeds bool
}

// Disconnected: there is no subscription.
type Disconnected struct{}

// Refused: the master has refused one of [Effects.Calls], and said why: nothing of it has happened.
type Refused struct {
	Call   scheduler.Call
	Reason string
}

// Barred: the master does not let the framework subscribe for these roles, and says why. For all others it is subscribed.
type Barred struct{ Roles map[string]string }

// Offered: the master offers resources.
type Offered struct{ Offers []mesos.Offer }

// Rescinded: an offer is void.
type Rescinded struct{ OfferID mesos.OfferID }

// Updated: Mesos tells a task's state. The memory is the input's: the engine copies what it keeps.
type Updated struct{ Status mesos.TaskStatus }

// Probed: a health check of the scheduler's own was answered, or not.
type Probed struct {
	TaskID string
	// Check is the index in the app's HealthChecks.
	Check int
	Alive bool
	// Cause is why not.
	Cause string
}

// Readied: a readiness check was answered, or not (then Response is nil).
type Readied struct {
	TaskID   string
	Check    int // the index in the app's ReadinessChecks
	Ready    bool
	Response *app.ReadinessResponse
}

// Told: the tail of what a task that ended had written to stderr.
type Told struct {
	TaskID string
	Stderr string
}

// Do: somebody asks for something. There is one Reply with the same ID.
type Do struct {
	ID      uint64
	Command Command
}

func (Subscribed) input()   {}
func (Disconnected) input() {}
func (Refused) input()      {}
func (Barred) input()       {}
func (Offered) input()      {}
func (Rescinded) input()    {}
func (Updated) input()      {}
func (Probed) input()       {}
func (Readied) input()      {}
func (Told) input()         {}
func (Do) input()           {}

// Command is what users ask for: one of the types below.
type Command interface{ command() }

// Change edits the tree of groups and apps, all or nothing, which is one deployment.
type Change struct {
	Edits []Edit
	// Force ends other deployments of the same apps.
	Force bool
	// DryRun only tells the plan: nothing happens.
	DryRun bool
	// ClientIP and URI are for EventAPIPost.
	ClientIP, URI string
}

// Kill ends tasks; the instances get new ones unless Scale is set.
type Kill struct {
	// Tasks are their ids, those that are gone passed over; with App they have to be there, and the app's. Or, when it is empty, all of App on
	// agents whose host name contains Host (all when empty).
	Tasks []string
	App   app.ID
	Host  string
	// Scale has the apps run so many less: a deployment.
	Scale bool
	// Wipe forgets the instances with what is reserved for them.
	Wipe  bool
	Force bool
}

// Cancel ends a deployment: with Force where it stands, else by a new one that goes back.
type Cancel struct {
	Deployment string
	Force      bool
}

// ResetDelay ends an app's back-off.
type ResetDelay struct{ App app.ID }

func (Change) command()     {}
func (Kill) command()       {}
func (Cancel) command()     {}
func (ResetDelay) command() {}

// Edit is one change of the tree: one of the types below.
type Edit interface{ edit() }

// CreateApp adds an app; one of that id is a conflict.
type CreateApp struct{ App *app.Update }

// UpdateApp changes the fields that Update has. With Full it is the whole definition; with Create a new one may come to be.
type UpdateApp struct {
	ID           app.ID
	Update       *app.Update
	Full, Create bool
}

// RestartApp replaces all instances by new ones of the same definition.
type RestartApp struct{ ID app.ID }

// RemoveApp ends an app.
type RemoveApp struct{ ID app.ID }

// CreateGroup adds a group; one of that id that is not empty is a conflict.
type CreateGroup struct {
	ID     app.ID
	Update *app.GroupUpdate
}

// UpdateGroup changes a group, and makes it when it is missing.
type UpdateGroup struct {
	ID     app.ID
	Update *app.GroupUpdate
}

// RemoveGroup ends all that is in a group; of the root only that.
type RemoveGroup struct{ ID app.ID }

// EnforceRole says whether a top-level group's apps use its name as their role. It is no deployment.
type EnforceRole struct {
	ID    app.ID
	Value bool
}

func (CreateApp) edit()   {}
func (UpdateApp) edit()   {}
func (RestartApp) edit()  {}
func (RemoveApp) edit()   {}
func (CreateGroup) edit() {}
func (UpdateGroup) edit() {}
func (RemoveGroup) edit() {}
func (EnforceRole) edit() {}
