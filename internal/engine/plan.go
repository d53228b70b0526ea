package engine

import (
	"iter"
	"strings"
	"time"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
)

// plan says where instances would go by what every agent has offered last, and why the others would wait. What the plan itself would free it
// does not know; nor what agents have that were never offered.
func (s *sight) plan(now time.Time, all []pending, placed func(*app.App) iter.Seq[*Instance]) []Placement {
	l := launcher{LaunchOptions: s.options}
	v := s.survey(now, nil)
	offers := make([]mesos.Offer, len(v.useful))
	for i := range offers {
		offers[i] = v.useful[i].offer
	}
	needs, _ := l.needs(all)
	options := l.matching(0, l.placed(placed))
	options.PerLot = 0
	result := offer.Match(offers, needs, options)
	plan := make([]Placement, len(all))
	for i := range all {
		plan[i].App = all[i].app.ID
	}
	for i := range result.Accepts {
		for _, g := range result.Accepts[i].Grants {
			plan[g.Need].Host = g.Hostname
		}
	}
	reasons := map[*app.App]string{}
	for _, i := range result.Unmatched {
		why, known := reasons[all[i].app]
		if !known {
			why = s.why(result.Explain(i), offers, all[i].app)
			reasons[all[i].app] = why
		}
		plan[i].Why = why
	}
	return plan
}

// why says in a line what keeps an instance from having a place.
func (s *sight) why(e offer.Explanation, offers []mesos.Offer, a *app.App) string {
	switch {
	case a.Serve != nil && s.options.Serve == nil:
		return "this server has no executor of its own"
	case e.Nearest == nil:
		return "no agent has offered anything yet"
	case e.Nearest.Failures[0].Reason == offer.Invalid:
		return e.Nearest.Failures[0].Name
	}
	var texts []string
	for i := range offers {
		if offers[i].ID == e.Nearest.OfferIDs[0] {
			for j := range e.Nearest.Failures {
				texts = append(texts, missing(&e.Nearest.Failures[j], &offers[i]).Text)
			}
		}
	}
	return "nearest is " + e.Nearest.Hostname + ": " + strings.Join(texts, "; ")
}
