package offer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ormosproject/ormos/mesos"
)

// An Explanation says why a need was not served by what was left when all needs had been looked at.
type Explanation struct {
	// Need is the need's index, Name its name.
	Need int
	Name string
	// Funnel counts the offers by what they failed at first, in the order of the reasons.
	Funnel []Step
	// Misses are the lots that did not serve the need, in the order of the offers, with all that is missing.
	Misses []Miss
	// Nearest is the miss with the smallest change: were all its failures ended, that lot would serve the need. Nil without misses.
	Nearest *Miss
	// Fits are the offers that would serve the need now: what was placed after it has changed what GROUP_BY or CLUSTER allow, or has brought an
	// executor or a shared volume.
	Fits []mesos.OfferID
}

// A Step is one step of a funnel.
type Step struct {
	// Reason is what the step looks at.
	Reason Reason
	// Name is that of the constraint, resource or whatever the reason is about.
	Name string
	// Processed offers came so far, and Declined of them failed here.
	Processed, Declined int
}

// A Miss is a lot that does not serve a need.
type Miss struct {
	// AgentID, Hostname and Role are the agent and the role that the lot is of, OfferIDs its offers.
	AgentID  mesos.AgentID
	Hostname string
	Role     string
	OfferIDs []mesos.OfferID
	// Failures are all that is in the way.
	Failures []Failure
}

// String is what would have to change: on agent1: 0.5 cpus more.
func (m *Miss) String() string {
	changes := make([]string, len(m.Failures))
	for i := range m.Failures {
		changes[i] = m.Failures[i].String()
	}
	return "on " + m.Hostname + ": " + strings.Join(changes, ", ")
}

// Weight is how much is in the way: of two misses the one that weighs less is nearer.
func (m *Miss) Weight() float64 {
	var sum float64
	for i := range m.Failures {
		sum += m.Failures[i].weight()
	}
	return sum
}

// String is the funnel and the nearest miss, in one line.
func (e Explanation) String() string {
	if len(e.Fits) > 0 {
		return e.Name + ": it would fit now, after others were served"
	}
	if e.Nearest == nil {
		return e.Name + ": no offers"
	}
	steps := make([]string, len(e.Funnel))
	for i, s := range e.Funnel {
		steps[i] = fmt.Sprintf("%d of %d: %v %s", s.Declined, s.Processed, s.Reason, s.Name)
	}
	return fmt.Sprintf("%s: offers fail at %s; nearest %v", e.Name, strings.Join(steps, ", "), e.Nearest)
}

// Explain says why a need was not served. It works for every need, also one that was: then for another of the same. It looks at all offers; nothing
// of it is computed before it is asked for.
func (r *Result) Explain(need int) Explanation {
	m := r.matcher
	e := Explanation{Need: need, Name: m.needs[need].Name}
	for at := range m.lots {
		if miss := m.miss(at, need); len(miss.Failures) > 0 {
			e.Misses = append(e.Misses, miss)
		} else {
			e.Fits = append(e.Fits, m.lots[at].offers...)
		}
	}
	e.count()
	for i := range e.Misses {
		if e.Nearest == nil || e.Misses[i].Weight() < e.Nearest.Weight() {
			e.Nearest = &e.Misses[i]
		}
	}
	return e
}

// miss finds all that keeps a lot from serving a need.
func (m *matcher) miss(at, need int) Miss {
	l, c := &m.lots[at], m.classes[need]
	found := Miss{AgentID: l.agent, Hostname: l.hostname, Role: l.role, OfferIDs: l.offers}
	if c.wrong != nil {
		found.Failures = []Failure{{Reason: Invalid, Name: c.wrong.Error()}}
		return found
	}
	if len(c.need.Roles) > 0 && !slices.Contains(c.need.Roles, l.role) {
		found.add(Failure{Reason: WrongRole, Name: l.role})
	}
	for i := range c.rules {
		if !m.holds(&c.rules[i], at) {
			found.add(Failure{Reason: ConstraintFails, Name: c.rules[i].String()})
		}
	}
	t := m.taking(at, need, nil)
	t.report = found.add
	t.all()
	if m.gpusKept(l, c) {
		found.add(Failure{Reason: GPUsKept, Name: mesos.GPUsName})
	}
	if m.full(l) {
		found.add(Failure{Reason: LotFull})
	}
	slices.SortStableFunc(found.Failures, func(a, b Failure) int { return int(a.Reason) - int(b.Reason) })
	return found
}

// add notes a failure; amounts of the same are added up.
func (m *Miss) add(f Failure) {
	for i := range m.Failures {
		same := &m.Failures[i]
		if same.Reason == f.Reason && same.Name == f.Name && same.Port == 0 && f.Port == 0 && f.Reason >= NoReservation {
			same.Missing += f.Missing
			same.Wanted += f.Wanted
			return
		}
	}
	m.Failures = append(m.Failures, f)
}

// count makes the funnel of the misses.
func (e *Explanation) count() {
	total := 0
	for i := range e.Misses {
		first, offers := &e.Misses[i].Failures[0], len(e.Misses[i].OfferIDs)
		total += offers
		at := slices.IndexFunc(e.Funnel, func(s Step) bool { return s.Reason == first.Reason && s.Name == first.Name })
		if at < 0 {
			at = len(e.Funnel)
			e.Funnel = append(e.Funnel, Step{Reason: first.Reason, Name: first.Name})
		}
		e.Funnel[at].Declined += offers
	}
	slices.SortStableFunc(e.Funnel, func(a, b Step) int { return int(a.Reason) - int(b.Reason) })
	for i := range e.Funnel {
		e.Funnel[i].Processed = total
		total -= e.Funnel[i].Declined
	}
}
