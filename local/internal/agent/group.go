package agent

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ormosproject/ormos/local/internal/container"
	"github.com/ormosproject/ormos/mesos"
)

// defaultExecutor is Mesos' built-in executor for task groups: each task has a container of its own within the executor's, which
// itself has no process. When a task of a group fails or is killed, the others of that group are killed. The executor ends when it
// has nothing left to run and to tell. It lives in the agent's goroutine.
type defaultExecutor struct {
	a      *Agent
	e      *executor
	tasks  map[string]*member // by id, until their end is acknowledged
	groups int                // counts groups
}

// member is a task of a group.
type member struct {
	*commandRun
	group int
}

func newDefaultExecutor(a *Agent, e *executor) *defaultExecutor {
	return &defaultExecutor{a: a, e: e, tasks: map[string]*member{}}
}

// launch starts the tasks of a group.
func (x *defaultExecutor) launch(b batch) {
	x.groups++
	var all []*member
	for i := range b.tasks {
		m := x.member(b.tasks[i], uuidText(newUUID()), x.groups)
		all = append(all, m)
		if err := x.checkpoint(m); err != nil {
			x.a.log.Error("cannot checkpoint a task of a group", "framework", x.e.framework.id, "task", m.id(), "error", err)
		}
		m.tell(mesos.TaskStarting, "")
	}
	for _, m := range all {
		x.start(m)
	}
}

// member makes a task with its container, which is not launched yet.
func (x *defaultExecutor) member(task mesos.TaskInfo, containerID string, group int) *member {
	m := &member{newCommandRun(x.a, x.e, task), group}
	n := newNested(x.e, nil, containerID)
	n.user = cmp.Or(allowed(task.Command.GetUser()), n.user)
	n.env = x.environment(m, n)
	if !sharesGroup(&task) {
		n.cgroup = x.a.ownGroup(n, &task)
	}
	n.onEnd = func(status int32) { x.exited(m, status) }
	m.commandRun.nested = n
	m.destroy = func() { x.a.destroyNested(n) }
	x.tasks[m.id()] = m
	return m
}

// environment is what a task of a group finds; it is not that of the executor.
func (x *defaultExecutor) environment(m *member, n *nested) []string {
	v := nestedEnvironment(n)
	v.set("MESOS_CONTAINER_IP", x.a.o.Address.IP)
	v.set("MESOS_ALLOCATION_ROLE", allocationRole(m.task.Resources))
	for name, value := range variables(m.task.Command) {
		v.set(name, value)
	}
	return v.list
}

// start launches the container of a task.
func (x *defaultExecutor) start(m *member) {
	if m.ended { // another one of its group could not be started
		return
	}
	err := prepareNested(m.nested)
	if err == nil {
		err = linkTask(x.e.directory, m)
	}
	if err == nil {
		err = x.a.linkVolumes(m.nested.directory, m.nested.user, m.task.Resources)
	}
	if err != nil {
		x.failed(m, err.Error())
		return
	}
	if m.task.Command == nil {
		m.tell(mesos.TaskRunning, "")
		x.failed(m, "Command exited with status 1") // as what Mesos runs then
		return
	}
	m.nested.onLaunch = func(c Container, err error) {
		switch {
		case m.ended:
		case err != nil:
			x.failed(m, err.Error())
		default:
			m.started(c)
		}
		x.checkDone()
	}
	x.a.launchNested(m.nested, m.spec())
}

// linkTask shows the task's sandbox under the task's id.
func linkTask(directory string, m *member) error {
	tasks := filepath.Join(directory, "tasks")
	if err := os.MkdirAll(tasks, 0o755); err != nil {
		return err
	}
	return relink(filepath.Join("..", "containers", m.nested.id.Value), filepath.Join(tasks, m.id()))
}

// failed ends a task that could not be started, and its group.
func (x *defaultExecutor) failed(m *member, message string) {
	m.failed(message)
	x.endGroup(m)
	x.checkDone()
}

// exited is told how a task's process ended.
func (x *defaultExecutor) exited(m *member, status int32) {
	m.exited(status)
	if state, _ := outcome(status); state != mesos.TaskFinished || m.killing {
		x.endGroup(m)
	}
	x.checkDone()
}

// endGroup kills the others of a task's group.
func (x *defaultExecutor) endGroup(m *member) {
	for _, other := range x.tasks {
		if other.group == m.group {
			x.end(other, nil)
		}
	}
}

// kill is a scheduler's KILL. A second one changes nothing.
func (x *defaultExecutor) kill(taskID string, policy *mesos.KillPolicy) {
	if m := x.tasks[taskID]; m != nil {
		x.end(m, policy)
	}
}

// end ends a task, once.
func (x *defaultExecutor) end(m *member, policy *mesos.KillPolicy) {
	if m.container == nil && !m.ended && m.early == nil {
		m.early = new(m.graceOf(policy)) // it is being launched, or about to be
	}
	if !m.killing {
		m.commandRun.end(m.graceOf(policy))
	}
}

// shutdown ends all tasks, and with them the executor.
func (x *defaultExecutor) shutdown() {
	for _, m := range x.tasks {
		x.end(m, nil)
	}
	x.checkDone()
}

// destroy ends everything by force.
func (x *defaultExecutor) destroy() {
	x.e.state = max(x.e.state, terminating)
	for _, m := range x.tasks {
		m.over() // the agent tells their end
		x.a.destroyNested(m.nested)
	}
	x.a.post(x.checkDone)
}

// checkDone ends the executor when nothing runs and it has been told to end, or has nothing left to tell.
func (x *defaultExecutor) checkDone() {
	for _, m := range x.tasks {
		if !m.ended || m.nested.live() {
			return
		}
	}
	if x.e.state == terminating || x.e.state == running && !x.e.busy() {
		x.a.exited(x.e, 0)
	}
}

// complete forgets a task whose end was acknowledged.
func (x *defaultExecutor) complete(taskID string) {
	delete(x.tasks, taskID)
	x.checkDone()
}

func (x *defaultExecutor) release() {
	for _, m := range x.tasks {
		m.over()
	}
}

// memberPath is where it is put down which container and group a task has.
func memberPath(meta, taskID string) string { return filepath.Join(meta, "tasks", taskID, "container") }

func (x *defaultExecutor) checkpoint(m *member) error {
	if x.e.meta == "" {
		return nil
	}
	return os.WriteFile(memberPath(x.e.meta, m.id()), fmt.Appendf(nil, "%s %d\n", m.nested.id.Value, m.group), 0o644)
}

// recover notes the tasks that an earlier agent ran.
func (x *defaultExecutor) recover(infos []mesos.TaskInfo) {
	if x == nil {
		return
	}
	for _, info := range infos {
		t := x.e.tasks[info.TaskID.Value]
		if t == nil || t.record.State.Terminal() {
			continue
		}
		id, group := x.readMember(info.TaskID.Value)
		x.groups = max(x.groups, group)
		m := x.member(info, id, group)
		m.resume(t)
	}
}

// adopt finds their containers again.
func (x *defaultExecutor) adopt() {
	x.e.state = running
	for _, m := range x.tasks {
		if m.nested.id.Value == "" || !x.a.adoptNested(m.nested) {
			x.a.post(func() { x.failed(m, "Command ended with an unknown status") })
			continue
		}
		m.container = m.nested.container
		x.a.post(func() { m.recovered(x.e.tasks[m.id()]) })
	}
	x.a.post(x.checkDone)
}

// readMember reads what checkpoint wrote, nothing if it is not there or damaged.
func (x *defaultExecutor) readMember(taskID string) (id string, group int) {
	b, err := os.ReadFile(memberPath(x.e.meta, taskID))
	if err != nil {
		return "", 0
	}
	if n, err := fmt.Sscanf(string(b), "%s %d\n", &id, &group); err != nil || n != 2 || strings.ContainsAny(id, "/.") {
		return "", 0
	}
	return id, group
}

// resume takes up what an earlier agent has told of a task.
func (t *commandRun) resume(record *task) {
	if n := len(record.record.Statuses); n > 0 {
		t.resumeChecks(&record.record.Statuses[n-1])
	}
}

// recovered takes back a task whose container was found.
func (t *commandRun) recovered(record *task) {
	if t.ended {
		return
	}
	switch record.record.State {
	case mesos.TaskStaging, mesos.TaskStarting:
		t.started(t.container)
		return
	case mesos.TaskKilling:
		t.recoverKill(lastStatus(record))
	}
	t.supervise(firstStatus(record))
}

// recoverKill goes on with a kill; its grace counts from when the task was told to end.
func (t *commandRun) recoverKill(since time.Time) {
	if t.ended {
		return
	}
	t.killing, t.killed = true, since
	t.terminate(t.graceOf(nil))
}

// spec is what the containerizer needs to know of the task's container.
func (t *commandRun) spec() container.Spec {
	if t.nested != nil {
		return t.nested.spec(t.task.Command)
	}
	return t.a.executorSpec(t.e, t.task.Command)
}
