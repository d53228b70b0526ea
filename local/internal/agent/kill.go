package agent

import (
	"time"

	api "github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
)

// killTask is a scheduler's KILL.
func (a *Agent) killTask(m link.KillTask) {
	f := a.frameworks[m.FrameworkID.Value]
	if f == nil || f.ending {
		return
	}
	e := f.owners[m.TaskID.Value]
	if e == nil {
		a.tell(f.id, nil, mesos.TaskStatus{
			TaskID: mesos.TaskID{Value: m.TaskID.Value}, State: f.absent(mesos.TaskDropped),
			Reason: new(mesos.ReasonExecutorTerminated), Message: new("Cannot find executor"),
		})
		return
	}
	if b, ok := e.dequeue(m.TaskID.Value); ok {
		a.killQueued(e, b)
		return
	}
	switch {
	case e.state >= terminating:
	case e.command != nil:
		e.command.kill(m.KillPolicy)
	case e.group != nil:
		e.group.kill(m.TaskID.Value, m.KillPolicy)
	default:
		e.send(&api.Event{
			Type: new(api.EventTypeKill),
			Kill: &api.EventKill{TaskID: mesos.TaskID{Value: m.TaskID.Value}, KillPolicy: m.KillPolicy},
		})
	}
}

// killQueued tells that tasks ended before their executor got them, a group as a whole.
func (a *Agent) killQueued(e *executor, b batch) {
	e.launch(b)
	t := termination{mesos.TaskKilled, mesos.ReasonTaskKilledDuringLaunch, "Killed before delivery to the executor", nil}
	if b.group {
		t.message = "A task within the task group was killed before delivery to the executor"
	}
	for i := range b.tasks {
		a.tell(e.framework.id, e, t.status(b.tasks[i].TaskID))
	}
	if e.command != nil {
		e.state, e.command.ended = terminating, true
		a.destroy(e)
	}
}

// shutdownExecutor is a scheduler's SHUTDOWN.
func (a *Agent) shutdownExecutor(m link.ShutdownExecutor) {
	if f := a.frameworks[m.FrameworkID.Value]; f != nil && !f.ending {
		if e := f.executors[m.ExecutorID.Value]; e != nil {
			a.shutdown(e)
		}
	}
}

// shutdownFramework ends all executors of a framework that was removed. Nothing is told about them any more.
func (a *Agent) shutdownFramework(id string) {
	f := a.frameworks[id]
	if f == nil || f.ending {
		return
	}
	f.ending = true
	a.dropStreams(f)
	for _, e := range f.executors {
		a.shutdown(e)
		a.removeIfDone(e)
	}
	a.removeIdle(f)
}

// shutdown asks an executor to end, and ends it when it has not after its grace.
func (a *Agent) shutdown(e *executor) {
	if e.state >= terminating {
		return
	}
	if e.command != nil {
		a.shutdownCommand(e)
		return
	}
	e.state = terminating
	if e.timer != nil {
		e.timer.Stop()
	}
	if e.group != nil {
		e.timer = a.after(a.grace(e), func() { a.destroy(e) })
		e.group.shutdown()
		return
	}
	e.send(&api.Event{Type: new(api.EventTypeShutdown)})
	if e.stream == nil {
		// Nobody can hear it. A container that is being fetched or has not subscribed has nothing to tidy.
		a.destroy(e)
		return
	}
	e.timer = a.after(a.grace(e), func() { a.destroy(e) })
}

// shutdownCommand ends a command task as its executor would.
func (a *Agent) shutdownCommand(e *executor) {
	if len(e.queued) > 0 {
		b := e.queued[0]
		e.queued = nil
		a.killQueued(e, b)
		return
	}
	e.command.endEarly(max(a.grace(e)-2*time.Second, 0))
}

// grace is how long an executor may take to shut down.
func (a *Agent) grace(e *executor) time.Duration {
	if g := e.info.ShutdownGracePeriod; g != nil {
		return time.Duration(g.Nanoseconds)
	}
	return a.flags.ExecutorShutdownGracePeriod
}

// exited is called when an executor's container has ended, or could not be launched.
func (a *Agent) exited(e *executor, status int32) {
	if e.state == terminated {
		return
	}
	if e.command != nil {
		e.command.exited(status)
	}
	e.state = terminated
	e.release()
	a.destroyAll(e.within)
	a.removeGroup(e.cgroup)
	a.counters.executorsTerminated++
	a.log.Info("an executor has ended", "framework", e.framework.id, "executor", e.id, "status", status)
	a.endTasks(e)
	if e.command == nil {
		a.say(link.ExitedExecutor{
			FrameworkID: mesos.FrameworkID{Value: e.framework.id}, ExecutorID: mesos.ExecutorID{Value: e.id}, Status: status,
		})
	}
	a.removeIfDone(e)
	a.checkStopped()
}

// endTasks tells the end of all tasks that an executor has left alive.
func (a *Agent) endTasks(e *executor) {
	t := termination{mesos.TaskFailed, mesos.ReasonExecutorTerminated, "Executor terminated", nil}
	if e.exit != nil {
		t = *e.exit
	}
	for _, b := range e.queued {
		e.launch(b)
	}
	e.queued = nil
	for _, task := range e.ordered() {
		if !task.record.State.Terminal() {
			a.tell(e.framework.id, e, t.status(task.record.TaskID))
		}
	}
}

// removeIfDone forgets an executor that has ended and of which nothing waits for acknowledgement.
func (a *Agent) removeIfDone(e *executor) {
	f := e.framework
	if e.state != terminated || f.executors[e.id] != e || e.busy() && !f.ending {
		return
	}
	for id := range e.tasks {
		e.complete(id)
	}
	delete(f.executors, e.id)
	f.completed = append(f.completed, e)
	if len(f.completed) > a.flags.MaxCompletedExecutorsPerFramework {
		f.completed = f.completed[1:]
	}
	a.discard(e)
	a.removeIdle(f)
}
