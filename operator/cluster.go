package operator

import (
	"maps"

	"github.com/ormosproject/ormos/mesos"
)

// A TaskKey names a task: its id, Task, is unique within its Framework only.
type TaskKey struct{ Framework, Task string }

// An ExecutorKey names an executor: its id, Executor, is unique within its Agent and Framework only.
type ExecutorKey struct{ Agent, Framework, Executor string }

// A Cluster is what runs at one moment, as the master has told it. It does not change, and may be read from any goroutine; it is not to be
// changed either.
//
// Mesos' stream tells of agents, frameworks and tasks that come, change and go. It does not tell of offers, of resources in use, of lost connections and
// of executors: these are as they were when the [Model] has subscribed last. Of an agent that is marked gone or out of sight it tells only what that means for
// the tasks: the model finds out at the next heartbeat.
type Cluster struct {
	// Agents are those that are registered, by their ids.
	Agents map[string]*MasterResponseGetAgentsAgent
	// Frameworks are those that have not ended, by their ids.
	Frameworks map[string]*MasterResponseGetFrameworksFramework
	// Executors are those that frameworks have brought; those of command tasks are not among them.
	Executors map[ExecutorKey]*mesos.ExecutorInfo
	// Tasks are those that have not ended, those out of sight too.
	Tasks map[TaskKey]*mesos.Task
}

func newCluster() *Cluster {
	return &Cluster{
		Agents:     map[string]*MasterResponseGetAgentsAgent{},
		Frameworks: map[string]*MasterResponseGetFrameworksFramework{},
		Executors:  map[ExecutorKey]*mesos.ExecutorInfo{},
		Tasks:      map[TaskKey]*mesos.Task{},
	}
}

// clone is another cluster with the same things in it.
func (c *Cluster) clone() *Cluster {
	return &Cluster{
		Agents: maps.Clone(c.Agents), Frameworks: maps.Clone(c.Frameworks), Executors: maps.Clone(c.Executors), Tasks: maps.Clone(c.Tasks),
	}
}

func keyOf(t *mesos.Task) TaskKey { return TaskKey{t.FrameworkID.Value, t.TaskID.Value} }

// clusterOf reads what GET_STATE answers.
func clusterOf(s *MasterResponseGetState) *Cluster {
	c := newCluster()
	if s == nil {
		return c
	}
	if s.GetAgents != nil {
		for i := range s.GetAgents.Agents {
			a := s.GetAgents.Agents[i].Clone()
			c.Agents[agentID(a)] = a
		}
	}
	if s.GetFrameworks != nil {
		for i := range s.GetFrameworks.Frameworks {
			f := s.GetFrameworks.Frameworks[i].Clone()
			c.Frameworks[frameworkID(&f.FrameworkInfo)] = f
		}
	}
	if s.GetExecutors != nil {
		for i := range s.GetExecutors.Executors {
			e := s.GetExecutors.Executors[i].Clone()
			c.Executors[executorKey(e)] = &e.ExecutorInfo
		}
	}
	if s.GetTasks != nil {
		for _, tasks := range [][]mesos.Task{s.GetTasks.Tasks, s.GetTasks.UnreachableTasks} {
			for i := range tasks {
				if t := &tasks[i]; !t.State.Terminal() {
					c.Tasks[keyOf(t)] = t.Clone()
				}
			}
		}
	}
	return c
}

func agentID(a *MasterResponseGetAgentsAgent) string {
	if a.AgentInfo.ID == nil {
		return ""
	}
	return a.AgentInfo.ID.Value
}

func frameworkID(f *mesos.FrameworkInfo) string {
	if f.ID == nil {
		return ""
	}
	return f.ID.Value
}

func executorKey(e *MasterResponseGetExecutorsExecutor) ExecutorKey {
	key := ExecutorKey{Agent: e.AgentID.Value, Executor: e.ExecutorInfo.ExecutorID.Value}
	if e.ExecutorInfo.FrameworkID != nil {
		key.Framework = e.ExecutorInfo.FrameworkID.Value
	}
	return key
}
