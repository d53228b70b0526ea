package master

import (
	"bytes"

	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// statusUpdate takes an agent's status update, forwards it and notes it. What is not forwarded the agent says again.
func (m *Master) statusUpdate(a *agent, u *link.StatusUpdate) {
	f := m.frameworks[u.FrameworkID.Value]
	if f == nil {
		m.counters.add("master/invalid_status_updates", 1)
		return
	}
	m.counters.add("master/valid_status_updates", 1)
	forwarded := f.connected()
	f.update(u.Status)
	t := f.tasks[u.Status.TaskID.Value]
	if t == nil || t.AgentID.Value != a.id {
		return
	}
	if forwarded {
		t.StatusUpdateState, t.StatusUpdateUUID = new(u.Status.State), u.Status.UUID
	}
	m.countStatus(&u.Status)
	m.setState(f, t, u.Status, u.LatestState)
}

// acknowledge passes an acknowledgement on; that of a terminal update ends the master's interest in the task.
func (m *Master) acknowledge(f *framework, call *scheduler.CallAcknowledge) {
	m.counters.add("master/messages_status_update_acknowledgement", 1)
	a := m.agents[call.AgentID.Value]
	if a == nil || !a.connected() {
		m.counters.add(invalidAcknowledgements, 1)
		return
	}
	if t := f.tasks[call.TaskID.Value]; t != nil && t.AgentID.Value == a.id {
		if t.StatusUpdateState == nil {
			m.counters.add(invalidAcknowledgements, 1)
			return
		}
		if t.StatusUpdateState.Terminal() && bytes.Equal(t.StatusUpdateUUID, call.UUID) {
			m.completeTask(f, t)
		}
	}
	m.counters.add("master/valid_status_update_acknowledgements", 1)
	a.send(link.Acknowledge{
		FrameworkID: mesos.FrameworkID{Value: f.id}, TaskID: mesos.TaskID{Value: call.TaskID.Value}, UUID: bytes.Clone(call.UUID),
	})
}

const invalidAcknowledgements = "master/invalid_status_update_acknowledgements"

// kill passes a KILL on, at once or when the agent is back. KILL of an unknown task is answered as RECONCILE is.
func (m *Master) kill(f *framework, call *scheduler.CallKill) {
	m.counters.add("master/messages_kill_task", 1)
	t := f.tasks[call.TaskID.Value]
	if t == nil {
		m.reconcileOne(f, call.TaskID.Value, agentID(call.AgentID))
		return
	}
	if call.AgentID != nil && call.AgentID.Value != t.AgentID.Value {
		return
	}
	a := m.agents[t.AgentID.Value]
	if a == nil {
		return
	}
	if !a.connected() {
		t.killing, t.killWith = true, call.KillPolicy
		return
	}
	a.send(link.KillTask{FrameworkID: t.FrameworkID, TaskID: t.TaskID, KillPolicy: call.KillPolicy})
}

// shutdownExecutor passes a SHUTDOWN on.
func (m *Master) shutdownExecutor(f *framework, call *scheduler.CallShutdown) {
	if a := m.agents[call.AgentID.Value]; a != nil {
		a.send(link.ShutdownExecutor{FrameworkID: mesos.FrameworkID{Value: f.id}, ExecutorID: mesos.ExecutorID{Value: call.ExecutorID.Value}})
	}
}

// message passes a framework's message to an executor on.
func (m *Master) message(f *framework, call *scheduler.CallMessage) {
	m.counters.add("master/messages_framework_to_executor", 1)
	a := m.agents[call.AgentID.Value]
	if a == nil || !a.connected() {
		m.counters.add("master/invalid_framework_to_executor_messages", 1)
		return
	}
	m.counters.add("master/valid_framework_to_executor_messages", 1)
	a.send(link.SchedulerMessage{
		FrameworkID: mesos.FrameworkID{Value: f.id}, ExecutorID: mesos.ExecutorID{Value: call.ExecutorID.Value}, Data: bytes.Clone(call.Data),
	})
}
