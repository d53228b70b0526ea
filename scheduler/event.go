package scheduler

import (
	"fmt"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// A TypedEvent is what a [Session] tells: one of the pointers below. A caller handles the types that it cares about; more may come.
type TypedEvent interface{ typedEvent() }

func (*EventSubscribed) typedEvent()            {}
func (*EventOffers) typedEvent()                {}
func (*EventInverseOffers) typedEvent()         {}
func (*EventRescind) typedEvent()               {}
func (*EventRescindInverseOffer) typedEvent()   {}
func (*EventUpdate) typedEvent()                {}
func (*EventUpdateOperationStatus) typedEvent() {}
func (*EventMessage) typedEvent()               {}
func (*EventFailure) typedEvent()               {}
func (*EventHeartbeat) typedEvent()             {}
func (*EventDisconnected) typedEvent()          {}

// EventHeartbeat is the master's sign of life: right after EventSubscribed and then every 15 s. The session watches it; for a caller it is
// a good moment for what is done every now and then.
type EventHeartbeat struct{}

// EventDisconnected is the session's own: the subscription was lost, or an attempt to subscribe has failed, or no master leads. The offers
// that are held are void. The session tries again by itself.
type EventDisconnected struct {
	// Err is why.
	Err error
	// Retry is the pause before the next attempt; 0 means that it waits for a leading master.
	Retry time.Duration
	// Lost tells that there had been a subscription.
	Lost bool
}

// String tells it in one line, for people.
func (e *EventDisconnected) String() string {
	if e.Retry == 0 {
		return fmt.Sprintf("disconnected: %v; waiting for a leading master", e.Err)
	}
	return fmt.Sprintf("disconnected: %v; trying again in %v", e.Err, e.Retry.Round(time.Millisecond))
}

// typed returns the part of a master's event that its type names, nil if it is none that callers are told of: an error, a type that
// this version does not know, or one without its part.
func (m *Event) typed() TypedEvent {
	switch m.GetType() {
	case EventTypeSubscribed:
		return present(m.Subscribed)
	case EventTypeOffers:
		return present(m.Offers)
	case EventTypeInverseOffers:
		return present(m.InverseOffers)
	case EventTypeRescind:
		return present(m.Rescind)
	case EventTypeRescindInverseOffer:
		return present(m.RescindInverseOffer)
	case EventTypeUpdate:
		return present(m.Update)
	case EventTypeUpdateOperationStatus:
		return present(m.UpdateOperationStatus)
	case EventTypeMessage:
		return present(m.Message)
	case EventTypeFailure:
		return present(m.Failure)
	case EventTypeHeartbeat:
		return new(EventHeartbeat)
	}
	return nil
}

// present makes of a nil pointer a nil event.
func present[T any, P interface {
	*T
	TypedEvent
}](p P) TypedEvent {
	if p == nil {
		return nil
	}
	return p
}

// acknowledgement returns the call that e wants when it has been dealt with, nil if it wants none: only what an agent resends has a uuid.
func acknowledgement(e TypedEvent) *Call {
	switch e := e.(type) {
	case *EventUpdate:
		status := &e.Status
		if len(status.UUID) == 0 || status.AgentID == nil {
			return nil
		}
		return &Call{
			Type:        new(CallTypeAcknowledge),
			Acknowledge: &CallAcknowledge{AgentID: *status.AgentID, TaskID: status.TaskID, UUID: status.UUID},
		}
	case *EventUpdateOperationStatus:
		status := &e.Status
		if status.UUID == nil || status.OperationID == nil {
			return nil
		}
		return &Call{
			Type: new(CallTypeAcknowledgeOperationStatus),
			AcknowledgeOperationStatus: &CallAcknowledgeOperationStatus{
				AgentID: status.AgentID, ResourceProviderID: status.ResourceProviderID,
				UUID: status.UUID.Value, OperationID: *status.OperationID,
			},
		}
	}
	return nil
}

// Refuse returns the filter of a decline, or of what an accept leaves over: these resources are not to be offered again for d.
// Mesos' default is 5 s. At most 365 days count; 0 sets no filter.
func Refuse(d time.Duration) *mesos.Filters {
	return &mesos.Filters{RefuseSeconds: new(max(0, d).Seconds())}
}
