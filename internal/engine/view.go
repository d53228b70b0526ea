package engine

import (
	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
)

// Condition is what an instance is in, in Marathon's words.
type Condition string

// The conditions.
const (
	Scheduled           Condition = "Scheduled"   // to be launched
	Provisioned         Condition = "Provisioned" // LAUNCH was called, nothing heard yet
	Staging             Condition = "Staging"
	Starting            Condition = "Starting"
	Running             Condition = "Running"
	Killing             Condition = "Killing"
	Unreachable         Condition = "Unreachable"
	UnreachableInactive Condition = "UnreachableInactive"
	Finished            Condition = "Finished"
	Failed              Condition = "Failed"
	Killed              Condition = "Killed"
	Error               Condition = "Error"
	Gone                Condition = "Gone"
	Dropped             Condition = "Dropped"
	Unknown             Condition = "Unknown"
)

// Instance is a slot that lives across tasks. It is constant: what changes is a new Instance.
type Instance struct {
	// ID is Marathon's: <app, / as _>.instance-<uuid>. TaskID is that of the task at hand or the last one, empty before the first.
	ID, TaskID string
	App        app.ID
	// Version is the definition that its task was, or is to be, launched with.
	Version   app.Timestamp
	Condition Condition
	// State is Mesos' of the task at hand.
	State mesos.TaskState
	// Role is the one whose resources it uses.
	Role string
	// Host, AgentID, Region, Zone and Attributes are its agent's; Ports those it got, in the order of the app's ports.
	Host, AgentID, Region, Zone string
	Attributes                  mesos.Attributes
	Ports                       []int
	IPAddresses                 []app.IPAddress
	// ContainerID is that of its task, when the agent has told it.
	ContainerID string
	// Since is when it came to be scheduled; StagedAt and StartedAt are about the task at hand.
	Since, StagedAt, StartedAt app.Timestamp
	// Health is what each health check found; Healthy is nil while that is unknown.
	Health  []app.Health
	Healthy *bool
	// Ready tells whether all readiness checks have passed, or there are none.
	Ready     bool
	Readiness []app.ReadinessResult
	// Check is the status of the app's check, as Mesos told it.
	Check *mesos.CheckStatusInfo

	incarnation int     // of tasks so far
	heard       bool    // something was said of the task at hand
	checked     bool    // its definition has health checks
	leaving     bool    // it goes when its task is over
	killing     killing // set while its task is being ended
	// unreachable is since when its agent is not reached.
	unreachable app.Timestamp
}
