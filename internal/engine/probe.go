package engine

import (
	"slices"
	"strings"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
)

// probed takes in what a health check of the scheduler's own has found.
func (e *Engine) probed(in Probed) {
	s, i := e.find(in.TaskID)
	if i == nil || i.State != mesos.TaskRunning || !i.holds() {
		return
	}
	v := s.definition(i.Version)
	if in.Check < 0 || in.Check >= len(v.App.HealthChecks) || v.App.HealthChecks[in.Check].Protocol.OnAgent() {
		return
	}
	e.judge(s, i, in.Check, in.Alive, in.Cause)
}

// observe takes in what Mesos says of the health check and the check that the agent makes.
func (e *Engine) observe(s *crew, i *Instance, st *mesos.TaskStatus) {
	if st.CheckStatus != nil && (i.Check == nil || !sameCheck(i.Check, st.CheckStatus)) {
		i.Check = st.CheckStatus.Clone()
	}
	if st.Healthy == nil {
		return
	}
	v := s.definition(i.Version)
	at := slices.IndexFunc(v.App.HealthChecks, func(h app.HealthCheck) bool { return h.Protocol.OnAgent() })
	if at < 0 || at < len(i.Health) && known(&i.Health[at]) && i.Health[at].Alive == *st.Healthy {
		return
	}
	e.record(v.App, i, at, *st.Healthy, "")
}

func sameCheck(a, b *mesos.CheckStatusInfo) bool {
	x, _ := a.MarshalBinary()
	y, _ := b.MarshalBinary()
	return string(x) == string(y)
}

// judge notes what a check found, and kills the instance if it failed too often in a row.
func (e *Engine) judge(s *crew, i *Instance, check int, alive bool, cause string) {
	h := &s.definition(i.Version).App.HealthChecks[check]
	if !alive {
		e.publish(app.FailedHealthCheck{
			Stamp: e.stamp(app.EventFailedHealthCheck), AppID: i.App, TaskID: i.ID, HealthCheck: *h,
		})
		if e.inGrace(h, i, check) {
			return
		}
	}
	next := *i
	e.record(s.definition(i.Version).App, &next, check, alive, cause)
	if sameHealth(next.Healthy, i.Healthy) && known(healthAt(i, check)) {
		e.replace(s, &next) // numbers only, which are not worth a record
	} else {
		e.put(s, &next)
	}
	e.cull(s, &next)
}

// inGrace tells whether a failure does not count yet: the instance has just begun to run, and never was well.
func (e *Engine) inGrace(h *app.HealthCheck, i *Instance, check int) bool {
	was := healthAt(i, check)
	return was.FirstSuccess == nil && e.now.Sub(i.StartedAt.Time()) < seconds64(int64(h.GracePeriodSeconds))
}

func healthAt(i *Instance, check int) *app.Health {
	if check < len(i.Health) {
		return &i.Health[check]
	}
	return &app.Health{}
}

func known(h *app.Health) bool { return h.LastSuccess != nil || h.LastFailure != nil }

// record notes the outcome of one check in an instance that is nobody else's yet.
func (e *Engine) record(a *app.App, i *Instance, check int, alive bool, cause string) {
	i.Health = slices.Clone(i.Health)
	for len(i.Health) < len(a.HealthChecks) {
		i.Health = append(i.Health, app.Health{InstanceID: i.ID})
	}
	h := &i.Health[check]
	if !known(h) || h.Alive != alive {
		e.publish(app.HealthStatus{Stamp: e.stamp(app.EventHealthStatus), AppID: i.App, InstanceID: i.ID, Version: i.Version, Alive: alive})
	}
	h.Alive = alive
	if alive {
		h.ConsecutiveFailures = 0
		h.LastSuccess = new(e.at)
		if h.FirstSuccess == nil {
			h.FirstSuccess = h.LastSuccess
		}
	} else {
		h.ConsecutiveFailures++
		h.LastFailure, h.LastFailureCause = new(e.at), strings.Clone(cause)
	}
	i.Healthy = i.wellness()
}

// wellness is false when a check fails, nil when one has not told yet, else true.
func (i *Instance) wellness() *bool {
	unknown := false
	for k := range i.Health {
		switch {
		case !known(&i.Health[k]):
			unknown = true
		case !i.Health[k].Alive:
			return new(false)
		}
	}
	if unknown || len(i.Health) == 0 {
		return nil
	}
	return new(true)
}

// replace puts an instance in place of itself without a record and without looking at its app.
func (e *Engine) replace(s *crew, i *Instance) {
	s.instances.put(i)
	e.tasks[i.TaskID] = i
	e.views.tasks.Set(i.TaskID, i)
	e.changed[s.id] = s
}

// readied takes in what a readiness check has found.
func (e *Engine) readied(in Readied) {
	s, i := e.find(in.TaskID)
	if i == nil || i.Ready || i.State != mesos.TaskRunning {
		return
	}
	checks := s.definition(i.Version).App.ReadinessChecks
	if in.Check < 0 || in.Check >= len(checks) {
		return
	}
	next := *i
	next.Readiness = slices.Clone(i.Readiness)
	for k := len(next.Readiness); k < len(checks); k++ {
		next.Readiness = append(next.Readiness, app.ReadinessResult{Name: checks[k].Name, TaskID: i.TaskID})
	}
	r := &next.Readiness[in.Check]
	r.Ready, r.LastResponse = in.Ready, nil
	if checks[in.Check].PreserveLastResponse {
		r.LastResponse = in.Response
	}
	if s.deployment != nil {
		s.deployment.shown = nil // it tells of this
	}
	next.Ready = !slices.ContainsFunc(next.Readiness, func(r app.ReadinessResult) bool { return !r.Ready })
	if next.Ready {
		e.put(s, &next)
	} else {
		e.replace(s, &next)
	}
}

// told takes in the tail of what a task that failed had written.
func (e *Engine) told(in Told) {
	_, id := instanceOf(in.TaskID)
	s := e.crews[id]
	if s == nil {
		if s, _ = e.find(in.TaskID); s == nil {
			return
		}
	}
	if s.failure == nil || s.failure.TaskID != in.TaskID || in.Stderr == "" || strings.Contains(s.failure.Message, in.Stderr) {
		return
	}
	next := *s.failure
	next.Message = strings.TrimSpace(next.Message + "\nstderr: " + strings.Clone(in.Stderr))
	if v := s.definition(next.Version); v != nil {
		next.Message = e.launcher.advised(v.App, next.Message)
	}
	s.failure = &next
	e.unsaved[appKey(s.id)] = s
	e.changed[s.id] = s
}

// probe has the scheduler's own checks of an instance begin or end.
func (e *Engine) probe(s *crew, before, now *Instance) {
	was, is := before.asked(s), now.asked(s)
	switch {
	case is && (!was || before.Ready != now.Ready):
		e.out.Probes = append(e.out.Probes, Probe{
			TaskID: now.TaskID, App: s.definition(now.Version).App, Host: now.Host, Ports: now.Ports, Readiness: !now.Ready, Since: now.StartedAt.Time(),
		})
	case was && !is:
		e.out.Probes = append(e.out.Probes, Probe{TaskID: before.TaskID})
	}
}

// asked tells whether the scheduler asks the instance how it is.
func (i *Instance) asked(s *crew) bool {
	if i == nil || i.Condition != Running {
		return false
	}
	v := s.definition(i.Version)
	return v != nil && (!i.Ready || slices.ContainsFunc(v.App.HealthChecks, func(h app.HealthCheck) bool { return !h.Protocol.OnAgent() }))
}
