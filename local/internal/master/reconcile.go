package master

import (
	"time"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// reconcile answers RECONCILE: of the tasks named, or of all active tasks when none is.
func (m *Master) reconcile(f *framework, call *scheduler.CallReconcile) {
	m.counters.add("master/messages_reconcile_tasks", 1)
	if f.stream != nil {
		f.stream.Cork()
		defer f.stream.Uncork()
	}
	if len(call.Tasks) == 0 {
		for _, t := range f.sortedTasks() {
			f.update(t.reconciled())
		}
		return
	}
	for i := range call.Tasks {
		m.reconcileOne(f, call.Tasks[i].TaskID.Value, agentID(call.Tasks[i].AgentID))
	}
}

// reconciled is what the master knows of an active task.
func (t *task) reconciled() mesos.TaskStatus {
	state := t.State
	if t.StatusUpdateState != nil {
		state = *t.StatusUpdateState
	}
	status := t.masterStatus(state, mesos.ReasonReconciliation, "Reconciliation: Latest task state")
	if last := t.lastStatus(); last != nil {
		status.Healthy, status.CheckStatus, status.ContainerStatus = last.Healthy, last.CheckStatus, last.ContainerStatus
		if last.ExecutorID != nil {
			status.ExecutorID = last.ExecutorID
		}
	}
	return status
}

// reconcileOne tells what the master knows of one task. While agents from before its start are missing it says nothing where
// they could know better.
func (m *Master) reconcileOne(f *framework, taskID, agentID string) {
	if t := f.tasks[taskID]; t != nil {
		f.update(t.reconciled())
		return
	}
	if _, missing := m.recovered[agentID]; missing || agentID == "" && len(m.recovered) > 0 {
		return
	}
	state, why, since := m.fateOf(agentID)
	if !f.caps.partitionAware {
		state = mesos.TaskLost
	}
	status := statusOfMaster(taskID, agentID, state, mesos.ReasonReconciliation, why)
	if !since.IsZero() {
		status.UnreachableTime = &mesos.TimeInfo{Nanoseconds: since.UnixNano()}
	}
	f.update(status)
}

// fateOf is the state of a task that the master does not know, by what it knows of its agent.
func (m *Master) fateOf(agentID string) (state mesos.TaskState, why string, unreachableSince time.Time) {
	if m.agents[agentID] != nil {
		return mesos.TaskGone, "Reconciliation: Task is unknown to the agent", time.Time{}
	}
	if since, ok := m.unreachable[agentID]; ok {
		return mesos.TaskUnreachable, "Reconciliation: Task is on an unreachable agent", since
	}
	if _, ok := m.gone[agentID]; ok {
		return mesos.TaskGoneByOperator, "Reconciliation: Task is gone since its agent is gone", time.Time{}
	}
	return mesos.TaskUnknown, "Reconciliation: Task is unknown", time.Time{}
}
