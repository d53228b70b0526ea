package operator

import (
	"context"

	"github.com/ormosproject/ormos/mesos"
)

// GetContainers gives the containers, nested and standalone ones where they are asked for.
func (a *Agent) GetContainers(ctx context.Context, c AgentCallGetContainers) ([]AgentResponseGetContainersContainer, error) {
	call := &AgentCall{Type: new(AgentCallTypeGetContainers), GetContainers: &c}
	got, err := agentAnswer(ctx, a, call, func(r *AgentResponse) *AgentResponseGetContainers { return r.GetContainers })
	return got.Containers, err
}

// LaunchNestedContainer launches a container inside the one that its id names as its parent. A second call with the same id does nothing.
func (a *Agent) LaunchNestedContainer(ctx context.Context, c AgentCallLaunchNestedContainer) error {
	return a.do(ctx, &AgentCall{Type: new(AgentCallTypeLaunchNestedContainer), LaunchNestedContainer: &c})
}

// WaitNestedContainer waits until a nested container has ended, and gives how.
func (a *Agent) WaitNestedContainer(ctx context.Context, id mesos.ContainerID) (*AgentResponseWaitNestedContainer, error) {
	call := &AgentCall{Type: new(AgentCallTypeWaitNestedContainer), WaitNestedContainer: &AgentCallWaitNestedContainer{ContainerID: id}}
	return agentAnswer(ctx, a, call, func(r *AgentResponse) *AgentResponseWaitNestedContainer { return r.WaitNestedContainer })
}

// KillNestedContainer sends a signal, by default SIGKILL, to a nested container.
func (a *Agent) KillNestedContainer(ctx context.Context, c AgentCallKillNestedContainer) error {
	return a.do(ctx, &AgentCall{Type: new(AgentCallTypeKillNestedContainer), KillNestedContainer: &c})
}

// RemoveNestedContainer removes what is left of a nested container that has ended, its sandbox too.
func (a *Agent) RemoveNestedContainer(ctx context.Context, id mesos.ContainerID) error {
	return a.do(ctx, &AgentCall{Type: new(AgentCallTypeRemoveNestedContainer), RemoveNestedContainer: &AgentCallRemoveNestedContainer{ContainerID: id}})
}

// LaunchContainer launches a container: a nested one, or, without a parent, a standalone one with resources of its own. A second call with the same id does nothing.
func (a *Agent) LaunchContainer(ctx context.Context, c AgentCallLaunchContainer) error {
	return a.do(ctx, &AgentCall{Type: new(AgentCallTypeLaunchContainer), LaunchContainer: &c})
}

// WaitContainer waits until a container has ended, and gives how.
func (a *Agent) WaitContainer(ctx context.Context, id mesos.ContainerID) (*AgentResponseWaitContainer, error) {
	call := &AgentCall{Type: new(AgentCallTypeWaitContainer), WaitContainer: &AgentCallWaitContainer{ContainerID: id}}
	return agentAnswer(ctx, a, call, func(r *AgentResponse) *AgentResponseWaitContainer { return r.WaitContainer })
}

// KillContainer sends a signal, by default SIGKILL, to a container.
func (a *Agent) KillContainer(ctx context.Context, c AgentCallKillContainer) error {
	return a.do(ctx, &AgentCall{Type: new(AgentCallTypeKillContainer), KillContainer: &c})
}

// RemoveContainer removes what is left of a container that has ended, its sandbox too.
func (a *Agent) RemoveContainer(ctx context.Context, id mesos.ContainerID) error {
	return a.do(ctx, &AgentCall{Type: new(AgentCallTypeRemoveContainer), RemoveContainer: &AgentCallRemoveContainer{ContainerID: id}})
}
