package master

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// agent is an agent that has registered and was not removed since.
//
//	registered <-> disconnected -> removed (unreachable, gone or unregistered)
type agent struct {
	id           string
	info         mesos.AgentInfo
	address      link.Address
	version      string
	capabilities []mesos.AgentInfoCapability
	conn         *agentConn // nil while disconnected

	// total is what the agent has, with dynamic reservations and volumes.
	total                    mesos.Resources
	tasks                    map[taskKey]*task
	offers                   map[string]*offer
	registered, reregistered time.Time

	planned *plannedMaintenance // nil when none is planned

	missed   int  // pings without an answer
	answered bool // the last ping was answered
	pings    *time.Timer
	away     *time.Timer // until it is unreachable because it did not come back
}

// taskKey names a task among those of all frameworks.
type taskKey struct{ framework, task string }

// send gives the agent a message, if it is connected.
func (a *agent) send(message link.Message) {
	if a.conn != nil {
		a.conn.say(message)
	}
}

func (a *agent) connected() bool { return a.conn != nil }

func (a *agent) pid() string { return fmt.Sprintf("slave(1)@%s:%d", a.address.IP, a.address.Port) }

func (a *agent) stopTimers() {
	stopTimer(a.pings)
	stopTimer(a.away)
}

// traits are what the allocator judges the agent by.
func (a *agent) traits() agentTraits {
	t := agentTraits{hostname: a.info.Hostname, attributes: a.info.Attributes}
	if d := a.info.Domain; d != nil && d.FaultDomain != nil {
		t.region, t.zone = d.FaultDomain.Region.Name, d.FaultDomain.Zone.Name
	}
	return t
}

// register gives a new agent a place.
func (m *Master) register(c *agentConn, r *link.Register) {
	if c.agent != nil {
		c.say(link.Registered{AgentID: mesos.AgentID{Value: c.agent.id}, PingTimeout: m.flags.pingTimeout(), Hostname: m.address.Hostname})
		return
	}
	if m.maintenance.isDown(r.Address) {
		c.say(link.Shutdown{Reason: "Machine is DOWN"})
		return
	}
	m.replaceAt(r.Address)
	id := fmt.Sprintf("%s-S%d", m.info.ID, m.nextID.agent)
	m.nextID.agent++
	a := m.newAgent(c, id, r.Agent, r.Address, r.Version, r.Capabilities, nil)
	m.log.Info("agent registered", "agent", id, "address", a.pid(), "resources", a.total)
	m.counters.add("master/slave_registrations", 1)
	a.send(link.Registered{AgentID: mesos.AgentID{Value: id}, PingTimeout: m.flags.pingTimeout(), Hostname: m.address.Hostname})
	m.admit(a)
}

// replaceAt removes a disconnected agent whose address another one has now, also one that the registry knows from before the
// master's start: Mesos would wait for that one, and answer no question about its tasks, until its time to return is over.
func (m *Master) replaceAt(address link.Address) {
	for id, info := range m.recovered {
		if info.Hostname == address.Hostname && int(info.GetPort()) == address.Port {
			m.log.Info("agent was replaced", "agent", id)
			m.counters.add("master/recovery_slave_removals", 1)
			delete(m.recovered, id)
		}
	}
	for _, a := range m.sortedAgents() {
		if !a.connected() && a.address.IP == address.IP && a.address.Port == address.Port {
			m.counters.add("master/slave_removals/reason_registered", 1)
			m.removeAgent(a, "a new agent registered at the same address")
		}
	}
}

// newAgent makes the record of an agent that has just (re)registered.
func (m *Master) newAgent(c *agentConn, id string, info mesos.AgentInfo, at link.Address, version string,
	capabilities []mesos.AgentInfoCapability, checkpointed []mesos.Resource,
) *agent {
	info.ID = &mesos.AgentID{Value: id}
	a := &agent{
		id: id, info: info, address: at, version: version, capabilities: capabilities, tasks: map[taskKey]*task{},
		offers: map[string]*offer{}, registered: time.Now(),
	}
	a.total = withCheckpointed(info.Resources, checkpointed)
	m.agents[id] = a
	m.attach(a, c)
	m.plan(a)
	return a
}

// attach makes c the agent's connection.
func (m *Master) attach(a *agent, c *agentConn) {
	if old := a.conn; old != nil && old != c {
		old.agent = nil
		old.drop()
	}
	a.conn, c.agent = c, a
	stopTimer(a.away)
	a.away = nil
	a.missed, a.answered = 0, true
	if a.pings == nil {
		a.pings = m.after(m.flags.AgentPingTimeout, func() { m.ping(a) })
	}
}

// admit puts a new agent into the registry and offers what it has.
func (m *Master) admit(a *agent) {
	delete(m.recovered, a.id)
	delete(m.unreachable, a.id)
	m.saveRegistry(nil)
	m.alloc.setAgent(a.id, a.total, a.traits())
	m.rounds.want(a.id)
	m.operatorAgentAdded(a)
}

// ping asks an agent for a sign of life, and gives it up when too many were missed.
func (m *Master) ping(a *agent) {
	if m.agents[a.id] != a {
		return
	}
	if !a.answered {
		if a.missed++; a.missed >= m.flags.MaxAgentPingTimeouts {
			m.markUnreachable(a, "health check timed out")
			return
		}
	}
	a.answered = false
	if a.conn != nil {
		a.send(link.Ping{Connected: true})
	}
	a.pings = m.after(m.flags.AgentPingTimeout, func() { m.ping(a) })
}

// agentDisconnected is told when the connection of an agent has ended. Tasks of frameworks that checkpoint may return.
func (m *Master) agentDisconnected(a *agent) {
	m.log.Info("agent disconnected", "agent", a.id)
	a.conn.agent = nil
	a.conn = nil
	m.alloc.setAgentActive(a.id, false)
	for _, t := range a.sortedTasks() {
		f := m.frameworks[t.FrameworkID.Value]
		if f == nil || f.checkpoint() {
			continue
		}
		m.endTask(f, t, t.masterStatus(mesos.TaskLost, mesos.ReasonAgentDisconnected, "Slave disconnected"))
		m.completeTask(f, t)
	}
	for _, f := range m.sortedFrameworks() {
		if !f.checkpoint() {
			for _, id := range slices.Collect(maps.Keys(f.executors[a.id])) {
				m.removeExecutor(f, a.id, id)
			}
		}
	}
	m.rescindAll(a)
	a.away = m.after(m.flags.AgentReregisterTimeout, func() {
		if m.agents[a.id] == a && !a.connected() {
			m.markUnreachable(a, "agent did not reregister in time")
		}
	})
}

// endTask gives a status that the master made up to a task and its framework.
func (m *Master) endTask(f *framework, t *task, status mesos.TaskStatus) {
	m.setState(f, t, status, status.State)
	m.countStatus(&status)
	f.update(status)
}

// unregister removes an agent that leaves by itself.
func (m *Master) unregister(a *agent) {
	m.counters.add("master/slave_removals/reason_unregistered", 1)
	m.removeAgent(a, "the agent unregistered")
}

// removeAgent removes an agent whose tasks are certainly over.
func (m *Master) removeAgent(a *agent, why string) {
	m.log.Info("agent removed", "agent", a.id, "why", why)
	m.counters.add("master/slave_removals", 1)
	for _, t := range a.sortedTasks() {
		if f := m.frameworks[t.FrameworkID.Value]; f != nil {
			if !t.State.Terminal() {
				m.endTask(f, t, t.masterStatus(mesos.TaskLost, mesos.ReasonAgentRemoved, "Slave "+a.id+" removed: "+why))
			}
			m.completeTask(f, t)
		}
	}
	m.forgetOperations(func(o *operation) bool { return o.AgentID.Value == a.id })
	m.forgetAgent(a)
	m.saveRegistry(nil)
	m.operatorAgentRemoved(a.id)
}

// markUnreachable gives up an agent which may come back with its tasks.
func (m *Master) markUnreachable(a *agent, why string) {
	m.log.Info("agent unreachable", "agent", a.id, "why", why)
	m.counters.add("master/slave_removals", 1)
	m.counters.add("master/slave_removals/reason_unhealthy", 1)
	m.counters.add("master/slave_unreachable_scheduled", 1)
	m.counters.add("master/slave_unreachable_completed", 1)
	since := time.Now()
	m.unreachable[a.id] = since
	for _, t := range a.sortedTasks() {
		f := m.frameworks[t.FrameworkID.Value]
		if f == nil {
			continue
		}
		if t.State.Terminal() {
			m.completeTask(f, t)
			continue
		}
		state := mesos.TaskLost
		if f.caps.partitionAware {
			state = mesos.TaskUnreachable
		}
		status := t.masterStatus(state, mesos.ReasonAgentRemoved, "Slave "+a.id+" is unreachable: "+why)
		status.UnreachableTime = &mesos.TimeInfo{Nanoseconds: since.UnixNano()}
		m.endTask(f, t, status)
		m.loseTask(f, t)
	}
	m.forgetAgent(a)
	m.saveRegistry(nil)
}

// markGone removes an agent of which an operator says that it will not return.
func (m *Master) markGone(id string, done func()) bool {
	a, known := m.agents[id]
	_, recovered := m.recovered[id]
	_, unreachable := m.unreachable[id]
	if _, gone := m.gone[id]; gone {
		done()
		return true
	}
	if !known && !recovered && !unreachable {
		return false
	}
	delete(m.recovered, id)
	delete(m.unreachable, id)
	m.gone[id] = time.Now()
	m.goneTasks(id)
	m.forgetOperations(func(o *operation) bool { return o.AgentID.Value == id })
	if known {
		a.send(link.Shutdown{Reason: "Agent has been marked gone"})
		m.forgetAgent(a)
	}
	m.saveRegistry(done)
	return true
}

// goneTasks ends all tasks of an agent that is gone.
func (m *Master) goneTasks(id string) {
	for _, f := range m.sortedFrameworks() {
		state, reason := mesos.TaskLost, mesos.ReasonAgentRemoved
		if f.caps.partitionAware {
			state, reason = mesos.TaskGoneByOperator, mesos.ReasonAgentRemovedByOperator
		}
		for _, t := range f.sortedTasks() {
			if t.AgentID.Value != id {
				continue
			}
			if t.State.Terminal() {
				m.completeTask(f, t)
				continue
			}
			m.endTask(f, t, t.masterStatus(state, reason, "Agent has been marked gone"))
			if f.caps.partitionAware {
				m.completeTask(f, t)
			} else {
				m.loseTask(f, t)
			}
		}
	}
}

// forgetAgent ends everything that belongs to an agent whose tasks are settled: executors, offers, and the agent itself.
func (m *Master) forgetAgent(a *agent) {
	m.rescindAll(a)
	for _, f := range m.frameworks {
		delete(f.executors, a.id)
	}
	m.alloc.removeAgent(a.id)
	a.stopTimers()
	if a.conn != nil {
		a.conn.agent = nil
		a.conn = nil
	}
	delete(m.agents, a.id)
	m.sendAll(&scheduler.Event{Type: new(scheduler.EventTypeFailure), Failure: &scheduler.EventFailure{AgentID: &mesos.AgentID{Value: a.id}}})
}

func (m *Master) sortedAgents() []*agent {
	all := slices.Collect(maps.Values(m.agents))
	slices.SortFunc(all, func(a, b *agent) int { return compareBy(a.registered, b.registered, a.id, b.id) })
	return all
}

// sortedTasks are the agent's tasks in the order of their launch.
func (a *agent) sortedTasks() []*task {
	all := slices.Collect(maps.Values(a.tasks))
	slices.SortFunc(all, func(x, y *task) int { return x.seq - y.seq })
	return all
}

// exitedExecutor is told when the container of an executor has ended.
func (m *Master) exitedExecutor(a *agent, e *link.ExitedExecutor) {
	f := m.frameworks[e.FrameworkID.Value]
	if f == nil || !m.removeExecutor(f, a.id, e.ExecutorID.Value) {
		return // command executors are not known here
	}
	f.send(&scheduler.Event{Type: new(scheduler.EventTypeFailure), Failure: &scheduler.EventFailure{
		AgentID: &mesos.AgentID{Value: a.id}, ExecutorID: &e.ExecutorID, Status: new(e.Status),
	}})
}

// executorMessage passes an executor's message on.
func (m *Master) executorMessage(a *agent, e *link.ExecutorMessage) {
	f := m.frameworks[e.FrameworkID.Value]
	if f == nil || !f.connected() {
		m.counters.add("master/invalid_executor_to_framework_messages", 1)
		return
	}
	m.counters.add("master/valid_executor_to_framework_messages", 1)
	f.send(&scheduler.Event{Type: new(scheduler.EventTypeMessage), Message: &scheduler.EventMessage{
		AgentID: mesos.AgentID{Value: a.id}, ExecutorID: e.ExecutorID, Data: e.Data,
	}})
}
