package master

import (
	"errors"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// acceptance is an ACCEPT while its operations are performed one after the other.
type acceptance struct {
	master    *Master
	framework *framework
	agent     *agent
	role      string
	rest      mesos.Resources // not used yet
	converted mesos.Resources // made by operations of this call
	resized   mesos.Resources // and not to be used by them
}

// accept performs the operations of an ACCEPT on its offers. What is left is declined with the call's filters.
func (m *Master) accept(f *framework, call *scheduler.CallAccept) {
	m.counters.add("master/messages_launch_tasks", 1)
	offers, err := m.acceptable(f, call.OfferIDs)
	if err != nil {
		for _, o := range offers {
			m.discard(o)
		}
		m.refuseOperations(f, call.Operations, mesos.ReasonInvalidOffers, "Task launched with invalid offers: "+err.Error())
		return
	}
	var parts []mesos.Resources
	for _, o := range offers {
		f.counters.add("offers/accepted", 1)
		m.takeOffer(o)
		parts = append(parts, o.resources)
	}
	first := offers[0]
	c := &acceptance{master: m, framework: f, agent: first.agent, role: first.role, rest: mesos.Sum(parts...)}
	for i := range call.Operations {
		c.perform(&call.Operations[i])
	}
	left := c.rest.Subtract(c.converted...)
	m.alloc.release(f.id, c.agent.id, c.rest.Subtract(left...).Add(c.resized...))
	m.refuseResources(first, left, call.Filters)
}

// acceptable gives the offers of an ACCEPT. With an error it gives those that are outstanding, whosever they are.
func (m *Master) acceptable(f *framework, ids []mesos.OfferID) (offers []*offer, err error) {
	if len(ids) == 0 {
		return nil, says("No offers specified")
	}
	seen := map[string]bool{}
	for _, id := range ids {
		o := m.offers[id.Value]
		switch {
		case seen[id.Value]:
			err = errors.Join(err, says("Duplicate offer %s in offer list", id.Value))
		case o == nil:
			err = errors.Join(err, says("Offer %s is no longer valid", id.Value))
		default:
			offers = append(offers, o)
		}
		seen[id.Value] = true
	}
	for _, o := range offers {
		switch {
		case err != nil:
		case o.framework != f:
			err = says("Offer %s has invalid framework %s while framework %s is expected", o.id, o.framework.id, f.id)
		case o.role != offers[0].role:
			err = says("Aggregated offers must be allocated to the same role")
		case o.agent != offers[0].agent:
			err = says("Aggregated offers must belong to one single agent. Offer %s uses agent %s and offer %s uses agent %s",
				offers[0].id, offers[0].agent.id, o.id, o.agent.id)
		}
	}
	return offers, err
}

// refuseOperations tells that no operation of a call was performed.
func (m *Master) refuseOperations(f *framework, operations []mesos.OfferOperation, reason mesos.TaskStatusReason, why string) {
	state := mesos.TaskLost
	if f.caps.partitionAware {
		state = mesos.TaskDropped
	}
	for i := range operations {
		tasks := launched(&operations[i])
		for j := range tasks {
			m.refuseTask(f, &tasks[j], state, reason, why)
		}
		if tasks == nil {
			m.operationError(f, &operations[i], why)
		}
	}
}

// launched are the tasks that an operation launches.
func launched(op *mesos.OfferOperation) []mesos.TaskInfo {
	switch {
	case op.GetType() == mesos.OfferOperationTypeLaunch && op.Launch != nil:
		return op.Launch.TaskInfos
	case op.GetType() == mesos.OfferOperationTypeLaunchGroup && op.LaunchGroup != nil:
		return op.LaunchGroup.TaskGroup.Tasks
	}
	return nil
}

// refuseTask tells the framework that a task was not launched. The task is not remembered.
func (m *Master) refuseTask(f *framework, info *mesos.TaskInfo, state mesos.TaskState, reason mesos.TaskStatusReason, why string) {
	m.log.Info("task refused", "framework", f.id, "task", info.TaskID.Value, "reason", reason, "why", why)
	status := statusOfMaster(info.TaskID.Value, info.AgentID.Value, state, reason, why)
	if info.Executor != nil {
		status.ExecutorID = &mesos.ExecutorID{Value: info.Executor.ExecutorID.Value}
	}
	m.countEnd(f, state, &status)
	m.countStatus(&status)
	f.update(status)
}

// perform performs one operation.
func (c *acceptance) perform(op *mesos.OfferOperation) {
	c.framework.counters.add("operations", 1)
	c.framework.counters.add("operations/"+lower(op.GetType().String()), 1)
	switch op.GetType() {
	case mesos.OfferOperationTypeLaunch:
		c.launch(op)
	case mesos.OfferOperationTypeLaunchGroup:
		c.launchGroup(op)
	case mesos.OfferOperationTypeUnknown:
		c.master.log.Warn("operation of an unknown type ignored", "framework", c.framework.id)
	default:
		c.convert(op)
	}
}
