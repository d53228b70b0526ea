package engine

import (
	"time"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
)

// killing says why a task is being ended.
type killing struct {
	// Since is when it was asked for first.
	Since app.Timestamp `json:"since,omitzero"`
	// Leave has the instance go with its task; else it gets another one.
	Leave bool `json:"leave,omitempty"`
	// Failure is why the end counts as a failure; empty when it does not.
	Failure string `json:"failure,omitempty"`
	// Health tells that it is for its health.
	Health bool `json:"health,omitempty"`
}

// holds tells whether the instance has a task that is not over.
func (i *Instance) holds() bool { return i.Condition != Scheduled }

// well tells whether the instance can take part in the work: it runs, all its health checks say so, and it is ready.
func (i *Instance) well() bool {
	return i.Condition == Running && i.Ready && (i.Healthy == nil && !i.checked || i.Healthy != nil && *i.Healthy)
}

// began is when it came to run, or else to be.
func (i *Instance) began() app.Timestamp {
	switch {
	case !i.StartedAt.IsZero():
		return i.StartedAt
	case !i.StagedAt.IsZero():
		return i.StagedAt
	}
	return i.Since
}

// worth orders instances by what is lost without them.
func (i *Instance) worth() int {
	switch {
	case i.Condition == Scheduled:
		return 0
	case i.Condition == Unreachable, i.Condition == UnreachableInactive:
		return 1
	case i.Condition == Killing:
		return 2
	case i.Condition != Running:
		return 3
	case !i.well():
		return 4
	}
	return 5
}

// put replaces an instance, or adds it, and has what follows from it looked at.
func (e *Engine) put(s *crew, i *Instance) {
	before := s.instances.get(i.ID)
	if before != nil && before.TaskID != i.TaskID {
		e.untask(before)
	}
	s.instances.put(i)
	if i.TaskID != "" {
		e.tasks[i.TaskID] = i
		e.views.tasks.Set(i.TaskID, i)
	}
	e.unsaved[instanceKey(i.ID)] = i
	e.timers.set(due{dueInstance, i.TaskID}, e.instanceDue(s, i))
	e.probe(s, before, i)
	if before == nil || before.Condition != i.Condition {
		e.publishInstance(i, i.Condition)
	}
	if before != nil && !sameHealth(before.Healthy, i.Healthy) {
		e.publish(app.InstanceHealth{
			Stamp: e.stamp(app.EventInstanceHealth), InstanceID: i.ID, RunSpecID: i.App, Healthy: i.Healthy, RunSpecVersion: i.Version,
		})
	}
	e.mark(s)
}

func sameHealth(a, b *bool) bool {
	return a == b || a != nil && b != nil && *a == *b
}

func (e *Engine) untask(i *Instance) {
	if i.TaskID == "" {
		return
	}
	delete(e.tasks, i.TaskID)
	e.timers.set(due{dueInstance, i.TaskID}, time.Time{})
	e.views.tasks.Delete(i.TaskID)
}

// remove forgets an instance.
func (e *Engine) remove(s *crew, i *Instance) {
	e.untask(i)
	e.probe(s, i, nil)
	s.instances.remove(i.ID)
	e.unsaved[instanceKey(i.ID)] = nil
	e.mark(s)
}

func (e *Engine) publishInstance(i *Instance, c Condition) {
	event := app.InstanceChanged{
		Stamp: e.stamp(app.EventInstanceChanged), InstanceID: i.ID, Condition: string(c), RunSpecID: i.App, RunSpecVersion: i.Version,
	}
	if i.AgentID != "" {
		event.AgentID, event.Host = &i.AgentID, &i.Host
	}
	e.publish(event)
}

// again has an instance whose task is over wait for another one.
func (e *Engine) again(s *crew, i *Instance) {
	version := i.Version
	if s.goal != nil && s.goal.serves(s.definition(version)) {
		version = s.goal.App.Version // the same definition, perhaps under a newer name
	}
	e.put(s, &Instance{
		ID: i.ID, TaskID: i.TaskID, App: i.App, Version: version, Condition: Scheduled, Role: i.Role, State: i.State, Since: e.at, Ready: true,
		incarnation: i.incarnation,
	})
}

// provisioned records the task that is about to be launched.
func (e *Engine) provisioned(s *crew, i *Instance) {
	i.incarnation++
	i.checked = len(s.definition(i.Version).App.HealthChecks) > 0
	i.Ready = len(s.definition(i.Version).App.ReadinessChecks) == 0
	e.market.reconciler.Launched(e.now, i.TaskID)
	e.put(s, i)
}

// find gives the app and the instance of a task that is at hand, or was the last of its instance.
func (e *Engine) find(task string) (*crew, *Instance) {
	i := e.tasks[task]
	if i == nil {
		return nil, nil
	}
	return e.crews[i.App], i
}

// agent is where the instance's task is, for a call.
func (i *Instance) agent() *mesos.AgentID {
	if i.AgentID == "" {
		return nil
	}
	return &mesos.AgentID{Value: i.AgentID}
}
