package master

import (
	"maps"
	"slices"
	"time"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// task is a task that was launched, with what is not shown of it.
type task struct {
	mesos.Task
	seq       int               // order of launch
	killing   bool              // a KILL waits for the agent's return
	killWith  *mesos.KillPolicy // its policy
	check     *mesos.CheckInfo
	firstSeen time.Time
}

// newTask is the record of a task that is about to be launched. It shares no memory with info.
func (m *Master) newTask(f *framework, info *mesos.TaskInfo) *task {
	m.nextID.task++
	own := info.Clone()
	t := &task{seq: m.nextID.task, firstSeen: time.Now(), check: own.Check}
	t.Task = mesos.Task{
		Name: own.Name, TaskID: own.TaskID, FrameworkID: mesos.FrameworkID{Value: f.id}, AgentID: own.AgentID, State: mesos.TaskStaging,
		Resources: own.Resources, Labels: own.Labels, Discovery: own.Discovery, Container: own.Container, HealthCheck: own.HealthCheck,
		KillPolicy: own.KillPolicy, Limits: own.Limits,
	}
	if own.Executor != nil {
		t.ExecutorID = &mesos.ExecutorID{Value: own.Executor.ExecutorID.Value}
	}
	t.User = userOf(own)
	return t
}

// userOf is the user that a task names for itself, nil if it leaves that to its framework.
func userOf(info *mesos.TaskInfo) *string {
	if info.Command != nil && info.Command.User != nil {
		return info.Command.User
	}
	if info.Executor != nil && info.Executor.Command != nil {
		return info.Executor.Command.User
	}
	return nil
}

// role is the role to which the task's resources are allocated.
func (t *task) role() string {
	for i := range t.Resources {
		if a := t.Resources[i].AllocationInfo; a != nil {
			return a.GetRole()
		}
	}
	return ""
}

// masterStatus is a status of the task that the master makes up: it has no uuid and wants no acknowledgement.
func (t *task) masterStatus(state mesos.TaskState, reason mesos.TaskStatusReason, message string) mesos.TaskStatus {
	s := statusOfMaster(t.TaskID.Value, t.AgentID.Value, state, reason, message)
	s.ExecutorID = t.ExecutorID
	return s
}

func statusOfMaster(taskID, agentID string, state mesos.TaskState, reason mesos.TaskStatusReason, message string) mesos.TaskStatus {
	// Together they are one allocation: a RECONCILE may ask for a hundred thousand.
	said := &struct {
		source    mesos.TaskStatusSource
		reason    mesos.TaskStatusReason
		message   string
		timestamp float64
		agent     mesos.AgentID
	}{mesos.SourceMaster, reason, message, seconds(time.Now()), mesos.AgentID{Value: agentID}}
	s := mesos.TaskStatus{
		TaskID: mesos.TaskID{Value: taskID}, State: state, Source: &said.source, Reason: &said.reason, Message: &said.message, Timestamp: &said.timestamp,
	}
	if agentID != "" {
		s.AgentID = &said.agent
	}
	return s
}

var updateType = new(scheduler.EventTypeUpdate)

// update gives a status to the framework.
func (f *framework) update(status mesos.TaskStatus) {
	f.updating.Status = status
	f.send(&scheduler.Event{Type: updateType, Update: &f.updating})
	f.updating = scheduler.EventUpdate{}
}

// sortedTasks are the active tasks in the order of their launch.
func (f *framework) sortedTasks() []*task {
	all := slices.Collect(maps.Values(f.tasks))
	slices.SortFunc(all, func(a, b *task) int { return a.seq - b.seq })
	return all
}

// addTask starts to track a task on an agent.
func (m *Master) addTask(f *framework, a *agent, t *task) {
	f.tasks[t.TaskID.Value] = t
	a.tasks[taskKey{f.id, t.TaskID.Value}] = t
	m.operatorTaskAdded(t)
}

// setState notes a status of a task. latest may be ahead of it. When the task ends by that, its resources are free.
func (m *Master) setState(f *framework, t *task, status mesos.TaskStatus, latest mesos.TaskState) {
	changed := t.State != latest
	ended := latest.Terminal() && !t.State.Terminal()
	noted := !sameCheckResults(t.lastStatus(), &status)
	if !t.State.Terminal() {
		t.State = latest
	} else {
		changed = false
	}
	status.Data = nil
	if last := len(t.Statuses) - 1; last >= 0 && t.Statuses[last].State == status.State {
		t.Statuses[last] = status
	} else {
		t.Statuses = append(t.Statuses, status)
	}
	if ended {
		m.alloc.release(f.id, t.AgentID.Value, t.Resources)
		m.countEnd(f, latest, &status)
	}
	if changed || noted {
		m.operatorTaskUpdated(f, t, status)
	}
}

func (t *task) lastStatus() *mesos.TaskStatus {
	if len(t.Statuses) == 0 {
		return nil
	}
	return &t.Statuses[len(t.Statuses)-1]
}

// sameCheckResults tells whether a status says nothing new about checks or health.
func sameCheckResults(last, status *mesos.TaskStatus) bool {
	switch status.GetReason() {
	case mesos.ReasonTaskCheckStatusUpdated, mesos.ReasonTaskHealthCheckStatusUpdated:
		return status.Reason == nil || last != nil && string(last.UUID) == string(status.UUID)
	}
	return true
}

// completeTask stops to track a task and remembers it among the completed ones.
func (m *Master) completeTask(f *framework, t *task) {
	m.forgetTask(f, t)
	if f.done = append(f.done, t); len(f.done) > m.flags.MaxCompletedTasksPerFramework {
		f.done = slices.Delete(f.done, 0, 1)
	}
}

// loseTask stops to track a task whose agent is unreachable, and remembers it as such.
func (m *Master) loseTask(f *framework, t *task) {
	m.forgetTask(f, t)
	if f.unreachable = append(f.unreachable, t); len(f.unreachable) > m.flags.MaxUnreachableTasksPerFramework {
		f.unreachable = slices.Delete(f.unreachable, 0, 1)
	}
}

// forgetTask takes a task off all lists. What it still uses gets free.
func (m *Master) forgetTask(f *framework, t *task) {
	if !t.State.Terminal() && t.State != mesos.TaskUnreachable {
		m.alloc.release(f.id, t.AgentID.Value, t.Resources)
	}
	delete(f.tasks, t.TaskID.Value)
	if a := m.agents[t.AgentID.Value]; a != nil {
		delete(a.tasks, taskKey{f.id, t.TaskID.Value})
	}
}

// removeExecutor forgets an executor that has ended.
func (m *Master) removeExecutor(f *framework, agentID, executorID string) bool {
	info := f.executor(agentID, executorID)
	if info == nil {
		return false
	}
	m.alloc.release(f.id, agentID, info.Resources)
	delete(f.executors[agentID], executorID)
	if len(f.executors[agentID]) == 0 {
		delete(f.executors, agentID)
	}
	return true
}

// addExecutor notes an executor that runs from now on.
func (f *framework) addExecutor(agentID string, info *mesos.ExecutorInfo) {
	if f.executors[agentID] == nil {
		f.executors[agentID] = map[string]*mesos.ExecutorInfo{}
	}
	f.executors[agentID][info.ExecutorID.Value] = info
}
