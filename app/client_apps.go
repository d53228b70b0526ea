package app

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// Apps lists all apps with their counts and deployments.
func (c *Client) Apps(ctx context.Context) ([]Info, error) {
	answer, err := get[struct{ Apps []Info }](ctx, c, "/v2/apps", nil)
	return answer.Apps, err
}

// App gives an app with its tasks, their statistics, deployments and last failure.
func (c *Client) App(ctx context.Context, id ID) (*Info, error) {
	query := url.Values{"embed": {"app.tasks", "app.counts", "app.deployments", "app.lastTaskFailure", "app.readiness", "app.taskStats"}}
	answer, err := get[struct{ App *Info }](ctx, c, at("/v2/apps", id), query)
	return answer.App, err
}

// CreateApp adds an app: its definition as JSON. One of that id is a Conflict.
func (c *Client) CreateApp(ctx context.Context, definition json.RawMessage) (*Info, error) {
	var made Info
	_, err := c.ask(ctx, call{method: http.MethodPost, path: "/v2/apps", body: definition}, &made)
	return &made, err
}

// UpdateApp changes the fields that update has, and makes the app when it is missing.
func (c *Client) UpdateApp(ctx context.Context, id ID, update json.RawMessage, force bool) (DeploymentResult, error) {
	return c.change(ctx, call{method: http.MethodPut, path: at("/v2/apps", id), query: flag(force, nil, "force"), body: update})
}

// ReplaceApp has an app be as defined: what definition does not say gets its default.
func (c *Client) ReplaceApp(ctx context.Context, id ID, definition json.RawMessage, force bool) (DeploymentResult, error) {
	query := flag(force, url.Values{"partialUpdate": {"false"}}, "force")
	return c.change(ctx, call{method: http.MethodPut, path: at("/v2/apps", id), query: query, body: definition})
}

// ReplaceApps is ReplaceApp for several, all or none, in one deployment; definitions is an array.
func (c *Client) ReplaceApps(ctx context.Context, definitions json.RawMessage, force bool) (DeploymentResult, error) {
	query := flag(force, url.Values{"partialUpdate": {"false"}}, "force")
	return c.change(ctx, call{method: http.MethodPut, path: "/v2/apps", query: query, body: definitions})
}

// RestartApp has all tasks of an app replaced.
func (c *Client) RestartApp(ctx context.Context, id ID, force bool) (DeploymentResult, error) {
	return c.change(ctx, call{method: http.MethodPost, path: at("/v2/apps", id, "restart"), query: flag(force, nil, "force")})
}

// RemoveApp ends an app. Without force, it is refused while a deployment of it is under way.
func (c *Client) RemoveApp(ctx context.Context, id ID, force bool) (DeploymentResult, error) {
	query := url.Values{"force": {"false"}} // it would be true otherwise
	return c.change(ctx, call{method: http.MethodDelete, path: at("/v2/apps", id), query: flag(force, query, "force")})
}

// Versions are the names of an app's definitions that are kept, the newest first.
func (c *Client) Versions(ctx context.Context, id ID) ([]Timestamp, error) {
	answer, err := get[struct{ Versions []Timestamp }](ctx, c, at("/v2/apps", id, "versions"), nil)
	return answer.Versions, err
}

// Version gives one of an app's definitions.
func (c *Client) Version(ctx context.Context, id ID, version Timestamp) (*App, error) {
	return get[*App](ctx, c, at("/v2/apps", id, "versions", version.String()), nil)
}

// Tasks are all tasks that there are.
func (c *Client) Tasks(ctx context.Context) ([]Task, error) {
	answer, err := get[struct{ Tasks []Task }](ctx, c, "/v2/tasks", nil)
	return answer.Tasks, err
}

// AppTasks are the tasks of an app.
func (c *Client) AppTasks(ctx context.Context, id ID) ([]Task, error) {
	answer, err := get[struct{ Tasks []Task }](ctx, c, at("/v2/apps", id, "tasks"), nil)
	return answer.Tasks, err
}

// KillTasks ends tasks, which their apps then replace, and gives them as they were.
func (c *Client) KillTasks(ctx context.Context, ids ...string) ([]Task, error) {
	body, err := json.Marshal(map[string][]string{"ids": ids})
	if err != nil {
		return nil, err
	}
	var answer struct{ Tasks []Task }
	_, err = c.ask(ctx, call{method: http.MethodPost, path: "/v2/tasks/delete", body: body}, &answer)
	return answer.Tasks, err
}

// KillAndScale ends tasks and has their apps run so many less.
func (c *Client) KillAndScale(ctx context.Context, force bool, ids ...string) (DeploymentResult, error) {
	body, err := json.Marshal(map[string][]string{"ids": ids})
	if err != nil {
		return DeploymentResult{}, err
	}
	query := flag(force, url.Values{"scale": {"true"}}, "force")
	return c.change(ctx, call{method: http.MethodPost, path: "/v2/tasks/delete", query: query, body: body})
}
