package engine

import (
	"time"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// Effects are what a Step wants done, in the order of the fields.
type Effects struct {
	// Records are to be saved, all or none; nil removes one.
	Records map[string][]byte
	// Calls go to the master, in their order. One that fails is not repeated: what it was for is asked again when the
	// framework has subscribed again. Of one that the master refuses, the engine has to hear: see Refused.
	Calls []scheduler.Call
	// Probes are health checks and readiness checks to start and to end.
	Probes []Probe
	// Tails are tasks that failed, whose stderr is of interest: see Told.
	Tails []Tail
	// Events are for the event stream.
	Events []app.Event
	// Replies answer commands.
	Replies []Reply
	// Roles are those that the framework is to be subscribed for, all of them, when they have changed; before the calls. See Barred.
	Roles []string
	// Constraints are what agents are to be offered by, when they have changed; told with the Roles. They never keep away what could serve an
	// instance that waits. Nothing is asked of a master that does not heed them.
	Constraints *mesos.OfferConstraints
	// WakeAt is when a Step is due though nothing has happened; zero is never.
	WakeAt time.Time
}

// Probe says that a task is to be asked, by the scheduler's own checks of App, or not any more.
type Probe struct {
	TaskID string
	// App is the definition that the task was launched with; nil ends the asking.
	App *app.App
	// Host is where the task is reached, Ports its ports in the order of the app's.
	Host  string
	Ports []int
	// Readiness tells whether its readiness is of interest, too: a deployment waits for it.
	Readiness bool
	// Since is when it began to run.
	Since time.Time
}

// Tail is where a failed task's sandbox is.
type Tail struct {
	TaskID, AgentID string
}

// Reply answers the Do of the same ID.
type Reply struct {
	ID     uint64
	Result Result
}

// Result is what became of a command. What is not about it is empty.
type Result struct {
	// Err says why nothing happened.
	Err *app.Error
	// Version and Deployment are those of a change. No Deployment means that there was nothing to do.
	Version    app.Timestamp
	Deployment string
	// App is the one that CreateApp or UpdateApp has made; Created tells that there was none before.
	App     *app.App
	Created bool
	// Steps are the plan of a dry run; Placed where each instance that it launches would go now.
	Steps  []app.DeploymentStep
	Placed []Placement
	// Killed are the tasks that are being killed, as they were.
	Killed []*Instance
}

// Placement is where one instance of a dry run would go now, or why nowhere.
type Placement struct {
	App  app.ID
	Host string
	// Why is empty when there is a Host.
	Why string
}
