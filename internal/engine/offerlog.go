package engine

import (
	"cmp"
	"slices"
	"time"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
)

// An offerLog is what was offered, and what of it was used: from it queue, explanations and plans are computed when somebody asks. A copy is a
// snapshot, and costs nothing: batches are only appended, and what is folded is made anew.
type offerLog struct {
	folded  []lastOffer
	batches []offerBatch
	// unfolded is how many offers are in batches.
	unfolded int
	// held are those that were looked at last: they come again until they are used or declined.
	held []mesos.Offer
}

// An offerBatch is what came and what was used at one time. It is constant.
type offerBatch struct {
	at     time.Time
	offers []*mesos.Offer
	used   []use
}

// A use is what was taken of an agent's offers for one role.
type use struct {
	lot   lotKey
	taken []mesos.Resources
}

type lotKey struct{ agent, role string }

// A lastOffer is what an agent has offered last for a role, all of its offers at that time together.
type lastOffer struct {
	at time.Time
	// offer has the resources of all of them, without what was used.
	offer mesos.Offer
	// times is how often it was offered.
	times int
	// own tells that its memory is not shared.
	own bool
}

// keepFor is how long an agent is remembered that offers nothing any more.
const keepFor = 24 * time.Hour

// note adds what is new among the offers, which are in the order of their ids, and what was used. Most calls cost next to nothing; once in a
// while what was gathered is folded, in proportion to it.
func (l *offerLog) note(at time.Time, offers []mesos.Offer, used []use) {
	fresh := unheard(l.held, offers)
	l.held = offers
	if len(fresh) == 0 && len(used) == 0 {
		return
	}
	l.batches = append(l.batches, offerBatch{at, fresh, used})
	if l.unfolded += len(fresh) + len(used); l.unfolded > 1000+4*max(len(l.folded), len(fresh)) {
		l.folded, l.batches, l.unfolded = settled(l.fold().lots, at), nil, 0
	}
}

// settled leaves out what is long ago. What stays for long gets its own memory: that of offers is shared with all that came together.
func settled(all []lastOffer, now time.Time) []lastOffer {
	all = slices.DeleteFunc(all, func(o lastOffer) bool { return now.Sub(o.at) > keepFor })
	for i := range all {
		if one := &all[i]; !one.own && now.Sub(one.at) > keepFor/100 {
			one.offer, one.own = *one.offer.Clone(), true
		}
	}
	return all
}

// unheard are the offers that were not held before.
func unheard(held, offers []mesos.Offer) []*mesos.Offer {
	var fresh []*mesos.Offer
	for i := range offers {
		id := offers[i].ID.Value
		for len(held) > 0 && held[0].ID.Value < id {
			held = held[1:]
		}
		if len(held) == 0 || held[0].ID.Value != id {
			fresh = append(fresh, &offers[i])
		}
	}
	return fresh
}

// last is what each agent has offered last for each role, in the order of hosts.
func (l *offerLog) last() []lastOffer {
	all := l.fold().lots
	slices.SortFunc(all, func(a, b lastOffer) int {
		return cmp.Or(cmp.Compare(a.offer.Hostname, b.offer.Hostname), cmp.Compare(a.offer.AgentID.Value, b.offer.AgentID.Value),
			cmp.Compare(roleOf(&a.offer), roleOf(&b.offer)))
	})
	return all
}

// A fold is the last offers while they are gathered, with where each is.
type fold struct {
	lots []lastOffer
	at   map[lotKey]int
}

func (l *offerLog) fold() fold {
	f := fold{slices.Clone(l.folded), make(map[lotKey]int, len(l.folded))}
	for i := range f.lots {
		f.at[keyOf(&f.lots[i].offer)] = i
	}
	for i := range l.batches {
		f.lay(&l.batches[i])
	}
	return f
}

func keyOf(o *mesos.Offer) lotKey { return lotKey{o.AgentID.Value, roleOf(o)} }

func roleOf(o *mesos.Offer) string {
	if o.AllocationInfo == nil {
		return ""
	}
	return o.AllocationInfo.GetRole()
}

// lay puts a batch's offers in the place of earlier ones. Several of one agent add up only when they came together.
func (f *fold) lay(b *offerBatch) {
	for _, o := range b.offers {
		key := keyOf(o)
		at, known := f.at[key]
		if !known {
			at = len(f.lots)
			f.at[key], f.lots = at, append(f.lots, lastOffer{})
		}
		one := &f.lots[at]
		if one.at.Equal(b.at) {
			one.offer.Resources = mesos.Resources(one.offer.Resources).Add(o.Resources...)
		} else {
			one.at, one.offer, one.own = b.at, *o, false
		}
		one.times++
	}
	for i := range b.used {
		if at, known := f.at[b.used[i].lot]; known {
			one := &f.lots[at]
			one.offer.Resources = mesos.Resources(one.offer.Resources).Subtract(slices.Concat(b.used[i].taken...)...)
		}
	}
}

// usedBy is what an accept takes.
func usedBy(a *offer.Accept) use {
	u := use{lot: lotKey{a.AgentID.Value, a.Role}}
	for i := range a.Grants {
		for j := range a.Grants[i].Tasks {
			u.taken = append(u.taken, a.Grants[i].Tasks[j].Resources)
		}
		if e := a.Grants[i].Executor; e != nil {
			u.taken = append(u.taken, e.Resources)
		}
	}
	return u
}

// offered counts the offers since a moment.
func (l *offerLog) offered(since app.Timestamp) int {
	n := 0
	for i := range l.folded {
		if !app.At(l.folded[i].at).Before(since) {
			n += l.folded[i].times
		}
	}
	for i := range l.batches {
		if !app.At(l.batches[i].at).Before(since) {
			n += len(l.batches[i].offers)
		}
	}
	return n
}
