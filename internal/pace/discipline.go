package pace

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

const (
	// holdOffers is how long an offer that fits nothing now is kept for what may be needed next.
	holdOffers = 2 * time.Second
	// refuseIdle is for how long resources are refused that nobody needs.
	refuseIdle = time.Hour
	// refuseUnfit is for how long resources are refused that are too few or in the wrong place for what is needed. More of them come all the same.
	refuseUnfit = time.Minute
	// refuseActive is for how long resources are refused when something was needed a moment ago: more may be needed soon.
	refuseActive = 5 * time.Second
	// suppressAfter is how long nobody has needed anything of a role before no offers are wanted for it.
	suppressAfter = 10 * time.Second
	// reviveBurst REVIVE calls may follow each other at once, then one every revivePause.
	reviveBurst = 3
	revivePause = 5 * time.Second
)

// A Discipline decides what becomes of offers that are not used, for each role by itself:
//
//	              needed                                             not needed for 10 s
//	   +-------------------------------+                      +-------------------------------+
//	   v                               |                      |                               v
//	wanting: what fits nothing is held for 2 s        idle: declined at once,        suppressed: no offers
//	and then declined for 1 min; what is new          for 5 s, later 1 h
//	lifts that, with REVIVE                                                          REVIVE once it is needed again
//
// REVIVE goes out three times in a row and then every 5 s at most. An offer is forgotten when it is rescinded, answered, or when the subscription
// ends.
//
// It is a pure state machine: time is an argument, and Step says what to call.
type Discipline struct {
	held   map[string]heldOffer // by id
	roles  map[string]*roleNeed
	single string // the role of offers that name none
	tokens int    // REVIVE calls that may be made at once
	since  time.Time
	open   bool // subscribed
}

type heldOffer struct {
	offer mesos.Offer
	role  string
	until time.Time
}

// roleNeed is what is known of one role.
type roleNeed struct {
	needed     bool
	idle       time.Time // since when it is not needed
	filtered   bool      // what was declined will not come again by itself
	fresh      bool      // something is needed that what was declined may fit
	suppressed bool
	before     bool // suppressed, before the last REVIVE
}

// NewDiscipline returns one that knows no roles.
func NewDiscipline() Discipline {
	return Discipline{held: map[string]heldOffer{}, roles: map[string]*roleNeed{}, tokens: reviveBurst}
}

// Subscribed begins anew under these roles, some of them suppressed: no offers, no filters.
func (d *Discipline) Subscribed(now time.Time, roles, suppressed []string) {
	d.Disconnected()
	d.open = true
	d.SetRoles(now, roles, suppressed)
	for _, r := range d.roles {
		r.filtered, r.idle = false, now
	}
}

// SetRoles takes over what the session has for roles.
func (d *Discipline) SetRoles(now time.Time, roles, suppressed []string) {
	d.single = ""
	if len(roles) == 1 {
		d.single = roles[0]
	}
	maps.DeleteFunc(d.roles, func(name string, _ *roleNeed) bool { return !slices.Contains(roles, name) })
	for _, name := range roles {
		if d.roles[name] == nil {
			d.roles[name] = &roleNeed{idle: now}
		}
		d.roles[name].suppressed = slices.Contains(suppressed, name)
	}
}

// Disconnected voids all offers.
func (d *Discipline) Disconnected() {
	clear(d.held)
	d.open = false
}

// Offered takes offers in.
func (d *Discipline) Offered(now time.Time, offers []mesos.Offer) {
	for _, o := range offers {
		role := d.single
		if o.AllocationInfo != nil && o.AllocationInfo.Role != nil {
			role = *o.AllocationInfo.Role
		}
		d.held[o.ID.Value] = heldOffer{offer: o, role: role, until: now.Add(holdOffers)}
	}
}

// Gone forgets offers: they were rescinded or accepted.
func (d *Discipline) Gone(ids ...mesos.OfferID) {
	for _, id := range ids {
		delete(d.held, id.Value)
	}
}

// Held gives an offer that is held, and its role.
func (d *Discipline) Held(id mesos.OfferID) (offer *mesos.Offer, role string) {
	h := d.held[id.Value]
	return &h.offer, h.role
}

// Roles are those of the framework, in no order.
func (d *Discipline) Roles() iter.Seq[string] { return maps.Keys(d.roles) }

// Suppressed are the roles for which no offers are wanted, in order.
func (d *Discipline) Suppressed() []string {
	var names []string
	for name, r := range d.roles {
		if r.suppressed {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Offers are those that may be used, in an order that does not depend on chance.
func (d *Discipline) Offers() []mesos.Offer {
	offers := make([]mesos.Offer, 0, len(d.held))
	for _, h := range d.held {
		offers = append(offers, h.offer)
	}
	slices.SortFunc(offers, func(a, b mesos.Offer) int { return cmp.Compare(a.ID.Value, b.ID.Value) })
	return offers
}

// Need says whether something is needed of a role, and whether that is news to what was declined before.
func (d *Discipline) Need(now time.Time, name string, needed, fresh bool) {
	r := d.roles[name]
	if r == nil {
		return // the framework does not have it (yet)
	}
	if r.needed && !needed {
		r.idle = now
	}
	r.fresh = needed && (r.fresh || fresh || !r.needed)
	r.needed = needed
}

// refusal is for how long what is left over of a role's offers is refused.
func (d *Discipline) refusal(now time.Time, name string) time.Duration {
	r := d.roles[name]
	switch {
	case r == nil, r.suppressed, !r.needed && now.Sub(r.idle) >= suppressAfter:
		return refuseIdle
	case r.needed:
		return refuseUnfit
	}
	return refuseActive
}

// Used tells for how long an ACCEPT of a role's offers should refuse what it leaves over.
func (d *Discipline) Used(now time.Time, role string, ids []mesos.OfferID) time.Duration {
	d.Gone(ids...)
	if r := d.roles[role]; r != nil {
		r.filtered = true
	}
	return d.refusal(now, role)
}

// Answers are what to call: DECLINE, SUPPRESS and REVIVE, in this order.
type Answers struct {
	Declines []Decline
	// Suppress and Revive are roles, in order.
	Suppress, Revive []string
}

// A Decline refuses offers for a time.
type Decline struct {
	OfferIDs []mesos.OfferID
	Refuse   time.Duration
}

// Step answers the offers that are held no longer, and suppresses and revives roles.
func (d *Discipline) Step(now time.Time) Answers {
	if !d.open {
		return Answers{}
	}
	a := Answers{Declines: d.decline(now)}
	a.Suppress, a.Revive = d.quieten(now)
	return a
}

func (d *Discipline) decline(now time.Time) []Decline {
	refused := map[time.Duration][]mesos.OfferID{}
	for id, h := range d.held {
		r := d.roles[h.role]
		if r != nil && r.needed && now.Before(h.until) {
			continue
		}
		if r != nil {
			r.filtered = true
		}
		refuse := d.refusal(now, h.role)
		refused[refuse] = append(refused[refuse], h.offer.ID)
		delete(d.held, id)
	}
	var all []Decline
	for _, refuse := range slices.Sorted(maps.Keys(refused)) {
		ids := refused[refuse]
		slices.SortFunc(ids, func(a, b mesos.OfferID) int { return cmp.Compare(a.Value, b.Value) })
		all = append(all, Decline{ids, refuse})
	}
	return all
}

// quieten suppresses what nobody needs and revives what somebody needs.
func (d *Discipline) quieten(now time.Time) (suppress, revive []string) {
	for name, r := range d.roles {
		switch {
		case !r.needed && !r.suppressed && now.Sub(r.idle) >= suppressAfter:
			suppress = append(suppress, name)
		case r.wantsRevive():
			revive = append(revive, name)
		}
	}
	slices.Sort(suppress)
	for _, name := range suppress {
		d.roles[name].suppressed = true
	}
	if len(revive) == 0 || !d.mayRevive(now) {
		return suppress, nil
	}
	slices.Sort(revive)
	for _, name := range revive {
		r := d.roles[name]
		r.before = r.suppressed
		r.suppressed, r.filtered, r.fresh = false, false, false
	}
	return suppress, revive
}

func (r *roleNeed) wantsRevive() bool { return r.needed && (r.suppressed || r.fresh && r.filtered) }

// mayRevive takes a token, if there is one. One more comes every revivePause.
func (d *Discipline) mayRevive(now time.Time) bool {
	if d.tokens >= reviveBurst {
		d.since = now
	}
	earned := int(now.Sub(d.since) / revivePause)
	d.tokens = min(d.tokens+earned, reviveBurst)
	d.since = d.since.Add(time.Duration(earned) * revivePause)
	if d.tokens == 0 {
		return false
	}
	d.tokens--
	return true
}

// Refused takes back what calls were to bring about that were not made, so that they are made again.
func (d *Discipline) Refused(now time.Time, suppress, revive []string) {
	for _, name := range suppress {
		if r := d.roles[name]; r != nil {
			r.suppressed, r.idle = false, now
		}
	}
	for _, name := range revive {
		if r := d.roles[name]; r != nil {
			r.suppressed, r.fresh, r.filtered = r.before, true, true
		}
	}
}

// Next is when step has something to do by itself.
func (d *Discipline) Next() (time.Time, bool) {
	var first time.Time
	if !d.open {
		return first, false
	}
	earlier := func(at time.Time) {
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	for _, h := range d.held {
		earlier(h.until)
	}
	for _, r := range d.roles {
		if !r.needed && !r.suppressed {
			earlier(r.idle.Add(suppressAfter))
		}
		if r.wantsRevive() {
			earlier(d.since.Add(revivePause))
		}
	}
	return first, !first.IsZero()
}
