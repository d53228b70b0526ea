package operator

import (
	"context"

	"github.com/ormosproject/ormos/mesos"
)

// Teardown ends a framework: all its tasks are killed, and its id is of no more use.
func (m *Master) Teardown(ctx context.Context, framework mesos.FrameworkID) error {
	return m.do(ctx, &MasterCall{Type: new(MasterCallTypeTeardown), Teardown: &MasterCallTeardown{FrameworkID: framework}})
}

// DrainAgent lets no more tasks onto an agent and kills those that are there, each within its own grace period or MaxGracePeriod if that is shorter. With MarkGone
// the agent is marked gone in the end.
func (m *Master) DrainAgent(ctx context.Context, c MasterCallDrainAgent) error {
	return m.do(ctx, &MasterCall{Type: new(MasterCallTypeDrainAgent), DrainAgent: &c})
}

// DeactivateAgent lets no more tasks onto an agent; those that are there stay.
func (m *Master) DeactivateAgent(ctx context.Context, agent mesos.AgentID) error {
	return m.do(ctx, &MasterCall{Type: new(MasterCallTypeDeactivateAgent), DeactivateAgent: &MasterCallDeactivateAgent{AgentID: agent}})
}

// ReactivateAgent undoes DeactivateAgent, and DrainAgent once that has come to its end.
func (m *Master) ReactivateAgent(ctx context.Context, agent mesos.AgentID) error {
	return m.do(ctx, &MasterCall{Type: new(MasterCallTypeReactivateAgent), ReactivateAgent: &MasterCallReactivateAgent{AgentID: agent}})
}

// MarkAgentGone says that an agent will never come back: its tasks are told to be gone, and it may not register again. It is done once the call returns, and
// harmless to repeat.
func (m *Master) MarkAgentGone(ctx context.Context, agent mesos.AgentID) error {
	return m.do(ctx, &MasterCall{Type: new(MasterCallTypeMarkAgentGone), MarkAgentGone: &MasterCallMarkAgentGone{AgentID: agent}})
}
