package scheduler

import (
	"fmt"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

func (*EventTask) typedEvent()        {}
func (*EventOperation) typedEvent()   {}
func (*EventUnknownTask) typedEvent() {}

// EventTask is a [Framework]'s: the record of a task has changed, and is saved. The first tells that it is to be launched (TASK_STAGING, not
// Heard), the last that it is over. The end is told once, unless the process ends before the loop's body has. Of an abandoned
// task nothing more is told: it is killed if it returns, and forgotten when it has really ended.
type EventTask struct {
	// Task is the record as it is now.
	Task Task
	// Before is the state before; TASK_STAGING at first.
	Before mesos.TaskState
	// Status is what the master or the agent has said, with its data; nil where the change is the framework's own.
	Status *mesos.TaskStatus
	// Recorded tells that this is no news but what is recorded: the loop over the events begins with each task that is not known to be abandoned, before its first
	// EventSubscribed. What has changed when the last loop, or process, ended may not have been told.
	Recorded bool
	// Dropped tells that the task never started, for a cause that is not its own: the offer was gone (REASON_INVALID_OFFERS), say, or the agent.
	// That is no failure. Its need waits again and is launched under another id, after Retry.
	Dropped bool
	Retry   time.Duration
	// Err is why the call that was to launch it was not made, or was refused.
	Err error
}

// String tells it in one line, for people.
func (e *EventTask) String() string {
	text := fmt.Sprintf("%v of %s", e.Task.State(), e.Task.ID)
	if e.Status != nil && e.Status.Reason != nil {
		text += ", " + e.Status.Reason.String()
	}
	if message := e.Status.GetMessage(); message != "" {
		text += ": " + message
	}
	if e.Err != nil {
		text += fmt.Sprintf(": %v", e.Err)
	}
	if e.Dropped {
		text += fmt.Sprintf("; launching it elsewhere in %v", e.Retry.Round(time.Millisecond))
	}
	return text
}

// EventOperation is a [Framework]'s: the record of an operation has changed, and is saved.
type EventOperation struct {
	// Operation is the record as it is now.
	Operation Operation
	// Before is the state before; OPERATION_PENDING at first.
	Before mesos.OperationState
	// Recorded tells that this is no news but what is recorded, as in [EventTask].
	Recorded bool
	// Err is why the call that asked for it was not made, or was refused.
	Err error
}

// EventUnknownTask is a [Framework]'s: a task of the framework that it has no record of is alive. It is told once for each state.
type EventUnknownTask struct {
	// Status is what was said of it. With AdoptUnknown or KillUnknown there is no such event.
	Status *mesos.TaskStatus
}

// UnknownTasks says what to do about tasks of the framework that it has no record of, since the store is older than they are, or they were
// launched by other means.
type UnknownTasks string

const (
	// TellUnknown leaves it to whoever ranges over the events: [EventUnknownTask]. It is the zero value.
	TellUnknown UnknownTasks = ""
	// AdoptUnknown makes a record of them and follows them like others.
	AdoptUnknown UnknownTasks = "adopt"
	// KillUnknown ends them.
	KillUnknown UnknownTasks = "kill"
)

// Maintenance says how inverse offers are answered.
type Maintenance string

const (
	// TellMaintenance leaves it to whoever ranges over the events: [EventInverseOffers]. It is the zero value.
	TellMaintenance Maintenance = ""
	// AcceptMaintenance agrees to give resources back in time. The events are told: ending the tasks is their reader's part.
	AcceptMaintenance Maintenance = "accept"
	// DeclineMaintenance says that the framework may not be able to.
	DeclineMaintenance Maintenance = "decline"
)
