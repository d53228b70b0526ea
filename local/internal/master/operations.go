package master

import (
	"errors"
	"fmt"
	"slices"

	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// convert performs an operation that makes resources into others. It takes effect at once, so that later operations of the
// same call can use the result; but a volume that was resized comes back in a later offer.
func (c *acceptance) convert(op *mesos.OfferOperation) {
	consumed, converted, err := c.conversion(op)
	if err == nil && !c.rest.Contains(consumed...) {
		err = says("Invalid %s Operation: %s does not contain %s", op.GetType(), c.rest, consumed)
	}
	if err == nil && op.ID != nil && c.master.operations[operationKey{c.framework.id, op.ID.Value}] != nil {
		err = says("Operation id '%s' is in use", op.ID.Value)
	}
	if err != nil {
		c.master.log.Warn("operation dropped", "framework", c.framework.id, "operation", op.GetType(), "error", err)
		c.master.countOperation(op.GetType(), "error")
		c.master.operationError(c.framework, op, err.Error())
		return
	}
	c.rest = c.rest.Subtract(consumed...)
	c.converted = c.converted.Subtract(consumed...)
	if resizes(op) {
		c.resized = c.resized.Add(converted...)
	} else {
		c.rest, c.converted = c.rest.Add(converted...), c.converted.Add(converted...)
	}
	c.master.replaceResources(c.framework.id, c.agent, consumed, converted)
	c.master.countOperation(op.GetType(), "finished")
	c.master.finished(c.framework, c.agent, op, converted)
}

// conversion tells which resources an operation takes and which it makes of them.
func (c *acceptance) conversion(op *mesos.OfferOperation) (consumed, converted mesos.Resources, err error) {
	principal := c.framework.info.Principal
	switch op.GetType() {
	case mesos.OfferOperationTypeReserve:
		if op.Reserve == nil || len(op.Reserve.Source) > 0 {
			return nil, nil, says("Invalid RESERVE Operation: 'source' must not be set")
		}
		converted, err = c.normal(op.Reserve.Resources)
		if err == nil {
			err = c.validateReserve(converted, principal)
		}
		return popped(converted), converted, err
	case mesos.OfferOperationTypeUnreserve:
		if op.Unreserve == nil {
			return nil, nil, errMember
		}
		consumed, err = c.normal(op.Unreserve.Resources)
		if err == nil {
			err = validateUnreserve(consumed)
		}
		return consumed, popped(consumed), err
	case mesos.OfferOperationTypeCreate:
		if op.Create == nil {
			return nil, nil, errMember
		}
		converted, err = c.normal(op.Create.Volumes)
		if err == nil {
			err = validateCreate(converted, c.agent.total, principal, c.framework.caps.shared)
		}
		return withoutVolume(converted), converted, err
	case mesos.OfferOperationTypeDestroy:
		if op.Destroy == nil {
			return nil, nil, errMember
		}
		consumed, err = c.normal(op.Destroy.Volumes)
		if err == nil {
			err = validateDestroy(consumed, c.agent.total)
		}
		return consumed, withoutVolume(consumed), err
	case mesos.OfferOperationTypeGrowVolume:
		if op.GrowVolume == nil {
			return nil, nil, errMember
		}
		consumed, err = c.normal([]mesos.Resource{op.GrowVolume.Volume, op.GrowVolume.Addition})
		if err == nil {
			converted, err = consumed.Apply(&mesos.OfferOperation{Type: op.Type, GrowVolume: &mesos.OfferOperationGrowVolume{Volume: consumed[0], Addition: consumed[1]}})
		}
		return consumed, converted, err
	case mesos.OfferOperationTypeShrinkVolume:
		if op.ShrinkVolume == nil {
			return nil, nil, errMember
		}
		consumed, err = c.normal([]mesos.Resource{op.ShrinkVolume.Volume})
		if err == nil {
			converted, err = consumed.Apply(&mesos.OfferOperation{
				Type: op.Type, ShrinkVolume: &mesos.OfferOperationShrinkVolume{Volume: consumed[0], Subtract: op.ShrinkVolume.Subtract},
			})
		}
		return consumed, converted, err
	}
	return nil, nil, fmt.Errorf("%s is not supported by the local cluster", op.GetType())
}

// resizes tells whether an operation changes the size of a volume.
func resizes(op *mesos.OfferOperation) bool {
	return op.GetType() == mesos.OfferOperationTypeGrowVolume || op.GetType() == mesos.OfferOperationTypeShrinkVolume
}

var errMember = errors.New("the operation has no member of its type")

// normal gives an operation's resources as the master has them, allocated to the offer's role.
func (c *acceptance) normal(resources []mesos.Resource) (mesos.Resources, error) {
	if len(resources) == 0 {
		return nil, errors.New("the operation names no resources")
	}
	own := make(mesos.Resources, len(resources))
	for i := range resources {
		own[i] = *resources[i].Clone()
	}
	if err := own.Validate(); err != nil {
		return nil, err
	}
	c.allocate(own)
	for i := range own {
		if own[i].AllocationInfo.GetRole() != c.role {
			return nil, fmt.Errorf("resources are allocated to role %q, but the offer is for %q", own[i].AllocationInfo.GetRole(), c.role)
		}
	}
	return own.In(mesos.PostRefinement)
}

// validateReserve judges a framework's reservations: for its own role, in its own name.
func (c *acceptance) validateReserve(r mesos.Resources, principal *string) error {
	for i := range r {
		if err := validateReservation(&r[i], principal); err != nil {
			return err
		}
		if role := r[i].ReservedRole(); role != c.role || !c.framework.hasRole(role) {
			return fmt.Errorf("a reservation to role %q was attempted with an offer for role %q", role, c.role)
		}
		if !c.master.acls.permit(aclReserve, c.framework.info.GetPrincipal(), r[i].ReservedRole()) {
			return errors.New("not authorized to reserve resources")
		}
	}
	return nil
}

// validateReservation judges one reservation: dynamic, not of a volume, in the name of the principal if there is one.
func validateReservation(r *mesos.Resource, principal *string) error {
	switch {
	case !r.IsDynamicallyReserved():
		return fmt.Errorf("resource %s is not dynamically reserved", mesos.Resources{*r})
	case r.IsPersistentVolume():
		return errors.New("a persistent volume cannot be reserved")
	case r.IsRevocable():
		return errors.New("revocable resources cannot be reserved")
	}
	top := &r.Reservations[len(r.Reservations)-1]
	if principal != nil && (top.Principal == nil || *top.Principal != *principal) {
		return fmt.Errorf("the reservation's principal %q differs from %q", top.GetPrincipal(), *principal)
	}
	return nil
}

func validateUnreserve(r mesos.Resources) error {
	for i := range r {
		if !r[i].IsDynamicallyReserved() {
			return fmt.Errorf("resource %s is not dynamically reserved", mesos.Resources{r[i]})
		}
		if r[i].IsPersistentVolume() {
			return errors.New("a persistent volume cannot be unreserved")
		}
	}
	return nil
}

// validateCreate judges new volumes on an agent.
func validateCreate(r, total mesos.Resources, principal *string, shared bool) error {
	seen := map[string]bool{}
	for i := range total {
		if total[i].IsPersistentVolume() {
			seen[volumeID(&total[i])] = true
		}
	}
	for i := range r {
		one := &r[i]
		if !one.IsPersistentVolume() {
			return fmt.Errorf("resource %s is not a persistent volume", mesos.Resources{*one})
		}
		if err := validatePersistence(one); err != nil {
			return err
		}
		if one.Disk.Volume.Mode != mesos.VolumeModeRw {
			return errors.New("a persistent volume must be read-write")
		}
		if principal != nil && (one.Disk.Persistence.Principal == nil || *one.Disk.Persistence.Principal != *principal) {
			return fmt.Errorf("the volume's principal %q differs from %q", one.Disk.Persistence.GetPrincipal(), *principal)
		}
		if one.IsShared() && !shared {
			return errors.New("shared volumes need the capability SHARED_RESOURCES")
		}
		if seen[volumeID(one)] {
			return fmt.Errorf("persistence id %q is in use", one.Disk.Persistence.ID)
		}
		seen[volumeID(one)] = true
	}
	return nil
}

// volumeID is what is unique among the volumes of an agent.
func volumeID(r *mesos.Resource) string { return r.ReservedRole() + "\n" + r.Disk.Persistence.ID }

func validateDestroy(r, total mesos.Resources) error {
	for i := range r {
		if !r[i].IsPersistentVolume() {
			return fmt.Errorf("resource %s is not a persistent volume", mesos.Resources{r[i]})
		}
	}
	if !total.Contains(r.Unallocated()...) {
		return fmt.Errorf("the agent does not have %s", r)
	}
	return nil
}

// popped gives resources as they are below their last reservation.
func popped(r mesos.Resources) mesos.Resources {
	below := make(mesos.Resources, len(r))
	for i := range r {
		below[i] = r[i]
		if n := len(r[i].Reservations); n > 0 {
			below[i].Reservations = r[i].Reservations[:n-1]
		}
	}
	return below
}

// withoutVolume gives the disks that volumes are made of.
func withoutVolume(r mesos.Resources) mesos.Resources {
	disks := make(mesos.Resources, len(r))
	for i := range r {
		disks[i] = r[i]
		disks[i].Shared = nil
		if r[i].Disk == nil {
			continue
		}
		disks[i].Disk = nil
		if r[i].Disk.Source != nil {
			disks[i].Disk = &mesos.ResourceDiskInfo{Source: r[i].Disk.Source}
		}
	}
	return disks
}

// unconverted gives what a dynamically reserved resource or volume is made of, as far down as the agent has it.
func unconverted(one *mesos.Resource, total mesos.Resources) mesos.Resources {
	origin := withoutVolume(mesos.Resources{*one})
	for origin[0].IsDynamicallyReserved() && !total.Contains(origin...) {
		origin = popped(origin)
	}
	if !one.IsPersistentVolume() && origin[0].IsDynamicallyReserved() {
		return mesos.Resources{*one}
	}
	return origin
}

// replaceResources notes that resources of an agent have become others, and has the agent keep that.
func (m *Master) replaceResources(framework string, a *agent, consumed, converted mesos.Resources) {
	a.total = a.total.Subtract(consumed.Unallocated()...).Add(converted.Unallocated()...)
	m.alloc.replace(framework, a.id, consumed, converted)
	a.send(link.CheckpointResources{Resources: checkpointed(a.total)})
}

// checkpointed are the dynamic reservations and volumes of an agent.
func checkpointed(total mesos.Resources) mesos.Resources {
	kept := total.Filter(func(r *mesos.Resource) bool { return r.IsDynamicallyReserved() || r.IsPersistentVolume() })
	for i := range kept {
		kept[i] = *kept[i].Clone()
	}
	return kept
}

// operationError tells a framework that an operation was not performed, if the operation has an id to tell it by.
func (m *Master) operationError(f *framework, op *mesos.OfferOperation, why string) {
	if op.ID == nil {
		return
	}
	f.sendOperation(mesos.OperationStatus{OperationID: &mesos.OperationID{Value: op.ID.Value}, State: mesos.OperationError, Message: new(why)})
}

// reconcileOperations answers RECONCILE_OPERATIONS: about all that are known, if none is named.
func (m *Master) reconcileOperations(f *framework, call *scheduler.CallReconcileOperations) {
	m.counters.add("master/messages_reconcile_operations", 1)
	known := m.knownOperations(f)
	if len(call.Operations) == 0 {
		for _, s := range known {
			f.sendOperation(s)
		}
	}
	for i := range call.Operations {
		op := &call.Operations[i]
		if k := slices.IndexFunc(known, func(s mesos.OperationStatus) bool { return s.OperationID.Value == op.OperationID.Value }); k >= 0 {
			f.sendOperation(known[k])
			continue
		}
		id := agentID(op.AgentID)
		state := mesos.OperationUnknown
		if _, ok := m.recovered[id]; ok {
			state = mesos.OperationRecovering
		} else if _, ok := m.unreachable[id]; ok {
			state = mesos.OperationUnreachable
		} else if _, ok := m.gone[id]; ok {
			state = mesos.OperationGoneByOperator
		}
		f.sendOperation(mesos.OperationStatus{
			OperationID: &mesos.OperationID{Value: op.OperationID.Value}, State: state, AgentID: op.AgentID, ResourceProviderID: op.ResourceProviderID,
			Message: new("Reconciliation: the operation is not known"),
		})
	}
}

var errInUse = errors.New("a volume is in use")
