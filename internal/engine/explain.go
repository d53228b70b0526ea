package engine

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/offer"
)

// explain says why instances of an app wait. The definition is that of a version; an instance of which it is not known is left out.
func (s *sight) explain(a *AppState, definition func(app.Timestamp) (*app.App, bool), now app.Timestamp) *app.Explanation {
	e := &app.Explanation{App: a.ID, At: now}
	if a.App != nil {
		e.Wanted = a.App.Instances
	}
	for _, i := range a.Instances {
		if i.Condition.placed() {
			e.Placed++
		}
	}
	if a.Delay != nil && now.Before(a.Delay.Until) {
		e.Delay = &app.Backoff{Failures: a.Delay.Failures, Until: a.Delay.Until}
		e.LastFailure = a.LastFailure
	}
	for _, some := range waitingOf(a) {
		if d, ok := definition(some[0].Version); ok {
			e.Waiting = append(e.Waiting, s.waiting(d, some, a.counted(), now.Time()))
		}
	}
	return e
}

// waiting says what some instances of one definition wait for.
func (s *sight) waiting(a *app.App, some, all []*Instance, now time.Time) app.Waiting {
	w := app.Waiting{Version: a.Version, Since: sinceOf(some)}
	for _, i := range some {
		w.Instances = append(w.Instances, i.ID)
	}
	if a.Serve != nil && s.options.Serve == nil {
		w.Wrong = "this server has no executor of its own, which serves what the app says"
		return w
	}
	if why, ok := s.barred[s.options.role(a)]; ok {
		w.Wrong = fmt.Sprintf("the master does not let this framework have the role %q: %s", s.options.role(a), why)
		return w
	}
	v := s.survey(now, []want{{a, all}})
	judge(&w, a, v.verdicts(0, w.Since))
	return w
}

// nearest is how many misses an explanation shows.
const nearest = 10

// judge writes what became of the offers.
func judge(w *app.Waiting, a *app.App, all []verdict) {
	var misses []verdict
	for i := range all {
		v := &all[i]
		if at := app.At(v.last.at); w.Latest == nil || w.Latest.Before(at) {
			w.Latest = &at
		}
		switch {
		case v.miss != nil && v.miss.Failures[0].Reason == offer.Invalid:
			w.Wrong = v.miss.Failures[0].Name
		case v.miss != nil:
			misses = append(misses, *v)
		case len(v.reasons) == 0:
			w.Fits = append(w.Fits, v.last.offer.Hostname)
		}
	}
	if w.Offers = len(all); w.Wrong != "" {
		return
	}
	w.Funnel = obstacles(all)
	slices.SortStableFunc(misses, func(a, b verdict) int { return cmp.Compare(a.miss.Weight(), b.miss.Weight()) })
	for _, v := range misses[:min(nearest, len(misses))] {
		w.Misses = append(w.Misses, v.shown())
	}
	if len(misses) > 0 && len(w.Fits) == 0 {
		w.Remedies = remedies(a, misses[0].miss)
	}
}

func (v *verdict) shown() app.Miss {
	m := app.Miss{Host: v.last.offer.Hostname, AgentID: v.last.offer.AgentID.Value, Offered: app.At(v.last.at)}
	for i := range v.miss.Failures {
		m.Missing = append(m.Missing, missing(&v.miss.Failures[i], &v.last.offer))
	}
	return m
}

// remedies are what would have to be changed for the app to fit; none where that would not be enough.
func remedies(a *app.App, m *offer.Miss) []app.Remedy {
	var all []app.Remedy
	for i := range m.Failures {
		r, ok := remedy(a, &m.Failures[i])
		if !ok {
			return nil
		}
		if !slices.ContainsFunc(all, func(other app.Remedy) bool { return other.Text == r.Text }) {
			all = append(all, r)
		}
	}
	return all
}

// obstacles count what offers fail at first, by what it is about.
func obstacles(all []verdict) []app.Obstacle {
	processed := len(all)
	var rows []app.Obstacle
	for _, reason := range funnel() {
		first := len(rows)
		for i := range all {
			if len(all[i].reasons) == 0 || all[i].reasons[0] != reason {
				continue
			}
			at := slices.IndexFunc(rows[first:], func(o app.Obstacle) bool { return o.Name == all[i].about })
			if at < 0 {
				at = len(rows) - first
				rows = append(rows, app.Obstacle{Reason: reason, Name: all[i].about})
			}
			rows[first+at].Declined++
		}
	}
	for i := range rows {
		rows[i].Processed = processed
		processed -= rows[i].Declined
	}
	return rows
}
