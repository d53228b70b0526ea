package operator

import (
	"maps"
	"testing"

	"pgregory.net/rapid"

	"github.com/ormosproject/ormos/mesos"
)

var states = []mesos.TaskState{mesos.TaskStaging, mesos.TaskRunning, mesos.TaskUnreachable, mesos.TaskFinished, mesos.TaskLost}

func aName(t *rapid.T) string { return rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name") }

func aTask(t *rapid.T) mesos.Task {
	return mesos.Task{
		TaskID: mesos.TaskID{Value: aName(t)}, FrameworkID: mesos.FrameworkID{Value: aName(t)}, AgentID: mesos.AgentID{Value: aName(t)},
		State: rapid.SampledFrom(states).Draw(t, "state"),
	}
}

func anAgent(t *rapid.T) MasterResponseGetAgentsAgent {
	return MasterResponseGetAgentsAgent{AgentInfo: mesos.AgentInfo{ID: &mesos.AgentID{Value: aName(t)}, Hostname: aName(t)}}
}

func aFramework(t *rapid.T) MasterResponseGetFrameworksFramework {
	return MasterResponseGetFrameworksFramework{FrameworkInfo: mesos.FrameworkInfo{ID: &mesos.FrameworkID{Value: aName(t)}, Name: aName(t)}}
}

func anExecutor(t *rapid.T) MasterResponseGetExecutorsExecutor {
	return MasterResponseGetExecutorsExecutor{AgentID: mesos.AgentID{Value: aName(t)}, ExecutorInfo: mesos.ExecutorInfo{
		ExecutorID: mesos.ExecutorID{Value: aName(t)}, FrameworkID: &mesos.FrameworkID{Value: aName(t)},
	}}
}

func aState(t *rapid.T) *MasterResponseGetState {
	return &MasterResponseGetState{
		GetAgents:     &MasterResponseGetAgents{Agents: rapid.SliceOfN(rapid.Custom(anAgent), 0, 4).Draw(t, "agents")},
		GetFrameworks: &MasterResponseGetFrameworks{Frameworks: rapid.SliceOfN(rapid.Custom(aFramework), 0, 4).Draw(t, "frameworks")},
		GetExecutors:  &MasterResponseGetExecutors{Executors: rapid.SliceOfN(rapid.Custom(anExecutor), 0, 4).Draw(t, "executors")},
		GetTasks:      &MasterResponseGetTasks{Tasks: rapid.SliceOfN(rapid.Custom(aTask), 0, 6).Draw(t, "tasks")},
	}
}

// anEvent is one that no master would send in this order, as likely as not.
func anEvent(t *rapid.T) *MasterEvent {
	e := &MasterEvent{Type: new(MasterEventType(rapid.IntRange(0, 9).Draw(t, "type")))}
	if rapid.IntRange(0, 9).Draw(t, "empty") == 0 {
		return e // without its member
	}
	switch *e.Type {
	case MasterEventTypeSubscribed:
		e.Subscribed = &MasterEventSubscribed{GetState: aState(t)}
	case MasterEventTypeTaskAdded:
		e.TaskAdded = &MasterEventTaskAdded{Task: aTask(t)}
	case MasterEventTypeTaskUpdated:
		task := aTask(t)
		e.TaskUpdated = &MasterEventTaskUpdated{
			FrameworkID: task.FrameworkID, State: task.State, Status: mesos.TaskStatus{TaskID: task.TaskID, State: task.State},
		}
	case MasterEventTypeAgentAdded:
		e.AgentAdded = &MasterEventAgentAdded{Agent: anAgent(t)}
	case MasterEventTypeAgentRemoved:
		e.AgentRemoved = &MasterEventAgentRemoved{AgentID: mesos.AgentID{Value: aName(t)}}
	case MasterEventTypeFrameworkAdded:
		e.FrameworkAdded = &MasterEventFrameworkAdded{Framework: aFramework(t)}
	case MasterEventTypeFrameworkUpdated:
		e.FrameworkUpdated = &MasterEventFrameworkUpdated{Framework: aFramework(t)}
	case MasterEventTypeFrameworkRemoved:
		e.FrameworkRemoved = &MasterEventFrameworkRemoved{FrameworkInfo: aFramework(t).FrameworkInfo}
	}
	return e
}

// keys are what a cluster has, in comparable form.
type keys struct {
	agents, frameworks map[string]string
	tasks              map[TaskKey]mesos.TaskState
	executors          int
}

func keysOf(c *Cluster) keys {
	k := keys{agents: map[string]string{}, frameworks: map[string]string{}, tasks: map[TaskKey]mesos.TaskState{}, executors: len(c.Executors)}
	for id, a := range c.Agents {
		k.agents[id] = a.AgentInfo.Hostname
	}
	for id, f := range c.Frameworks {
		k.frameworks[id] = f.FrameworkInfo.Name
	}
	for key, t := range c.Tasks {
		k.tasks[key] = t.State
	}
	return k
}

func (k keys) equal(o keys) bool {
	return maps.Equal(k.agents, o.agents) && maps.Equal(k.frameworks, o.frameworks) && maps.Equal(k.tasks, o.tasks) && k.executors == o.executors
}

// Whatever events come in whatever order: whoever applies the changes has what the model has, each change is one, no ended task stays, a snapshot does not
// change, and after SUBSCRIBED the model is what the master says.
func TestChangesAreTheWholeTruth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, theirs := NewModel(nil), newCluster()
		for range rapid.IntRange(1, 30).Draw(t, "events") {
			before := m.Cluster()
			was := keysOf(before)
			e := anEvent(t)
			err := m.take(e, func(c Change) bool {
				check(t, theirs, c)
				theirs.apply(c)
				return true
			})
			if err != nil && (err != errUnknownTask || e.TaskUpdated == nil) {
				t.Fatal(err)
			}
			now := keysOf(m.Cluster())
			if !now.equal(keysOf(theirs)) {
				t.Fatalf("after %v the changes lead to %+v, not %+v", e, keysOf(theirs), now)
			}
			if !was.equal(keysOf(before)) {
				t.Fatalf("%v has changed a snapshot", e)
			}
			for key, state := range now.tasks {
				if state.Terminal() {
					t.Fatalf("%v has ended and stays", key)
				}
			}
			if e.Subscribed != nil && !now.equal(keysOf(clusterOf(e.Subscribed.GetState))) {
				t.Fatalf("after %v there is %+v", e, now)
			}
		}
	})
}

// check finds changes that change nothing, or something else than they say.
func check(t *rapid.T, c *Cluster, change Change) {
	added, there := false, false
	switch change.Kind {
	case AgentAdded, AgentUpdated, AgentRemoved:
		added, there = change.Kind == AgentAdded, c.Agents[agentID(change.Agent)] != nil
	case FrameworkAdded, FrameworkUpdated, FrameworkRemoved:
		added, there = change.Kind == FrameworkAdded, c.Frameworks[frameworkID(&change.Framework.FrameworkInfo)] != nil
	case TaskAdded, TaskUpdated, TaskEnded:
		added, there = change.Kind == TaskAdded, c.Tasks[keyOf(change.Task)] != nil
	default:
		return
	}
	if added == there {
		t.Fatalf("%v where it is there: %t", change, there)
	}
}

// A task in a snapshot keeps its state, and the master's habit of one status for each state in a row is followed.
func TestAnUpdateMakesANewTask(t *testing.T) {
	m := NewModel(nil)
	send := func(state mesos.TaskState, message string) {
		t.Helper()
		err := m.take(&MasterEvent{Type: new(MasterEventTypeTaskUpdated), TaskUpdated: &MasterEventTaskUpdated{
			State: state, Status: mesos.TaskStatus{State: state, Message: new(message)},
		}}, func(Change) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := m.take(&MasterEvent{Type: new(MasterEventTypeTaskAdded), TaskAdded: &MasterEventTaskAdded{}}, func(Change) bool { return true }); err != nil {
		t.Fatal(err)
	}
	send(mesos.TaskStarting, "")
	before := m.Cluster().Tasks[TaskKey{}]
	send(mesos.TaskRunning, "ill")
	send(mesos.TaskRunning, "well")
	now := m.Cluster().Tasks[TaskKey{}]
	if before.State != mesos.TaskStarting || len(before.Statuses) != 1 {
		t.Errorf("the snapshot has changed: %v", before)
	}
	if len(now.Statuses) != 2 || now.Statuses[1].GetMessage() != "well" || now.State != mesos.TaskRunning {
		t.Errorf("got %v", now)
	}
}
