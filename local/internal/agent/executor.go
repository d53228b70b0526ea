package agent

import (
	"cmp"
	"context"
	"slices"
	"time"

	api "github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/local/internal/cgroup"
	"github.com/ormosproject/ormos/mesos"
)

// maxCompletedTasks is how many completed tasks of an executor are remembered.
const maxCompletedTasks = 200

// executorState is how far an executor is.
type executorState int

const (
	registering executorState = iota // launched, or being launched; its tasks are queued
	running                          // subscribed; a command executor's task runs
	terminating                      // told to shut down, or being destroyed
	terminated                       // its container has ended; status updates may still wait for acknowledgement
)

// executor is an executor of a framework: a container that runs a framework's own executor, the built-in command
// executor with the one container of its task, or the built-in default executor, whose tasks have containers within its own.
//
//	registering -> running -> terminating -> terminated -> (completed)
type executor struct {
	framework *framework
	id        string
	info      mesos.ExecutorInfo
	state     executorState
	run       string           // container id
	directory string           // sandbox
	meta      string           // checkpoints of this run, "" when there are none
	runtime   string           // where the containerizer writes what it needs to find the container again
	user      string           // who runs it, "" for the agent's own user
	command   *commandExecutor // the built-in executor that this is; nil for a framework's own
	group     *defaultExecutor // the same
	within    nest             // containers within its own
	cgroup    *cgroup.Group    // of its processes, and of all within; nil without

	container Container          // nil until launched
	cancel    context.CancelFunc // of a launch that goes on
	unwanted  bool               // to be destroyed once it is launched
	stream    *wire.EventStream  // nil until subscribed
	timer     *time.Timer        // registration, or the end of the shutdown's grace
	exit      *termination       // why it ends, if the agent knows better than "Executor terminated"

	queued    []batch
	tasks     map[string]*task // launched, and terminal ones whose end is not acknowledged
	completed []*task          // oldest first
	launches  int              // counts launched tasks
}

// termination says how live tasks of an executor end.
type termination struct {
	state      mesos.TaskState
	reason     mesos.TaskStatusReason
	message    string
	limitation *mesos.TaskResourceLimitation // nil unless a limit was exceeded
}

// batch is what one LAUNCH or LAUNCH_GROUP event delivers.
type batch struct {
	tasks []mesos.TaskInfo
	group bool
}

// task is a task that was given to its executor.
type task struct {
	record mesos.Task
	number int // in order of launches
}

func (t *task) id() string { return t.record.TaskID.Value }

// taskRecord is how a task that was not launched yet is shown.
func taskRecord(e *executor, info *mesos.TaskInfo) mesos.Task {
	record := mesos.Task{
		Name: info.Name, TaskID: info.TaskID, FrameworkID: mesos.FrameworkID{Value: e.framework.id}, AgentID: info.AgentID,
		State: mesos.TaskStaging, Resources: info.Resources, Labels: info.Labels, Discovery: info.Discovery,
		Container: info.Container, HealthCheck: info.HealthCheck, KillPolicy: info.KillPolicy, Limits: info.Limits,
	}
	if e.command == nil {
		record.ExecutorID = &mesos.ExecutorID{Value: e.id}
	}
	if user := info.Command.GetUser(); user != "" {
		record.User = new(user)
	} else if user := e.info.Command.GetUser(); user != "" {
		record.User = new(user)
	}
	return *record.Clone()
}

// ordered gives the tasks in order of their launch.
func (e *executor) ordered() []*task {
	all := make([]*task, 0, len(e.tasks))
	for _, t := range e.tasks {
		all = append(all, t)
	}
	slices.SortFunc(all, func(x, y *task) int { return cmp.Compare(x.number, y.number) })
	return all
}

// enqueue keeps tasks until the executor can take them.
func (e *executor) enqueue(b batch) {
	e.queued = append(e.queued, b)
	for i := range b.tasks {
		e.framework.owners[b.tasks[i].TaskID.Value] = e
	}
}

// dequeue takes the batch out of the queue that has the task; false when there is none.
func (e *executor) dequeue(taskID string) (batch, bool) {
	for i, b := range e.queued {
		if slices.ContainsFunc(b.tasks, func(t mesos.TaskInfo) bool { return t.TaskID.Value == taskID }) {
			e.queued = slices.Delete(e.queued, i, i+1)
			return b, true
		}
	}
	return batch{}, false
}

// launch moves a batch to the launched tasks.
func (e *executor) launch(b batch) {
	for i := range b.tasks {
		e.launches++
		t := &task{record: taskRecord(e, &b.tasks[i]), number: e.launches}
		e.tasks[t.id()] = t
	}
}

// everSent tells whether the executor ever got a task.
func (e *executor) everSent() bool {
	return slices.ContainsFunc(e.ordered(), (*task).sent) || slices.ContainsFunc(e.completed, (*task).sent)
}

// sent tells whether the task was given to its executor: others were killed before, or it never got them.
func (t *task) sent() bool {
	n := len(t.record.Statuses)
	if n == 0 {
		return true
	}
	reason := t.record.Statuses[n-1].GetReason()
	return reason != mesos.ReasonTaskKilledDuringLaunch && reason != mesos.ReasonAgentRestarted
}

// busy tells whether there are tasks that are not completed.
func (e *executor) busy() bool { return len(e.tasks) > 0 || len(e.queued) > 0 }

// record notes what a status update says of its task; nothing for a task that is not the executor's.
func (e *executor) record(s *mesos.TaskStatus) {
	t := e.tasks[s.TaskID.Value]
	if t == nil || t.record.State.Terminal() {
		return
	}
	t.record.State = s.State
	statuses := t.record.Statuses
	if n := len(statuses); n > 0 && statuses[n-1].State == s.State {
		statuses = statuses[:n-1]
	}
	t.record.Statuses = append(statuses, *s.Clone())
}

// complete moves a task whose end was acknowledged to the completed ones.
func (e *executor) complete(taskID string) {
	t := e.tasks[taskID]
	if t == nil {
		return
	}
	delete(e.tasks, taskID)
	delete(e.framework.owners, taskID)
	e.completed = append(e.completed, t)
	if len(e.completed) > maxCompletedTasks {
		e.completed = slices.Delete(e.completed, 0, 1)
	}
}

// send gives an event to the executor, if it is subscribed.
func (e *executor) send(event *api.Event) {
	if e.stream != nil {
		e.stream.Send(event)
	}
}

// release stops timers and ends the stream.
func (e *executor) release() {
	if e.timer != nil {
		e.timer.Stop()
	}
	if e.stream != nil {
		e.stream.Close()
		e.stream = nil
	}
	if e.command != nil {
		e.command.over()
	}
	if e.group != nil {
		e.group.release()
	}
}
