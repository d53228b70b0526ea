package offer

import (
	"slices"

	"github.com/ormosproject/ormos/mesos"
)

// Result is what [Match] has found.
type Result struct {
	// Accepts are what to answer, in the order of the offers, at most one for each agent and role.
	Accepts []Accept
	// Unmatched are the indices of the needs that were not served, in order; see [Result.Explain].
	Unmatched []int
	// Untouched are the offers of which nothing is used, in order.
	Untouched []mesos.OfferID

	matcher *matcher
}

// An Accept is one ACCEPT: all offers of one agent for one role, and what is done with them.
type Accept struct {
	// AgentID, Hostname, Attributes and Domain are the agent's, as the offers have them.
	AgentID    mesos.AgentID
	Hostname   string
	Attributes mesos.Attributes
	Domain     *mesos.DomainInfo
	// Role is the one that the offers are for; "*" when they do not say.
	Role string
	// OfferIDs are the offers.
	OfferIDs []mesos.OfferID
	// Grants are what the needs get, in their order.
	Grants []Grant
}

// A Grant is what one need gets. The tasks may be changed, resources excepted, until [Accept.Operations] is called: ids, environments
// and whatever else depends on what was granted.
type Grant struct {
	// Need is the index of the need.
	Need int
	// Hostname is the agent's.
	Hostname string
	// Tasks are its tasks, ready to launch: with agent, resources and executor.
	Tasks []mesos.TaskInfo
	// Executor is the one of all tasks, with resources; nil for the command executor. Do not change it where it runs already.
	Executor *mesos.ExecutorInfo
	// Ports are those of each task, with the numbers that were granted.
	Ports [][]Port
	// Reserve is what is reserved for the need before the launch.
	Reserve mesos.Resources
	// Create are the volumes that are created before the launch.
	Create mesos.Resources

	group bool
}

// Operations are what the accept asks for: what is reserved, created and launched for each need, in the order of the grants.
// Tasks that follow on each other share a LAUNCH.
func (a *Accept) Operations() []mesos.OfferOperation {
	var all []mesos.OfferOperation
	var launch *mesos.OfferOperationLaunch
	for i := range a.Grants {
		g := &a.Grants[i]
		if before := g.conversions(); len(before) > 0 || g.group {
			all, launch = append(all, before...), nil
		}
		if g.group {
			all = append(all, g.launchGroup())
			continue
		}
		if launch == nil {
			launch = &mesos.OfferOperationLaunch{TaskInfos: make([]mesos.TaskInfo, 0, len(a.Grants)-i)}
			all = append(all, mesos.OfferOperation{Type: new(mesos.OfferOperationTypeLaunch), Launch: launch})
		}
		launch.TaskInfos = append(launch.TaskInfos, g.Tasks...)
	}
	return all
}

// conversions are the operations that make the offered resources into those that the tasks use.
func (g *Grant) conversions() []mesos.OfferOperation {
	var before []mesos.OfferOperation
	if len(g.Reserve) > 0 {
		before = append(before, mesos.OfferOperation{
			Type: new(mesos.OfferOperationTypeReserve), Reserve: &mesos.OfferOperationReserve{Resources: g.Reserve},
		})
	}
	if len(g.Create) > 0 {
		before = append(before, mesos.OfferOperation{
			Type: new(mesos.OfferOperationTypeCreate), Create: &mesos.OfferOperationCreate{Volumes: g.Create},
		})
	}
	return before
}

func (g *Grant) launchGroup() mesos.OfferOperation {
	group := &mesos.OfferOperationLaunchGroup{TaskGroup: mesos.TaskGroupInfo{Tasks: g.Tasks}}
	if g.Executor != nil {
		group.Executor = *g.Executor
	}
	return mesos.OfferOperation{Type: new(mesos.OfferOperationTypeLaunchGroup), LaunchGroup: group}
}

// Port gives the number of the port of that name, the first of all tasks; 0 when there is none.
func (g *Grant) Port(name string) uint64 {
	for _, ports := range g.Ports {
		if at := slices.IndexFunc(ports, func(p Port) bool { return p.Name == name }); at >= 0 {
			return ports[at].Number
		}
	}
	return 0
}
