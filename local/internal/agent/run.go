package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"

	api "github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/local/internal/container"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
)

// runTask launches one task: on an executor of its own when it has a command, on its framework's otherwise.
func (a *Agent) runTask(m link.RunTask) {
	f := a.framework(m.Framework)
	b := batch{tasks: []mesos.TaskInfo{m.Task}}
	info, command := commandExecutorInfo(f, &m.Task), m.Task.Executor == nil
	if !command {
		info = *m.Task.Executor
	}
	if why := unsupported(&m.Task); why != "" {
		a.fail(f, b, info.ExecutorID, why, command)
		return
	}
	a.runBatch(f, info, b, command)
}

// unsupported says what a task needs that the local cluster does not have yet: to run it without would not be what was asked for.
func unsupported(t *mesos.TaskInfo) string {
	wanted := []*mesos.ContainerInfo{t.Container}
	if t.Executor != nil {
		wanted = append(wanted, t.Executor.Container)
	}
	for _, c := range wanted {
		switch {
		case c != nil && c.Type == mesos.ContainerInfoTypeDocker:
			return "Docker containers are not supported by the local cluster yet"
		case c != nil && c.Mesos != nil && c.Mesos.Image != nil:
			return "Container images are not supported by the local cluster yet"
		}
	}
	return ""
}

// fail ends tasks whose executor cannot be launched, and the executor, of which the master knows unless it is the command executor.
func (a *Agent) fail(f *framework, b batch, executor mesos.ExecutorID, why string, command bool) {
	a.refuse(f, b, executor, termination{mesos.TaskFailed, mesos.ReasonContainerLaunchFailed, why, nil})
	if !command {
		a.say(link.ExitedExecutor{FrameworkID: mesos.FrameworkID{Value: f.id}, ExecutorID: executor, Status: -1})
	}
	a.removeIdle(f)
}

// runTaskGroup launches a group.
func (a *Agent) runTaskGroup(m link.RunTaskGroup) {
	f := a.framework(m.Framework)
	b := batch{tasks: m.Group.Tasks, group: true}
	for i := range b.tasks {
		if why := unsupported(&b.tasks[i]); why != "" {
			a.fail(f, b, m.Executor.ExecutorID, why, false)
			return
		}
	}
	a.runBatch(f, m.Executor, b, false)
}

// runBatch gives tasks to their executor, which is launched if it is not there.
func (a *Agent) runBatch(f *framework, info mesos.ExecutorInfo, b batch, command bool) {
	if f.ending || a.stopping {
		a.log.Info("tasks of a framework that ends are not launched", "framework", f.id)
		a.removeIdle(f)
		return
	}
	if why := a.flags.unlimitable(b.tasks); why != "" {
		a.refuse(f, b, info.ExecutorID, termination{mesos.TaskDropped, mesos.ReasonGcError, why, nil})
		if !command && f.executors[info.ExecutorID.Value] == nil {
			a.say(link.ExitedExecutor{FrameworkID: mesos.FrameworkID{Value: f.id}, ExecutorID: info.ExecutorID, Status: -1})
		}
		a.removeIdle(f)
		return
	}
	e := f.executors[info.ExecutorID.Value]
	switch {
	case e == nil:
		a.launchExecutor(f, info, b, command)
	case e.command != nil || command:
		a.refuse(f, b, info.ExecutorID, termination{
			mesos.TaskDropped, mesos.ReasonTaskInvalid, "Task id is used by a command task whose executor has not ended", nil,
		})
	case e.state >= terminating:
		a.refuse(f, b, info.ExecutorID, termination{mesos.TaskDropped, mesos.ReasonExecutorTerminated, "Executor terminating", nil})
	default:
		if err := a.showVolumes(e, b); err != nil {
			a.refuse(f, b, info.ExecutorID, termination{mesos.TaskFailed, mesos.ReasonContainerLaunchFailed, err.Error(), nil})
			return
		}
		e.enqueue(b)
		a.limitGroup(e)
		a.checkpointTasks(e, b)
		a.deliver(e)
	}
}

// showVolumes shows the executor's persistent volumes in its sandbox, and those of tasks that it runs there.
func (a *Agent) showVolumes(e *executor, b batch) error {
	if err := a.linkVolumes(e.directory, e.user, e.info.Resources); err != nil || e.group != nil {
		return err
	}
	for i := range b.tasks {
		if err := a.linkVolumes(e.directory, e.user, b.tasks[i].Resources); err != nil {
			return err
		}
	}
	return nil
}

// refuse tells that tasks will not run. They never belong to an executor.
func (a *Agent) refuse(f *framework, b batch, executorID mesos.ExecutorID, t termination) {
	if t.state == mesos.TaskDropped {
		t.state = f.absent(t.state)
	}
	for i := range b.tasks {
		s := t.status(b.tasks[i].TaskID)
		s.ExecutorID = &mesos.ExecutorID{Value: executorID.Value}
		a.tell(f.id, nil, s)
	}
}

// status is the update that tells a task's end.
func (t termination) status(id mesos.TaskID) mesos.TaskStatus {
	return mesos.TaskStatus{
		TaskID: mesos.TaskID{Value: id.Value}, State: t.state, Reason: new(t.reason), Message: new(t.message), Limitation: t.limitation.Clone(),
	}
}

// launchExecutor makes a new executor with its first tasks.
func (a *Agent) launchExecutor(f *framework, info mesos.ExecutorInfo, b batch, command bool) {
	info = *info.Clone()
	info.FrameworkID = &mesos.FrameworkID{Value: f.id}
	e := &executor{framework: f, id: info.ExecutorID.Value, info: info, run: uuidText(newUUID()), tasks: map[string]*task{}, within: nest{}}
	switch {
	case command:
		e.command = newCommandExecutor(a, e, b.tasks[0])
	case info.GetType() == mesos.ExecutorInfoTypeDefault:
		e.group = newDefaultExecutor(a, e)
	}
	if err := a.prepare(e, b); err != nil {
		a.log.Warn("cannot make an executor", "framework", f.id, "executor", e.id, "error", err)
		a.refuse(f, b, info.ExecutorID, termination{mesos.TaskDropped, mesos.ReasonExecutorTerminated, err.Error(), nil})
		if !command {
			a.say(link.ExitedExecutor{FrameworkID: mesos.FrameworkID{Value: f.id}, ExecutorID: info.ExecutorID, Status: -1})
		}
		a.removeIdle(f)
		return
	}
	f.executors[e.id] = e
	e.enqueue(b)
	e.cgroup = a.groups.Group(e.run)
	a.limitGroup(e)
	a.watchGroup(e)
	a.checkpointTasks(e, b)
	a.start(e)
}

// prepare makes the sandbox and what is checkpointed of the executor.
func (a *Agent) prepare(e *executor, b batch) error {
	e.user = a.userOf(e, b)
	runs := runsOf(a.layout.sandboxes(a.id), e.framework.id, e.id)
	e.directory = filepath.Join(runs, e.run)
	if err := makeDirectory(e.directory, 0o750); err != nil {
		return fmt.Errorf("cannot make a sandbox: %w", err)
	}
	if err := chown(e.directory, e.user); err != nil {
		return fmt.Errorf("cannot give the sandbox to user '%s': %w", e.user, err)
	}
	latest := filepath.Join(runs, "latest")
	if err := relink(e.directory, latest); err != nil {
		return fmt.Errorf("cannot make a sandbox: %w", err)
	}
	if err := a.showVolumes(e, b); err != nil {
		return err
	}
	a.attach(e)
	if err := a.checkpointExecutor(e); err != nil {
		return fmt.Errorf("cannot checkpoint the executor: %w", err)
	}
	return nil
}

// userOf is who runs the executor.
func (a *Agent) userOf(e *executor, b batch) string {
	return allowed(cmp.Or(e.commandInfo(b).GetUser(), e.framework.info.User))
}

// allowed is the user if we may choose: only root can.
func allowed(user string) string {
	if os.Geteuid() != 0 {
		return ""
	}
	return user
}

// commandInfo is what the container will run.
func (e *executor) commandInfo(b batch) *mesos.CommandInfo {
	if e.command != nil && len(b.tasks) > 0 {
		return b.tasks[0].Command
	}
	return e.info.Command
}

func chown(directory, name string) error {
	if name == "" {
		return nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return err
	}
	uid, uidErr := strconv.Atoi(u.Uid)
	gid, gidErr := strconv.Atoi(u.Gid)
	if err := errors.Join(uidErr, gidErr); err != nil {
		return err
	}
	return os.Chown(directory, uid, gid)
}

// attach shows the sandbox under /files.
func (a *Agent) attach(e *executor) {
	a.files.Attach(e.directory, e.directory)
	a.files.Attach(filepath.Join(filepath.Dir(e.directory), "latest"), e.directory)
	a.files.Attach(virtualLatest(e.framework.id, e.id), e.directory)
}

// detach hides the sandbox, unless a later run of the executor is shown there.
func (a *Agent) detach(frameworkID, executorID, directory string) {
	a.files.Detach(directory)
	for _, path := range []string{filepath.Join(filepath.Dir(directory), "latest"), virtualLatest(frameworkID, executorID)} {
		a.files.DetachFrom(path, directory)
	}
}

// executorSpec is what the containerizer needs to know of the executor's container.
func (a *Agent) executorSpec(e *executor, command *mesos.CommandInfo) container.Spec {
	s := container.Spec{ID: e.run, Sandbox: e.directory, User: e.user, Env: a.environment(e, command), Checkpoint: e.runtime, Keep: e.meta != "", Group: e.cgroup}
	if command != nil {
		s.Command = *command.Clone()
	}
	return s
}

// start launches the executor's container, if it has processes of its own.
func (a *Agent) start(e *executor) {
	if e.group != nil {
		e.state = running
		a.deliver(e)
		return
	}
	ctx, cancel := context.WithCancel(a.running)
	e.cancel = cancel
	command := e.commandInfo(e.queued[0])
	spec := a.executorSpec(e, command)
	if e.command != nil {
		spec.Fetched = func() { a.post(e.command.starting) }
	} else {
		e.timer = a.after(a.flags.ExecutorRegistrationTimeout, func() { a.registrationTimeout(e) })
	}
	if e.command != nil && spec.Command.Value == nil {
		a.post(func() { a.launchFailed(e, &container.LaunchError{Err: errNoCommand}) })
		return
	}
	a.goDo(func() {
		c, err := a.o.Containerizer.Launch(ctx, spec)
		cancel()
		a.post(func() { a.launched(e, c, err) })
	})
}

// errNoCommand is why a task without anything to run fails.
var errNoCommand = errors.New("no command is specified")

// launched is told when the container runs, or cannot be made to.
func (a *Agent) launched(e *executor, c Container, err error) {
	if err != nil {
		a.launchFailed(e, err)
		return
	}
	e.container = c
	a.watch(e)
	switch {
	case e.unwanted:
		a.destroy(e)
	case e.state >= terminating: // it has subscribed already, and is given its grace
	case e.command != nil:
		e.command.launched()
	}
}

// watch reports the end of the executor's container.
func (a *Agent) watch(e *executor) {
	c := e.container
	a.goDo(func() {
		select {
		case <-c.Done():
			excess, over := e.cgroup.Excess()
			a.post(func() {
				if over {
					a.usedUp(e, excess)
				}
				a.exited(e, c.Exit().Status)
			})
		case <-a.running.Done():
		}
	})
}

func (a *Agent) launchFailed(e *executor, err error) {
	a.log.Warn("cannot launch a container", "framework", e.framework.id, "executor", e.id, "error", err)
	a.counters.launchErrors++
	if failed, ok := errors.AsType[*container.LaunchError](err); ok && e.command != nil && e.state < terminating {
		e.command.notStarted(failed)
	}
	if e.exit == nil {
		e.exit = &termination{mesos.TaskFailed, mesos.ReasonContainerLaunchFailed, err.Error(), nil}
	}
	a.exited(e, -1)
}

// registrationTimeout ends an executor that did not subscribe in time.
func (a *Agent) registrationTimeout(e *executor) {
	if e.state != registering {
		return
	}
	a.log.Warn("an executor did not register", "framework", e.framework.id, "executor", e.id)
	e.state = terminating
	e.exit = &termination{
		mesos.TaskFailed, mesos.ReasonExecutorRegistrationTimeout,
		"Executor did not register within " + mesos.FormatDuration(a.flags.ExecutorRegistrationTimeout), nil,
	}
	a.destroy(e)
}

// destroy ends the container with all of its processes; exited is called afterwards.
func (a *Agent) destroy(e *executor) {
	if e.group != nil {
		e.group.destroy()
		return
	}
	if e.container == nil {
		e.unwanted = true
		if e.cancel != nil {
			e.cancel()
		}
		return
	}
	a.goDo(e.container.Destroy)
}

// deliver sends queued tasks to an executor that is subscribed.
func (a *Agent) deliver(e *executor) {
	if e.state != running || e.stream == nil && e.group == nil {
		return
	}
	queued := e.queued
	e.queued = nil
	for _, b := range queued {
		e.launch(b)
		if e.group != nil {
			e.group.launch(b)
			continue
		}
		if b.group {
			e.send(&api.Event{Type: new(api.EventTypeLaunchGroup), LaunchGroup: &api.EventLaunchGroup{TaskGroup: mesos.TaskGroupInfo{Tasks: b.tasks}}})
			continue
		}
		for i := range b.tasks {
			e.send(&api.Event{Type: new(api.EventTypeLaunch), Launch: &api.EventLaunch{Task: b.tasks[i]}})
		}
	}
}
