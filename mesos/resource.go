package mesos

import (
	"slices"
	"strings"
)

// The names of the resources that Mesos itself knows. Any other name may be
// offered and used as well.
const (
	CPUsName  = "cpus"
	MemName   = "mem"
	DiskName  = "disk"
	GPUsName  = "gpus"
	PortsName = "ports"
)

// CPUs is so many CPUs; a thousandth is the smallest amount.
func CPUs(n float64) Resource { return ScalarResource(CPUsName, n) }

// Mem is so much memory in MB (1024 * 1024 bytes).
func Mem(megabytes float64) Resource { return ScalarResource(MemName, megabytes) }

// Disk is so much disk in MB (1024 * 1024 bytes) below the agent's work directory.
func Disk(megabytes float64) Resource { return ScalarResource(DiskName, megabytes) }

// GPUs is so many GPUs; Mesos gives only whole ones, and only to frameworks with
// the capability GPU_RESOURCES.
func GPUs(n int) Resource { return ScalarResource(GPUsName, float64(n)) }

// PortRange is the ports from begin to end, both included.
func PortRange(begin, end uint64) Resource { return RangesResource(PortsName, span(begin, end)) }

// PortNumbers is exactly these ports.
func PortNumbers(ports ...uint64) Resource { return RangesResource(PortsName, singles(ports)...) }

// ScalarResource is an unreserved resource of any name that is counted.
func ScalarResource(name string, value float64) Resource {
	return Resource{Name: name, Type: ValueTypeScalar, Scalar: &ValueScalar{Value: value}}
}

// RangesResource is an unreserved resource of any name that consists of numbers.
func RangesResource(name string, ranges ...ValueRange) Resource {
	return Resource{Name: name, Type: ValueTypeRanges, Ranges: &ValueRanges{Range: Ranges(ranges).Coalesce()}}
}

// SetResource is an unreserved resource of any name that consists of words.
func SetResource(name string, items ...string) Resource {
	return Resource{Name: name, Type: ValueTypeSet, Set: &ValueSet{Item: slices.Clone(items)}}
}

// IsEmpty tells whether there is nothing of the resource: a scalar that rounds to
// no thousandth or is negative, no range, no item, or a type that resources do not
// have.
func (m *Resource) IsEmpty() bool {
	switch m.Type {
	case ValueTypeScalar:
		return m.milli() == 0
	case ValueTypeRanges:
		return m.Ranges == nil || !slices.ContainsFunc(m.Ranges.Range, func(r ValueRange) bool { return r.Begin <= r.End })
	case ValueTypeSet:
		return m.Set == nil || len(m.Set.Item) == 0
	default:
		return true
	}
}

// IsPersistentVolume tells whether the resource is disk with an identity, which
// outlives the task that uses it.
func (m *Resource) IsPersistentVolume() bool { return m.Disk != nil && m.Disk.Persistence != nil }

// IsRevocable tells whether the agent may take the resource back at any time.
func (m *Resource) IsRevocable() bool { return m.Revocable != nil }

// IsShared tells whether several tasks may use the (persistent) volume at once.
func (m *Resource) IsShared() bool { return m.Shared != nil }

// exclusive tells whether the resource is one thing that is taken whole or not at
// all, such as a persistent volume: it neither merges with others nor is it split.
func (m *Resource) exclusive() bool {
	switch {
	case m.Shared != nil:
		return true
	case m.Disk == nil:
		return false
	case m.Disk.Persistence != nil:
		return true
	case m.Disk.Source == nil:
		return false
	}
	switch m.Disk.Source.Type {
	case ResourceDiskInfoSourceTypeMount, ResourceDiskInfoSourceTypeBlock:
		return true
	case ResourceDiskInfoSourceTypeRaw:
		return m.Disk.Source.ID != nil
	default:
		return false
	}
}

// sameKind tells whether two resources differ in their amounts only. The role and
// reservation of the old format and the reservations of the new one are the same
// thing. Unknown fields, and how a volume is going to be mounted, do not count.
func sameKind(a, b *Resource) bool {
	return a.Name == b.Name && a.Type == b.Type &&
		(a.Shared == nil) == (b.Shared == nil) &&
		(a.Revocable == nil) == (b.Revocable == nil) &&
		sameReservations(a, b) &&
		sameAllocation(a.AllocationInfo, b.AllocationInfo) &&
		sameProvider(a.ProviderID, b.ProviderID) &&
		sameDisk(a.Disk, b.Disk)
}

// sameThing tells whether two exclusive resources are the same thing.
func sameThing(a, b *Resource) bool { return sameKind(a, b) && sameAmount(a, b) }

// sameAmount compares the amounts of two resources of the same kind.
func sameAmount(a, b *Resource) bool {
	switch a.Type {
	case ValueTypeScalar:
		return a.milli() == b.milli()
	case ValueTypeRanges:
		return a.ranges().Equal(b.ranges())
	default:
		return containsItems(a.items(), b.items()) && containsItems(b.items(), a.items())
	}
}

func (m *Resource) ranges() Ranges {
	if m.Type != ValueTypeRanges || m.Ranges == nil {
		return nil
	}
	return m.Ranges.Range
}

func (m *Resource) items() []string {
	if m.Type != ValueTypeSet || m.Set == nil {
		return nil
	}
	return m.Set.Item
}

func sameAllocation(a, b *ResourceAllocationInfo) bool {
	return a == b || a != nil && b != nil && samePointed(a.Role, b.Role)
}

func sameProvider(a, b *ResourceProviderID) bool {
	return a == b || a != nil && b != nil && a.Value == b.Value
}

func sameDisk(a, b *ResourceDiskInfo) bool {
	if a == b {
		return true
	}
	return a != nil && b != nil && samePersistence(a.Persistence, b.Persistence) && sameSource(a.Source, b.Source)
}

func samePersistence(a, b *ResourceDiskInfoPersistence) bool {
	return a == b || a != nil && b != nil && a.ID == b.ID
}

func sameSource(a, b *ResourceDiskInfoSource) bool {
	if a == b {
		return true
	}
	return a != nil && b != nil && a.Type == b.Type &&
		samePointed(a.ID, b.ID) && samePointed(a.Profile, b.Profile) && samePointed(a.Vendor, b.Vendor) &&
		samePath(a.Path, b.Path) && sameMount(a.Mount, b.Mount) && sameLabels(a.Metadata, b.Metadata)
}

func samePath(a, b *ResourceDiskInfoSourcePath) bool {
	return a == b || a != nil && b != nil && samePointed(a.Root, b.Root)
}

func sameMount(a, b *ResourceDiskInfoSourceMount) bool {
	return a == b || a != nil && b != nil && samePointed(a.Root, b.Root)
}

// samePointed compares optional values: both unset, or both set to the same.
func samePointed[T comparable](a, b *T) bool {
	return a == b || a != nil && b != nil && *a == *b
}

// sameLabels compares labels in any order.
func sameLabels(a, b *Labels) bool {
	if a == b {
		return true
	}
	if a == nil || b == nil || len(a.Labels) != len(b.Labels) {
		return false
	}
	inOrder := func(labels []Label) []Label {
		return slices.SortedFunc(slices.Values(labels), func(x, y Label) int {
			if byKey := strings.Compare(x.Key, y.Key); byKey != 0 {
				return byKey
			}
			return strings.Compare(x.GetValue(), y.GetValue())
		})
	}
	return slices.EqualFunc(inOrder(a.Labels), inOrder(b.Labels), func(x, y Label) bool {
		return x.Key == y.Key && samePointed(x.Value, y.Value)
	})
}
