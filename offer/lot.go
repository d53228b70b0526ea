package offer

import (
	"cmp"
	"slices"

	"github.com/ormosproject/ormos/mesos"
)

// A lot is what one ACCEPT can use: all offers of one agent for one role.
type lot struct {
	traits
	agent     mesos.AgentID
	framework mesos.FrameworkID
	role      string
	offers    []mesos.OfferID
	running   []mesos.ExecutorID
	pieces    []piece
	// grants are what needs got so far.
	grants []Grant
	// hasGPUs tells whether any gpus were offered.
	hasGPUs bool
}

// A piece is what is left of one offered resource.
type piece struct {
	offered *mesos.Resource
	// dimension is the number of the resource's name.
	dimension int
	// Amounts, as the resource's type has them.
	milli  int64
	ranges mesos.Ranges
	// own tells that ranges may be changed in place: that they are not the offer's, nor another piece's.
	own   bool
	items []string
	// What decides who may use it.
	reserved  bool
	revocable bool
	// whole is taken as one thing, or is a disk with a source: tasks get it as volumes only.
	whole  bool
	labels *mesos.Labels
	gone   bool
	// made tells that it is a volume to create, not an offered one.
	made bool
}

// open tells whether every need may use the piece that does not say otherwise: it counts as free.
func (p *piece) open() bool { return !p.revocable && !p.whole && p.labels == nil }

// The names that most resources have.
const (
	cpus = iota
	mem
	disk
	gpus
	ports
	firstOther
)

// names numbers the names of resources.
type names map[string]int

func knownNames() names {
	return names{mesos.CPUsName: cpus, mesos.MemName: mem, mesos.DiskName: disk, mesos.GPUsName: gpus, mesos.PortsName: ports}
}

func (n names) number(name string) int {
	known, ok := n[name]
	if !ok {
		known = len(n)
		n[name] = known
	}
	return known
}

type lotKey struct{ agent, role string }

// gather makes lots of offers, in the order of the offers. An offer that comes twice counts once.
func gather(offers []mesos.Offer, unsaid string, known names) []lot {
	lots := make([]lot, 0, len(offers))
	byKey := make(map[lotKey]int, len(offers))
	resources := make([]mesos.Resources, 0, len(offers))
	ids := make([]mesos.OfferID, len(offers))
	for i := range offers {
		o := &offers[i]
		key := lotKey{o.AgentID.Value, roleOf(o, unsaid)}
		at, ok := byKey[key]
		if !ok {
			byKey[key] = len(lots)
			ids[i] = o.ID
			lots = append(lots, newLot(o, key.role, ids[i:i+1:i+1]))
			resources = append(resources, o.Resources)
			continue
		}
		if l := &lots[at]; !slices.ContainsFunc(l.offers, func(id mesos.OfferID) bool { return id.Value == o.ID.Value }) {
			l.offers = append(l.offers, o.ID)
			resources[at] = resources[at].Add(o.Resources...)
		}
	}
	size := 0
	for i := range resources {
		size += len(resources[i])
	}
	pieces := make([]piece, 0, size)
	for i := range lots {
		lots[i].pieces = pieces[len(pieces):len(pieces):size]
		lots[i].cut(resources[i], known)
		pieces = pieces[:len(pieces)+len(lots[i].pieces)]
		lots[i].pieces = slices.Clip(lots[i].pieces)
	}
	return lots
}

// roleOf is the role that an offer is for.
func roleOf(o *mesos.Offer, unsaid string) string {
	if o.AllocationInfo == nil || o.AllocationInfo.Role == nil {
		return unsaid
	}
	return *o.AllocationInfo.Role
}

func newLot(o *mesos.Offer, role string, id []mesos.OfferID) lot {
	return lot{
		traits: traits{hostname: o.Hostname, attributes: o.Attributes, domain: o.Domain},
		agent:  o.AgentID, framework: o.FrameworkID, role: role,
		offers: id, running: o.ExecutorIDs,
	}
}

// cut makes pieces of resources, in the order in which they are used: with labels, reserved, unreserved.
func (l *lot) cut(offered mesos.Resources, known names) {
	for i := range offered {
		one := &offered[i]
		if one.IsEmpty() {
			continue
		}
		p := piece{
			offered: one, dimension: known.number(one.Name), reserved: one.IsReserved(), revocable: one.IsRevocable(),
			whole: one.Disk != nil || one.IsShared(), labels: one.ReservationLabels(),
		}
		switch one.Type {
		case mesos.ValueTypeScalar:
			p.milli = mesos.Thousandths(one.Scalar.Value)
		case mesos.ValueTypeRanges:
			if p.ranges = one.Ranges.Range; len(p.ranges) > 1 {
				p.ranges, p.own = p.ranges.Coalesce(), true
			}
		case mesos.ValueTypeSet:
			p.items = slices.Clone(one.Set.Item)
		}
		l.hasGPUs = l.hasGPUs || p.dimension == gpus
		l.pieces = append(l.pieces, p)
	}
	slices.SortStableFunc(l.pieces, func(a, b piece) int { return cmp.Compare(a.rank(), b.rank()) })
}

func (p *piece) rank() int {
	switch {
	case p.labels != nil:
		return 0
	case p.reserved:
		return 1
	default:
		return 2
	}
}

// text is the name of a dimension.
func (n names) text(dimension int) string {
	for name, number := range n {
		if number == dimension {
			return name
		}
	}
	return ""
}
