package agent

import (
	"github.com/ormosproject/ormos/mesos"
)

// maxCompletedFrameworks is how many frameworks are remembered after their last executor.
const maxCompletedFrameworks = 50

// framework is what the agent knows of a framework that has executors here.
//
//	live -> ending (its executors are shut down, nothing is told any more) -> removed
type framework struct {
	id        string
	info      mesos.FrameworkInfo
	ending    bool
	executors map[string]*executor
	owners    map[string]*executor // by task id, of tasks that are not completed
	completed []*executor          // oldest first
}

// framework gives the framework of a launch, which may be new here.
func (a *Agent) framework(info mesos.FrameworkInfo) *framework {
	id := idOf(&info)
	if f := a.frameworks[id]; f != nil {
		return f
	}
	f := &framework{id: id, info: *info.Clone(), executors: map[string]*executor{}, owners: map[string]*executor{}}
	for i, old := range a.completed {
		if old.id == id {
			f.completed = old.completed
			a.completed = append(a.completed[:i:i], a.completed[i+1:]...)
			break
		}
	}
	a.frameworks[id] = f
	a.checkpointFramework(f)
	return f
}

// has tells whether the framework announced a capability.
func (f *framework) has(capability mesos.FrameworkInfoCapabilityType) bool {
	for i := range f.info.Capabilities {
		if f.info.Capabilities[i].GetType() == capability {
			return true
		}
	}
	return false
}

// absent is the state of a task that does not run: the one given for frameworks that are PARTITION_AWARE, else TASK_LOST.
func (f *framework) absent(state mesos.TaskState) mesos.TaskState {
	if f.has(mesos.FrameworkInfoCapabilityTypePartitionAware) {
		return state
	}
	return mesos.TaskLost
}

// knows tells whether there is a task of that id that is not completed.
func (f *framework) knows(taskID string) bool { return f.owners[taskID] != nil }

// removeIdle forgets the framework when it has no executors left, but for what it has completed.
func (a *Agent) removeIdle(f *framework) {
	if len(f.executors) > 0 || a.frameworks[f.id] != f {
		return
	}
	delete(a.frameworks, f.id)
	a.dropStreams(f)
	a.completed = append(a.completed, f)
	if len(a.completed) > maxCompletedFrameworks {
		a.completed = a.completed[1:]
	}
	a.discardFramework(f)
}

// updateFramework takes over the FrameworkInfo of a framework that subscribed, and delivers what waits for it.
func (a *Agent) updateFramework(info mesos.FrameworkInfo) {
	id := idOf(&info)
	if f := a.frameworks[id]; f != nil {
		f.info = *info.Clone()
		a.checkpointFramework(f)
	}
	for key, s := range a.streams {
		if key.framework == id {
			a.resend(s)
		}
	}
}

// idOf is the id of a framework that has subscribed.
func idOf(info *mesos.FrameworkInfo) string {
	if info.ID == nil {
		return ""
	}
	return info.ID.Value
}
