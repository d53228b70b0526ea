package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/ormosproject/ormos/local/internal/cgroup"
	"github.com/ormosproject/ormos/mesos"
)

// recover takes over what an earlier agent left in the work directory: its id, executors of checkpointing frameworks that still
// run, status updates that were not acknowledged. What is damaged is moved aside and its processes are ended.
func (a *Agent) recover() error {
	start := time.Now()
	if err := a.recoverAgent(); err != nil {
		return err
	}
	a.openGroups()
	a.sweepRuntime()
	if a.id != "" {
		a.recoverFrameworks()
	}
	a.scheduleLeftovers()
	a.counters.recovery = time.Since(start)
	a.serving.Store(true)
	a.watchDisk()
	a.beatLater()
	a.watchLimits()
	a.awaitExecutors()
	return nil
}

// recoverAgent finds the id of the last agent and its resources.
func (a *Agent) recoverAgent() error {
	target, err := os.Readlink(a.layout.latestAgent())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	id := filepath.Base(target)
	var before mesos.AgentInfo
	if err == nil {
		err = readFile(a.layout.agentInfo(id), &before)
	}
	if err == nil {
		err = a.readResources()
	}
	if err != nil {
		a.reserved = nil
		return a.moveAside(a.layout.meta(), err)
	}
	if err := a.compatible(&before); err != nil {
		return err
	}
	a.id, a.info.ID = id, &mesos.AgentID{Value: id}
	return nil
}

// compatible refuses a change of what the master and frameworks were told about this agent.
func (a *Agent) compatible(before *mesos.AgentInfo) error {
	now := a.info.Clone()
	now.ID = before.ID
	if mesos.Resources(before.Resources).Equal(now.Resources) {
		now.Resources = before.Resources
	}
	if before.String() == now.String() {
		return nil
	}
	return fmt.Errorf("incompatible agent info detected: it was %s and would be %s; start it as before, or remove %s to start a new agent",
		before, now, a.layout.latestAgent())
}

// moveAside takes what is damaged out of the way, where somebody can look at it, and ends the processes of which it tells.
func (a *Agent) moveAside(path string, cause error) error {
	a.counters.recoveryErrors++
	aside := filepath.Join(a.o.WorkDir, "damaged", time.Now().UTC().Format("20060102T150405.000000000"), filepath.Base(path))
	a.log.Error("what an earlier agent left is damaged; it is moved aside and not used", "path", path, "moved", aside, "error", cause)
	destroyUnder(path, a.o.Containerizer, a.groups)
	if err := os.MkdirAll(filepath.Dir(aside), 0o755); err != nil {
		return err
	}
	return os.Rename(path, aside)
}

// destroyUnder ends all containers that are checkpointed somewhere under path, before it is moved.
func destroyUnder(path string, containers Containerizer, groups *cgroup.Groups) {
	filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil
		}
		switch parent := filepath.Base(filepath.Dir(p)); {
		case parent == "runs" && exists(sentinelPath(p)):
			return fs.SkipDir
		case parent == "runs" || parent == "containers":
			if c, err := containers.Recover(idUnder(p), p); err == nil {
				c.Destroy()
			}
			_ = groups.Group(idUnder(p)).Remove()
		}
		return nil
	})
}

// idUnder is the id of the container with that checkpoint.
func idUnder(path string) string {
	if above := filepath.Dir(path); filepath.Base(above) == "containers" {
		return idUnder(filepath.Dir(above)) + "." + filepath.Base(path)
	}
	return filepath.Base(path)
}

// sweepRuntime ends the containers of frameworks that do not checkpoint.
func (a *Agent) sweepRuntime() {
	for _, id := range names(a.layout.runtime()) {
		dir := a.layout.runtimeOf(id)
		a.goDo(func() {
			if err := sweep(id, dir, a.o.Containerizer, a.groups); err != nil {
				a.log.Warn("cannot remove a container's checkpoint", "container", id, "error", err)
			}
		})
	}
}

// sweep ends a container, with those within it, and removes its checkpoint.
func sweep(id, dir string, containers Containerizer, groups *cgroup.Groups) error {
	if c, err := containers.Recover(id, dir); err == nil {
		c.Destroy()
	}
	destroyUnder(dir, containers, groups)
	return errors.Join(groups.Group(id).Remove(), os.RemoveAll(dir))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// names lists a directory, nothing if it cannot be read.
func names(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	all := make([]string, len(entries))
	for i, e := range entries {
		all[i] = e.Name()
	}
	return all
}

func (a *Agent) recoverFrameworks() {
	for _, id := range names(a.layout.frameworks(a.id)) {
		path := frameworkOf(a.layout.agent(a.id), id)
		f := &framework{id: id, executors: map[string]*executor{}, owners: map[string]*executor{}}
		err := readFile(filepath.Join(path, "framework.info"), &f.info)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was removed
		}
		if err != nil {
			a.abandon(path, err)
			continue
		}
		a.frameworks[id] = f
		for _, executorID := range names(filepath.Join(path, "executors")) {
			if err := a.recoverExecutor(f, executorID); err != nil {
				a.abandon(executorOf(a.layout.agent(a.id), id, executorID), err)
			}
		}
		a.removeIdle(f)
	}
}

// abandon is moveAside where recovery goes on.
func (a *Agent) abandon(path string, cause error) {
	if err := a.moveAside(path, cause); err != nil {
		a.log.Error("cannot move aside", "path", path, "error", err)
	}
}

// recoverExecutor takes back the latest run of an executor, unless it had been completed. An error means damage.
func (a *Agent) recoverExecutor(f *framework, id string) error {
	root := a.layout.agent(a.id)
	target, err := os.Readlink(filepath.Join(runsOf(root, f.id, id), "latest"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the agent was killed before there was a run
	}
	if err != nil {
		return err
	}
	run := filepath.Base(target)
	e := &executor{
		framework: f, id: id, run: run, tasks: map[string]*task{}, within: nest{},
		meta:      filepath.Join(runsOf(root, f.id, id), run),
		directory: filepath.Join(runsOf(a.layout.sandboxes(a.id), f.id, id), run),
	}
	e.runtime = e.meta
	if exists(sentinelPath(e.meta)) {
		return nil
	}
	if err := readFile(filepath.Join(executorOf(root, f.id, id), "executor.info"), &e.info); err != nil {
		return err
	}
	if e.info.GetType() == mesos.ExecutorInfoTypeDefault {
		e.group = newDefaultExecutor(a, e)
	}
	streams, err := a.recoverTasks(e)
	if err != nil {
		return err
	}
	for _, s := range streams {
		a.streams[s.key] = s
	}
	f.executors[id] = e
	e.cgroup = a.groups.Recover(e.run)
	a.limitGroup(e)
	a.watchGroup(e)
	a.attach(e)
	a.adopt(e)
	return nil
}

// recoverTasks reads the tasks of a run with their streams.
func (a *Agent) recoverTasks(e *executor) ([]*updateStream, error) {
	var streams []*updateStream
	var infos []mesos.TaskInfo
	for _, id := range names(filepath.Join(e.meta, "tasks")) {
		var info mesos.TaskInfo
		err := readFile(taskPath(e.meta, id), &info)
		if (errors.Is(err, fs.ErrNotExist) || errors.Is(err, errUnwritten)) && !exists(updatesPath(e.meta, id)) {
			continue // the agent was killed before anybody heard of the task
		}
		if err != nil {
			return nil, err
		}
		if infos = append(infos, info); info.Executor == nil && e.group == nil {
			e.command = newCommandExecutor(a, e, info)
		}
		s := &updateStream{key: streamKey{e.framework.id, id}, path: updatesPath(e.meta, id), log: a.log, latest: mesos.TaskStaging}
		e.framework.owners[id] = e
		e.launch(batch{tasks: []mesos.TaskInfo{info}})
		ended, err := replay(s, e)
		if err != nil {
			for _, id := range names(filepath.Join(e.meta, "tasks")) {
				delete(e.framework.owners, id)
			}
			return nil, err
		}
		if ended {
			e.complete(id)
		} else {
			streams = append(streams, s)
		}
	}
	e.group.recover(infos)
	return streams, nil
}

// replay brings a stream and its task to where they were; ended says that the task's end was acknowledged.
func replay(s *updateStream, e *executor) (ended bool, err error) {
	records, err := readRecords(s.path)
	if err != nil {
		return false, err
	}
	for _, r := range records {
		switch r.kind {
		case recordUpdate:
			status := &mesos.TaskStatus{}
			if err := status.UnmarshalBinary(r.data); err != nil {
				return false, fmt.Errorf("%s is damaged: %w", s.path, err)
			}
			s.add(status)
			e.record(status)
		case recordAcknowledgement:
			if len(s.pending) == 0 || string(s.pending[0].UUID) != string(r.data) {
				return false, fmt.Errorf("%s is damaged: an acknowledgement of what was not sent", s.path)
			}
			ended = s.take()
		default:
			return false, fmt.Errorf("%s is damaged: record of kind %d", s.path, r.kind)
		}
	}
	return ended, nil
}

// adopt finds the executor's container again, and those within it.
func (a *Agent) adopt(e *executor) {
	if e.group != nil {
		e.group.adopt()
		a.recoverNested(e, nil)
		return
	}
	c, err := a.o.Containerizer.Recover(e.run, e.meta)
	if err != nil {
		a.log.Info("an executor ended while the agent was away", "framework", e.framework.id, "executor", e.id, "error", err)
		if e.command != nil && !e.told() {
			e.exit = &termination{e.framework.absent(mesos.TaskDropped), mesos.ReasonAgentRestarted, "Task dropped: the agent restarted before it was launched", nil}
		}
		excess, over := e.cgroup.Excess()
		a.post(func() {
			if over && e.exit == nil {
				e.exit = new(outOfMemory(excess))
			}
			a.exited(e, -1)
		})
		return
	}
	e.container = c
	if e.command != nil {
		e.command.recovered()
	}
	a.watch(e)
	a.recoverNested(e, nil)
}

// told says whether anything was ever said of the executor's tasks.
func (e *executor) told() bool {
	for _, t := range e.tasks {
		if t.record.State != mesos.TaskStaging {
			return true
		}
	}
	return len(e.completed) > 0
}

// recovered takes a running task back.
func (x *commandExecutor) recovered() {
	t := x.e.tasks[x.task.TaskID.Value]
	if t == nil { // its end was acknowledged, but not noted
		x.a.post(func() { x.a.destroy(x.e) })
		return
	}
	x.e.state, x.container = running, x.e.container
	x.resume(t)
	x.a.post(func() {
		if t.record.State == mesos.TaskStaging {
			x.tell(mesos.TaskStarting, "")
			x.started(x.container)
			return
		}
		x.commandRun.recovered(t)
	})
}

func firstStatus(t *task) time.Time { return timeOf(&t.record.Statuses[0]) }

func lastStatus(t *task) time.Time { return timeOf(&t.record.Statuses[len(t.record.Statuses)-1]) }

func timeOf(s *mesos.TaskStatus) time.Time { return time.UnixMicro(int64(s.GetTimestamp() * 1e6)) }

// awaitExecutors gives recovered executors time to subscribe again before the master hears of them.
func (a *Agent) awaitExecutors() {
	a.recovering = true
	if a.backAgain() {
		return
	}
	a.after(a.flags.ExecutorReregistrationTimeout, a.endRecovery)
}

// backAgain ends recovery as soon as no executor is missing.
func (a *Agent) backAgain() bool {
	if !a.recovering {
		return true
	}
	for _, e := range a.executors() {
		if e.state == registering && e.container != nil {
			return false
		}
	}
	a.endRecovery()
	return true
}

// endRecovery ends the executors that did not come back, and registers.
func (a *Agent) endRecovery() {
	if !a.recovering {
		return
	}
	a.recovering = false
	for _, e := range a.executors() {
		if e.state == registering && e.container != nil {
			e.state = terminating
			e.exit = &termination{
				e.framework.absent(mesos.TaskGone), mesos.ReasonExecutorReregistrationTimeout,
				"Executor did not reregister within " + mesos.FormatDuration(a.flags.ExecutorReregistrationTimeout), nil,
			}
			a.destroy(e)
		}
	}
	a.connect()
}
