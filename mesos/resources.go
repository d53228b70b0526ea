package mesos

import (
	"slices"
)

// Resources are what an agent has, a master offers or a task uses. The methods
// compute with them as Mesos does:
//
//   - Scalars are counted in thousandths, rounded half away from zero. Sums do not
//     drift, however many.
//   - Resources that agree in name, type, reservations, disk, revocability, provider,
//     allocation and sharing are one kind; within it amounts are summed, ranges
//     coalesced, sets united. The two formats of reservations (see [ResourceFormat])
//     are the same; a result is in that of the left operand.
//   - Persistent volumes, MOUNT and BLOCK disks, RAW disks with an id and shared
//     volumes are things: they are never merged or split, and counted when they come
//     more than once.
//   - What is empty (see [Resource.IsEmpty]) is dropped, and nothing gets negative.
//
// Any []Resource converts to Resources: an offer's resources as they came are fine.
// They are assumed to be valid ([Resources.Validate]); what is not valid makes no
// method fail, but counts as nothing.
type Resources []Resource

// Sum adds up any number of resources.
func Sum(parts ...Resources) Resources {
	size := 0
	for _, part := range parts {
		size += len(part)
	}
	total := make(Resources, 0, size)
	for _, part := range parts {
		total = total.gather(part)
	}
	return total
}

// Add gives the sum, with one entry for each kind. Without arguments it tidies r up.
func (r Resources) Add(others ...Resource) Resources {
	return make(Resources, 0, len(r)+len(others)).gather(r).gather(others)
}

// gather adds more to r, which must own its amounts.
func (r Resources) gather(more []Resource) Resources {
	for i := range more {
		one := &more[i]
		if one.IsEmpty() {
			continue
		}
		if at := r.indexOf(one); at >= 0 && !one.exclusive() {
			r[at].merge(one)
		} else {
			r = append(r, one.withOwnAmount())
		}
	}
	return r
}

// indexOf finds the first entry of the same kind, -1 for none.
func (r Resources) indexOf(one *Resource) int {
	for i := range r {
		if sameKind(&r[i], one) {
			return i
		}
	}
	return -1
}

// withOwnAmount copies the resource and its amount, tidied up, but nothing else.
func (m *Resource) withOwnAmount() Resource {
	own := *m
	switch m.Type {
	case ValueTypeScalar:
		own.Scalar = &ValueScalar{Value: fromMilli(m.milli()), Unknown: m.Scalar.Unknown}
	case ValueTypeRanges:
		own.Ranges = &ValueRanges{Range: m.ranges().Coalesce(), Unknown: m.Ranges.Unknown}
	case ValueTypeSet:
		own.Set = &ValueSet{Item: unite(nil, m.Set.Item), Unknown: m.Set.Unknown}
	}
	return own
}

// merge adds the amount of a resource of the same kind.
func (m *Resource) merge(other *Resource) {
	switch m.Type {
	case ValueTypeScalar:
		m.Scalar.Value = fromMilli(addMilli(m.milli(), other.milli()))
	case ValueTypeRanges:
		m.Ranges.Range = m.ranges().Add(other.ranges())
	case ValueTypeSet:
		m.Set.Item = unite(m.Set.Item, other.Set.Item)
	}
}

// Subtract gives what is left of r. What others have beyond r is ignored, as in
// Mesos: 1 CPU less 3 CPUs leaves none, and subtracting a volume that is not there
// leaves everything. Ask [Resources.Contains] first where that matters.
func (r Resources) Subtract(others ...Resource) Resources {
	rest := r.Add()
	for i := range others {
		rest = rest.without(&others[i])
	}
	return rest
}

// without takes one resource out of r, which must own its amounts.
func (r Resources) without(one *Resource) Resources {
	if one.IsEmpty() {
		return r
	}
	same := sameKind
	if one.exclusive() {
		same = sameThing
	}
	for i := range r {
		if !same(&r[i], one) {
			continue
		}
		if r[i].reduce(one); r[i].IsEmpty() {
			return slices.Delete(r, i, i+1)
		}
		break
	}
	return r
}

// reduce takes off the amount of a resource of the same kind.
func (m *Resource) reduce(other *Resource) {
	switch m.Type {
	case ValueTypeScalar:
		m.Scalar.Value = fromMilli(max(m.milli()-other.milli(), 0))
	case ValueTypeRanges:
		m.Ranges.Range = m.ranges().Subtract(other.ranges())
	case ValueTypeSet:
		m.Set.Item = slices.DeleteFunc(m.Set.Item, func(item string) bool { return slices.Contains(other.Set.Item, item) })
	}
}

// Contains tells whether all of others, taken together, is in r. It is a partial
// order: r contains itself, and two that contain each other are equal.
func (r Resources) Contains(others ...Resource) bool {
	for i := range others {
		one := &others[i]
		if one.IsEmpty() || Resources(others[:i]).counted(one) {
			continue
		}
		if !r.covers(one, others[i:]) {
			return false
		}
	}
	return true
}

// counted tells whether a resource of the same kind stands in r already, so that
// its whole kind was looked at then.
func (r Resources) counted(one *Resource) bool {
	for i := range r {
		if !r[i].IsEmpty() && sameKind(&r[i], one) && (!one.exclusive() || sameAmount(&r[i], one)) {
			return true
		}
	}
	return false
}

// covers tells whether r has as much of the kind of one as all the demands together.
func (r Resources) covers(one *Resource, demands Resources) bool {
	switch {
	case one.exclusive():
		return r.count(one) >= demands.count(one)
	case one.Type == ValueTypeScalar:
		return r.milliOf(one) >= demands.milliOf(one)
	case one.Type == ValueTypeRanges:
		return r.rangesOf(one).Contains(demands.rangesOf(one))
	default:
		return containsItems(r.itemsOf(one), demands.itemsOf(one))
	}
}

// count tells how often the thing stands in r.
func (r Resources) count(thing *Resource) int {
	n := 0
	for i := range r {
		if sameThing(&r[i], thing) {
			n++
		}
	}
	return n
}

func (r Resources) milliOf(kind *Resource) int64 {
	var total int64
	for i := range r {
		if sameKind(&r[i], kind) {
			total = addMilli(total, r[i].milli())
		}
	}
	return total
}

// rangesOf copies only when the kind stands in r more than once.
func (r Resources) rangesOf(kind *Resource) Ranges {
	var all Ranges
	for i := range r {
		if !sameKind(&r[i], kind) {
			continue
		}
		if all == nil {
			all = r[i].ranges()
		} else {
			all = slices.Concat(all, r[i].ranges())
		}
	}
	return all
}

func (r Resources) itemsOf(kind *Resource) []string {
	var all []string
	for i := range r {
		if !sameKind(&r[i], kind) {
			continue
		}
		if all == nil {
			all = r[i].items()
		} else {
			all = slices.Concat(all, r[i].items())
		}
	}
	return all
}

// Equal tells whether both are the same resources, in whatever order, pieces and
// format they stand.
func (r Resources) Equal(other Resources) bool {
	return r.Contains(other...) && other.Contains(r...)
}

// IsEmpty tells whether there is nothing in r.
func (r Resources) IsEmpty() bool {
	for i := range r {
		if !r[i].IsEmpty() {
			return false
		}
	}
	return true
}

// Scalar is the total of the scalars of that name, whatever their role or kind.
func (r Resources) Scalar(name string) float64 {
	var total int64
	for i := range r {
		if r[i].Name == name && r[i].Type == ValueTypeScalar {
			total = addMilli(total, r[i].milli())
		}
	}
	return fromMilli(total)
}

// CPUs is the total of the CPUs.
func (r Resources) CPUs() float64 { return r.Scalar(CPUsName) }

// Mem is the total of the memory in MB.
func (r Resources) Mem() float64 { return r.Scalar(MemName) }

// Disk is the total of the disk in MB, persistent volumes included.
func (r Resources) Disk() float64 { return r.Scalar(DiskName) }

// GPUs is the total of the GPUs.
func (r Resources) GPUs() float64 { return r.Scalar(GPUsName) }

// Ports are all ports, coalesced.
func (r Resources) Ports() Ranges { return r.Ranges(PortsName) }

// Ranges are all numbers of the ranges of that name, coalesced.
func (r Resources) Ranges(name string) Ranges {
	var all Ranges
	for i := range r {
		if r[i].Name == name {
			all = append(all, r[i].ranges()...)
		}
	}
	return all.Coalesce()
}

// manyItems is from where on a set is looked up by hash.
const manyItems = 16

// containsItems tells whether every wanted item is among the items.
func containsItems(items, wanted []string) bool {
	if len(items) < manyItems {
		return !slices.ContainsFunc(wanted, func(item string) bool { return !slices.Contains(items, item) })
	}
	known := make(map[string]bool, len(items))
	for _, item := range items {
		known[item] = true
	}
	return !slices.ContainsFunc(wanted, func(item string) bool { return !known[item] })
}

// unite gives the items of both in the order of their first appearance. The result
// shares no memory with b.
func unite(a, b []string) []string {
	united := make([]string, 0, len(a)+len(b))
	known := make(map[string]bool, len(a)+len(b))
	for _, item := range slices.Concat(a, b) {
		if !known[item] {
			known[item] = true
			united = append(united, item)
		}
	}
	return united
}
