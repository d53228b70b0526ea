package master

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ormosproject/ormos/local/internal/daemon"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// offer is an outstanding offer: resources of one agent for one role of one framework.
type offer struct {
	id        string
	seq       int
	framework *framework
	agent     *agent
	role      string
	resources mesos.Resources // in the master's format, allocated to the role
	sent      mesos.Offer     // as the framework has it
	timeout   *time.Timer
}

func (o *offer) stop() { stopTimer(o.timeout) }

// rounds are when offers are made: at once for agents and frameworks that have come, else in rounds at a fixed rhythm, and
// only when there may be something to offer.
type rounds struct {
	all    bool     // at once, over all agents
	agents []string // at once, over these
	timer  *time.Timer
	at     time.Time // when timer fires

	since     time.Time    // a round is asked for; zero if none is
	wait, run daemon.Timer // until a round is made, and of making it
}

// want asks for a round over one agent as soon as what is at hand is done.
func (r *rounds) want(agent string) {
	if !slices.Contains(r.agents, agent) {
		r.agents = append(r.agents, agent)
		r.asked()
	}
}

// wantAll asks for a round over all agents as soon as what is at hand is done.
func (r *rounds) wantAll() {
	r.all = true
	r.asked()
}

func (r *rounds) asked() {
	if r.since.IsZero() {
		r.since = time.Now()
	}
}

func (r *rounds) stop() { stopTimer(r.timer) }

// allocateNow makes the round that was asked for.
func (m *Master) allocateNow() {
	switch {
	case m.rounds.all:
		m.round(nil)
	case len(m.rounds.agents) > 0:
		m.round(m.rounds.agents)
	}
	m.rounds.all, m.rounds.agents, m.rounds.since = false, m.rounds.agents[:0], time.Time{}
}

// round makes offers of what some agents (nil: all) have.
func (m *Master) round(agents []string) {
	if !m.leads() {
		return
	}
	began := time.Now()
	if !m.rounds.since.IsZero() {
		m.rounds.wait.Add(began.Sub(m.rounds.since))
	}
	grants := m.alloc.allocate(began, agents)
	m.rounds.run.Add(time.Since(began))
	m.makeOffers(grants)
	m.makeInverseOffers(agents)
}

// scheduleRound sets the timer to the next beat of the rhythm at which a round may find something.
func (m *Master) scheduleRound() {
	now := time.Now()
	armed := m.rounds.timer != nil && m.rounds.at.After(now)
	want := now
	if !m.alloc.changed {
		if armed {
			return // whatever was refused since has set changed
		}
		if want = m.alloc.nextExpiry(); want.IsZero() {
			return
		}
	}
	at := m.beatAfter(want)
	if armed && !m.rounds.at.After(at) {
		return
	}
	m.rounds.stop()
	m.rounds.at = at
	m.rounds.timer = m.after(at.Sub(now), func() {
		m.rounds.timer = nil
		m.round(nil)
	})
}

// beatAfter is the first beat of the rhythm, which began with the master, that is later than t.
func (m *Master) beatAfter(t time.Time) time.Time {
	interval := m.flags.AllocationInterval
	return m.started.Add((t.Sub(m.started)/interval + 1) * interval)
}

// makeOffers sends what the allocator grants: one event for each framework.
func (m *Master) makeOffers(grants []grant) {
	byFramework := map[string][]mesos.Offer{}
	var order []string
	for _, g := range grants {
		f, a := m.frameworks[g.framework], m.agents[g.agent]
		if f == nil || a == nil || !f.connected() || !a.connected() {
			m.alloc.release(g.framework, g.agent, g.resources)
			continue
		}
		o := m.newOffer(f, a, g)
		if byFramework[f.id] == nil {
			order = append(order, f.id)
		}
		byFramework[f.id] = append(byFramework[f.id], o.sent)
	}
	for _, id := range order {
		f := m.frameworks[id]
		f.counters.add("offers/sent", float64(len(byFramework[id])))
		f.send(&scheduler.Event{Type: new(scheduler.EventTypeOffers), Offers: &scheduler.EventOffers{Offers: byFramework[id]}})
	}
}

func (m *Master) newOffer(f *framework, a *agent, g grant) *offer {
	o := &offer{id: fmt.Sprintf("%s-O%d", m.info.ID, m.nextID.offer), seq: m.nextID.offer, framework: f, agent: a, role: g.role, resources: g.resources}
	m.nextID.offer++
	o.sent = o.message()
	m.offers[o.id], f.offers[o.id], a.offers[o.id] = o, o, o
	if m.flags.OfferTimeout > 0 {
		o.timeout = m.after(m.flags.OfferTimeout, func() {
			if m.offers[o.id] == o {
				m.rescind(o)
			}
		})
	}
	return o
}

// message is the offer as the framework gets it, in the formats that its capabilities ask for.
func (o *offer) message() mesos.Offer {
	f, a := o.framework, o.agent
	message := mesos.Offer{
		ID: mesos.OfferID{Value: o.id}, FrameworkID: mesos.FrameworkID{Value: f.id}, AgentID: mesos.AgentID{Value: a.id}, Hostname: a.info.Hostname,
		Attributes: a.info.Attributes, Domain: a.info.Domain, Resources: f.shown(o.resources),
		URL: a.url(),
	}
	if a.planned != nil {
		message.Unavailability = a.planned.unavailability.Clone()
	}
	if f.caps.multiRole {
		message.AllocationInfo = &mesos.ResourceAllocationInfo{Role: new(o.role)}
	}
	for _, id := range slices.Sorted(maps.Keys(f.executors[a.id])) {
		message.ExecutorIDs = append(message.ExecutorIDs, mesos.ExecutorID{Value: id})
	}
	return message
}

// url is where the agent's process is reached.
func (a *agent) url() *mesos.URL {
	return &mesos.URL{
		Scheme: a.address.Scheme(), Path: new("/slave(1)"),
		Address: mesos.Address{Hostname: new(a.info.Hostname), IP: new(a.address.IP), Port: int32(a.address.Port)},
	}
}

// shown gives resources in the format that the framework's capabilities ask for.
func (f *framework) shown(r mesos.Resources) mesos.Resources {
	if !f.caps.multiRole {
		r = r.Unallocated()
	}
	if f.caps.refinement {
		return r
	}
	if old, err := r.In(mesos.PreRefinement); err == nil {
		return old
	}
	return r
}

// takeOffer takes an offer off all lists. Its resources still count as used.
func (m *Master) takeOffer(o *offer) {
	o.stop()
	delete(m.offers, o.id)
	delete(o.framework.offers, o.id)
	delete(o.agent.offers, o.id)
}

// discard takes an offer back without a word.
func (m *Master) discard(o *offer) {
	m.takeOffer(o)
	m.alloc.release(o.framework.id, o.agent.id, o.resources)
}

// rescind takes an offer back and tells its framework.
func (m *Master) rescind(o *offer) {
	m.discard(o)
	o.framework.counters.add("offers/rescinded", 1)
	o.framework.send(&scheduler.Event{Type: new(scheduler.EventTypeRescind), Rescind: &scheduler.EventRescind{OfferID: mesos.OfferID{Value: o.id}}})
}

// rescindAll takes back all offers of an agent, and those to give it back.
func (m *Master) rescindAll(a *agent) {
	for _, o := range sortedOffers(a.offers) {
		m.rescind(o)
	}
	if a.planned != nil {
		for _, o := range a.planned.asked {
			m.rescindInverse(o)
		}
	}
}

// discardOffers takes back all offers to a framework without a word.
func (m *Master) discardOffers(f *framework) {
	for _, o := range sortedOffers(f.offers) {
		m.discard(o)
	}
	m.forgetInverse(f)
}

func sortedOffers(offers map[string]*offer) []*offer {
	all := slices.Collect(maps.Values(offers))
	slices.SortFunc(all, func(a, b *offer) int { return a.seq - b.seq })
	return all
}

// decline takes back offers whose framework does not want them for a while.
func (m *Master) decline(ids []mesos.OfferID, filters *mesos.Filters) {
	for _, id := range ids {
		o := m.offers[id.Value]
		if o == nil {
			continue
		}
		o.framework.counters.add("offers/declined", 1)
		m.takeOffer(o)
		m.refuseResources(o, o.resources, filters)
	}
}

// refuseResources gives back resources of an offer, which are then held back as the filters say.
func (m *Master) refuseResources(o *offer, r mesos.Resources, filters *mesos.Filters) {
	until := time.Time{}
	if d := refusal(filters); d > 0 {
		until = time.Now().Add(max(d, m.flags.AllocationInterval))
	}
	m.alloc.refuse(o.framework.id, o.role, o.agent.id, r, until)
}
