package operator

import (
	"context"

	"github.com/ormosproject/ormos/mesos"
)

// UpdateWeights sets the weights of these roles; the others keep theirs.
func (m *Master) UpdateWeights(ctx context.Context, weights ...mesos.WeightInfo) error {
	return m.do(ctx, &MasterCall{Type: new(MasterCallTypeUpdateWeights), UpdateWeights: &MasterCallUpdateWeights{WeightInfos: weights}})
}

// ReserveResources reserves resources of an agent: each carries the reservation that it is to have. It rescinds offers where it has to. That it returns says that the
// master has accepted it; the agent does it later.
func (m *Master) ReserveResources(ctx context.Context, c MasterCallReserveResources) error {
	return m.do(ctx, &MasterCall{Type: new(MasterCallTypeReserveResources), ReserveResources: &c})
}

// UnreserveResources takes the last reservation off resources of an agent.
func (m *Master) UnreserveResources(ctx context.Context, agent mesos.AgentID, resources ...mesos.Resource) error {
	return m.do(ctx, &MasterCall{Type: new(MasterCallTypeUnreserveResources), UnreserveResources: &MasterCallUnreserveResources{AgentID: agent, Resources: resources}})
}

// CreateVolumes makes persistent volumes of reserved disk: each carries what it is to be.
func (m *Master) CreateVolumes(ctx context.Context, agent mesos.AgentID, volumes ...mesos.Resource) error {
	return m.do(ctx, &MasterCall{Type: new(MasterCallTypeCreateVolumes), CreateVolumes: &MasterCallCreateVolumes{AgentID: agent, Volumes: volumes}})
}

// DestroyVolumes destroys persistent volumes, with what they hold.
func (m *Master) DestroyVolumes(ctx context.Context, agent mesos.AgentID, volumes ...mesos.Resource) error {
	return m.do(ctx, &MasterCall{Type: new(MasterCallTypeDestroyVolumes), DestroyVolumes: &MasterCallDestroyVolumes{AgentID: agent, Volumes: volumes}})
}

// GrowVolume adds disk to a persistent volume that no task uses.
func (m *Master) GrowVolume(ctx context.Context, c MasterCallGrowVolume) error {
	return m.do(ctx, &MasterCall{Type: new(MasterCallTypeGrowVolume), GrowVolume: &c})
}

// ShrinkVolume takes disk, in MB, away from a persistent volume that no task uses.
func (m *Master) ShrinkVolume(ctx context.Context, c MasterCallShrinkVolume) error {
	return m.do(ctx, &MasterCall{Type: new(MasterCallTypeShrinkVolume), ShrinkVolume: &c})
}

// UpdateMaintenanceSchedule replaces the schedule: frameworks get inverse offers for the machines in it.
func (m *Master) UpdateMaintenanceSchedule(ctx context.Context, schedule MaintenanceSchedule) error {
	return m.do(ctx, &MasterCall{Type: new(MasterCallTypeUpdateMaintenanceSchedule), UpdateMaintenanceSchedule: &MasterCallUpdateMaintenanceSchedule{Schedule: schedule}})
}

// StartMaintenance takes machines of the schedule down: their agents are told to end, with their tasks.
func (m *Master) StartMaintenance(ctx context.Context, machines ...mesos.MachineID) error {
	return m.do(ctx, &MasterCall{Type: new(MasterCallTypeStartMaintenance), StartMaintenance: &MasterCallStartMaintenance{Machines: machines}})
}

// StopMaintenance lets the agents of machines come back, and takes the machines off the schedule.
func (m *Master) StopMaintenance(ctx context.Context, machines ...mesos.MachineID) error {
	return m.do(ctx, &MasterCall{Type: new(MasterCallTypeStopMaintenance), StopMaintenance: &MasterCallStopMaintenance{Machines: machines}})
}

// UpdateQuota sets guarantees and limits of roles; the others keep theirs.
func (m *Master) UpdateQuota(ctx context.Context, c MasterCallUpdateQuota) error {
	return m.do(ctx, &MasterCall{Type: new(MasterCallTypeUpdateQuota), UpdateQuota: &c})
}

// SetQuota sets the guarantee of a role that has none. It is the older form of UpdateQuota.
func (m *Master) SetQuota(ctx context.Context, request QuotaRequest) error {
	return m.do(ctx, &MasterCall{Type: new(MasterCallTypeSetQuota), SetQuota: &MasterCallSetQuota{QuotaRequest: request}})
}

// RemoveQuota removes the guarantee of a role. It is the older form of UpdateQuota.
func (m *Master) RemoveQuota(ctx context.Context, role string) error {
	return m.do(ctx, &MasterCall{Type: new(MasterCallTypeRemoveQuota), RemoveQuota: &MasterCallRemoveQuota{Role: role}})
}
