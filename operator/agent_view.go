package operator

import (
	"context"

	"github.com/ormosproject/ormos/mesos"
)

// GetState gives frameworks, executors and tasks, of one moment.
func (a *Agent) GetState(ctx context.Context) (*AgentResponseGetState, error) {
	got, err := agentAnswer(ctx, a, &AgentCall{Type: new(AgentCallTypeGetState)}, func(r *AgentResponse) *AgentResponseGetState { return r.GetState })
	return got, err
}

// GetFrameworks gives the frameworks that have executors here, and those that had.
func (a *Agent) GetFrameworks(ctx context.Context) (*AgentResponseGetFrameworks, error) {
	got, err := agentAnswer(ctx, a, &AgentCall{Type: new(AgentCallTypeGetFrameworks)}, func(r *AgentResponse) *AgentResponseGetFrameworks { return r.GetFrameworks })
	return got, err
}

// GetExecutors gives the executors, and those that have ended of late.
func (a *Agent) GetExecutors(ctx context.Context) (*AgentResponseGetExecutors, error) {
	got, err := agentAnswer(ctx, a, &AgentCall{Type: new(AgentCallTypeGetExecutors)}, func(r *AgentResponse) *AgentResponseGetExecutors { return r.GetExecutors })
	return got, err
}

// GetTasks gives the tasks by where they are on their way.
func (a *Agent) GetTasks(ctx context.Context) (*AgentResponseGetTasks, error) {
	got, err := agentAnswer(ctx, a, &AgentCall{Type: new(AgentCallTypeGetTasks)}, func(r *AgentResponse) *AgentResponseGetTasks { return r.GetTasks })
	return got, err
}

// GetAgent gives what the agent has told the master of itself.
func (a *Agent) GetAgent(ctx context.Context) (*AgentResponseGetAgent, error) {
	got, err := agentAnswer(ctx, a, &AgentCall{Type: new(AgentCallTypeGetAgent)}, func(r *AgentResponse) *AgentResponseGetAgent { return r.GetAgent })
	return got, err
}

// GetOperations gives the operations on the agent's resources.
func (a *Agent) GetOperations(ctx context.Context) ([]mesos.Operation, error) {
	got, err := agentAnswer(ctx, a, &AgentCall{Type: new(AgentCallTypeGetOperations)}, func(r *AgentResponse) *AgentResponseGetOperations { return r.GetOperations })
	return got.Operations, err
}

// GetResourceProviders gives the providers and what they provide.
func (a *Agent) GetResourceProviders(ctx context.Context) ([]AgentResponseGetResourceProvidersResourceProvider, error) {
	got, err := agentAnswer(ctx, a, &AgentCall{Type: new(AgentCallTypeGetResourceProviders)}, func(r *AgentResponse) *AgentResponseGetResourceProviders { return r.GetResourceProviders })
	return got.ResourceProviders, err
}
