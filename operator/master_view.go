package operator

import (
	"context"

	"github.com/ormosproject/ormos/mesos"
)

// GetState gives all that the following calls show, of one moment.
func (m *Master) GetState(ctx context.Context) (*MasterResponseGetState, error) {
	a, err := masterAnswer(ctx, m, &MasterCall{Type: new(MasterCallTypeGetState)}, func(r *MasterResponse) *MasterResponseGetState { return r.GetState })
	return a, err
}

// GetAgents gives the agents, and those that have not registered again since the master has recovered.
func (m *Master) GetAgents(ctx context.Context) (*MasterResponseGetAgents, error) {
	a, err := masterAnswer(ctx, m, &MasterCall{Type: new(MasterCallTypeGetAgents)}, func(r *MasterResponse) *MasterResponseGetAgents { return r.GetAgents })
	return a, err
}

// GetFrameworks gives the frameworks, also those that have ended of late.
func (m *Master) GetFrameworks(ctx context.Context) (*MasterResponseGetFrameworks, error) {
	a, err := masterAnswer(ctx, m, &MasterCall{Type: new(MasterCallTypeGetFrameworks)}, func(r *MasterResponse) *MasterResponseGetFrameworks { return r.GetFrameworks })
	return a, err
}

// GetExecutors gives the executors that frameworks have brought; those of command tasks are not among them.
func (m *Master) GetExecutors(ctx context.Context) (*MasterResponseGetExecutors, error) {
	a, err := masterAnswer(ctx, m, &MasterCall{Type: new(MasterCallTypeGetExecutors)}, func(r *MasterResponse) *MasterResponseGetExecutors { return r.GetExecutors })
	return a, err
}

// GetTasks gives the tasks: those of agents that are there, of agents out of sight, and those that have ended of late.
func (m *Master) GetTasks(ctx context.Context) (*MasterResponseGetTasks, error) {
	a, err := masterAnswer(ctx, m, &MasterCall{Type: new(MasterCallTypeGetTasks)}, func(r *MasterResponse) *MasterResponseGetTasks { return r.GetTasks })
	return a, err
}

// GetOperations gives the operations on resources that are under way, and those whose last state is not acknowledged.
func (m *Master) GetOperations(ctx context.Context) ([]mesos.Operation, error) {
	a, err := masterAnswer(ctx, m, &MasterCall{Type: new(MasterCallTypeGetOperations)}, func(r *MasterResponse) *MasterResponseGetOperations { return r.GetOperations })
	return a.Operations, err
}

// GetRoles gives the roles that have frameworks, resources, weights or quota.
func (m *Master) GetRoles(ctx context.Context) ([]mesos.Role, error) {
	a, err := masterAnswer(ctx, m, &MasterCall{Type: new(MasterCallTypeGetRoles)}, func(r *MasterResponse) *MasterResponseGetRoles { return r.GetRoles })
	return a.Roles, err
}

// GetMaster gives the leading master, and since when it runs and leads.
func (m *Master) GetMaster(ctx context.Context) (*MasterResponseGetMaster, error) {
	a, err := masterAnswer(ctx, m, &MasterCall{Type: new(MasterCallTypeGetMaster)}, func(r *MasterResponse) *MasterResponseGetMaster { return r.GetMaster })
	return a, err
}

// GetWeights gives the weights that differ from 1.
func (m *Master) GetWeights(ctx context.Context) ([]mesos.WeightInfo, error) {
	a, err := masterAnswer(ctx, m, &MasterCall{Type: new(MasterCallTypeGetWeights)}, func(r *MasterResponse) *MasterResponseGetWeights { return r.GetWeights })
	return a.WeightInfos, err
}

// GetMaintenanceStatus gives the machines that drain or are down, and what frameworks have answered.
func (m *Master) GetMaintenanceStatus(ctx context.Context) (MaintenanceClusterStatus, error) {
	a, err := masterAnswer(ctx, m, &MasterCall{Type: new(MasterCallTypeGetMaintenanceStatus)}, func(r *MasterResponse) *MasterResponseGetMaintenanceStatus { return r.GetMaintenanceStatus })
	return a.Status, err
}

// GetMaintenanceSchedule gives which machines are to be unavailable, and when.
func (m *Master) GetMaintenanceSchedule(ctx context.Context) (MaintenanceSchedule, error) {
	a, err := masterAnswer(ctx, m, &MasterCall{Type: new(MasterCallTypeGetMaintenanceSchedule)}, func(r *MasterResponse) *MasterResponseGetMaintenanceSchedule { return r.GetMaintenanceSchedule })
	return a.Schedule, err
}

// GetQuota gives the roles' guarantees and limits.
func (m *Master) GetQuota(ctx context.Context) (QuotaStatus, error) {
	a, err := masterAnswer(ctx, m, &MasterCall{Type: new(MasterCallTypeGetQuota)}, func(r *MasterResponse) *MasterResponseGetQuota { return r.GetQuota })
	return a.Status, err
}
