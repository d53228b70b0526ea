package mesos

import (
	"fmt"
)

// ResourceFormat is how a resource says to whom it is reserved.
type ResourceFormat int

// Mesos reads all of them and writes to a framework the one it asked for.
const (
	// PostRefinement is a stack of reservations, the last of which counts; no
	// reservations is unreserved. Frameworks with the capability
	// RESERVATION_REFINEMENT get and the local cluster keeps this.
	PostRefinement ResourceFormat = iota
	// PreRefinement is a role ("*" when unreserved) and, for a dynamic
	// reservation, who made it. Other frameworks get this.
	PreRefinement
	// Endpoint is both together where the old one can say it: what /state shows.
	Endpoint
)

// unreservedRole is the role of what is reserved to nobody.
const unreservedRole = "*"

// reservations gives the number of reservations in the stack, in either format.
func (m *Resource) reservationDepth() int {
	switch {
	case len(m.Reservations) > 0:
		return len(m.Reservations)
	case m.GetRole() != unreservedRole || m.Reservation != nil:
		return 1
	default:
		return 0
	}
}

// reservationAt gives reservation i of the stack, in either format.
func (m *Resource) reservationAt(i int) ResourceReservationInfo {
	if len(m.Reservations) > 0 {
		return m.Reservations[i]
	}
	kind := ResourceReservationInfoTypeStatic
	top := ResourceReservationInfo{Role: new(m.GetRole()), Type: &kind}
	if m.Reservation != nil {
		kind = ResourceReservationInfoTypeDynamic
		top.Principal, top.Labels = m.Reservation.Principal, m.Reservation.Labels
	}
	return top
}

// stack gives all reservations, in either format.
func (m *Resource) stack() []ResourceReservationInfo {
	depth := m.reservationDepth()
	if depth == len(m.Reservations) {
		return m.Reservations
	}
	return []ResourceReservationInfo{m.reservationAt(0)}
}

func sameReservations(a, b *Resource) bool {
	depth := a.reservationDepth()
	if depth != b.reservationDepth() {
		return false
	}
	for i := range depth {
		x, y := a.reservationAt(i), b.reservationAt(i)
		if x.GetRole() != y.GetRole() || x.GetType() != y.GetType() ||
			!samePointed(x.Principal, y.Principal) || !sameLabels(x.Labels, y.Labels) {
			return false
		}
	}
	return true
}

// IsReserved tells whether the resource is reserved to a role, in either format.
func (m *Resource) IsReserved() bool { return m.reservationDepth() > 0 }

// IsDynamicallyReserved tells whether the reservation that counts was made by a
// framework or an operator at run time, so that UNRESERVE can end it.
func (m *Resource) IsDynamicallyReserved() bool {
	depth := m.reservationDepth()
	if depth == 0 {
		return false
	}
	top := m.reservationAt(depth - 1)
	return top.GetType() == ResourceReservationInfoTypeDynamic
}

// ReservedRole is the role to which the resource is reserved, "*" when to none.
func (m *Resource) ReservedRole() string {
	switch n := len(m.Reservations); {
	case n > 0:
		return m.Reservations[n-1].GetRole()
	default:
		return m.GetRole()
	}
}

// In gives the resources in another format. A refined reservation (a stack of more
// than one) does not fit PreRefinement: the error names the resource. In the format
// Endpoint it keeps the new form only.
func (r Resources) In(format ResourceFormat) (Resources, error) {
	converted := make(Resources, len(r))
	for i := range r {
		converted[i] = r[i]
		one := &converted[i]
		stack := one.stack()
		if len(stack) > 1 && format == PreRefinement {
			return nil, fmt.Errorf("cannot write %s with one role: its reservation is refined", Resources{r[i]})
		}
		one.Role, one.Reservation, one.Reservations = nil, nil, nil
		if format != PreRefinement {
			one.Reservations = stack
		}
		if format != PostRefinement && len(stack) < 2 {
			one.setRole(stack)
		}
	}
	return converted, nil
}

// setRole writes a stack of at most one reservation in the old form.
func (m *Resource) setRole(stack []ResourceReservationInfo) {
	m.Role = new(unreservedRole)
	for i := range stack {
		m.Role = new(stack[i].GetRole())
		if stack[i].GetType() == ResourceReservationInfoTypeDynamic {
			m.Reservation = &ResourceReservationInfo{Principal: stack[i].Principal, Labels: stack[i].Labels}
		}
	}
}

// Filter gives those resources for which keep says so.
func (r Resources) Filter(keep func(*Resource) bool) Resources {
	var kept Resources
	for i := range r {
		if keep(&r[i]) {
			kept = append(kept, r[i])
		}
	}
	return kept
}

// Named gives the resources of that name.
func (r Resources) Named(name string) Resources {
	return r.Filter(func(one *Resource) bool { return one.Name == name })
}

// Unreserved gives the resources that are reserved to nobody.
func (r Resources) Unreserved() Resources {
	return r.Filter(func(one *Resource) bool { return !one.IsReserved() })
}

// ReservedTo gives the resources that are reserved to exactly that role.
func (r Resources) ReservedTo(role string) Resources {
	return r.Filter(func(one *Resource) bool { return one.IsReserved() && one.ReservedRole() == role })
}

// AllocatableTo gives what may be offered to a role: the unreserved resources and
// those that are reserved to it or to a role above it.
func (r Resources) AllocatableTo(role string) Resources {
	return r.Filter(func(one *Resource) bool {
		reserved := one.ReservedRole()
		return !one.IsReserved() || reserved == role || IsStrictSubrole(role, reserved)
	})
}

// AllocatedTo gives the resources with the allocation that the master notes on what
// it offers to a role.
func (r Resources) AllocatedTo(role string) Resources {
	allocated := make(Resources, len(r))
	for i := range r {
		allocated[i] = r[i]
		allocated[i].AllocationInfo = &ResourceAllocationInfo{Role: new(role)}
	}
	return allocated
}

// Unallocated gives the resources without the master's note of an allocation.
func (r Resources) Unallocated() Resources {
	free := make(Resources, len(r))
	for i := range r {
		free[i] = r[i]
		free[i].AllocationInfo = nil
	}
	return free
}
