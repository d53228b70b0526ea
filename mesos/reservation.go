package mesos

import (
	"fmt"
	"slices"
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

// reservationDepth gives the number of reservations in the stack, in either format.
func (m *Resource) reservationDepth() int {
	switch {
	case len(m.Reservations) > 0:
		return len(m.Reservations)
	case m.Role != nil && *m.Role != unreservedRole || m.Reservation != nil:
		return 1
	default:
		return 0
	}
}

// stack gives all reservations, in either format.
func (m *Resource) stack() []ResourceReservationInfo {
	if m.reservationDepth() == len(m.Reservations) {
		return m.Reservations
	}
	top := ResourceReservationInfo{Role: new(m.GetRole()), Type: new(ResourceReservationInfoTypeStatic)}
	if m.Reservation != nil {
		*top.Type = ResourceReservationInfoTypeDynamic
		top.Principal, top.Labels = m.Reservation.Principal, m.Reservation.Labels
	}
	return []ResourceReservationInfo{top}
}

// sameReservations compares stacks, building none in the case that counts: one format
// and mostly no reservation.
func sameReservations(a, b *Resource) bool {
	depth := a.reservationDepth()
	if depth != b.reservationDepth() {
		return false
	}
	if depth == 0 {
		return true
	}
	if len(a.Reservations) == 0 && len(b.Reservations) == 0 {
		return a.GetRole() == b.GetRole() && (a.Reservation == nil) == (b.Reservation == nil) &&
			(a.Reservation == nil || sameReserver(a.Reservation, b.Reservation))
	}
	return slices.EqualFunc(a.stack(), b.stack(), func(x, y ResourceReservationInfo) bool {
		return x.GetRole() == y.GetRole() && x.GetType() == y.GetType() && sameReserver(&x, &y)
	})
}

func sameReserver(a, b *ResourceReservationInfo) bool {
	return samePointed(a.Principal, b.Principal) && sameLabels(a.Labels, b.Labels)
}

// IsReserved tells whether the resource is reserved to a role, in either format.
func (m *Resource) IsReserved() bool { return m.reservationDepth() > 0 }

// IsDynamicallyReserved tells whether the reservation that counts was made by a
// framework or an operator at run time, so that UNRESERVE can end it.
func (m *Resource) IsDynamicallyReserved() bool {
	if n := len(m.Reservations); n > 0 {
		return m.Reservations[n-1].GetType() == ResourceReservationInfoTypeDynamic
	}
	return m.Reservation != nil
}

// ReservedRole is the role to which the resource is reserved, "*" when to none.
func (m *Resource) ReservedRole() string {
	if n := len(m.Reservations); n > 0 {
		return m.Reservations[n-1].GetRole()
	}
	return m.GetRole()
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

// ReservationLabels are the labels of the reservation that counts, nil when it has none.
func (m *Resource) ReservationLabels() *Labels {
	var labels *Labels
	if n := len(m.Reservations); n > 0 {
		labels = m.Reservations[n-1].Labels
	} else if m.Reservation != nil {
		labels = m.Reservation.Labels
	}
	if labels == nil || len(labels.Labels) == 0 {
		return nil
	}
	return labels
}

// Equal compares labels in any order. None and an empty list differ, as in Mesos.
func (m *Labels) Equal(other *Labels) bool { return sameLabels(m, other) }
