package mesos

import "slices"

// Take takes out of r, typically an offer, what a task needs, by name and amount:
// the needs say "1 CPU", and the result says which CPU, with the reservation and
// allocation it has in r, as LAUNCH wants it. What is reserved is taken first, since
// only its role can use it. Revocable resources, persistent volumes and other
// exclusive disks are never taken this way: name them exactly and use
// [Resources.Contains] and [Resources.Subtract].
//
// The rest is what remains of r. When r has not enough, ok is false, and taken and
// rest are nil; nothing is taken in part.
func (r Resources) Take(needs ...Resource) (taken, rest Resources, ok bool) {
	rest = r.Add()
	for _, need := range Resources(needs).Add() {
		taken = rest.moveTo(taken, &need, true)
		taken = rest.moveTo(taken, &need, false)
		if !need.IsEmpty() {
			return nil, nil, false
		}
	}
	return taken.Add(), slices.DeleteFunc(rest, func(one Resource) bool { return one.IsEmpty() }), true
}

// moveTo moves to taken those parts of r that help to meet the need, and takes them off
// the need. Both r and the need must own their amounts.
func (r Resources) moveTo(taken Resources, need *Resource, reserved bool) Resources {
	for i := range r {
		have := &r[i]
		if have.Name != need.Name || have.Type != need.Type || have.IsReserved() != reserved ||
			have.IsRevocable() || have.exclusive() || need.IsEmpty() {
			continue
		}
		part := have.common(need)
		if part.IsEmpty() {
			continue
		}
		have.reduce(&part)
		need.reduce(&part)
		taken = append(taken, part)
	}
	return taken
}

// common gives as much of m as the need asks for.
func (m *Resource) common(need *Resource) Resource {
	part := m.withOwnAmount()
	switch m.Type {
	case ValueTypeScalar:
		part.Scalar.Value = fromMilli(min(m.milli(), need.milli()))
	case ValueTypeRanges:
		missing := need.ranges().Subtract(m.ranges())
		part.Ranges.Range = need.ranges().Subtract(missing)
	case ValueTypeSet:
		beyond := m.withOwnAmount()
		beyond.reduce(need)
		part.reduce(&beyond)
	}
	return part
}

// TakePorts takes the n lowest ports out of r, whoever they are reserved to. Its
// results are those of Take; [Resources.Ports] of taken gives the numbers.
func (r Resources) TakePorts(n int) (taken, rest Resources, ok bool) {
	usable := r.Filter(func(one *Resource) bool { return !one.IsRevocable() && !one.exclusive() })
	ports, ok := usable.Ports().Take(n)
	if !ok {
		return nil, nil, false
	}
	return r.Take(PortNumbers(ports...))
}
