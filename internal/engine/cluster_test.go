package engine

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// A toyMesos is a master with agents, as far as an engine can see: it offers, launches, kills and answers questions. Nothing happens in it by
// itself; what it has to say waits in news.
type toyMesos struct {
	t          rapid.TB
	agents     []string
	size       int // tasks for which an agent has room
	gone       map[string]bool
	tasks      map[string]*toyTask
	launched   map[string]bool
	offers     map[string]string // agents by offers
	filters    map[string]time.Time
	suppressed bool
	serial     int
	news       []Input
}

type toyTask struct {
	id, agent string
	state     mesos.TaskState
	killed    bool
	healthy   *bool
}

func newToyMesos(t rapid.TB, agents, size int) *toyMesos {
	m := &toyMesos{
		t: t, size: size, gone: map[string]bool{}, tasks: map[string]*toyTask{}, launched: map[string]bool{}, offers: map[string]string{},
		filters: map[string]time.Time{},
	}
	for i := range agents {
		m.agents = append(m.agents, fmt.Sprintf("a%d", i))
	}
	return m
}

// offer offers what agents have free, unless they were refused.
func (m *toyMesos) offer(now time.Time) {
	if m.suppressed {
		return
	}
	for _, agent := range m.agents {
		if m.gone[agent] || m.filters[agent].After(now) || m.offered(agent) {
			continue
		}
		free := m.size
		for _, t := range m.tasks {
			if t.agent == agent {
				free--
			}
		}
		if free <= 0 {
			continue
		}
		m.serial++
		id := fmt.Sprintf("o%d", m.serial)
		m.offers[id] = agent
		m.news = append(m.news, Offered{[]mesos.Offer{toyOffer(id, agent, free)}})
	}
}

func (m *toyMesos) offered(agent string) bool {
	for _, a := range m.offers {
		if a == agent {
			return true
		}
	}
	return false
}

func toyOffer(id, agent string, free int) mesos.Offer {
	role := "*"
	resources := mesos.Resources{mesos.CPUs(float64(free)), mesos.Mem(float64(free)), mesos.PortRange(1000, 2000)}
	for i := range resources {
		resources[i].AllocationInfo = &mesos.ResourceAllocationInfo{Role: &role}
	}
	return mesos.Offer{
		ID: mesos.OfferID{Value: id}, AgentID: mesos.AgentID{Value: agent}, Hostname: agent, Resources: resources,
		AllocationInfo: &mesos.ResourceAllocationInfo{Role: &role},
	}
}

// call carries a call out.
func (m *toyMesos) call(now time.Time, c *scheduler.Call) {
	switch {
	case c.Accept != nil:
		agent := ""
		for _, id := range c.Accept.OfferIDs {
			agent = m.offers[id.Value]
			delete(m.offers, id.Value)
		}
		for _, op := range c.Accept.Operations {
			for _, info := range op.Launch.TaskInfos {
				m.launch(info.TaskID.Value, agent)
			}
		}
		m.refuse(now, agent, c.Accept.Filters)
	case c.Decline != nil:
		for _, id := range c.Decline.OfferIDs {
			m.refuse(now, m.offers[id.Value], c.Decline.Filters)
			delete(m.offers, id.Value)
		}
	case c.Suppress != nil:
		m.suppressed = true
	case c.Revive != nil:
		m.suppressed = false
		clear(m.filters)
	case c.Kill != nil:
		m.kill(c.Kill.TaskID.Value)
	case c.Reconcile != nil:
		m.reconcile(c.Reconcile)
	}
}

func (m *toyMesos) refuse(now time.Time, agent string, f *mesos.Filters) {
	if agent != "" {
		m.filters[agent] = now.Add(time.Duration(*f.RefuseSeconds * float64(time.Second)))
	}
}

func (m *toyMesos) launch(id, agent string) {
	if m.launched[id] {
		m.t.Fatalf("the task %s is launched a second time", id)
	}
	m.launched[id] = true
	if agent == "" || m.gone[agent] {
		m.tell(id, agent, mesos.TaskDropped, new(mesos.ReasonInvalidOffers))
		return
	}
	m.tasks[id] = &toyTask{id: id, agent: agent, state: mesos.TaskStaging}
}

func (m *toyMesos) kill(id string) {
	t := m.tasks[id]
	switch {
	case t == nil:
		m.tell(id, "", mesos.TaskUnknown, new(mesos.ReasonReconciliation))
	case m.gone[t.agent]:
		m.tell(id, t.agent, mesos.TaskUnreachable, new(mesos.ReasonReconciliation))
	default:
		t.killed = true
	}
}

func (m *toyMesos) reconcile(c *scheduler.CallReconcile) {
	ids := sortedKeys(m.tasks)
	if len(c.Tasks) > 0 {
		ids = nil
		for _, q := range c.Tasks {
			ids = append(ids, q.TaskID.Value)
		}
	}
	for _, id := range ids {
		switch t := m.tasks[id]; {
		case t == nil:
			m.tell(id, "", mesos.TaskUnknown, new(mesos.ReasonReconciliation))
		case !m.gone[t.agent]:
			m.tell(id, t.agent, t.state, new(mesos.ReasonReconciliation))
		case len(c.Tasks) > 0:
			m.tell(id, t.agent, mesos.TaskUnreachable, new(mesos.ReasonReconciliation))
		}
	}
}

func (m *toyMesos) tell(id, agent string, state mesos.TaskState, reason *mesos.TaskStatusReason) {
	st := mesos.TaskStatus{TaskID: mesos.TaskID{Value: id}, State: state, Reason: reason}
	if agent != "" {
		st.AgentID = &mesos.AgentID{Value: agent}
	}
	if t := m.tasks[id]; t != nil {
		st.Healthy = t.healthy
	}
	m.news = append(m.news, Updated{st})
}

// move brings a task into a state, and tells it.
func (m *toyMesos) move(id string, state mesos.TaskState) {
	t := m.tasks[id]
	if t == nil || m.gone[t.agent] {
		return
	}
	t.state = state
	m.tell(id, t.agent, state, nil)
	if state.Terminal() {
		delete(m.tasks, id)
	}
}

// work has every task go on: those that were launched run and are well, those that were killed end.
func (m *toyMesos) work() {
	for _, id := range sortedKeys(m.tasks) {
		switch t := m.tasks[id]; {
		case t.killed:
			m.move(id, mesos.TaskKilled)
		case t.state == mesos.TaskStaging:
			m.move(id, mesos.TaskRunning)
		case t.healthy == nil || !*t.healthy:
			t.healthy = new(true)
			m.move(id, mesos.TaskRunning)
		}
	}
}

// lose makes an agent unreachable, find has it return.
func (m *toyMesos) lose(agent string) {
	m.gone[agent] = true
	for id, a := range m.offers {
		if a == agent {
			delete(m.offers, id)
			m.news = append(m.news, Rescinded{mesos.OfferID{Value: id}})
		}
	}
	m.tellAll(agent, func(*toyTask) mesos.TaskState { return mesos.TaskUnreachable })
}

func (m *toyMesos) find(agent string) {
	if !m.gone[agent] {
		return
	}
	delete(m.gone, agent)
	m.tellAll(agent, func(t *toyTask) mesos.TaskState { return t.state })
}

func (m *toyMesos) tellAll(agent string, state func(*toyTask) mesos.TaskState) {
	for _, id := range sortedKeys(m.tasks) {
		if t := m.tasks[id]; t.agent == agent {
			m.tell(id, agent, state(t), nil)
		}
	}
}

// of are the tasks of an app that are not over.
func (m *toyMesos) of(id app.ID) []*toyTask {
	var all []*toyTask
	for _, task := range sortedKeys(m.tasks) {
		if _, of := instanceOf(task); of == id {
			all = append(all, m.tasks[task])
		}
	}
	return slices.Clip(all)
}
