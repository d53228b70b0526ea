package master

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
)

// What follows shows the state as the operator API has it. The messages share memory with the state, which is not changed in
// place: they may be encoded later, by anybody.

func timeInfo(t time.Time) *mesos.TimeInfo {
	if t.IsZero() {
		return nil
	}
	return &mesos.TimeInfo{Nanoseconds: t.UnixNano()}
}

// endpoint gives resources in the form with both kinds of reservation.
func endpoint(r mesos.Resources) mesos.Resources {
	both, err := r.In(mesos.Endpoint)
	if err != nil {
		return r
	}
	return both
}

func (m *Master) agentView(a *agent) operator.MasterResponseGetAgentsAgent {
	return operator.MasterResponseGetAgentsAgent{
		AgentInfo: a.info, Active: a.connected(), Version: a.version, PID: new(a.pid()), RegisteredTime: timeInfo(a.registered),
		ReregisteredTime: timeInfo(a.reregistered), TotalResources: endpoint(a.total), AllocatedResources: endpoint(m.usedOn(a)),
		OfferedResources: endpoint(a.offered()), Capabilities: a.capabilities, Deactivated: new(false),
	}
}

// usedOn is what tasks and executors use of an agent.
func (m *Master) usedOn(a *agent) mesos.Resources {
	var parts []mesos.Resources
	for _, t := range a.tasks {
		if !t.State.Terminal() {
			parts = append(parts, t.Resources)
		}
	}
	for _, f := range m.frameworks {
		for _, e := range f.executors[a.id] {
			parts = append(parts, e.Resources)
		}
	}
	return inOrder(mesos.Sum(parts...), a.total)
}

// inOrder gives the resources in the order in which an agent has them by name, so that answers do not vary.
func inOrder(r, like mesos.Resources) mesos.Resources {
	rank := map[string]int{}
	for i := range like {
		if _, known := rank[like[i].Name]; !known {
			rank[like[i].Name] = i
		}
	}
	slices.SortStableFunc(r, func(a, b mesos.Resource) int { return cmp.Compare(rank[a.Name], rank[b.Name]) })
	return r
}

func (a *agent) offered() mesos.Resources {
	var parts []mesos.Resources
	for _, o := range sortedOffers(a.offers) {
		parts = append(parts, o.resources)
	}
	return mesos.Sum(parts...)
}

func (m *Master) agentViews() *operator.MasterResponseGetAgents {
	v := &operator.MasterResponseGetAgents{}
	for _, a := range m.sortedAgents() {
		v.Agents = append(v.Agents, m.agentView(a))
	}
	for _, id := range slices.Sorted(maps.Keys(m.recovered)) {
		v.RecoveredAgents = append(v.RecoveredAgents, m.recovered[id])
	}
	return v
}

func (f *framework) view() operator.MasterResponseGetFrameworksFramework {
	v := operator.MasterResponseGetFrameworksFramework{
		FrameworkInfo: *f.info.Clone(), Active: f.connected(), Connected: f.connected(), Recovered: f.recovered,
		RegisteredTime: timeInfo(f.registered), ReregisteredTime: timeInfo(f.reregistered), UnregisteredTime: timeInfo(f.unregistered),
		AllocatedResources: endpoint(f.used()), OfferedResources: endpoint(f.offered()), OfferConstraints: f.constraints,
	}
	if v.OfferConstraints == nil {
		v.OfferConstraints = &mesos.OfferConstraints{}
	}
	for _, o := range sortedOffers(f.offers) {
		v.Offers = append(v.Offers, o.sent)
	}
	return v
}

// visible are the frameworks that a principal may see.
func (m *Master) visible(principal string) []*framework {
	return slices.DeleteFunc(m.sortedFrameworks(), func(f *framework) bool { return !m.maySee(principal, f) })
}

func (m *Master) maySee(principal string, f *framework) bool {
	return m.acls.permit(aclViewFrameworks, principal, f.info.User)
}

// visibleCompleted are the completed frameworks that a principal may see.
func (m *Master) visibleCompleted(principal string) []*framework {
	return slices.DeleteFunc(slices.Clone(m.completed), func(f *framework) bool { return !m.maySee(principal, f) })
}

func (m *Master) frameworkViews(principal string) *operator.MasterResponseGetFrameworks {
	v := &operator.MasterResponseGetFrameworks{}
	for _, f := range m.visible(principal) {
		v.Frameworks = append(v.Frameworks, f.view())
	}
	for _, f := range m.visibleCompleted(principal) {
		v.CompletedFrameworks = append(v.CompletedFrameworks, f.view())
	}
	return v
}

func (m *Master) executorViews(principal string) *operator.MasterResponseGetExecutors {
	v := &operator.MasterResponseGetExecutors{}
	for _, f := range m.visible(principal) {
		for _, on := range slices.Sorted(maps.Keys(f.executors)) {
			for _, id := range slices.Sorted(maps.Keys(f.executors[on])) {
				v.Executors = append(v.Executors, operator.MasterResponseGetExecutorsExecutor{
					ExecutorInfo: *f.executors[on][id], AgentID: mesos.AgentID{Value: on},
				})
			}
		}
	}
	return v
}

// view is the task as it is now.
func (t *task) view() mesos.Task {
	v := t.Task
	v.Statuses = slices.Clone(t.Statuses)
	return v
}

func taskViews(tasks []*task) (views []mesos.Task) {
	for _, t := range tasks {
		views = append(views, t.view())
	}
	return views
}

func (m *Master) taskViews(principal string) *operator.MasterResponseGetTasks {
	v := &operator.MasterResponseGetTasks{}
	for _, f := range m.visible(principal) {
		v.Tasks = append(v.Tasks, taskViews(f.sortedTasks())...)
		v.UnreachableTasks = append(v.UnreachableTasks, taskViews(f.unreachable)...)
		v.CompletedTasks = append(v.CompletedTasks, taskViews(f.done)...)
	}
	for _, f := range m.visibleCompleted(principal) {
		v.CompletedTasks = append(v.CompletedTasks, taskViews(f.done)...)
	}
	return v
}

func (m *Master) stateView(principal string) *operator.MasterResponseGetState {
	return &operator.MasterResponseGetState{
		GetTasks: m.taskViews(principal), GetExecutors: m.executorViews(principal), GetFrameworks: m.frameworkViews(principal),
		GetAgents: m.agentViews(),
	}
}

func (m *Master) roleViews() *operator.MasterResponseGetRoles {
	v := &operator.MasterResponseGetRoles{}
	for _, role := range m.knownRoles() {
		r := mesos.Role{Name: role, Weight: 1}
		for _, f := range m.sortedFrameworks() {
			if f.hasRole(role) {
				r.Frameworks = append(r.Frameworks, mesos.FrameworkID{Value: f.id})
			}
		}
		totals := m.ofRole(role)
		for _, name := range slices.Sorted(maps.Keys(totals)) {
			r.Resources = append(r.Resources, mesos.ScalarResource(name, totals[name]))
		}
		v.Roles = append(v.Roles, r)
	}
	return v
}

// knownRoles are the roles that frameworks subscribe to or that something is reserved to.
func (m *Master) knownRoles() []string {
	roles := map[string]bool{}
	for _, f := range m.frameworks {
		for _, role := range f.roles() {
			roles[role] = true
		}
		for role := range m.alloc.claimsOf(f.id) {
			roles[role] = true
		}
	}
	for _, a := range m.agents {
		for i := range a.total {
			if a.total[i].IsReserved() {
				roles[a.total[i].ReservedRole()] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(roles))
}

// ofRole is what a role uses and is offered, scalars by name.
func (m *Master) ofRole(role string) map[string]float64 {
	totals := map[string]float64{}
	if c := m.alloc.roles[role]; c != nil {
		for name, amount := range c.has {
			totals[name] = float64(amount) / 1000
		}
	}
	return totals
}
