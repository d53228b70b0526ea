package engine

import (
	"math"
	"strings"
	"time"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
)

// jitter is by how much of itself a delay is shortened at most, so that what failed together is not tried together.
const jitter = 0.1

// failed notes that a task failed: the app's next launch waits, longer after each failure in a row. What fails of a version that is on its way
// out delays nothing.
func (e *Engine) failed(s *crew, i *Instance, message string) {
	if i.State != mesos.TaskFinished {
		e.note(s, i, message)
	}
	if i.State == mesos.TaskFailed { // also when nothing could be fetched or started: then no container is told, but stderr says why
		e.out.Tails = append(e.out.Tails, Tail{TaskID: i.TaskID, AgentID: i.AgentID})
	}
	if s.goal == nil || !s.goal.serves(s.definition(i.Version)) {
		return
	}
	f := &s.failures
	f.Count++
	f.Last = e.at
	f.Until = app.At(e.now.Add(e.delay(s.goal.App, f.Count)))
	e.changedCrew(s)
}

// delay is the pause after the nth failure in a row.
func (e *Engine) delay(a *app.App, n int) time.Duration {
	most := float64(a.MaxLaunchDelaySeconds)
	d := float64(a.BackoffSeconds) * math.Pow(max(1, a.BackoffFactor), float64(n-1))
	if !(d < most) { // also when it is more than a number can tell
		d = most
	}
	d *= 1 - jitter*e.chance(string(a.ID)+"\x00"+e.at.String())
	return time.Duration(d * float64(time.Second))
}

// note keeps an end as the app's last failure.
func (e *Engine) note(s *crew, i *Instance, message string) {
	state := i.State
	if i.killing.Failure != "" && state == mesos.TaskKilled {
		message = i.killing.Failure
	}
	if v := s.definition(i.Version); v != nil {
		message = e.launcher.advised(v.App, message)
	}
	s.failure = &app.TaskFailure{
		AppID: i.App, Host: i.Host, Message: strings.Clone(message), State: state.String(), TaskID: i.TaskID, Timestamp: e.at, Version: i.Version,
		AgentID: i.AgentID,
	}
	e.changedCrew(s)
}

// heal forgets the failures: the next launch waits for nothing.
func (e *Engine) heal(s *crew) {
	if s.failures == (failures{}) {
		return
	}
	s.failures = failures{}
	e.changedCrew(s)
}

// forgiven is when the failures are forgotten: nothing has failed for the delay and MaxLaunchDelaySeconds, and an instance has been well for
// a while, which is the delay, but at least a minute where MaxLaunchDelaySeconds is more. Zero while none is well.
func (s *crew) forgiven() time.Time {
	f, most := &s.failures, seconds64(int64(s.goal.App.MaxLaunchDelaySeconds))
	quiet := f.Until.Time().Add(most)
	while := min(max(f.Until.Time().Sub(f.Last.Time()), time.Minute), most)
	var first time.Time
	for _, i := range s.instances.all() {
		if !i.well() || !s.goal.serves(s.definition(i.Version)) {
			continue
		}
		at := i.StartedAt.Time().Add(while)
		if at.Before(quiet) {
			at = quiet
		}
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first
}

// purge forgets failures whose time has come.
func (e *Engine) purge(s *crew) {
	e.cullAll(s)
	if s.failures.Count == 0 || s.goal == nil {
		return
	}
	if at := s.forgiven(); !at.IsZero() && !e.now.Before(at) {
		e.heal(s)
	}
}

// appDue is when an app has to be looked at though nothing happens.
func (e *Engine) appDue(s *crew) time.Time {
	first := s.breaker.due
	if s.failures.Count == 0 || s.goal == nil {
		return first
	}
	for _, at := range []time.Time{s.failures.Until.Time(), s.forgiven()} {
		if at.After(e.now) && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

// delayed tells whether the app's launches wait yet.
func (e *Engine) delayed(s *crew) bool { return e.at.Before(s.failures.Until) }
