package engine

import (
	"cmp"
	"slices"
	"time"

	"github.com/ormosproject/ormos/app"
)

// A deployment brings what was wanted by one change about, step by step.
//
//	            all actions of the step done               the last step done
//	step n ------------------------------------> step n+1 ---------------------> success
//	   |
//	   +-- superseded, cancelled, or too late: failed; too late and cancelled without force: another one goes back
//
// It has its apps to itself: another change of one of them needs force, which ends it.
type deployment struct {
	ID      string               `json:"id"`
	Version app.Timestamp        `json:"version"` // of the tree
	Steps   []app.DeploymentStep `json:"steps"`
	// Step is the one under way, counted from 0.
	Step int `json:"step"`
	// Deadline is when it is rolled back; zero is never.
	Deadline app.Timestamp `json:"deadline,omitzero"`
	// Rollback tells that it takes back another one.
	Rollback bool `json:"rollback,omitempty"`

	// left are the actions of the step that are not done yet, touched the apps that may have come closer to it. An action is done once.
	left    map[app.ID]app.ActionName
	touched []app.ID
	shown   *app.Deployment // to others; nil when it has changed since
}

// byAge orders deployments, the oldest first.
func byAge(a, b *deployment) int {
	return cmp.Or(a.Version.Time().Compare(b.Version.Time()), cmp.Compare(a.ID, b.ID))
}

// apps are those that it has, in order.
func (d *deployment) apps() []app.ID {
	all := map[app.ID]bool{}
	for _, step := range d.Steps {
		for _, a := range step.Actions {
			all[a.App] = true
		}
	}
	return sortedKeys(all)
}

// owned are the apps that the deployment has yet: one that was stopped and is gone may have come back in another.
func (e *Engine) owned(d *deployment) []app.ID {
	return slices.DeleteFunc(d.apps(), func(id app.ID) bool { return e.crews[id] == nil || e.crews[id].deployment != d })
}

// eventPlan is the deployment as events have it.
func (d *deployment) eventPlan() app.EventPlan {
	return app.EventPlan{ID: d.ID, Steps: d.Steps, Version: d.Version}
}

// deploy begins what is planned, if anything is, and gives the deployment's id.
func (e *Engine) deploy(p *plan, c Change) string {
	if len(p.steps) == 0 {
		return ""
	}
	d := &deployment{ID: e.uuid("deployment"), Version: p.version, Steps: p.steps, Step: -1, Rollback: p.rollback}
	if !p.rollback {
		d.Deadline = e.deadline(d)
	}
	for _, id := range d.apps() {
		s := e.crews[id]
		s.deployment = d
		e.changedCrew(s)
	}
	e.deployments = append(e.deployments, d)
	e.timers.set(due{dueDeployment, d.ID}, at(d.Deadline))
	e.advance(d)
	return d.ID
}

func at(t app.Timestamp) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.Time()
}

// deadline is the first of those of its apps; 0 of an app is none.
func (e *Engine) deadline(d *deployment) app.Timestamp {
	var first time.Duration
	for _, id := range d.apps() {
		patience := e.opts.Deadline
		if v := e.crews[id].wanted; v != nil && v.App.Deadline != nil {
			patience = seconds64(int64(*v.App.Deadline))
		}
		if patience > 0 && (first == 0 || patience < first) {
			first = patience
		}
	}
	if first == 0 {
		return app.Timestamp{}
	}
	return app.At(e.now.Add(first))
}

// advance begins the next step; after the last one, the deployment is a success.
func (e *Engine) advance(d *deployment) {
	d.Step++
	if d.Step == len(d.Steps) {
		e.end(d, app.EventDeploymentSuccess, "")
		return
	}
	d.shown, e.unsaved[deploymentKey(d.ID)] = nil, d
	d.begin()
	step := d.Steps[d.Step]
	e.publish(app.DeploymentProgress{Stamp: e.stamp(app.EventDeploymentInfo), Plan: d.eventPlan(), CurrentStep: step})
	for _, a := range step.Actions {
		e.act(e.crews[a.App], a.Action)
	}
}

// begin has all actions of the step looked at.
func (d *deployment) begin() {
	d.left, d.touched = map[app.ID]app.ActionName{}, nil
	for _, a := range d.Steps[d.Step].Actions {
		d.left[a.App] = a.Action
	}
}

// act gives an app the goal of an action.
func (e *Engine) act(s *crew, a app.ActionName) {
	switch a {
	case app.StartApplication:
		e.aim(s, s.wanted, 0)
	case app.StopApplication:
		e.aim(s, nil, 0)
	default:
		e.aim(s, s.wanted, s.wanted.App.Instances)
	}
}

// progress goes on where a step is done. It looks at the apps that were tended since it did so last.
func (e *Engine) progress(d *deployment) {
	for _, id := range d.touched {
		if a, ok := d.left[id]; ok && e.crews[id].done(a) {
			delete(d.left, id)
		}
	}
	d.touched = d.touched[:0]
	if len(d.left) > 0 {
		return
	}
	e.publish(app.DeploymentProgress{Stamp: e.stamp(app.EventDeploymentStep), Plan: d.eventPlan(), CurrentStep: d.Steps[d.Step]})
	e.advance(d)
}

// end forgets a deployment.
func (e *Engine) end(d *deployment, how app.EventType, reason string) {
	e.publish(app.DeploymentEnd{Stamp: e.stamp(how), ID: d.ID, Plan: d.eventPlan(), Reason: reason})
	e.deployments = slices.DeleteFunc(e.deployments, func(one *deployment) bool { return one == d })
	delete(e.stirred, d.ID)
	e.unsaved[deploymentKey(d.ID)] = nil
	e.timers.set(due{dueDeployment, d.ID}, time.Time{})
	for _, id := range e.owned(d) {
		e.crews[id].deployment = nil
		e.changedCrew(e.crews[id])
	}
	e.trim()
}

// touch has the deployment of an app look whether it is done.
func (e *Engine) touch(s *crew) {
	if d := s.deployment; d != nil {
		d.touched, e.stirred[d.ID] = append(d.touched, s.id), d
	}
}

// release takes an app that is gone out of its deployment, which has nothing more to do with one that may come under its name.
func (e *Engine) release(s *crew) {
	e.touch(s)
	s.deployment = nil
}

// abandon ends a deployment that has not come to its end.
func (e *Engine) abandon(d *deployment, reason string) {
	if d.Step < len(d.Steps) {
		e.publish(app.DeploymentProgress{Stamp: e.stamp(app.EventDeploymentStepFail), Plan: d.eventPlan(), CurrentStep: d.Steps[d.Step]})
	}
	e.end(d, app.EventDeploymentFailed, reason)
}

func (e *Engine) deploymentOf(id string) *deployment {
	for _, d := range e.deployments {
		if d.ID == id {
			return d
		}
	}
	return nil
}

// expired rolls a deployment back whose time is over.
func (e *Engine) expired(id string) {
	if d := e.deploymentOf(id); d != nil {
		e.rollback(d, "it was not done by its deadline")
	}
}
