package agent

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
)

func taskPath(meta, taskID string) string { return filepath.Join(meta, "tasks", taskID, "task.info") }

func updatesPath(meta, taskID string) string {
	return filepath.Join(meta, "tasks", taskID, "task.updates")
}
func sentinelPath(meta string) string { return filepath.Join(meta, "executor.sentinel") }

// takeID gives the agent its identity, for this Run and those that follow on this work directory.
func (a *Agent) takeID(id string) {
	a.id = id
	a.info.ID = &mesos.AgentID{Value: id}
	if err := a.checkpointAgent(); err != nil {
		a.log.Error("cannot checkpoint the agent", "error", err)
	}
}

func (a *Agent) checkpointAgent() error {
	if err := writeFile(a.layout.agentInfo(a.id), &a.info, true); err != nil {
		return err
	}
	return relink(a.layout.agent(a.id), a.layout.latestAgent())
}

// forgetAgent makes the next agent on this work directory a new one.
func (a *Agent) forgetAgent() {
	if err := os.Remove(a.layout.latestAgent()); err != nil && !os.IsNotExist(err) {
		a.log.Error("cannot forget the agent's id", "error", err)
	}
}

// checkpointFramework puts down a framework that wants its executors to survive the agent.
func (a *Agent) checkpointFramework(f *framework) {
	if !f.info.GetCheckpoint() {
		return
	}
	path := filepath.Join(frameworkOf(a.layout.agent(a.id), f.id), "framework.info")
	if err := writeFile(path, &f.info, false); err != nil {
		a.log.Error("cannot checkpoint a framework", "framework", f.id, "error", err)
	}
}

// checkpointExecutor puts down an executor before it is launched. Of one whose framework does not checkpoint only what is needed to
// find its processes is kept.
func (a *Agent) checkpointExecutor(e *executor) error {
	if !e.framework.info.GetCheckpoint() {
		e.runtime = a.layout.runtimeOf(e.run)
		return os.MkdirAll(e.runtime, 0o755)
	}
	root := a.layout.agent(a.id)
	e.meta = filepath.Join(runsOf(root, e.framework.id, e.id), e.run)
	e.runtime = e.meta
	if err := makeDirectory(e.meta, 0o755); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(executorOf(root, e.framework.id, e.id), "executor.info"), &e.info, false); err != nil {
		return err
	}
	return relink(e.meta, filepath.Join(filepath.Dir(e.meta), "latest"))
}

// checkpointTasks puts tasks down before anybody else hears of them.
func (a *Agent) checkpointTasks(e *executor, b batch) {
	if e.meta == "" {
		return
	}
	for i := range b.tasks {
		t := &b.tasks[i]
		if err := writeFile(taskPath(e.meta, t.TaskID.Value), t, false); err != nil {
			a.log.Error("cannot checkpoint a task", "framework", e.framework.id, "task", t.TaskID.Value, "error", err)
		}
	}
}

// checkpointSubscription notes that the executor speaks HTTP, as Mesos does.
func (a *Agent) checkpointSubscription(e *executor) {
	if e.meta == "" {
		return
	}
	if err := touch(filepath.Join(e.meta, "http.marker")); err != nil {
		a.log.Error("cannot checkpoint an executor", "framework", e.framework.id, "executor", e.id, "error", err)
	}
}

func touch(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	return f.Close()
}

// checkpointResources takes over the agent's dynamic reservations and volumes.
func (a *Agent) checkpointResources(resources []mesos.Resource) {
	before := a.reserved
	a.reserved = resources
	a.syncVolumes(before, resources)
	if err := a.writeResources(); err != nil {
		a.log.Error("cannot checkpoint resources", "error", err)
	}
}

// writeResources keeps them in the one message that is a plain list of resources.
func (a *Agent) writeResources() error {
	return writeFile(a.layout.resources(), &operator.MasterCallReserveResources{Resources: a.reserved}, true)
}

func (a *Agent) readResources() error {
	var m operator.MasterCallReserveResources
	err := readFile(a.layout.resources(), &m)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	a.reserved = m.Resources
	return err
}

// discard is called for an executor that is completed: nothing of it is recovered any more, and its sandbox is garbage one day.
func (a *Agent) discard(e *executor) {
	if e.meta == "" {
		if err := os.RemoveAll(e.runtime); err != nil {
			a.log.Warn("cannot remove a container's checkpoint", "executor", e.id, "error", err)
		}
	} else if err := touch(sentinelPath(e.meta)); err != nil {
		a.log.Error("cannot checkpoint an executor", "framework", e.framework.id, "executor", e.id, "error", err)
	}
	a.garbage.add(e)
}

// discardFramework is called for a framework without executors.
func (a *Agent) discardFramework(f *framework) {
	if !f.info.GetCheckpoint() {
		return
	}
	// Its executors' checkpoints go with their sandboxes; without framework.info it is not recovered.
	path := filepath.Join(frameworkOf(a.layout.agent(a.id), f.id), "framework.info")
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		a.log.Error("cannot forget a framework", "framework", f.id, "error", err)
	}
}
