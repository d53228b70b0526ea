package app

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// Server is what a server tells of itself: the part of /v2/info that says who it is and whom it works with.
type Server struct {
	// Name is "marathon", of Marathon and of those that take its place.
	Name string `json:"name"`
	// Version is the program's, BuildRef the commit that it was built from.
	Version  string `json:"version"`
	BuildRef string `json:"buildref"`
	// FrameworkID is Mesos' for it; empty while it has never been subscribed.
	FrameworkID string `json:"frameworkId"`
	// Leader is host:port of the one that decides; Elected tells that there is one.
	Leader  string `json:"leader"`
	Elected bool   `json:"elected"`
	// Config is what it was started with.
	Config ServerConfig `json:"marathon_config"`
}

// ServerConfig is the part of a server's configuration that others need.
type ServerConfig struct {
	// Master is where the Mesos master is found: host:port or zk://.
	Master string `json:"master"`
	// MesosLeaderUIURL is that of the leading master; empty while there is none.
	MesosLeaderUIURL string `json:"mesos_leader_ui_url"`
	// MesosRole and DefaultNetworkName are what apps get that name none. Hostname is the server's.
	MesosRole          string `json:"mesos_role"`
	DefaultNetworkName string `json:"default_network_name"`
	Hostname           string `json:"hostname"`
}

// Server tells who answers.
func (c *Client) Server(ctx context.Context) (*Server, error) {
	return get[*Server](ctx, c, "/v2/info", nil)
}

// Ping tells whether the server answers at all, and the time by its clock, which is zero when it does not say; it needs no credentials.
func (c *Client) Ping(ctx context.Context) (time.Time, error) {
	header, err := c.ask(ctx, call{method: http.MethodGet, path: "/ping", accept: "text/plain"}, nil)
	if err != nil {
		return time.Time{}, err
	}
	t, _ := http.ParseTime(header.Get("Date"))
	return t, nil
}

// Explain tells why instances of an app wait. Not Marathon's.
func (c *Client) Explain(ctx context.Context, id ID) (*Explanation, error) {
	return get[*Explanation](ctx, c, at("/v1/explain", id), nil)
}

// Backup gives all of the server's records, as they are at one moment, which the command ormos restore puts back. Close it in the end; what
// ends without an error is complete. Not Marathon's.
func (c *Client) Backup(ctx context.Context) (io.ReadCloser, error) {
	answer, err := c.send(ctx, call{method: http.MethodGet, path: "/v1/backup", accept: "application/octet-stream"})
	if err != nil {
		return nil, err
	}
	return answer.Body, nil
}

// Plan is what a change would do. Not Marathon's.
type Plan struct {
	// Steps follow each other.
	Steps []DeploymentStep `json:"steps"`
	// Placements are where each instance that would be launched at once would go by the offers at hand.
	Placements []Placement `json:"placements"`
}

// Placement is where one instance would go, or why nowhere.
type Placement struct {
	// App is the instance's, Host the agent's name, empty when it fits nowhere.
	App  ID     `json:"app"`
	Host string `json:"host,omitempty"`
	// Why is empty when there is a Host.
	Why string `json:"why,omitempty"`
}

// Plan tells what it would do to have an app, a group, or an array of apps and groups as defined, each the whole definition. Nothing happens. Not
// Marathon's.
func (c *Client) Plan(ctx context.Context, definition json.RawMessage) (Plan, error) {
	var plan Plan
	_, err := c.ask(ctx, call{method: http.MethodPost, path: "/v1/plan", body: definition}, &plan)
	return plan, err
}

// Apply has an app, a group, or an array of apps and groups as defined, each the whole definition: all in one deployment or nothing. A server that
// cannot (Marathon's) answers NotFound.
func (c *Client) Apply(ctx context.Context, definition json.RawMessage, force bool) (DeploymentResult, error) {
	return c.change(ctx, call{method: http.MethodPost, path: "/v1/apply", query: flag(force, nil, "force"), body: definition})
}
