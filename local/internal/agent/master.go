package agent

import (
	"math/rand/v2"
	"time"

	"github.com/ormosproject/ormos/local/internal/daemon"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
)

const (
	// firstDial is the wait after a master was not there; it doubles up to lastDial. Dialing costs nothing.
	firstDial = 10 * time.Millisecond
	lastDial  = time.Second
	// lastRegistration bounds the wait for an answer to a registration.
	lastRegistration = time.Minute
	// pingTimeout is used when the master names none.
	pingTimeout = 75 * time.Second
)

// connection is the agent's side of its link to a master.
//
//	none -> dialed -> registered -> none ...
type connection struct {
	generation int // counts connections, so that what an old one says is known
	peer       link.Peer
	hangUp     func()
	registered bool
	wait       time.Duration // of the next attempt
	retry      *time.Timer   // dials again, or registers again
	silence    *time.Timer   // fires when pings stop
	timeout    time.Duration
	hostname   string
}

// connect opens a connection to the master and registers, again and again until it works.
func (a *Agent) connect() {
	if a.stopping && !a.o.DestroyOnStop || a.recovering {
		return
	}
	a.disconnect()
	c := &a.master
	c.generation++
	generation := c.generation
	p, hangUp, err := a.o.Master.Dial(peer{a, generation}, func() {
		a.post(func() {
			if a.master.generation == generation {
				a.log.Info("the master is gone")
				a.connect()
			}
		})
	})
	if err != nil {
		c.wait = min(max(2*c.wait, firstDial), lastDial)
		c.retry = a.after(jitter(c.wait), a.connect)
		return
	}
	c.peer, c.hangUp, c.wait = p, hangUp, a.flags.RegistrationBackoff
	a.register()
}

// disconnect ends the connection, if there is one. Status updates wait.
func (a *Agent) disconnect() {
	c := &a.master
	if c.retry != nil {
		c.retry.Stop()
	}
	if c.silence != nil {
		c.silence.Stop()
	}
	if c.hangUp != nil {
		c.hangUp()
	}
	*c = connection{generation: c.generation + 1, wait: c.wait, hostname: c.hostname}
	for _, s := range a.streams {
		s.stop()
	}
}

// register asks for a place in the cluster, or says what is here. It is said again until it is answered.
func (a *Agent) register() {
	c := &a.master
	if c.peer == nil || c.registered {
		return
	}
	if a.id == "" {
		c.peer.Send(link.Register{Agent: *a.info.Clone(), Address: a.o.Address, Version: daemon.MesosVersion, Capabilities: capabilities()})
	} else {
		c.peer.Send(a.reregistration())
	}
	c.retry = a.after(jitter(c.wait), a.register)
	c.wait = min(2*c.wait, lastRegistration)
}

// jitter is between half of d and d.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }

// hear acts on a message of the master.
func (a *Agent) hear(m link.Message) {
	switch m := m.(type) {
	case link.Registered:
		a.registered(m.AgentID.Value, m.Hostname, m.PingTimeout)
	case link.Reregistered:
		a.registered(m.AgentID.Value, m.Hostname, m.PingTimeout)
		a.reconcile(m.Reconcile)
	case link.Shutdown:
		a.shutdownAgent(m.Reason)
	case link.RunTask:
		a.runTask(m)
	case link.RunTaskGroup:
		a.runTaskGroup(m)
	case link.KillTask:
		a.killTask(m)
	case link.Acknowledge:
		a.acknowledge(m)
	case link.SchedulerMessage:
		a.schedulerMessage(m)
	case link.ShutdownExecutor:
		a.shutdownExecutor(m)
	case link.ShutdownFramework:
		a.shutdownFramework(m.FrameworkID.Value)
	case link.UpdateFramework:
		a.updateFramework(m.Framework)
	case link.CheckpointResources:
		a.checkpointResources(m.Resources)
	case link.Ping:
		a.ping(m)
	}
}

// registered is the master's answer.
func (a *Agent) registered(id, hostname string, timeout time.Duration) {
	if a.id == "" {
		a.takeID(id)
	}
	if a.id != id {
		a.log.Error("the master gave the agent another id", "agent", a.id, "given", id)
		a.stop(ErrShutdown)
		return
	}
	c := &a.master
	if c.retry != nil {
		c.retry.Stop()
	}
	c.registered, c.timeout, c.hostname = true, timeout, hostname
	if c.timeout <= 0 {
		c.timeout = pingTimeout
	}
	a.awaitPing()
	a.log.Info("registered", "agent", id)
	for _, s := range a.streams {
		a.resend(s)
	}
}

// awaitPing takes the master for gone when no ping comes in time.
func (a *Agent) awaitPing() {
	c := &a.master
	if c.silence != nil {
		c.silence.Stop()
	}
	generation := c.generation
	c.silence = a.after(c.timeout, func() {
		if a.master.generation == generation {
			a.log.Warn("no ping from the master", "timeout", c.timeout)
			a.connect()
		}
	})
}

func (a *Agent) ping(m link.Ping) {
	a.say(link.Pong{})
	if !a.master.registered {
		return
	}
	a.awaitPing()
	if !m.Connected {
		a.master.registered = false
		a.master.wait = a.flags.RegistrationBackoff
		a.register()
	}
}

// say tells the master something that it can do without.
func (a *Agent) say(m link.Message) {
	if a.master.peer != nil {
		a.master.peer.Send(m)
	}
}

// reconcile answers for tasks that the master believes to be here.
func (a *Agent) reconcile(tasks []link.ReconcileTask) {
	for _, t := range tasks {
		f := a.frameworks[t.FrameworkID.Value]
		if f != nil && f.knows(t.TaskID.Value) {
			continue
		}
		// Without the framework nobody knows what it can understand; the master translates for those it knows.
		state := mesos.TaskDropped
		if f != nil {
			state = f.absent(mesos.TaskDropped)
		}
		a.tell(t.FrameworkID.Value, nil, mesos.TaskStatus{
			TaskID: t.TaskID, State: state, Reason: new(mesos.ReasonReconciliation),
			Message: new("Reconciliation: task unknown to the agent"),
		})
	}
}

// shutdownAgent ends the agent for good: the next one on this work directory is new.
func (a *Agent) shutdownAgent(reason string) {
	a.log.Warn("told to shut down", "reason", reason)
	a.forgetAgent()
	a.disconnect()
	a.stop(ErrShutdown)
}

// capabilities are what this agent can do, in Mesos' words.
func capabilities() []mesos.AgentInfoCapability {
	var all []mesos.AgentInfoCapability
	for _, t := range []mesos.AgentInfoCapabilityType{
		mesos.AgentInfoCapabilityTypeMultiRole, mesos.AgentInfoCapabilityTypeHierarchicalRole,
		mesos.AgentInfoCapabilityTypeReservationRefinement, mesos.AgentInfoCapabilityTypeResourceProvider,
		mesos.AgentInfoCapabilityTypeResizeVolume, mesos.AgentInfoCapabilityTypeAgentOperationFeedback,
		mesos.AgentInfoCapabilityTypeAgentDraining, mesos.AgentInfoCapabilityTypeTaskResourceLimits,
	} {
		all = append(all, mesos.AgentInfoCapability{Type: new(t)})
	}
	return all
}
