package engine

import (
	"iter"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
)

// queue is what Marathon tells of the apps with instances to launch. The offers themselves are told when they are asked for.
func (s *sight) queue(apps iter.Seq[*AppState], now app.Timestamp, offers bool) []app.QueueItem {
	items := []app.QueueItem{}
	var wants []want
	for a := range apps {
		if item, waits := queued(a, now); waits {
			item.Role = s.options.role(a.App)
			items, wants = append(items, item), append(wants, want{a.App, a.counted()})
		}
	}
	v := s.survey(now.Time(), wants)
	for i := range items {
		summarise(&items[i], v.verdicts(i, items[i].Since), offers)
		summary := &items[i].ProcessedOffersSummary
		used := summary.ProcessedOffersCount
		summary.ProcessedOffersCount = max(s.log.offered(items[i].Since), used)
		summary.UnusedOffersCount = summary.ProcessedOffersCount - used
	}
	return items
}

// queued is an app's item without what offers came to: as processed count those that were used. False when nothing waits.
func queued(a *AppState, now app.Timestamp) (app.QueueItem, bool) {
	item := app.QueueItem{App: a.App, Since: now, Delay: queueDelay(a.Delay, now)}
	for _, i := range a.Instances {
		if i.Condition != Scheduled {
			continue
		}
		if item.Count++; i.Since.Before(item.Since) {
			item.Since = i.Since
		}
	}
	summary := &item.ProcessedOffersSummary
	for _, i := range a.Instances {
		if i.StagedAt.IsZero() || i.StagedAt.Before(item.Since) {
			continue
		}
		summary.ProcessedOffersCount++
		if at := summary.LastUsedOfferAt; at == nil || at.Before(i.StagedAt) {
			summary.LastUsedOfferAt = new(i.StagedAt)
		}
	}
	return item, item.Count > 0 && a.App != nil
}

func queueDelay(d *Delay, now app.Timestamp) app.QueueDelay {
	if d == nil || !now.Before(d.Until) {
		return app.QueueDelay{Overdue: true}
	}
	return app.QueueDelay{TimeLeftSeconds: int64(d.Until.Time().Sub(now.Time()).Seconds())}
}

// summarise tells what became of the last offers. Those before them count at what the agent's last one fails at: nobody has looked.
func summarise(item *app.QueueItem, verdicts []verdict, offers bool) {
	last, attempts := map[string]int{}, map[string]int{}
	times := 0
	summary := &item.ProcessedOffersSummary
	for _, v := range verdicts {
		times += v.last.times
		if len(v.reasons) == 0 {
			continue
		}
		last[v.reasons[0]]++
		attempts[v.reasons[0]] += v.last.times
		at := app.At(v.last.at)
		if summary.LastUnusedOfferAt == nil || summary.LastUnusedOfferAt.Before(at) {
			summary.LastUnusedOfferAt = &at
		}
		if offers {
			item.LastUnusedOffers = append(item.LastUnusedOffers, app.UnusedOffer{Offer: shown(&v.last.offer), Reason: v.reasons, Timestamp: at})
		}
	}
	summary.RejectSummaryLastOffers = rejects(last, len(verdicts))
	summary.RejectSummaryLaunchAttempt = rejects(attempts, times)
}

// rejects are the rows of the funnel, also those at which none failed.
func rejects(declined map[string]int, processed int) []app.Reject {
	var rows []app.Reject
	for _, reason := range funnel() {
		rows = append(rows, app.Reject{Reason: reason, Declined: declined[reason], Processed: processed})
		processed -= declined[reason]
	}
	return rows
}

// shown is an offer as Marathon shows it.
func shown(o *mesos.Offer) app.Offer {
	s := app.Offer{ID: o.ID.Value, Hostname: o.Hostname, AgentID: o.AgentID.Value, Resources: []app.OfferResource{}, Attributes: []app.OfferResource{}}
	for i := range o.Resources {
		r := &o.Resources[i]
		one := app.OfferResource{Name: r.Name, Role: r.ReservedRole()}
		if one.Role == "" {
			one.Role = "*"
		}
		value(&one, r.Scalar, r.Ranges, r.Set)
		s.Resources = append(s.Resources, one)
	}
	for i := range o.Attributes {
		a := &o.Attributes[i]
		one := app.OfferResource{Name: a.Name}
		if a.Text != nil {
			one.Text = &a.Text.Value
		}
		value(&one, a.Scalar, a.Ranges, a.Set)
		s.Attributes = append(s.Attributes, one)
	}
	return s
}

func value(to *app.OfferResource, scalar *mesos.ValueScalar, ranges *mesos.ValueRanges, set *mesos.ValueSet) {
	if scalar != nil {
		to.Scalar = &scalar.Value
	}
	if ranges != nil {
		for _, r := range ranges.Range {
			to.Ranges = append(to.Ranges, app.OfferRange{Begin: r.Begin, End: r.End})
		}
	}
	if set != nil {
		to.Set = set.Item
	}
}
