package executor

import "time"

// TypedEvent is what [Driver.Events] yields: *EventSubscribed, *EventLaunch, *EventLaunchGroup, *EventKill, *EventMessage,
// *EventAcknowledged, *EventError or *EventShutdown. Handle those that matter to you; more may come.
type TypedEvent interface{ typedEvent() }

// EventShutdown asks the executor to end its tasks, tell how they ended, and exit. It comes once, from the agent, or
// from the driver itself when the agent is gone for good.
type EventShutdown struct {
	// Grace is how long that may take from now. Then the process is killed, see [Options].Kill.
	Grace time.Duration
	// Reason says why, for people. Updates still reach the agent unless this says that it is lost.
	Reason string
}

func (*EventSubscribed) typedEvent()   {}
func (*EventLaunch) typedEvent()       {}
func (*EventLaunchGroup) typedEvent()  {}
func (*EventKill) typedEvent()         {}
func (*EventMessage) typedEvent()      {}
func (*EventAcknowledged) typedEvent() {}
func (*EventError) typedEvent()        {}
func (*EventShutdown) typedEvent()     {}

var (
	_ TypedEvent = (*EventSubscribed)(nil)
	_ TypedEvent = (*EventLaunch)(nil)
	_ TypedEvent = (*EventLaunchGroup)(nil)
	_ TypedEvent = (*EventKill)(nil)
	_ TypedEvent = (*EventMessage)(nil)
	_ TypedEvent = (*EventAcknowledged)(nil)
	_ TypedEvent = (*EventError)(nil)
	_ TypedEvent = (*EventShutdown)(nil)
)

// typed gives the typed event, nil for one that is unknown, has no content or none for the caller.
func (m *Event) typed() TypedEvent {
	switch t := m.GetType(); {
	case t == EventTypeSubscribed && m.Subscribed != nil:
		return m.Subscribed
	case t == EventTypeLaunch && m.Launch != nil:
		return m.Launch
	case t == EventTypeLaunchGroup && m.LaunchGroup != nil:
		return m.LaunchGroup
	case t == EventTypeKill && m.Kill != nil:
		return m.Kill
	case t == EventTypeAcknowledged && m.Acknowledged != nil:
		return m.Acknowledged
	case t == EventTypeMessage && m.Message != nil:
		return m.Message
	case t == EventTypeError && m.Error != nil:
		return m.Error
	}
	return nil
}
