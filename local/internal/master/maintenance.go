package master

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
	"github.com/ormosproject/ormos/scheduler"
)

// maintenance is when operators are going to take machines away. Frameworks that have something there are asked, by inverse offers, to
// let go of it in time.
type maintenance struct {
	schedule operator.MaintenanceSchedule
	down     map[string]bool          // machines of the schedule that were taken away, by machineText
	offers   map[string]*inverseOffer // outstanding, by id
}

// plannedMaintenance is an agent's part in it.
type plannedMaintenance struct {
	unavailability mesos.Unavailability
	asked          map[string]*inverseOffer               // outstanding, by framework
	answers        map[string]operator.InverseOfferStatus // the last of each framework
	refused        map[string]time.Time                   // by framework: not asked before
}

// inverseOffer asks a framework to give an agent back.
type inverseOffer struct {
	id        string
	framework *framework
	agent     *agent
	timeout   *time.Timer
}

// setSchedule replaces the schedule. Who has been offered something of an agent whose time has changed is offered it anew.
func (m *Master) setSchedule(s *operator.MaintenanceSchedule) error {
	if err := validateSchedule(s); err != nil {
		return err
	}
	next := maintenance{schedule: *s}
	for id := range m.maintenance.down {
		if !next.plans(id) {
			return says("Machine '%s' is deactivated and cannot be removed from the schedule", id)
		}
	}
	m.maintenance.schedule = *s.Clone()
	for _, a := range m.sortedAgents() {
		m.plan(a)
	}
	m.saveRegistry(nil)
	return nil
}

// validateSchedule checks what operators ask for.
func validateSchedule(s *operator.MaintenanceSchedule) error {
	seen := map[string]bool{}
	for i := range s.Windows {
		w := &s.Windows[i]
		if len(w.MachineIDs) == 0 {
			return says("List of machines in the maintenance window is empty")
		}
		if d := w.Unavailability.Duration; d != nil && d.Nanoseconds < 0 {
			return says("Unavailability 'duration' is negative")
		}
		for j := range w.MachineIDs {
			id := machineText(&w.MachineIDs[j])
			if err := validateMachine(&w.MachineIDs[j]); err != nil {
				return err
			}
			if seen[id] {
				return says("Machine '%s' appears more than once in the schedule", id)
			}
			seen[id] = true
		}
	}
	return nil
}

func validateMachine(id *mesos.MachineID) error {
	if id.GetHostname() == "" && id.GetIP() == "" {
		return says("Both 'hostname' and 'ip' for a machine are empty")
	}
	if ip := id.GetIP(); ip != "" {
		if _, err := netip.ParseAddr(ip); err != nil {
			return says("Invalid 'ip' for machine '%s'", machineText(id))
		}
	}
	return nil
}

// machineText names a machine. Hostnames have no case.
func machineText(id *mesos.MachineID) string {
	return strings.ToLower(id.GetHostname()) + " (" + id.GetIP() + ")"
}

// unavailabilityOf is when an agent will be away, nil if that is not planned.
func (m *maintenance) unavailabilityOf(a *agent) *mesos.Unavailability {
	id := machineText(a.machine())
	for i := range m.schedule.Windows {
		for j := range m.schedule.Windows[i].MachineIDs {
			if machineText(&m.schedule.Windows[i].MachineIDs[j]) == id {
				return &m.schedule.Windows[i].Unavailability
			}
		}
	}
	return nil
}

func (a *agent) machine() *mesos.MachineID {
	return &mesos.MachineID{Hostname: new(a.info.Hostname), IP: new(a.address.IP)}
}

// plan gives the agent its place in the schedule.
func (m *Master) plan(a *agent) {
	u := m.maintenance.unavailabilityOf(a)
	switch {
	case u == nil && a.planned == nil, u != nil && a.planned != nil && sameMessage(u, &a.planned.unavailability):
		return
	}
	m.rescindAll(a)
	a.planned = nil
	if u != nil {
		a.planned = &plannedMaintenance{
			unavailability: *u.Clone(), asked: map[string]*inverseOffer{}, answers: map[string]operator.InverseOfferStatus{}, refused: map[string]time.Time{},
		}
	}
	m.rounds.want(a.id)
}

// makeInverseOffers asks frameworks for what they have on some agents (nil: all): one event for each framework.
func (m *Master) makeInverseOffers(agents []string) {
	if len(m.maintenance.schedule.Windows) == 0 {
		return
	}
	chosen := m.sortedAgents()
	if agents != nil {
		chosen = nil
		for _, id := range agents {
			if a := m.agents[id]; a != nil {
				chosen = append(chosen, a)
			}
		}
	}
	for _, f := range m.sortedFrameworks() {
		var event scheduler.EventInverseOffers
		for _, a := range chosen {
			if m.asksBack(f, a) {
				event.InverseOffers = append(event.InverseOffers, m.newInverseOffer(f, a))
			}
		}
		if len(event.InverseOffers) > 0 {
			f.send(&scheduler.Event{Type: new(scheduler.EventTypeInverseOffers), InverseOffers: &event})
		}
	}
}

// asksBack tells whether a framework is to be asked for what it has on an agent.
func (m *Master) asksBack(f *framework, a *agent) bool {
	p := a.planned
	return p != nil && a.connected() && f.connected() && p.asked[f.id] == nil && !time.Now().Before(p.refused[f.id]) && f.holds(a)
}

// holds tells whether anything of the agent is the framework's: tasks, executors or offers.
func (f *framework) holds(a *agent) bool {
	for _, t := range a.tasks {
		if t.FrameworkID.Value == f.id && !t.State.Terminal() {
			return true
		}
	}
	for _, o := range a.offers {
		if o.framework == f {
			return true
		}
	}
	return len(f.executors[a.id]) > 0
}

func (m *Master) newInverseOffer(f *framework, a *agent) mesos.InverseOffer {
	o := &inverseOffer{id: fmt.Sprintf("%s-O%d", m.info.ID, m.nextID.offer), framework: f, agent: a}
	m.nextID.offer++
	m.maintenance.offers[o.id], a.planned.asked[f.id] = o, o
	if m.flags.OfferTimeout > 0 {
		o.timeout = m.after(m.flags.OfferTimeout, func() {
			if m.maintenance.offers[o.id] == o {
				m.rescindInverse(o)
				m.rounds.want(a.id)
			}
		})
	}
	return mesos.InverseOffer{
		ID: mesos.OfferID{Value: o.id}, URL: a.url(), FrameworkID: mesos.FrameworkID{Value: f.id}, AgentID: &mesos.AgentID{Value: a.id},
		Unavailability: *a.planned.unavailability.Clone(),
	}
}

// takeInverse takes an inverse offer off all lists.
func (m *Master) takeInverse(o *inverseOffer) {
	stopTimer(o.timeout)
	delete(m.maintenance.offers, o.id)
	delete(o.agent.planned.asked, o.framework.id)
}

// rescindInverse takes an inverse offer back and tells its framework.
func (m *Master) rescindInverse(o *inverseOffer) {
	m.takeInverse(o)
	o.framework.send(&scheduler.Event{
		Type: new(scheduler.EventTypeRescindInverseOffer), RescindInverseOffer: &scheduler.EventRescindInverseOffer{InverseOfferID: mesos.OfferID{Value: o.id}},
	})
}

// answerInverse notes what a framework says to inverse offers, and asks it again when the filters have ended.
func (m *Master) answerInverse(f *framework, ids []mesos.OfferID, status operator.InverseOfferStatusStatus, filters *mesos.Filters) {
	for _, id := range ids {
		o := m.maintenance.offers[id.Value]
		if o == nil || o.framework != f {
			continue
		}
		m.takeInverse(o)
		now, a := time.Now(), o.agent
		a.planned.answers[f.id] = operator.InverseOfferStatus{
			Status: status, FrameworkID: mesos.FrameworkID{Value: f.id}, Timestamp: mesos.TimeInfo{Nanoseconds: now.UnixNano()},
		}
		pause := max(refusal(filters), m.flags.AllocationInterval)
		a.planned.refused[f.id] = now.Add(pause)
		m.after(pause, func() { m.rounds.want(a.id) })
	}
}

// forgetInverse takes all inverse offers to a framework back without a word: it may be asked anew at once.
func (m *Master) forgetInverse(f *framework) {
	for _, a := range m.agents {
		if a.planned == nil {
			continue
		}
		if o := a.planned.asked[f.id]; o != nil {
			m.takeInverse(o)
		}
		delete(a.planned.refused, f.id)
	}
}

// maintenanceStatus is what frameworks have said to the machines that will be away.
func (m *Master) maintenanceStatus() (s operator.MaintenanceClusterStatus) {
	for i := range m.maintenance.schedule.Windows {
		for _, id := range m.maintenance.schedule.Windows[i].MachineIDs {
			if m.maintenance.down[machineText(&id)] {
				s.DownMachines = append(s.DownMachines, *id.Clone())
				continue
			}
			machine := operator.MaintenanceClusterStatusDrainingMachine{ID: *id.Clone()}
			for _, a := range m.sortedAgents() {
				if a.planned == nil || machineText(a.machine()) != machineText(&id) {
					continue
				}
				for _, f := range m.sortedFrameworks() {
					if answer, ok := a.planned.answers[f.id]; ok {
						machine.Statuses = append(machine.Statuses, answer)
					}
				}
			}
			s.DrainingMachines = append(s.DrainingMachines, machine)
		}
	}
	return s
}
