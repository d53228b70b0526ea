package engine

import (
	"cmp"
	"slices"
	"time"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
)

// A sight is what offers looked like at one moment. It is constant, and free to take: what it tells is computed when somebody asks.
type sight struct {
	options *LaunchOptions
	log     offerLog
	// barred are the roles for which there are no offers, and why.
	barred map[string]string
}

// sight is that of this moment.
func (l *launcher) sight() sight { return sight{options: l.LaunchOptions, log: l.log} }

// waitingOf are the instances of an app that are to be launched, by the definition that they are to be launched with, the oldest
// wait first.
func waitingOf(a *AppState) [][]*Instance {
	byVersion := map[app.Timestamp][]*Instance{}
	for _, i := range a.Instances {
		if i.Condition == Scheduled {
			byVersion[i.Version] = append(byVersion[i.Version], i)
		}
	}
	all := make([][]*Instance, 0, len(byVersion))
	for _, some := range byVersion {
		all = append(all, some)
	}
	slices.SortFunc(all, func(a, b []*Instance) int {
		return cmp.Or(sinceOf(a).Time().Compare(sinceOf(b).Time()), a[0].Version.Time().Compare(b[0].Version.Time()))
	})
	return all
}

// sinceOf is when the first of the instances came to be scheduled.
func sinceOf(all []*Instance) app.Timestamp {
	first := all[0].Since
	for _, i := range all[1:] {
		if i.Since.Before(first) {
			first = i.Since
		}
	}
	return first
}

// A want is a definition of which another instance is wanted, beside those that count.
type want struct {
	app       *app.App
	instances []*Instance
}

// A survey is what the last offers come to for some wants.
type survey struct {
	useful, drained []lastOffer
	result          offer.Result
}

// survey looks at all last offers. No instance takes anything from another.
func (s *sight) survey(now time.Time, wants []want) survey {
	var v survey
	for _, one := range s.log.last() {
		if s.options.drained(now, one.offer.Unavailability) {
			v.drained = append(v.drained, one)
		} else {
			v.useful = append(v.useful, one)
		}
	}
	offers := make([]mesos.Offer, len(v.useful))
	for i := range offers {
		offers[i] = v.useful[i].offer
	}
	needs := make([]offer.Need, len(wants))
	var placed []offer.Placed
	for i := range wants {
		t := s.options.template(definition{app: wants[i].app})
		if counts(&t.need) {
			placed = t.placed(placed, slices.Values(wants[i].instances))
		}
		needs[i] = t.need
	}
	options := s.options.matching(0, placed)
	options.PerLot = 0
	v.result = offer.Examine(offers, needs, options)
	return v
}

// verdicts are what the want makes of the offers that came since a moment, with all that keeps it from using them.
func (v *survey) verdicts(want int, since app.Timestamp) []verdict {
	e := v.result.Explain(want)
	byOffer := make(map[string]*offer.Miss, len(e.Misses))
	for i := range e.Misses {
		byOffer[e.Misses[i].OfferIDs[0].Value] = &e.Misses[i]
	}
	var all []verdict
	for i := range v.useful {
		if app.At(v.useful[i].at).Before(since) {
			continue
		}
		one := verdict{last: &v.useful[i], miss: byOffer[v.useful[i].offer.ID.Value]}
		one.blame()
		all = append(all, one)
	}
	for i := range v.drained {
		if !app.At(v.drained[i].at).Before(since) {
			all = append(all, verdict{last: &v.drained[i], reasons: []string{agentMaintenance}})
		}
	}
	return all
}

// A verdict is what became of an agent's last offer.
type verdict struct {
	last *lastOffer
	// miss is nil where the offer would serve, and where the agent is in maintenance.
	miss *offer.Miss
	// reasons are Marathon's names of what is in the way, in the order of the funnel; none where nothing is. About is what the first is about.
	reasons []string
	about   string
}

func (v *verdict) blame() {
	if v.miss == nil {
		return
	}
	for _, reason := range funnel() {
		at := slices.IndexFunc(v.miss.Failures, func(f offer.Failure) bool { return marathons(f.Reason) == reason })
		if at < 0 {
			continue
		}
		if len(v.reasons) == 0 {
			v.about = about(&v.miss.Failures[at], &v.last.offer)
		}
		v.reasons = append(v.reasons, reason)
	}
}
