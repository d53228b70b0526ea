// Package link is what a master and an agent of the local cluster say to each other: Mesos' internal protocol
// (messages.proto, between libprocess actors) as Go values.
//
// Both sides are actors: a message is put into the peer's mailbox in order and Send returns at once. Neither side may
// assume that a message arrives: the connection can end at any time, as TCP between real daemons, and everything that
// must not be lost (status updates, registrations, kills) is said again by its owner.
//
// A message belongs to its receiver once it was sent: the sender neither keeps nor changes what it points to.
package link

import (
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// Message is one of the types below.
type Message interface{ message() }

// Peer is the other end of a connection.
type Peer interface {
	// Send puts m into the peer's mailbox. It never blocks, and does nothing once the connection has ended.
	Send(m Message)
}

// Dialer is a master as an agent sees it.
type Dialer interface {
	// Dial opens a connection: what the master says is given to agent, in order, from one goroutine at a time;
	// agent.Send must not block. gone is called once, from any goroutine, when the master ends the connection or dies.
	// hangUp ends it from the agent's side (what an agent's crash does too). An error means that no master listens.
	Dial(agent Peer, gone func()) (master Peer, hangUp func(), err error)
}

// From agent to master.
type (
	// Register asks for a place in the cluster. Agent has no ID yet.
	Register struct {
		Agent        mesos.AgentInfo
		Address      Address
		Version      string
		Capabilities []mesos.AgentInfoCapability
	}
	// Reregister is said by an agent that has an ID, after a restart of either side, with all that runs on it.
	Reregister struct {
		Agent        mesos.AgentInfo
		Address      Address
		Version      string
		Capabilities []mesos.AgentInfoCapability
		// CheckpointedResources are the agent's dynamic reservations and volumes.
		CheckpointedResources []mesos.Resource
		Frameworks            []mesos.FrameworkInfo
		// Executors holds custom and default executors, never command executors.
		Executors []mesos.ExecutorInfo
		Tasks     []mesos.Task
	}
	// Unregister is an orderly departure: the agent's tasks are lost.
	Unregister struct{ AgentID mesos.AgentID }
	// StatusUpdate is the head of a task's stream. It is sent again until acknowledged.
	StatusUpdate struct {
		FrameworkID mesos.FrameworkID
		Status      mesos.TaskStatus
		// LatestState may be ahead of Status.State when more updates wait behind this one.
		LatestState mesos.TaskState
	}
	// ExecutorMessage is an executor's MESSAGE to its scheduler: best effort.
	ExecutorMessage struct {
		FrameworkID mesos.FrameworkID
		ExecutorID  mesos.ExecutorID
		Data        []byte
	}
	// ExitedExecutor tells that an executor's container has ended. Status is the raw wait(2) status, -1 if unknown.
	ExitedExecutor struct {
		FrameworkID mesos.FrameworkID
		ExecutorID  mesos.ExecutorID
		Status      int32
	}
	// Pong answers Ping.
	Pong struct{}
)

// From master to agent.
type (
	// Registered answers Register.
	Registered struct {
		AgentID mesos.AgentID
		// PingTimeout is how long an agent without pings waits before it takes the master for gone.
		PingTimeout time.Duration
		// Hostname is the master's.
		Hostname string
	}
	// Reregistered answers Reregister. Reconcile lists tasks that the master believes to be on the agent and that
	// Reregister did not name: the agent answers with a status update for each that it does not know.
	Reregistered struct {
		AgentID     mesos.AgentID
		PingTimeout time.Duration
		Hostname    string
		Reconcile   []ReconcileTask
	}
	// ReconcileTask names a task of a framework.
	ReconcileTask struct {
		FrameworkID mesos.FrameworkID
		TaskID      mesos.TaskID
	}
	// Shutdown tells the agent to end: it was removed, or its registration is refused.
	Shutdown struct{ Reason string }
	// RunTask launches one task of a LAUNCH operation.
	RunTask struct {
		Framework mesos.FrameworkInfo
		Task      mesos.TaskInfo
	}
	// RunTaskGroup launches a LAUNCH_GROUP operation.
	RunTaskGroup struct {
		Framework mesos.FrameworkInfo
		Executor  mesos.ExecutorInfo
		Group     mesos.TaskGroupInfo
	}
	// KillTask is a scheduler's KILL.
	KillTask struct {
		FrameworkID mesos.FrameworkID
		TaskID      mesos.TaskID
		KillPolicy  *mesos.KillPolicy
	}
	// Acknowledge is a scheduler's ACKNOWLEDGE.
	Acknowledge struct {
		FrameworkID mesos.FrameworkID
		TaskID      mesos.TaskID
		UUID        []byte
	}
	// SchedulerMessage is a scheduler's MESSAGE to an executor: best effort.
	SchedulerMessage struct {
		FrameworkID mesos.FrameworkID
		ExecutorID  mesos.ExecutorID
		Data        []byte
	}
	// ShutdownExecutor is a scheduler's SHUTDOWN.
	ShutdownExecutor struct {
		FrameworkID mesos.FrameworkID
		ExecutorID  mesos.ExecutorID
	}
	// ShutdownFramework ends all executors of a removed framework.
	ShutdownFramework struct{ FrameworkID mesos.FrameworkID }
	// UpdateFramework is sent to every agent when a framework (re)subscribes: the agent takes over the new
	// FrameworkInfo and sends the framework's pending status updates again at once.
	UpdateFramework struct{ Framework mesos.FrameworkInfo }
	// CheckpointResources tells all dynamic reservations and volumes that the agent has from now on.
	CheckpointResources struct{ Resources []mesos.Resource }
	// Ping asks for a Pong. Connected is false when the master takes the agent for disconnected, which then registers again.
	Ping struct{ Connected bool }
)

// Address is where an agent's HTTP API listens.
type Address struct {
	Hostname string
	IP       string
	Port     int
	TLS      bool // https is spoken there, not http
}

// Scheme is that of URLs with the address.
func (a Address) Scheme() string {
	if a.TLS {
		return "https"
	}
	return "http"
}

func (Register) message()            {}
func (Reregister) message()          {}
func (Unregister) message()          {}
func (StatusUpdate) message()        {}
func (ExecutorMessage) message()     {}
func (ExitedExecutor) message()      {}
func (Pong) message()                {}
func (Registered) message()          {}
func (Reregistered) message()        {}
func (Shutdown) message()            {}
func (RunTask) message()             {}
func (RunTaskGroup) message()        {}
func (KillTask) message()            {}
func (Acknowledge) message()         {}
func (SchedulerMessage) message()    {}
func (ShutdownExecutor) message()    {}
func (ShutdownFramework) message()   {}
func (UpdateFramework) message()     {}
func (CheckpointResources) message() {}
func (Ping) message()                {}
