package engine

import (
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
)

// A template is what all instances of one definition have in common: what they need, and the parts of their tasks.
type template struct {
	options *LaunchOptions
	app     *app.App
	ports   []port
	names   []portNames
	need    offer.Need
	env     variables
	command *mesos.CommandInfo
	found   []discovered
	// size is what an instance needs, its executor included.
	size size
}

func (o *LaunchOptions) template(d definition) *template {
	a := d.app
	t := &template{options: o, app: a, ports: portsOf(a), env: commonEnv(a, d.enforceRole)}
	t.names, t.found = namesOf(o.EnvPrefix, t.ports), discovery(a, t.ports)
	t.need = offer.Need{
		Group: string(a.ID) + "@" + since(a).String(), Roles: []string{o.role(a)}, From: from(a), Constraints: o.constraints(a),
		Executor: o.executorOf(a), Tasks: []offer.Task{{Info: commonTask(a), Ports: wanted(t.ports)}},
	}
	t.size = sizeOf(amounts(a))
	if t.need.Executor != nil {
		t.size = t.size.add(sizeOf(t.need.Executor.Resources))
	}
	switch {
	case t.need.Executor == nil:
		t.command = command(a)
	case a.Serve != nil && o.Serve == nil:
		t.need.Tasks = nil // nothing serves it
	default:
		t.command = o.executorCommand(a)
	}
	return t
}

// since is when the definition was last changed, scaling aside.
func since(a *app.App) app.Timestamp {
	if a.VersionInfo != nil {
		return a.VersionInfo.LastConfigChangeAt
	}
	return a.Version
}

// BaseRole is the role of apps that have none.
func (o *LaunchOptions) BaseRole() string { return o.role(&app.App{}) }

// role is the one for which the app's resources are offered.
func (o *LaunchOptions) role(a *app.App) string {
	switch {
	case a.Role != "":
		return a.Role
	case o.Role != "":
		return o.Role
	}
	return "*"
}

// from says whether reserved or unreserved resources are accepted: both when the app does not say.
func from(a *app.App) offer.From {
	if len(a.AcceptedResourceRoles) != 1 {
		return offer.Anywhere
	}
	if a.AcceptedResourceRoles[0] == "*" {
		return offer.Unreserved
	}
	return offer.Reserved
}

// constraints are the app's, and that it stays at home if it does not say otherwise.
func (o *LaunchOptions) constraints(a *app.App) []offer.Constraint {
	all := constraints(a)
	if o.Home == "" || slices.ContainsFunc(all, func(c offer.Constraint) bool { return c.Field == offer.RegionField }) {
		return all
	}
	return append(all, offer.Constraint{Field: offer.RegionField, Operator: offer.Home, Value: o.Home})
}

func constraints(a *app.App) []offer.Constraint {
	var all []offer.Constraint
	for _, c := range a.Constraints {
		all = append(all, offer.Constraint{Field: c.Field, Operator: offer.Operator(strings.ToUpper(c.Operator)), Value: c.Value})
	}
	return all
}

// counts tells whether it matters where other instances of the app are.
func counts(n *offer.Need) bool {
	for _, c := range n.Constraints {
		switch c.Operator {
		case offer.Unique, offer.MaxPer, offer.GroupBy:
			return true
		case offer.Cluster:
			if c.Value == "" {
				return true
			}
		}
	}
	return len(n.Preferences) > 0
}

// finish makes a granted task ready to launch, and gives its ports.
func (t *template) finish(g *offer.Grant, taskID string, random *rand.Rand) []bound {
	var granted []offer.Port
	if len(g.Ports) > 0 {
		granted = g.Ports[0]
	}
	ports := bind(t.ports, onHost(t.app), granted, random)
	info := &g.Tasks[0]
	info.TaskID.Value = taskID
	run := *t.command
	run.Environment = t.environment(taskID, g.Hostname, ports)
	inside := container(t.app, taskID, t.options.bridge(), ports)
	if g.Executor == nil {
		info.Command, info.Container = &run, inside
	} else {
		g.Executor.ExecutorID.Value = ExecutorID(taskID)
		g.Executor.Command, g.Executor.Container = &run, inside
	}
	if t.app.Serve != nil {
		info.Data = served(t.app, ports)
	}
	info.HealthCheck, info.Check = agentHealth(t.app, ports), checkInfo(t.app.Check, ports)
	info.Discovery = t.discovery(info.Name, ports)
	return ports
}
