package master

import (
	"slices"
	"time"

	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
)

// reregister takes back an agent that has an id.
func (m *Master) reregister(c *agentConn, r *link.Reregister) {
	id := agentID(r.Agent.ID)
	if id == "" {
		c.say(link.Shutdown{Reason: "an agent cannot reregister without an id"})
		return
	}
	if _, gone := m.gone[id]; gone {
		c.say(link.Shutdown{Reason: "Agent has been marked gone"})
		return
	}
	if m.maintenance.isDown(r.Address) {
		c.say(link.Shutdown{Reason: "Machine is DOWN"})
		return
	}
	a := m.agents[id]
	if a != nil && (a.address.IP != r.Address.IP || a.address.Hostname != r.Address.Hostname) {
		c.say(link.Shutdown{Reason: "Agent reregistered with a different IP or hostname"})
		return
	}
	m.counters.add("master/slave_reregistrations", 1)
	if a != nil {
		m.agentReturned(a, c, r)
	} else {
		m.agentRecovered(c, id, r)
	}
	for _, f := range m.completed {
		if slices.ContainsFunc(r.Frameworks, func(info mesos.FrameworkInfo) bool { return frameworkID(info.ID) == f.id }) {
			c.say(link.ShutdownFramework{FrameworkID: mesos.FrameworkID{Value: f.id}})
		}
	}
	for _, info := range r.Frameworks {
		if f := m.frameworks[frameworkID(info.ID)]; f != nil && !f.recovered {
			c.say(link.UpdateFramework{Framework: *f.info.Clone()})
		}
	}
}

// agentReturned takes back an agent that was never given up: what both know is compared.
func (m *Master) agentReturned(a *agent, c *agentConn, r *link.Reregister) {
	m.log.Info("agent reregistered", "agent", a.id)
	changed := !sameAttributes(a.info.Attributes, r.Agent.Attributes)
	a.info, a.address, a.version, a.capabilities = r.Agent, r.Address, r.Version, r.Capabilities
	a.reregistered = time.Now()
	a.total = withCheckpointed(r.Agent.Resources, r.CheckpointedResources)
	m.attach(a, c)
	reconcile := m.compareTasks(a, r)
	m.compareExecutors(a, r)
	c.say(link.Reregistered{AgentID: mesos.AgentID{Value: a.id}, PingTimeout: m.flags.pingTimeout(), Hostname: m.address.Hostname, Reconcile: reconcile})
	m.resendKills(a)
	m.alloc.setAgent(a.id, a.total, a.traits())
	if changed {
		m.alloc.clearAgentFilters(a.id)
	}
	m.rounds.want(a.id)
}

// compareTasks lists the live tasks that the agent does not know, and takes over those that only the agent knows.
func (m *Master) compareTasks(a *agent, r *link.Reregister) []link.ReconcileTask {
	named := map[taskKey]bool{}
	for i := range r.Tasks {
		t := &r.Tasks[i]
		named[taskKey{t.FrameworkID.Value, t.TaskID.Value}] = true
		if a.tasks[taskKey{t.FrameworkID.Value, t.TaskID.Value}] == nil {
			m.recoverTask(a, t, r.Frameworks, false)
		}
	}
	var missing []link.ReconcileTask
	for _, t := range a.sortedTasks() {
		if !named[taskKey{t.FrameworkID.Value, t.TaskID.Value}] {
			missing = append(missing, link.ReconcileTask{FrameworkID: t.FrameworkID, TaskID: t.TaskID})
		}
	}
	return missing
}

// compareExecutors forgets executors that the agent does not have any more, and notes new ones.
func (m *Master) compareExecutors(a *agent, r *link.Reregister) {
	for _, f := range m.sortedFrameworks() {
		for id := range f.executors[a.id] {
			if !slices.ContainsFunc(r.Executors, func(e mesos.ExecutorInfo) bool {
				return e.ExecutorID.Value == id && frameworkID(e.FrameworkID) == f.id
			}) {
				m.removeExecutor(f, a.id, id)
			}
		}
	}
	m.recoverExecutors(a, r)
}

// resendKills says KILLs again that came while the agent was away.
func (m *Master) resendKills(a *agent) {
	for _, t := range a.sortedTasks() {
		if t.killing && !t.State.Terminal() {
			a.send(link.KillTask{FrameworkID: t.FrameworkID, TaskID: t.TaskID, KillPolicy: t.killWith})
			t.killing = false
		}
	}
}

// agentRecovered takes in an agent that this master does not have: known from the registry, given up before, or of an unknown
// past. Its frameworks, executors and tasks are learnt from it.
func (m *Master) agentRecovered(c *agentConn, id string, r *link.Reregister) {
	_, lost := m.unreachable[id]
	m.log.Info("agent reregistered", "agent", id, "was unreachable", lost, "tasks", len(r.Tasks))
	a := m.newAgent(c, id, r.Agent, r.Address, r.Version, r.Capabilities, r.CheckpointedResources)
	a.reregistered = a.registered
	m.admit(a)
	for i := range r.Frameworks {
		m.recoverFramework(&r.Frameworks[i])
	}
	for i := range r.Tasks {
		m.recoverTask(a, &r.Tasks[i], r.Frameworks, lost)
	}
	m.recoverExecutors(a, r)
	c.say(link.Reregistered{AgentID: mesos.AgentID{Value: id}, PingTimeout: m.flags.pingTimeout(), Hostname: m.address.Hostname})
}

// recoverFramework notes a framework of which only an agent has told so far.
func (m *Master) recoverFramework(info *mesos.FrameworkInfo) *framework {
	id := frameworkID(info.ID)
	if id == "" || m.isCompleted(id) {
		return nil
	}
	if f := m.frameworks[id]; f != nil {
		return f
	}
	f := newFramework(id, info)
	f.recovered = true
	m.addFramework(f)
	m.alloc.deactivateFramework(id)
	wait := max(failoverTimeout(&f.info), m.flags.AgentReregisterTimeout)
	f.failover = m.after(wait, func() {
		if m.frameworks[id] == f && f.recovered {
			m.removeFramework(f)
		}
	})
	m.operatorFramework(f, true)
	return f
}

// recoverTask takes over a task from an agent. Its framework is told when it was told before that the task is lost.
func (m *Master) recoverTask(a *agent, from *mesos.Task, infos []mesos.FrameworkInfo, wasLost bool) {
	f := m.frameworks[from.FrameworkID.Value]
	if f == nil {
		at := slices.IndexFunc(infos, func(i mesos.FrameworkInfo) bool { return frameworkID(i.ID) == from.FrameworkID.Value })
		if at < 0 {
			return
		}
		if f = m.recoverFramework(&infos[at]); f == nil {
			return
		}
	}
	m.nextID.task++
	t := &task{Task: *from.Clone(), seq: m.nextID.task, firstSeen: time.Now()}
	f.unreachable = slices.DeleteFunc(f.unreachable, func(old *task) bool { return old.TaskID.Value == t.TaskID.Value })
	m.addTask(f, a, t)
	if t.State.Terminal() {
		return
	}
	m.alloc.claimed(f.id, a.id, t.Resources)
	if wasLost {
		status := t.masterStatus(t.State, mesos.ReasonAgentReregistered, "Agent "+a.id+" reregistered")
		if last := t.lastStatus(); last != nil {
			status.Healthy, status.CheckStatus, status.ContainerStatus = last.Healthy, last.CheckStatus, last.ContainerStatus
		}
		m.countStatus(&status)
		f.update(status)
		m.operatorTaskUpdated(f, t, status)
	}
}

func (m *Master) recoverExecutors(a *agent, r *link.Reregister) {
	for i := range r.Executors {
		e := r.Executors[i].Clone()
		f := m.frameworks[frameworkID(e.FrameworkID)]
		if f != nil && f.executor(a.id, e.ExecutorID.Value) == nil {
			f.addExecutor(a.id, e)
			m.alloc.claimed(f.id, a.id, e.Resources)
		}
	}
}

// sameAttributes compares attributes, in order, by what they show.
func sameAttributes(a, b []mesos.Attribute) bool {
	return slices.EqualFunc(a, b, func(x, y mesos.Attribute) bool {
		return x.Name == y.Name && attributeValue(&x) == attributeValue(&y)
	})
}

// withCheckpointed gives what an agent has: its resources, of which some have been reserved or made volumes.
func withCheckpointed(resources, checkpointed []mesos.Resource) mesos.Resources {
	total := mesos.Resources(resources).Add()
	if post, err := total.In(mesos.PostRefinement); err == nil {
		total = post
	}
	for _, one := range checkpointed {
		converted := mesos.Resources{one}.Unallocated()
		if origin := unconverted(&converted[0], total); total.Contains(origin...) {
			total = total.Subtract(origin...).Add(converted...)
		}
	}
	return total
}
