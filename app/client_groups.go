package app

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// Group gives a group with everything in it. The root is always there.
func (c *Client) Group(ctx context.Context, id ID) (*GroupInfo, error) {
	return get[*GroupInfo](ctx, c, at("/v2/groups", id), url.Values{"embed": {"group.groups", "group.apps"}})
}

// UpdateGroup changes a group by what update has, and makes it when it is missing.
func (c *Client) UpdateGroup(ctx context.Context, id ID, update json.RawMessage, force bool) (DeploymentResult, error) {
	return c.change(ctx, call{method: http.MethodPut, path: at("/v2/groups", id), query: flag(force, nil, "force"), body: update})
}

// PlanGroup gives the steps that UpdateGroup would make. Nothing happens.
func (c *Client) PlanGroup(ctx context.Context, id ID, update json.RawMessage) ([]DeploymentStep, error) {
	var plan struct{ Steps []DeploymentStep }
	_, err := c.ask(ctx, call{method: http.MethodPut, path: at("/v2/groups", id), query: url.Values{"dryRun": {"true"}}, body: update}, &plan)
	return plan.Steps, err
}

// RemoveGroup ends all that is in a group.
func (c *Client) RemoveGroup(ctx context.Context, id ID, force bool) (DeploymentResult, error) {
	return c.change(ctx, call{method: http.MethodDelete, path: at("/v2/groups", id), query: flag(force, nil, "force")})
}

// Deployments are those under way, the oldest first.
func (c *Client) Deployments(ctx context.Context) ([]Deployment, error) {
	return get[[]Deployment](ctx, c, "/v2/deployments", nil)
}

// CancelDeployment ends a deployment and begins one that goes back, which the result names.
func (c *Client) CancelDeployment(ctx context.Context, id string) (DeploymentResult, error) {
	return c.change(ctx, call{method: http.MethodDelete, path: at("/v2/deployments", "", id)})
}

// StopDeployment ends a deployment where it stands.
func (c *Client) StopDeployment(ctx context.Context, id string) error {
	_, err := c.ask(ctx, call{method: http.MethodDelete, path: at("/v2/deployments", "", id), query: url.Values{"force": {"true"}}}, nil)
	return err
}

// Queue lists the apps that have instances to launch.
func (c *Client) Queue(ctx context.Context) ([]QueueItem, error) {
	answer, err := get[struct{ Queue []QueueItem }](ctx, c, "/v2/queue", nil)
	return answer.Queue, err
}

// ResetDelay ends an app's back-off.
func (c *Client) ResetDelay(ctx context.Context, id ID) error {
	_, err := c.ask(ctx, call{method: http.MethodDelete, path: at("/v2/queue", id, "delay")}, nil)
	return err
}
