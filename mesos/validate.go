package mesos

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Validate tells what is wrong with the first resource that Mesos would not accept, nil
// when all are fine. An empty amount (cpus:0) is fine.
func (r Resources) Validate() error {
	for i := range r {
		if err := r[i].Validate(); err != nil {
			return fmt.Errorf("cannot use resource %q: %w", r[i].Name, err)
		}
	}
	return nil
}

// Validate tells what Mesos would not accept about the resource: no name; an amount
// that does not match the type, is negative, not finite or less than half a thousandth;
// ranges that overlap or run backwards; items that come twice; a reservation that is
// wrong or is said in two formats that disagree; disk information on anything else than
// disk; sharing of anything else than a persistent volume.
func (m *Resource) Validate() error {
	if m.Name == "" {
		return errors.New("it has no name")
	}
	for _, check := range []func() error{m.validateAmount, m.validateDisk, m.validateReservations} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (m *Resource) validateAmount() error {
	amounts := 0
	for _, set := range []bool{m.Scalar != nil, m.Ranges != nil, m.Set != nil} {
		if set {
			amounts++
		}
	}
	switch {
	case amounts > 1:
		return errors.New("it has amounts of more than one type")
	case m.Type == ValueTypeScalar && m.Scalar != nil:
		return validScalar(m.Scalar.Value)
	case m.Type == ValueTypeRanges && m.Ranges != nil:
		return validRanges(m.Ranges.Range)
	case m.Type == ValueTypeSet && m.Set != nil:
		return validItems(m.Set.Item)
	case m.Type != ValueTypeScalar && m.Type != ValueTypeRanges && m.Type != ValueTypeSet:
		return errors.New("its type is neither scalar, nor ranges, nor set")
	default:
		return errors.New("it has no amount of its type")
	}
}

func validScalar(value float64) error {
	switch {
	case math.IsNaN(value) || math.IsInf(value, 0):
		return errors.New("its amount is not finite")
	case value < 0:
		return errors.New("its amount is negative")
	case value > 0 && toMilli(value) == 0:
		return errors.New("its amount is less than a thousandth")
	}
	return nil
}

func validRanges(ranges Ranges) error {
	if slices.ContainsFunc(ranges, func(r ValueRange) bool { return r.Begin > r.End }) {
		return errors.New("a range begins beyond its end")
	}
	if ranges.overlap() {
		return errors.New("its ranges overlap")
	}
	return nil
}

func validItems(items []string) error {
	sorted := slices.Sorted(slices.Values(items))
	if len(slices.Compact(sorted)) < len(items) {
		return errors.New("an item comes twice")
	}
	return nil
}

func (m *Resource) validateDisk() error {
	switch {
	case m.Disk != nil && m.Name != DiskName:
		return errors.New("only disk has disk information")
	case m.Disk != nil && m.Disk.Source != nil && m.Disk.Source.Type == ResourceDiskInfoSourceTypeUnknown:
		return errors.New("its disk has an unknown source")
	case m.Shared != nil && !m.IsPersistentVolume():
		return errors.New("only persistent volumes can be shared")
	}
	return nil
}

func (m *Resource) validateReservations() error {
	if len(m.Reservations) == 0 {
		if m.GetRole() == unreservedRole && m.Reservation != nil {
			return errors.New("role * cannot be reserved")
		}
		return ValidRole(m.GetRole())
	}
	for i := range m.Reservations {
		if err := m.validateReservation(i); err != nil {
			return err
		}
	}
	return m.validateBothFormats()
}

func (m *Resource) validateReservation(i int) error {
	one := &m.Reservations[i]
	switch one.GetType() {
	case ResourceReservationInfoTypeDynamic:
	case ResourceReservationInfoTypeStatic:
		if i > 0 {
			return errors.New("a static reservation cannot refine another")
		}
	default:
		return errors.New("a reservation is neither static nor dynamic")
	}
	role := one.GetRole()
	if role == unreservedRole {
		return errors.New("role * cannot be reserved")
	}
	if err := ValidRole(role); err != nil {
		return err
	}
	if i > 0 && !IsStrictSubrole(role, m.Reservations[i-1].GetRole()) {
		return fmt.Errorf("a reservation to %q cannot be refined to %q", m.Reservations[i-1].GetRole(), role)
	}
	return nil
}

// validateBothFormats compares the old format with the new one where both are there.
func (m *Resource) validateBothFormats() error {
	if m.Role == nil && m.Reservation == nil {
		return nil
	}
	old := Resource{Role: m.Role, Reservation: m.Reservation}
	if !sameReservations(&old, m) {
		return errors.New("its role and its reservations disagree")
	}
	return nil
}
