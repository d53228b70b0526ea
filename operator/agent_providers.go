package operator

import (
	"context"

	"github.com/ormosproject/ormos/mesos"
)

// AddResourceProviderConfig adds a resource provider, which the agent then starts.
func (a *Agent) AddResourceProviderConfig(ctx context.Context, info mesos.ResourceProviderInfo) error {
	return a.do(ctx, &AgentCall{Type: new(AgentCallTypeAddResourceProviderConfig), AddResourceProviderConfig: &AgentCallAddResourceProviderConfig{Info: info}})
}

// UpdateResourceProviderConfig replaces the description of a resource provider, which the agent then starts anew.
func (a *Agent) UpdateResourceProviderConfig(ctx context.Context, info mesos.ResourceProviderInfo) error {
	return a.do(ctx, &AgentCall{Type: new(AgentCallTypeUpdateResourceProviderConfig), UpdateResourceProviderConfig: &AgentCallUpdateResourceProviderConfig{Info: info}})
}

// RemoveResourceProviderConfig removes the description of a resource provider, which then ends.
func (a *Agent) RemoveResourceProviderConfig(ctx context.Context, kind, name string) error {
	return a.do(ctx, &AgentCall{
		Type:                         new(AgentCallTypeRemoveResourceProviderConfig),
		RemoveResourceProviderConfig: &AgentCallRemoveResourceProviderConfig{Type: kind, Name: name},
	})
}

// MarkResourceProviderGone says that a resource provider will never come back.
func (a *Agent) MarkResourceProviderGone(ctx context.Context, id mesos.ResourceProviderID) error {
	return a.do(ctx, &AgentCall{Type: new(AgentCallTypeMarkResourceProviderGone), MarkResourceProviderGone: &AgentCallMarkResourceProviderGone{ResourceProviderID: id}})
}

// PruneImages removes the container images that nothing uses, but for these.
func (a *Agent) PruneImages(ctx context.Context, keep ...mesos.Image) error {
	return a.do(ctx, &AgentCall{Type: new(AgentCallTypePruneImages), PruneImages: &AgentCallPruneImages{ExcludedImages: keep}})
}
