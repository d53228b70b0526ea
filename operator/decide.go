package operator

import (
	"errors"
	"slices"

	"github.com/ormosproject/ormos/mesos"
)

// errUnknownTask says that the model is behind: the task was out of sight when the model has subscribed, and was not told of since.
var errUnknownTask = errors.New("the master tells of a task that the model does not know")

// changes are what an event makes of a cluster. An event without its member, or of an unknown type, changes nothing.
func (c *Cluster) changes(e *MasterEvent) ([]Change, error) {
	switch {
	case e.GetType() == MasterEventTypeSubscribed && e.Subscribed != nil:
		s := e.Subscribed.GetState
		return append(differences(c, clusterOf(s), endedIn(s)), Change{Kind: Subscribed}), nil
	case e.GetType() == MasterEventTypeTaskAdded && e.TaskAdded != nil:
		return c.taskTold(e.TaskAdded.Task.Clone()), nil
	case e.GetType() == MasterEventTypeTaskUpdated && e.TaskUpdated != nil:
		return c.taskUpdated(e.TaskUpdated)
	case e.GetType() == MasterEventTypeAgentAdded && e.AgentAdded != nil:
		a := e.AgentAdded.Agent.Clone()
		return []Change{{Kind: either(c.Agents[agentID(a)] == nil, AgentAdded, AgentUpdated), Agent: a}}, nil
	case e.GetType() == MasterEventTypeAgentRemoved && e.AgentRemoved != nil:
		return c.without(e.AgentRemoved.AgentID.Value, ""), nil
	case e.GetType() == MasterEventTypeFrameworkAdded && e.FrameworkAdded != nil:
		return c.frameworkTold(&e.FrameworkAdded.Framework), nil
	case e.GetType() == MasterEventTypeFrameworkUpdated && e.FrameworkUpdated != nil:
		return c.frameworkTold(&e.FrameworkUpdated.Framework), nil
	case e.GetType() == MasterEventTypeFrameworkRemoved && e.FrameworkRemoved != nil:
		return c.without("", frameworkID(&e.FrameworkRemoved.FrameworkInfo)), nil
	}
	return nil, nil
}

func either(first bool, a, b ChangeKind) ChangeKind {
	if first {
		return a
	}
	return b
}

func (c *Cluster) frameworkTold(f *MasterResponseGetFrameworksFramework) []Change {
	f = f.Clone()
	return []Change{{Kind: either(c.Frameworks[frameworkID(&f.FrameworkInfo)] == nil, FrameworkAdded, FrameworkUpdated), Framework: f}}
}

// taskTold is what a task that is told as it is now means.
func (c *Cluster) taskTold(t *mesos.Task) []Change {
	known := c.Tasks[keyOf(t)] != nil
	switch {
	case !t.State.Terminal():
		return []Change{{Kind: either(!known, TaskAdded, TaskUpdated), Task: t}}
	case known:
		return []Change{{Kind: TaskEnded, Task: t}}
	}
	return nil
}

// taskUpdated makes a new task of the one that is known: those in snapshots do not change.
func (c *Cluster) taskUpdated(u *MasterEventTaskUpdated) ([]Change, error) {
	known := c.Tasks[TaskKey{u.FrameworkID.Value, u.Status.TaskID.Value}]
	if known == nil && u.State.Terminal() {
		return nil, nil // it has ended before
	}
	if known == nil {
		return nil, errUnknownTask
	}
	t := *known
	t.State, t.StatusUpdateState, t.StatusUpdateUUID = u.State, new(u.Status.State), u.Status.UUID
	t.Statuses = slices.Clone(t.Statuses)
	if n := len(t.Statuses); n > 0 && t.Statuses[n-1].State == u.Status.State {
		t.Statuses = t.Statuses[:n-1] // as the master does: one for each state in a row
	}
	t.Statuses = append(t.Statuses, *u.Status.Clone())
	return c.taskTold(&t), nil
}

// without is what is lost with an agent or a framework.
func (c *Cluster) without(agent, framework string) []Change {
	next := c.clone()
	delete(next.Agents, agent)
	delete(next.Frameworks, framework)
	for key, t := range c.Tasks {
		if key.Framework == framework || t.AgentID.Value == agent {
			delete(next.Tasks, key)
		}
	}
	for key := range c.Executors {
		if key.Framework == framework || key.Agent == agent {
			delete(next.Executors, key)
		}
	}
	return departures(c, next, nil)
}

// endedIn are the tasks that the state shows as ended.
func endedIn(s *MasterResponseGetState) map[TaskKey]*mesos.Task {
	ended := map[TaskKey]*mesos.Task{}
	if s == nil || s.GetTasks == nil {
		return ended
	}
	for _, tasks := range [][]mesos.Task{s.GetTasks.CompletedTasks, s.GetTasks.UnreachableTasks, s.GetTasks.Tasks} {
		for i := range tasks {
			if t := &tasks[i]; t.State.Terminal() {
				ended[keyOf(t)] = t.Clone()
			}
		}
	}
	return ended
}
