package master

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// allocator decides who is offered what: dominant resource fairness (DRF) among roles, then among the frameworks of a role.
// It has neither clock nor I/O: time is an argument. All resources of an agent that a role may have go to one framework per
// round. Resources count as used from the moment they are offered until they are released.
type allocator struct {
	agents     map[string]*allocAgent
	order      []string // ids of agents as they came
	frameworks map[string]*allocFramework
	total      quantities
	roles      map[string]*claim // by role
	runs       int
	changed    bool // something got free since the last round
}

// allocAgent is an agent as the allocator sees it.
type allocAgent struct {
	total     mesos.Resources // without allocation
	allocated mesos.Resources // without allocation
	active    bool
	about     agentTraits
}

// agentTraits are what constraints and capabilities are judged by.
type agentTraits struct {
	hostname   string
	region     string
	zone       string
	attributes []mesos.Attribute
}

// allocFramework is a framework as the allocator sees it.
type allocFramework struct {
	wants     wants
	active    bool
	filters   map[filterKey][]filter
	claims    map[string]*claim          // by role
	allocated map[string]mesos.Resources // by agent, with allocation
}

// wants is what a framework would like to be offered.
type wants struct {
	caps  capabilities
	roles map[string]roleWants
}

// roleWants is what it wants as one role.
type roleWants struct {
	suppressed  bool
	minimum     []quantities // any of them suffices; none: everything does
	constraints constraints
}

// claim counts what somebody has, for shares.
type claim struct {
	has   quantities
	times int // offers made, to be fair where shares are equal
}

// grant is an offer to be made.
type grant struct {
	framework, role, agent string
	resources              mesos.Resources // allocated to role
}

// quantities are amounts of scalars by name, in thousandths.
type quantities map[string]int64

func quantitiesOf(r mesos.Resources) quantities {
	q := quantities{}
	for i := range r {
		if r[i].Type == mesos.ValueTypeScalar && r[i].Scalar != nil {
			q[r[i].Name] += thousandths(r[i].Scalar.Value)
		}
	}
	return q
}

func thousandths(value float64) int64 {
	if value < 0 {
		return -thousandths(-value)
	}
	return int64(value*1000 + 0.5)
}

func (q quantities) add(other quantities, sign int64) {
	for name, amount := range other {
		if q[name] += sign * amount; q[name] == 0 {
			delete(q, name)
		}
	}
}

// contains tells whether there is at least as much of everything.
func (q quantities) contains(other quantities) bool {
	for name, amount := range other {
		if q[name] < amount {
			return false
		}
	}
	return true
}

// share is the largest part of the total that q has of any resource.
func (q quantities) share(total quantities) float64 {
	share := 0.0
	for name, amount := range q {
		if all := total[name]; all > 0 {
			share = max(share, float64(amount)/float64(all))
		}
	}
	return share
}

func newAllocator() *allocator {
	return &allocator{
		agents: map[string]*allocAgent{}, frameworks: map[string]*allocFramework{}, total: quantities{}, roles: map[string]*claim{},
	}
}

// setAgent adds an agent, or changes what it has. An agent is active from then on.
func (a *allocator) setAgent(id string, total mesos.Resources, about agentTraits) {
	one := a.agents[id]
	if one == nil {
		one = &allocAgent{}
		a.agents[id] = one
		a.order = append(a.order, id)
	} else {
		a.total.add(quantitiesOf(one.total), -1)
	}
	one.total, one.about, one.active = total.Unallocated(), about, true
	a.total.add(quantitiesOf(one.total), 1)
	a.changed = true
}

// setAgentActive stops or resumes offers of an agent.
func (a *allocator) setAgentActive(id string, active bool) {
	if one := a.agents[id]; one != nil {
		one.active = active
		a.changed = a.changed || active
	}
}

// removeAgent forgets an agent with everything that was allocated on it, and all filters for it.
func (a *allocator) removeAgent(id string) {
	one := a.agents[id]
	if one == nil {
		return
	}
	for framework, f := range a.frameworks {
		a.release(framework, id, f.allocated[id])
		delete(f.allocated, id)
	}
	a.clearAgentFilters(id)
	a.total.add(quantitiesOf(one.total), -1)
	delete(a.agents, id)
	a.order = slices.DeleteFunc(a.order, func(other string) bool { return other == id })
}

// clearAgentFilters forgets what was refused of an agent.
func (a *allocator) clearAgentFilters(id string) {
	for _, f := range a.frameworks {
		maps.DeleteFunc(f.filters, func(key filterKey, _ []filter) bool { return key.agent == id })
	}
	a.changed = true
}

// setFramework adds a framework, or changes what it wants. A framework is active from then on.
func (a *allocator) setFramework(id string, w wants) {
	f := a.frameworks[id]
	if f == nil {
		f = &allocFramework{filters: map[filterKey][]filter{}, claims: map[string]*claim{}, allocated: map[string]mesos.Resources{}}
		a.frameworks[id] = f
	}
	f.wants, f.active = w, true
	a.changed = true
}

// deactivateFramework stops offers to a framework.
func (a *allocator) deactivateFramework(id string) {
	if f := a.frameworks[id]; f != nil {
		f.active = false
	}
}

// removeFramework forgets a framework and frees what it has.
func (a *allocator) removeFramework(id string) {
	f := a.frameworks[id]
	if f == nil {
		return
	}
	for agent, allocated := range f.allocated {
		a.release(id, agent, allocated)
	}
	delete(a.frameworks, id)
	a.changed = true
}

// claimed notes that a framework has resources (which are allocated to a role) on an agent.
func (a *allocator) claimed(framework, agent string, resources mesos.Resources) {
	f, on := a.frameworks[framework], a.agents[agent]
	if f == nil || on == nil || len(resources) == 0 {
		return
	}
	on.allocated = on.allocated.Add(resources.Unallocated()...)
	f.allocated[agent] = f.allocated[agent].Add(resources...)
	a.count(f, resources, 1)
}

// release notes that a framework does not have resources any more. What it did not have is ignored.
func (a *allocator) release(framework, agent string, resources mesos.Resources) {
	f, on := a.frameworks[framework], a.agents[agent]
	if f == nil || on == nil || len(resources) == 0 {
		return
	}
	on.allocated = on.allocated.Subtract(resources.Unallocated()...)
	f.allocated[agent] = f.allocated[agent].Subtract(resources...)
	a.count(f, resources, -1)
	a.changed = true
}

// count keeps the books for shares.
func (a *allocator) count(f *allocFramework, resources mesos.Resources, sign int64) {
	for i := range resources {
		role := resources[i].AllocationInfo.GetRole()
		amounts := quantitiesOf(resources[i : i+1])
		claimOf(f.claims, role).has.add(amounts, sign)
		claimOf(a.roles, role).has.add(amounts, sign)
	}
}

func claimOf(claims map[string]*claim, role string) *claim {
	if claims[role] == nil {
		claims[role] = &claim{has: quantities{}}
	}
	return claims[role]
}

// replace notes that resources on an agent have become others (reserved, made a volume ...).
func (a *allocator) replace(framework, agent string, consumed, converted mesos.Resources) {
	on := a.agents[agent]
	if on == nil {
		return
	}
	a.total.add(quantitiesOf(on.total), -1)
	on.total = on.total.Subtract(consumed.Unallocated()...).Add(converted.Unallocated()...)
	a.total.add(quantitiesOf(on.total), 1)
	if framework != "" {
		a.release(framework, agent, consumed)
		a.claimed(framework, agent, converted)
	}
	a.changed = true
}

// free is what nobody has of an agent.
func (a *allocator) free(agent string) mesos.Resources {
	on := a.agents[agent]
	if on == nil {
		return nil
	}
	return on.total.Subtract(on.allocated...)
}

// allocate makes a round over some agents (nil: all) and returns the offers to be made, whose resources count as used then.
func (a *allocator) allocate(now time.Time, agents []string) []grant {
	a.runs++
	if agents == nil {
		agents = a.order
		a.changed = false
	}
	a.expire(now)
	var grants []grant
	for _, id := range agents {
		if on := a.agents[id]; on != nil && on.active {
			grants = a.allocateAgent(grants, id, on)
		}
	}
	return grants
}

func (a *allocator) allocateAgent(grants []grant, id string, on *allocAgent) []grant {
	free := on.total.Subtract(on.allocated...)
	if free.IsEmpty() {
		return grants
	}
	for _, role := range a.sortedRoles() {
		available := free.AllocatableTo(role)
		for _, framework := range a.sortedFrameworks(role) {
			f := a.frameworks[framework]
			offered, ok := f.takes(role, id, on, available)
			if !ok {
				continue
			}
			g := grant{framework: framework, role: role, agent: id, resources: offered.AllocatedTo(role)}
			a.claimed(framework, id, g.resources)
			claimOf(f.claims, role).times++
			claimOf(a.roles, role).times++
			grants = append(grants, g)
			free = free.Subtract(offered...)
			available = free.AllocatableTo(role)
		}
		if free.IsEmpty() {
			break
		}
	}
	return grants
}

// takes tells which of the available resources the framework would be offered as the role, and whether it is offered any.
func (f *allocFramework) takes(role, agent string, on *allocAgent, available mesos.Resources) (mesos.Resources, bool) {
	w := f.wants.roles[role]
	if !f.wants.caps.gpus && on.total.GPUs() > 0 || !w.constraints.allow(&on.about) {
		return nil, false
	}
	offered := available.Filter(func(r *mesos.Resource) bool {
		return !r.IsEmpty() && (f.wants.caps.revocable || !r.IsRevocable()) && (f.wants.caps.shared || !r.IsShared()) &&
			(f.wants.caps.refinement || len(r.Reservations) < 2)
	})
	if len(offered) == 0 || !w.enough(offered) || f.refused(role, agent, offered) {
		return nil, false
	}
	return offered, true
}

// enough tells whether resources reach the least amount worth an offer.
func (w *roleWants) enough(r mesos.Resources) bool {
	if len(w.minimum) == 0 {
		return true
	}
	have := quantitiesOf(r)
	return slices.ContainsFunc(w.minimum, have.contains)
}

// sortedRoles are the roles that want offers, the one with the smallest dominant share first.
func (a *allocator) sortedRoles() []string {
	wanted := map[string]bool{}
	for _, f := range a.frameworks {
		for role, w := range f.wants.roles {
			if f.active && !w.suppressed {
				wanted[role] = true
			}
		}
	}
	return a.byShare(slices.Collect(maps.Keys(wanted)), func(role string) *claim { return a.roles[role] })
}

// sortedFrameworks are the frameworks that want offers as the role, the one with the smallest dominant share first.
func (a *allocator) sortedFrameworks(role string) []string {
	var wanting []string
	for id, f := range a.frameworks {
		if w, ok := f.wants.roles[role]; ok && f.active && !w.suppressed {
			wanting = append(wanting, id)
		}
	}
	return a.byShare(wanting, func(id string) *claim { return a.frameworks[id].claims[role] })
}

func (a *allocator) byShare(names []string, claimOf func(string) *claim) []string {
	type ranked struct {
		name  string
		share float64
		times int
	}
	all := make([]ranked, len(names))
	for i, name := range names {
		all[i].name = name
		if c := claimOf(name); c != nil {
			all[i].share, all[i].times = c.has.share(a.total), c.times
		}
	}
	slices.SortFunc(all, func(x, y ranked) int {
		return cmp.Or(cmp.Compare(x.share, y.share), cmp.Compare(x.times, y.times), strings.Compare(x.name, y.name))
	})
	for i := range all {
		names[i] = all[i].name
	}
	return names
}

// claimsOf tells as which roles a framework has something.
func (a *allocator) claimsOf(framework string) map[string]quantities {
	held := map[string]quantities{}
	if f := a.frameworks[framework]; f != nil {
		for role, c := range f.claims {
			if len(c.has) > 0 {
				held[role] = c.has
			}
		}
	}
	return held
}
