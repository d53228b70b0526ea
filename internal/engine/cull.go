package engine

import (
	"time"

	"github.com/ormosproject/ormos/app"
)

const (
	// healthShare is the part of an app's instances that may be away for their health at the same time, but always one.
	healthShare = 0.1
	// breakerShare is the part of an app's instances, of at least breakerLeast, above which so many unhealthy at once point to something else than the instances:
	// what they depend on, the check, the network. Then one is killed every breakerPause.
	breakerShare = 0.5
	breakerLeast = 3
	breakerPause = time.Minute
)

// breaker is when an instance of an app was last killed for its health.
type openings struct {
	last app.Timestamp
	due  time.Time // when the next one may be; zero when nobody waits
}

// cull kills an instance that is unhealthy for too long, unless too many are away already.
func (e *Engine) cull(s *crew, i *Instance) {
	reason := i.sick(s)
	if reason == "" {
		return
	}
	if at := e.mayCull(s); e.now.Before(at) {
		s.breaker.due = at
		e.timers.set(due{dueApp, string(s.id)}, e.appDue(s))
		return
	}
	s.breaker.last, s.breaker.due = e.at, time.Time{}
	e.publish(app.UnhealthyKill{
		Stamp: e.stamp(app.EventUnhealthyKill), AppID: i.App, TaskID: i.TaskID, InstanceID: i.ID, Version: i.Version, Reason: reason,
		Host: i.Host, AgentID: i.AgentID,
	})
	e.kill(s, i, killing{Failure: "killed for its health: " + reason, Health: true})
}

// sick tells why an instance should be killed for its health; empty when it should not.
func (i *Instance) sick(s *crew) string {
	v := s.definition(i.Version)
	if i.Condition != Running || v == nil || len(i.Health) != len(v.App.HealthChecks) {
		return ""
	}
	for k := range i.Health {
		h := &v.App.HealthChecks[k]
		if !h.Protocol.OnAgent() && h.MaxConsecutiveFailures > 0 && i.Health[k].ConsecutiveFailures >= h.MaxConsecutiveFailures {
			if cause := i.Health[k].LastFailureCause; cause != "" {
				return cause
			}
			return "a health check failed"
		}
	}
	return ""
}

// mayCull is when an instance may be killed for its health: now, or a time to look again.
func (e *Engine) mayCull(s *crew) time.Time {
	running, unhealthy, away := 0, 0, 0
	for _, i := range s.instances.all() {
		switch {
		case i.killing.Health || i.Condition == Scheduled || i.Condition == Provisioned || i.Condition == Staging || i.Condition == Starting:
			away++
		case i.Condition == Running:
			running++
			if i.Healthy != nil && !*i.Healthy {
				unhealthy++
			}
		}
	}
	if running >= breakerLeast && float64(unhealthy) > breakerShare*float64(running) {
		return s.breaker.last.Time().Add(breakerPause)
	}
	if s.breaker.last.IsZero() || away < max(1, int(healthShare*float64(s.count))) {
		return e.now
	}
	return e.now.Add(breakerPause) // or when one is back
}

// cullAll looks again at those that were left alone.
func (e *Engine) cullAll(s *crew) {
	if s.breaker.due.IsZero() {
		return
	}
	s.breaker.due = time.Time{}
	for _, i := range s.instances.all() {
		if s.breaker.due.IsZero() {
			e.cull(s, i)
		}
	}
}
