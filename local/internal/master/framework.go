package master

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ormosproject/ormos/internal/codec"
	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// framework is what the master knows of a framework.
//
//	(unknown) -> connected <-> disconnected -> completed
//	                 ^
//	recovered -------+        known only from its agents since the master's start
type framework struct {
	id   string
	info mesos.FrameworkInfo
	caps capabilities

	stream    *wire.EventStream     // nil unless connected
	updating  scheduler.EventUpdate // used again for every update: what is sent is encoded at once
	streamID  string
	recovered bool

	registered, reregistered, unregistered time.Time

	suppressed  map[string]bool
	constraints *mesos.OfferConstraints

	tasks       map[string]*task // active: not yet terminal, or terminal and not acknowledged
	unreachable []*task
	done        []*task                                   // completed, oldest first
	executors   map[string]map[string]*mesos.ExecutorInfo // by agent, executor
	offers      map[string]*offer
	counters    counters
	sent        map[scheduler.EventType]int
	called      map[scheduler.CallType]int

	failover, heartbeat *time.Timer
}

// capabilities are those of a framework's that matter to the master.
type capabilities struct {
	multiRole, partitionAware, refinement, gpus, revocable, shared, regionAware bool
}

func capabilitiesOf(info *mesos.FrameworkInfo) (c capabilities) {
	for _, one := range info.Capabilities {
		switch one.GetType() {
		case mesos.FrameworkInfoCapabilityTypeMultiRole:
			c.multiRole = true
		case mesos.FrameworkInfoCapabilityTypePartitionAware:
			c.partitionAware = true
		case mesos.FrameworkInfoCapabilityTypeReservationRefinement:
			c.refinement = true
		case mesos.FrameworkInfoCapabilityTypeGPUResources:
			c.gpus = true
		case mesos.FrameworkInfoCapabilityTypeRevocableResources:
			c.revocable = true
		case mesos.FrameworkInfoCapabilityTypeSharedResources:
			c.shared = true
		case mesos.FrameworkInfoCapabilityTypeRegionAware:
			c.regionAware = true
		}
	}
	return c
}

// rolesOf are the roles that a framework subscribes to.
func rolesOf(info *mesos.FrameworkInfo) []string {
	if capabilitiesOf(info).multiRole {
		return info.Roles
	}
	return []string{info.GetRole()}
}

func newFramework(id string, info *mesos.FrameworkInfo) *framework {
	f := &framework{
		id: id, registered: time.Now(), tasks: map[string]*task{}, executors: map[string]map[string]*mesos.ExecutorInfo{},
		offers: map[string]*offer{}, suppressed: map[string]bool{}, counters: counters{},
		sent: map[scheduler.EventType]int{}, called: map[scheduler.CallType]int{},
	}
	f.setInfo(info)
	return f
}

// setInfo takes over a FrameworkInfo, which always carries the id from then on.
func (f *framework) setInfo(info *mesos.FrameworkInfo) {
	f.info = *info.Clone()
	f.info.ID = &mesos.FrameworkID{Value: f.id}
	f.caps = capabilitiesOf(&f.info)
}

func (f *framework) connected() bool       { return f.stream != nil }
func (f *framework) roles() []string       { return rolesOf(&f.info) }
func (f *framework) hasRole(r string) bool { return slices.Contains(f.roles(), r) }

// checkpoint tells whether executors outlive their agent's process.
func (f *framework) checkpoint() bool { return f.info.GetCheckpoint() }

// send gives an event to a connected framework.
func (f *framework) send(event *scheduler.Event) {
	if f.stream == nil {
		return
	}
	f.sent[event.GetType()]++
	f.stream.Send(event)
}

// closeStream ends the subscription once what was sent is written.
func (f *framework) closeStream() {
	if f.stream != nil {
		f.stream.Close()
	}
	f.stream = nil
	stopTimer(f.heartbeat)
}

func (f *framework) stopTimers() {
	stopTimer(f.failover)
	stopTimer(f.heartbeat)
}

// executor is the executor of that id which runs on the agent, nil if none does.
func (f *framework) executor(agentID, executorID string) *mesos.ExecutorInfo {
	return f.executors[agentID][executorID]
}

// used is what the framework's tasks and executors use.
func (f *framework) used() mesos.Resources {
	var parts []mesos.Resources
	for _, t := range f.sortedTasks() {
		if !t.State.Terminal() {
			parts = append(parts, t.Resources)
		}
	}
	for _, executors := range f.executors {
		for _, e := range executors {
			parts = append(parts, e.Resources)
		}
	}
	return mesos.Sum(parts...)
}

func (f *framework) offered() mesos.Resources {
	var parts []mesos.Resources
	for _, o := range sortedOffers(f.offers) {
		parts = append(parts, o.resources)
	}
	return mesos.Sum(parts...)
}

// beat sends a heartbeat now and then regularly, as long as the stream lasts.
func (m *Master) beat(f *framework, stream *wire.EventStream) {
	if f.stream != stream {
		return
	}
	f.send(&scheduler.Event{Type: new(scheduler.EventTypeHeartbeat)})
	f.heartbeat = m.after(heartbeatInterval, func() { m.beat(f, stream) })
}

// connect gives the framework a new stream; an old one is told that it has been taken over.
func (m *Master) connect(f *framework, stream *wire.EventStream, streamID string) {
	if f.connected() {
		f.send(&scheduler.Event{Type: new(scheduler.EventTypeError), Error: &scheduler.EventError{Message: "Framework failed over"}})
		f.closeStream()
	}
	stopTimer(f.failover)
	f.failover = nil
	f.stream, f.streamID, f.recovered = stream, streamID, false
	f.send(&scheduler.Event{Type: new(scheduler.EventTypeSubscribed), Subscribed: &scheduler.EventSubscribed{
		FrameworkID: mesos.FrameworkID{Value: f.id}, HeartbeatIntervalSeconds: new(heartbeatInterval.Seconds()), MasterInfo: m.Info(),
	}})
	m.beat(f, stream)
}

// disconnected is called when the connection of a stream has ended.
func (m *Master) disconnected(f *framework, stream *wire.EventStream) {
	if f.stream != stream {
		return
	}
	m.log.Info("framework disconnected", "framework", f.id)
	f.closeStream()
	m.alloc.deactivateFramework(f.id)
	m.discardOffers(f)
	timeout := failoverTimeout(&f.info)
	registered := f.reregistered
	f.failover = m.after(timeout, func() {
		if m.frameworks[f.id] == f && !f.connected() && f.reregistered.Equal(registered) {
			m.log.Info("framework did not come back in time", "framework", f.id, "timeout", timeout)
			m.removeFramework(f)
		}
	})
}

// failoverTimeout is how long a disconnected framework is kept; SUBSCRIBE has checked that it fits.
func failoverTimeout(info *mesos.FrameworkInfo) time.Duration {
	return max(time.Duration(info.GetFailoverTimeout()*float64(time.Second)), 0)
}

// addFramework makes the framework known and gives it offers.
func (m *Master) addFramework(f *framework) {
	m.frameworks[f.id] = f
	m.alloc.setFramework(f.id, f.wants())
}

// removeFramework ends a framework for good: its executors are shut down, its tasks are killed, its id is refused from now on.
func (m *Master) removeFramework(f *framework) {
	m.log.Info("framework removed", "framework", f.id)
	f.stopTimers()
	f.closeStream()
	m.discardOffers(f)
	for _, a := range m.agents {
		a.send(link.ShutdownFramework{FrameworkID: mesos.FrameworkID{Value: f.id}})
	}
	for _, t := range f.sortedTasks() {
		if !t.State.Terminal() {
			m.setState(f, t, t.masterStatus(mesos.TaskKilled, mesos.ReasonFrameworkRemoved, "Framework "+f.id+" removed"), mesos.TaskKilled)
		}
		m.completeTask(f, t)
	}
	for _, agentID := range slices.Collect(maps.Keys(f.executors)) {
		for _, e := range slices.Collect(maps.Keys(f.executors[agentID])) {
			m.removeExecutor(f, agentID, e)
		}
	}
	m.forgetOperations(func(o *operation) bool { return o.FrameworkID.Value == f.id })
	f.unregistered = time.Now()
	delete(m.frameworks, f.id)
	m.alloc.removeFramework(f.id)
	if m.completed = append(m.completed, f); len(m.completed) > m.flags.MaxCompletedFrameworks {
		m.completed = slices.Delete(m.completed, 0, 1)
	}
	m.operatorFrameworkRemoved(f)
}

// isCompleted tells whether a framework of that id was removed.
func (m *Master) isCompleted(id string) bool {
	return slices.ContainsFunc(m.completed, func(f *framework) bool { return f.id == id })
}

// sendAll gives an event to every connected framework.
func (m *Master) sendAll(event *scheduler.Event) {
	for _, f := range m.sortedFrameworks() {
		f.send(event)
	}
}

func (m *Master) sortedFrameworks() []*framework {
	all := slices.Collect(maps.Values(m.frameworks))
	slices.SortFunc(all, func(a, b *framework) int { return compareBy(a.registered, b.registered, a.id, b.id) })
	return all
}

func compareBy(a, b time.Time, x, y string) int {
	if c := a.Compare(b); c != 0 {
		return c
	}
	return compareText(x, y)
}

// newFrameworkID is the next id of a framework that has none.
func (m *Master) newFrameworkID() string {
	id := fmt.Sprintf("%s-%04d", m.info.ID, m.nextID.framework)
	m.nextID.framework++
	return id
}

// refuse ends a subscription with an ERROR event.
func refuse(stream *wire.EventStream, text string) {
	stream.Send(codec.Message(&scheduler.Event{Type: new(scheduler.EventTypeError), Error: &scheduler.EventError{Message: text}}))
	stream.Close()
}
