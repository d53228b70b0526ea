package master

import (
	"bytes"
	"maps"
	"slices"
	"time"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// The pauses after which the outcome of an operation is told again: Mesos' own, as those of status updates.
const (
	feedbackRetryMin = 10 * time.Second
	feedbackRetryMax = 10 * time.Minute
)

// operationKey names an operation among those of all frameworks.
type operationKey struct{ framework, id string }

// operation is an operation with an id that was performed. Its outcome is told until it is acknowledged: the framework must not miss it.
type operation struct {
	mesos.Operation
	seq   int
	timer *time.Timer
	wait  time.Duration
}

// finished notes that an operation was performed, and tells that if it has an id.
func (m *Master) finished(f *framework, a *agent, op *mesos.OfferOperation, converted mesos.Resources) {
	if op.ID == nil {
		return
	}
	m.nextID.operation++
	o := &operation{seq: m.nextID.operation, wait: feedbackRetryMin, Operation: mesos.Operation{
		FrameworkID: &mesos.FrameworkID{Value: f.id}, AgentID: &mesos.AgentID{Value: a.id}, Info: *op.Clone(), UUID: mesos.UUID{Value: newUUIDBytes()},
		LatestStatus: mesos.OperationStatus{
			OperationID: op.ID.Clone(), State: mesos.OperationFinished, AgentID: &mesos.AgentID{Value: a.id}, UUID: &mesos.UUID{Value: newUUIDBytes()},
		},
	}}
	for i := range converted {
		o.LatestStatus.ConvertedResources = append(o.LatestStatus.ConvertedResources, *converted[i].Clone())
	}
	o.Statuses = []mesos.OperationStatus{*o.LatestStatus.Clone()}
	m.operations[operationKey{f.id, op.ID.Value}] = o
	m.tellOperation(o)
}

// tellOperation tells the outcome, and again later. Its agent, which does that in Mesos, has to be there.
func (m *Master) tellOperation(o *operation) {
	stopTimer(o.timer)
	if f, a := m.frameworks[o.FrameworkID.Value], m.agents[o.AgentID.Value]; f != nil && a != nil && a.connected() {
		f.sendOperation(*o.LatestStatus.Clone())
	}
	o.timer = m.after(o.wait, func() {
		if m.operations[o.key()] == o {
			o.wait = min(2*o.wait, feedbackRetryMax)
			m.tellOperation(o)
		}
	})
}

func (o *operation) key() operationKey {
	return operationKey{o.FrameworkID.Value, o.Info.ID.Value}
}

func (f *framework) sendOperation(s mesos.OperationStatus) {
	f.send(&scheduler.Event{
		Type: new(scheduler.EventTypeUpdateOperationStatus), UpdateOperationStatus: &scheduler.EventUpdateOperationStatus{Status: s},
	})
}

// tellOperations tells a framework that has come back what it has not acknowledged.
func (m *Master) tellOperations(f *framework) {
	for _, o := range m.sortedOperations() {
		if o.FrameworkID.Value == f.id {
			o.wait = feedbackRetryMin
			m.tellOperation(o)
		}
	}
}

// acknowledgeOperation is a framework's word that it knows the outcome.
func (m *Master) acknowledgeOperation(f *framework, call *scheduler.CallAcknowledgeOperationStatus) {
	o := m.operations[operationKey{f.id, call.OperationID.Value}]
	if o != nil && bytes.Equal(o.LatestStatus.UUID.Value, call.UUID) {
		m.forgetOperation(o)
	}
}

func (m *Master) forgetOperation(o *operation) {
	stopTimer(o.timer)
	delete(m.operations, o.key())
}

// forgetOperations forgets those of a framework or an agent that is removed.
func (m *Master) forgetOperations(of func(*operation) bool) {
	for _, o := range m.operations {
		if of(o) {
			m.forgetOperation(o)
		}
	}
}

func (m *Master) sortedOperations() []*operation {
	all := slices.Collect(maps.Values(m.operations))
	slices.SortFunc(all, func(a, b *operation) int { return a.seq - b.seq })
	return all
}

// knownOperations gives the statuses of a framework's operations, without uuid: they are answers, not to be acknowledged.
func (m *Master) knownOperations(f *framework) (statuses []mesos.OperationStatus) {
	for _, o := range m.sortedOperations() {
		if o.FrameworkID.Value == f.id {
			s := *o.LatestStatus.Clone()
			s.UUID = nil
			statuses = append(statuses, s)
		}
	}
	return statuses
}

// operationViews are all operations of whom the principal may see the framework.
func (m *Master) operationViews(principal string) (views []mesos.Operation) {
	for _, o := range m.sortedOperations() {
		if f := m.frameworks[o.FrameworkID.Value]; f != nil && m.maySee(principal, f) {
			views = append(views, *o.Clone())
		}
	}
	return views
}
