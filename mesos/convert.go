package mesos

import (
	"errors"
	"fmt"
	"slices"
)

// Reserve gives the resources with one more reservation on top: by.Role is the role, and its type is DYNAMIC unless
// it says STATIC. They keep their format where that can say it. Not everything may be reserved by everybody: see
// [Resources.Validate] for the result, and [Resources.Apply].
func (r Resources) Reserve(by ResourceReservationInfo) Resources {
	if by.Type == nil {
		by.Type = new(ResourceReservationInfoTypeDynamic)
	}
	reserved := make(Resources, len(r))
	for i := range r {
		one := r[i]
		one.Reservations = append(slices.Clone(one.stack()), by)
		old := r[i].Role != nil && len(r[i].Reservations) == 0
		if one.Role, one.Reservation = nil, nil; old && len(one.Reservations) == 1 {
			one.setRole(one.Reservations)
			one.Reservations = nil
		}
		reserved[i] = one
	}
	return reserved
}

// Unreserve gives the resources without their last reservation, each in its format. What is not reserved stays as it is.
func (r Resources) Unreserve() Resources {
	below := make(Resources, len(r))
	for i := range r {
		one := r[i]
		switch n := len(one.Reservations); {
		case n > 1:
			one.Reservations, one.Role, one.Reservation = slices.Clone(one.Reservations[:n-1]), nil, nil
		case one.Role != nil:
			one.Reservations, one.Role, one.Reservation = nil, new(unreservedRole), nil
		default:
			one.Reservations, one.Reservation = nil, nil
		}
		below[i] = one
	}
	return below
}

// WithVolume makes disk into a persistent volume, for CREATE: the disk must be reserved, and one of a MOUNT is used up as a
// whole. Where and how it is mounted stands in the volume.
func (m *Resource) WithVolume(persistence ResourceDiskInfoPersistence, volume Volume) Resource {
	made := *m
	made.Disk = &ResourceDiskInfo{Persistence: &persistence, Volume: &volume}
	if m.Disk != nil {
		made.Disk.Source = m.Disk.Source
	}
	return made
}

// WithoutVolumes gives the disks that volumes are made of, for DESTROY. What is no volume stays as it is.
func (r Resources) WithoutVolumes() Resources {
	disks := make(Resources, len(r))
	for i := range r {
		disks[i] = r[i]
		if !r[i].IsPersistentVolume() {
			continue
		}
		disks[i].Disk, disks[i].Shared = nil, nil
		if r[i].Disk.Source != nil {
			disks[i].Disk = &ResourceDiskInfo{Source: r[i].Disk.Source}
		}
	}
	return disks
}

// Apply gives what an operation makes of offered resources: what is left after LAUNCH and LAUNCH_GROUP, and after the
// others what there is instead. An operation that needs what is not there is an error, as the master would drop it. Shared volumes
// stay for other tasks. Tasks' executors are counted, each once, but for those that run on the agent already (Offer.ExecutorIDs).
//
// CREATE_DISK and DESTROY_DISK are a resource provider's, and what comes of them is told later: they take what they name.
func (r Resources) Apply(op *OfferOperation, running ...ExecutorID) (Resources, error) {
	consumed, made, err := op.conversion(running)
	if err != nil {
		return nil, fmt.Errorf("cannot apply %v: %w", op.GetType(), err)
	}
	named := slices.Concat(consumed, made)
	if err := named.Validate(); err != nil {
		return nil, fmt.Errorf("cannot apply %v: %w", op.GetType(), err)
	}
	if !r.holds(consumed) {
		return nil, fmt.Errorf("cannot apply %v: %v does not contain %v", op.GetType(), r, consumed)
	}
	if op.GetType() == OfferOperationTypeLaunch || op.GetType() == OfferOperationTypeLaunchGroup {
		consumed = consumed.Filter(func(one *Resource) bool { return !one.IsShared() })
	}
	return r.Subtract(consumed...).Add(made...), nil
}

// holds is Contains, where a shared volume may be used by many.
func (r Resources) holds(used Resources) bool {
	whole := used.Filter(func(one *Resource) bool { return !one.IsShared() })
	if !r.Contains(whole...) {
		return false
	}
	return !slices.ContainsFunc(used, func(one Resource) bool { return one.IsShared() && !r.Contains(one) })
}

var errNoMember = errors.New("it has no member of its type")

// conversion tells what an operation takes and what it makes of that.
func (m *OfferOperation) conversion(running []ExecutorID) (consumed, made Resources, err error) {
	switch t := m.GetType(); {
	case t == OfferOperationTypeLaunch && m.Launch != nil:
		return launched(running, nil, m.Launch.TaskInfos), nil, nil
	case t == OfferOperationTypeLaunchGroup && m.LaunchGroup != nil:
		return launched(running, &m.LaunchGroup.Executor, m.LaunchGroup.TaskGroup.Tasks), nil, nil
	case t == OfferOperationTypeReserve && m.Reserve != nil:
		made = m.Reserve.Resources
		if len(m.Reserve.Source) > 0 {
			return m.Reserve.Source, made, nil
		}
		return made.Unreserve(), made, dynamicallyReserved(made)
	case t == OfferOperationTypeUnreserve && m.Unreserve != nil:
		consumed = m.Unreserve.Resources
		return consumed, consumed.Unreserve(), dynamicallyReserved(consumed)
	case t == OfferOperationTypeCreate && m.Create != nil:
		made = m.Create.Volumes
		return made.WithoutVolumes(), made, volumes(made)
	case t == OfferOperationTypeDestroy && m.Destroy != nil:
		consumed = m.Destroy.Volumes
		return consumed, consumed.WithoutVolumes(), volumes(consumed)
	case t == OfferOperationTypeGrowVolume && m.GrowVolume != nil:
		return m.GrowVolume.grow()
	case t == OfferOperationTypeShrinkVolume && m.ShrinkVolume != nil:
		return m.ShrinkVolume.shrink()
	case t == OfferOperationTypeCreateDisk && m.CreateDisk != nil:
		return Resources{m.CreateDisk.Source}, nil, nil
	case t == OfferOperationTypeDestroyDisk && m.DestroyDisk != nil:
		return Resources{m.DestroyDisk.Source}, nil, nil
	}
	return nil, nil, errNoMember
}

// launched is what tasks and their executors use, each executor once.
func launched(running []ExecutorID, executor *ExecutorInfo, tasks []TaskInfo) Resources {
	var used Resources
	seen := map[string]bool{}
	for i := range running {
		seen[running[i].Value] = true
	}
	count := func(e *ExecutorInfo) {
		if e != nil && !seen[e.ExecutorID.Value] {
			seen[e.ExecutorID.Value] = true
			used = append(used, e.Resources...)
		}
	}
	count(executor)
	for i := range tasks {
		count(tasks[i].Executor)
		used = append(used, tasks[i].Resources...)
	}
	return used
}

func dynamicallyReserved(r Resources) error {
	for i := range r {
		switch one := &r[i]; {
		case !one.IsDynamicallyReserved():
			return fmt.Errorf("%v is not dynamically reserved", r[i:i+1])
		case one.IsPersistentVolume():
			return fmt.Errorf("%v is a persistent volume", r[i:i+1])
		case one.IsRevocable():
			return fmt.Errorf("%v is revocable", r[i:i+1])
		}
	}
	return nil
}

func volumes(r Resources) error {
	for i := range r {
		switch one := &r[i]; {
		case !one.IsPersistentVolume():
			return fmt.Errorf("%v is no persistent volume", r[i:i+1])
		case !one.IsReserved():
			return fmt.Errorf("%v is not reserved", r[i:i+1])
		}
	}
	return nil
}

// grow makes a volume larger by disk of its kind.
func (m *OfferOperationGrowVolume) grow() (consumed, made Resources, err error) {
	if err := resizable(&m.Volume, &m.Addition); err != nil {
		return nil, nil, err
	}
	grown := m.Volume.withOwnAmount()
	grown.Scalar.Value = fromMilli(addMilli(m.Volume.milli(), m.Addition.milli()))
	return Resources{m.Volume, m.Addition}, Resources{grown}, nil
}

// shrink gives a part of a volume back as disk.
func (m *OfferOperationShrinkVolume) shrink() (consumed, made Resources, err error) {
	if err := volumes(Resources{m.Volume}); err != nil {
		return nil, nil, err
	}
	freed := Resources{m.Volume}.WithoutVolumes()
	freed[0].Scalar = &ValueScalar{Value: m.Subtract.Value}
	if err := resizable(&m.Volume, &freed[0]); err != nil {
		return nil, nil, err
	}
	if freed[0].milli() >= m.Volume.milli() {
		return nil, nil, fmt.Errorf("%v would be empty", Resources{m.Volume})
	}
	shrunk := m.Volume.withOwnAmount()
	shrunk.Scalar.Value = fromMilli(m.Volume.milli() - freed[0].milli())
	return Resources{m.Volume}, Resources{shrunk}.Add(freed...), nil
}

// resizable tells why a volume cannot be changed by that disk.
func resizable(volume, by *Resource) error {
	if err := volumes(Resources{*volume}); err != nil {
		return err
	}
	disk := Resources{*volume}.WithoutVolumes()[0]
	switch {
	case volume.Type != ValueTypeScalar || volume.milli() == 0:
		return errors.New("the volume has no size")
	case volume.IsShared():
		return errors.New("a shared volume cannot be resized")
	case by.milli() == 0:
		return errors.New("the amount is not positive")
	case disk.exclusive():
		return errors.New("a volume that is a whole disk cannot be resized")
	case !sameKind(&disk, by):
		return fmt.Errorf("%v is not the disk that %v is made of", Resources{*by}, Resources{*volume})
	}
	return nil
}
