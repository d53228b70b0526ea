package engine

import (
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
)

// In a full cluster thousands of instances may wait while offers come that are too small for all of them. So those that are larger than
// every agent's offers are left out before anybody looks closer.

// A size is so much of cpus, mem, disk and gpus, in thousandths.
type size [4]int64

func sizeOf(r mesos.Resources) size {
	var s size
	for i := range r {
		if r[i].Scalar == nil {
			continue
		}
		n := mesos.Thousandths(r[i].Scalar.Value)
		switch r[i].Name {
		case mesos.CPUsName:
			s[0] += n
		case mesos.MemName:
			s[1] += n
		case mesos.DiskName:
			s[2] += n
		case mesos.GPUsName:
			s[3] += n
		}
	}
	return s
}

func (s size) add(other size) size {
	for i := range s {
		s[i] += other[i]
	}
	return s
}

func (s size) within(most size) bool {
	for i := range s {
		if s[i] > most[i] {
			return false
		}
	}
	return true
}

// largest is the most of each resource that any agent offers.
func largest(offers []mesos.Offer) size {
	byAgent := make(map[string]size, len(offers))
	var most size
	for i := range offers {
		id := offers[i].AgentID.Value
		s := byAgent[id].add(sizeOf(offers[i].Resources))
		byAgent[id] = s
		for j := range most {
			most[j] = max(most[j], s[j])
		}
	}
	return most
}

// fitting are the needs that are not larger than all offers, and which of the pending instances they are of. Where there are more offers than
// needs, to look at them would not pay.
func fitting(needs []offer.Need, templates []*template, offers []mesos.Offer) ([]offer.Need, []int) {
	which := make([]int, 0, len(needs))
	if len(needs) <= len(offers) {
		for i := range needs {
			which = append(which, i)
		}
		return needs, which
	}
	most := largest(offers)
	some := needs[:0]
	for i, t := range templates {
		if t.size.within(most) {
			some, which = append(some, needs[i]), append(which, i)
		}
	}
	return some, which
}

// unset are the indices of those that are not set.
func unset(set []bool) []int {
	var all []int
	for i, ok := range set {
		if !ok {
			all = append(all, i)
		}
	}
	return all
}
