package operator

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// ChangeKind says what a [Change] is.
type ChangeKind string

// The kinds of changes. That something was updated may also mean that it was told again.
const (
	Subscribed       ChangeKind = "subscribed"   // the model is what the master says; what differed was told before
	Disconnected     ChangeKind = "disconnected" // the model stays as it is until it is subscribed again
	AgentAdded       ChangeKind = "agent added"
	AgentUpdated     ChangeKind = "agent updated"
	AgentRemoved     ChangeKind = "agent removed"
	FrameworkAdded   ChangeKind = "framework added"
	FrameworkUpdated ChangeKind = "framework updated"
	FrameworkRemoved ChangeKind = "framework removed"
	ExecutorAdded    ChangeKind = "executor added"   // only before Subscribed
	ExecutorRemoved  ChangeKind = "executor removed" // before Subscribed, and with its agent or framework
	TaskAdded        ChangeKind = "task added"
	TaskUpdated      ChangeKind = "task updated"
	TaskEnded        ChangeKind = "task ended" // with its last state, as far as it was told
)

// A Change is one difference between a [Cluster] and the next. Its kind says which of the other fields are set; they are not to be changed.
type Change struct {
	// Kind is what has happened.
	Kind ChangeKind
	// Agent, Framework, Executor or Task is what it has happened to, as it is now, or was last.
	Agent     *MasterResponseGetAgentsAgent
	Framework *MasterResponseGetFrameworksFramework
	Executor  *mesos.ExecutorInfo
	Task      *mesos.Task
	// AgentID is the agent of Executor.
	AgentID string
	// Err says why the model is disconnected, and Retry when it will try again.
	Err   error
	Retry time.Duration
}

// String tells what has changed.
func (c Change) String() string {
	switch {
	case c.Task != nil:
		return fmt.Sprintf("%s: %s of framework %s is %s", c.Kind, c.Task.TaskID.Value, c.Task.FrameworkID.Value, c.Task.State)
	case c.Agent != nil:
		return fmt.Sprintf("%s: %s at %s", c.Kind, agentID(c.Agent), c.Agent.AgentInfo.Hostname)
	case c.Framework != nil:
		return fmt.Sprintf("%s: %s %q", c.Kind, frameworkID(&c.Framework.FrameworkInfo), c.Framework.FrameworkInfo.Name)
	case c.Executor != nil:
		return fmt.Sprintf("%s: %s at %s", c.Kind, c.Executor.ExecutorID.Value, c.AgentID)
	case c.Err != nil:
		return fmt.Sprintf("%s: %v", c.Kind, c.Err)
	}
	return string(c.Kind)
}

// apply makes a cluster that nobody else reads what it is after the change.
func (c *Cluster) apply(change Change) {
	switch change.Kind {
	case AgentAdded, AgentUpdated:
		c.Agents[agentID(change.Agent)] = change.Agent
	case AgentRemoved:
		delete(c.Agents, agentID(change.Agent))
	case FrameworkAdded, FrameworkUpdated:
		c.Frameworks[frameworkID(&change.Framework.FrameworkInfo)] = change.Framework
	case FrameworkRemoved:
		delete(c.Frameworks, frameworkID(&change.Framework.FrameworkInfo))
	case ExecutorAdded:
		c.Executors[change.executor()] = change.Executor
	case ExecutorRemoved:
		delete(c.Executors, change.executor())
	case TaskAdded, TaskUpdated:
		c.Tasks[keyOf(change.Task)] = change.Task
	case TaskEnded:
		delete(c.Tasks, keyOf(change.Task))
	}
}

func (c Change) executor() ExecutorKey {
	return executorKey(&MasterResponseGetExecutorsExecutor{ExecutorInfo: *c.Executor, AgentID: mesos.AgentID{Value: c.AgentID}})
}

// differences are the changes that make a cluster the next: what comes before what goes, agents and frameworks around what they hold. ended are
// tasks whose end next does not show.
func differences(old, next *Cluster, ended map[TaskKey]*mesos.Task) []Change {
	var changes []Change
	added := func(kind, again ChangeKind, known, same bool, c Change) {
		if c.Kind = kind; known {
			c.Kind = again
		}
		if !same {
			changes = append(changes, c)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(next.Agents)) {
		was, is := old.Agents[id], next.Agents[id]
		added(AgentAdded, AgentUpdated, was != nil, was != nil && same(was, is), Change{Agent: is})
	}
	for _, id := range slices.Sorted(maps.Keys(next.Frameworks)) {
		was, is := old.Frameworks[id], next.Frameworks[id]
		added(FrameworkAdded, FrameworkUpdated, was != nil, was != nil && same(was, is), Change{Framework: is})
	}
	for _, key := range slices.SortedFunc(maps.Keys(next.Executors), compareExecutors) {
		if was := old.Executors[key]; was == nil || !same(was, next.Executors[key]) {
			changes = append(changes, Change{Kind: ExecutorAdded, Executor: next.Executors[key], AgentID: key.Agent})
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(next.Tasks), compareTasks) {
		was, is := old.Tasks[key], next.Tasks[key]
		added(TaskAdded, TaskUpdated, was != nil, was != nil && same(was, is), Change{Task: is})
	}
	return append(changes, departures(old, next, ended)...)
}

// departures are the changes that take out of old what next does not have.
func departures(old, next *Cluster, ended map[TaskKey]*mesos.Task) []Change {
	var changes []Change
	for _, key := range slices.SortedFunc(maps.Keys(old.Tasks), compareTasks) {
		if next.Tasks[key] == nil {
			changes = append(changes, Change{Kind: TaskEnded, Task: cmp.Or(ended[key], old.Tasks[key])})
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(old.Executors), compareExecutors) {
		if next.Executors[key] == nil {
			changes = append(changes, Change{Kind: ExecutorRemoved, Executor: old.Executors[key], AgentID: key.Agent})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(old.Frameworks)) {
		if next.Frameworks[id] == nil {
			changes = append(changes, Change{Kind: FrameworkRemoved, Framework: old.Frameworks[id]})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(old.Agents)) {
		if next.Agents[id] == nil {
			changes = append(changes, Change{Kind: AgentRemoved, Agent: old.Agents[id]})
		}
	}
	return changes
}

// same tells whether two messages say the same.
func same[M interface{ AppendBinary([]byte) ([]byte, error) }](a, b M) bool {
	x, err := a.AppendBinary(nil)
	if err != nil {
		return false
	}
	y, err := b.AppendBinary(nil)
	return err == nil && slices.Equal(x, y)
}

func compareTasks(a, b TaskKey) int {
	return cmp.Or(cmp.Compare(a.Framework, b.Framework), cmp.Compare(a.Task, b.Task))
}

func compareExecutors(a, b ExecutorKey) int {
	return cmp.Or(cmp.Compare(a.Agent, b.Agent), cmp.Compare(a.Framework, b.Framework), cmp.Compare(a.Executor, b.Executor))
}
