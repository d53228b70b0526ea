package scheduler

import "github.com/ormosproject/ormos/mesos"

// Capabilities are what a framework says that it understands, each a choice of its own. List makes of them what FrameworkInfo takes:
//
//	mesos.FrameworkInfo{Name: "web", Capabilities: scheduler.Capabilities{PartitionAware: true, MultiRole: true}.List()}
type Capabilities struct {
	// PartitionAware: tasks on agents that the master has lost are TASK_UNREACHABLE and may come back, and TASK_DROPPED, TASK_GONE,
	// TASK_GONE_BY_OPERATOR and TASK_UNKNOWN are told apart. Without it all of these are TASK_LOST. Every new framework should have it.
	PartitionAware bool
	// TaskKillingState: executors may say TASK_KILLING between KILL and the end of a task.
	TaskKillingState bool
	// MultiRole: FrameworkInfo.Roles in place of Role. Offers and their resources say to which of them they are allocated.
	MultiRole bool
	// ReservationRefinement: resources carry their reservations as a stack; without it those that are reserved for a role below another's reservation
	// are not offered.
	ReservationRefinement bool
	// RevocableResources: oversubscribed resources are offered, which the agent may take back at any time (TASK_GONE, REASON_CONTAINER_PREEMPTED).
	RevocableResources bool
	// SharedResources: shared persistent volumes are offered, which several tasks may use at once.
	SharedResources bool
	// GPUResources: agents with GPUs are offered, also to those who need no GPU.
	GPUResources bool
	// RegionAware: agents of other regions than the master's are offered.
	RegionAware bool
}

// List returns those that are set, in the order of the schema.
func (c Capabilities) List() []mesos.FrameworkInfoCapability {
	var list []mesos.FrameworkInfoCapability
	for _, one := range []struct {
		set  bool
		kind mesos.FrameworkInfoCapabilityType
	}{
		{c.RevocableResources, mesos.FrameworkInfoCapabilityTypeRevocableResources},
		{c.TaskKillingState, mesos.FrameworkInfoCapabilityTypeTaskKillingState},
		{c.GPUResources, mesos.FrameworkInfoCapabilityTypeGPUResources},
		{c.SharedResources, mesos.FrameworkInfoCapabilityTypeSharedResources},
		{c.PartitionAware, mesos.FrameworkInfoCapabilityTypePartitionAware},
		{c.MultiRole, mesos.FrameworkInfoCapabilityTypeMultiRole},
		{c.ReservationRefinement, mesos.FrameworkInfoCapabilityTypeReservationRefinement},
		{c.RegionAware, mesos.FrameworkInfoCapabilityTypeRegionAware},
	} {
		if one.set {
			list = append(list, mesos.FrameworkInfoCapability{Type: &one.kind})
		}
	}
	return list
}
