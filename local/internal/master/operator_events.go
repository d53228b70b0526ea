package master

import (
	"slices"
	"time"

	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
)

// operatorStream is an operator's subscription to what happens.
type operatorStream struct {
	stream    *wire.EventStream
	principal string
	heartbeat *time.Timer
}

func (s *operatorStream) close() {
	stopTimer(s.heartbeat)
	s.stream.Close()
}

// operatorSubscribe starts an operator's stream with the state as it is.
func (m *Master) operatorSubscribe(stream *wire.EventStream, principal string) *operatorStream {
	s := &operatorStream{stream: stream, principal: principal}
	stream.Send(&subscribedEvent{operator.MasterEvent{
		Type: new(operator.MasterEventTypeSubscribed), Subscribed: &operator.MasterEventSubscribed{
			GetState: m.stateView(principal), HeartbeatIntervalSeconds: new(heartbeatInterval.Seconds()),
		},
	}})
	m.operators = append(m.operators, s)
	if len(m.operators) > maxSubscribers {
		m.operatorGone(m.operators[0])
	}
	m.operatorBeat(s)
	return s
}

func (m *Master) operatorBeat(s *operatorStream) {
	if !slices.Contains(m.operators, s) {
		return
	}
	s.stream.Send(&operator.MasterEvent{Type: new(operator.MasterEventTypeHeartbeat)})
	s.heartbeat = m.after(heartbeatInterval, func() { m.operatorBeat(s) })
}

// operatorGone ends a subscription.
func (m *Master) operatorGone(s *operatorStream) {
	s.close()
	m.operators = slices.DeleteFunc(m.operators, func(other *operatorStream) bool { return other == s })
}

// tell gives an event about a framework (nil: about none) to all operators that may see it.
func (m *Master) tell(f *framework, event func() *operator.MasterEvent) {
	if len(m.operators) == 0 {
		return
	}
	e := event()
	for _, s := range m.operators {
		if f == nil || m.maySee(s.principal, f) {
			s.stream.Send(e)
		}
	}
}

func (m *Master) operatorTaskAdded(t *task) {
	m.tell(m.frameworks[t.FrameworkID.Value], func() *operator.MasterEvent {
		return &operator.MasterEvent{Type: new(operator.MasterEventTypeTaskAdded), TaskAdded: &operator.MasterEventTaskAdded{Task: t.view()}}
	})
}

func (m *Master) operatorTaskUpdated(f *framework, t *task, status mesos.TaskStatus) {
	m.tell(f, func() *operator.MasterEvent {
		return &operator.MasterEvent{Type: new(operator.MasterEventTypeTaskUpdated), TaskUpdated: &operator.MasterEventTaskUpdated{
			FrameworkID: mesos.FrameworkID{Value: f.id}, Status: status, State: t.State,
		}}
	})
}

// operatorFramework tells that a framework was added or has changed.
func (m *Master) operatorFramework(f *framework, added bool) {
	m.tell(f, func() *operator.MasterEvent {
		if added {
			return &operator.MasterEvent{Type: new(operator.MasterEventTypeFrameworkAdded), FrameworkAdded: &operator.MasterEventFrameworkAdded{Framework: f.view()}}
		}
		return &operator.MasterEvent{Type: new(operator.MasterEventTypeFrameworkUpdated), FrameworkUpdated: &operator.MasterEventFrameworkUpdated{Framework: f.view()}}
	})
}

func (m *Master) operatorFrameworkRemoved(f *framework) {
	m.tell(f, func() *operator.MasterEvent {
		return &operator.MasterEvent{Type: new(operator.MasterEventTypeFrameworkRemoved), FrameworkRemoved: &operator.MasterEventFrameworkRemoved{FrameworkInfo: f.info}}
	})
}

func (m *Master) operatorAgentAdded(a *agent) {
	m.tell(nil, func() *operator.MasterEvent {
		return &operator.MasterEvent{Type: new(operator.MasterEventTypeAgentAdded), AgentAdded: &operator.MasterEventAgentAdded{Agent: m.agentView(a)}}
	})
}

func (m *Master) operatorAgentRemoved(id string) {
	m.tell(nil, func() *operator.MasterEvent {
		return &operator.MasterEvent{Type: new(operator.MasterEventTypeAgentRemoved), AgentRemoved: &operator.MasterEventAgentRemoved{AgentID: mesos.AgentID{Value: id}}}
	})
}
