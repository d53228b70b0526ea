package scheduler

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"github.com/ormosproject/ormos/mesos"
)

// An offerLog tells people what becomes of each offer, as far as the logger listens: that it was accepted, or declined and why.
type offerLog struct {
	logger *slog.Logger
	open   map[string]*mesos.Offer // that were not answered yet
}

// answer is what becomes of an offer.
type answer struct {
	offer *mesos.Offer
	why   string // it is declined; empty if it is accepted
}

func newOfferLog(logger *slog.Logger) *offerLog {
	if !logger.Enabled(context.Background(), slog.LevelInfo) {
		return nil
	}
	return &offerLog{logger: logger, open: map[string]*mesos.Offer{}}
}

// event is told of all that the session tells.
func (l *offerLog) event(e TypedEvent) {
	if l == nil {
		return
	}
	switch e := e.(type) {
	case *EventOffers:
		for i := range e.Offers {
			l.open[e.Offers[i].ID.Value] = &e.Offers[i]
		}
	case *EventRescind:
		delete(l.open, e.OfferID.Value)
	case *EventDisconnected:
		clear(l.open)
	}
}

// answers finds out what calls do with offers, before the book goes on.
func (l *offerLog) answers(b *book, calls []sending) []answer {
	if l == nil {
		return nil
	}
	var all []answer
	take := func(id mesos.OfferID, why string) {
		if o := l.open[id.Value]; o != nil {
			all = append(all, answer{o, why})
			delete(l.open, id.Value)
		}
	}
	for _, s := range calls {
		switch {
		case s.call.Accept != nil:
			for _, id := range s.call.Accept.OfferIDs {
				take(id, "")
			}
		case s.call.Decline != nil:
			for _, id := range s.call.Decline.OfferIDs {
				take(id, b.unfit(id))
			}
		}
	}
	return all
}

// log is called when what the answers follow from is saved.
func (l *offerLog) log(answers []answer) {
	for _, a := range answers {
		at := []any{"offer", a.offer.ID.Value, "agent", a.offer.Hostname, "resources", mesos.Resources(a.offer.Resources).String()}
		if a.why == "" {
			l.logger.Info("accepted", at...)
		} else {
			l.logger.Info("declined", append(at, "why", a.why)...)
		}
	}
}

// unfit tells why an offer is of no use: for the oldest need that it was looked at for.
func (b *book) unfit(id mesos.OfferID) string {
	if len(b.waiting) == 0 {
		return "nothing to launch"
	}
	for _, need := range b.result.Unmatched {
		e := b.result.Explain(need)
		for _, miss := range e.Misses {
			if !slices.ContainsFunc(miss.OfferIDs, func(o mesos.OfferID) bool { return o.Value == id.Value }) {
				continue
			}
			var failures []string
			for _, f := range miss.Failures {
				failures = append(failures, f.String())
			}
			return "no fit for " + e.Name + ": " + strings.Join(failures, ", ")
		}
	}
	return "what is to be launched waits, or does not want it"
}
