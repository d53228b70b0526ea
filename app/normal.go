package app

import (
	"slices"
	"strings"
)

// normalise gives what a user did not write the value that Marathon would, and everything the form that Marathon would
// return it in.
func (a *App) normalise(d Defaults) {
	if a.Role == "" {
		a.Role = d.role(a.ID)
	}
	a.normaliseNetworks(d.NetworkName)
	if a.Networks[0].Mode == HostNetwork {
		a.normaliseHostPorts()
	} else {
		a.normaliseMappings(a.Networks[0].Mode == BridgeNetwork)
	}
	a.normaliseChecks()
	a.tidy()
}

// role is that of an app which names none.
func (d Defaults) role(id ID) string {
	if d.EnforceRole && id.Parent() != Root {
		return id.top()
	}
	if d.Role == "" {
		return "*"
	}
	return d.Role
}

// roles are those that an app may have: its group's where the group insists, and else the server's, too; and always the
// one that it has had.
func (a *App) roles(old *App, d Defaults) []string {
	roles := []string{d.role(a.ID)}
	if !d.EnforceRole && a.ID.Parent() != Root {
		roles = append(roles, a.ID.top())
	}
	if old != nil && !slices.Contains(roles, old.Role) {
		roles = append(roles, old.Role)
	}
	return roles
}

// top is the first part: the name of the top-level group.
func (id ID) top() string {
	name, _, _ := strings.Cut(strings.TrimPrefix(string(id), "/"), "/")
	return name
}

func (a *App) normaliseNetworks(name string) {
	if len(a.Networks) == 0 {
		a.Networks = []Network{{Mode: HostNetwork}}
	}
	for i := range a.Networks {
		n := &a.Networks[i]
		if n.Mode == ContainerNetwork && n.Name == "" {
			n.Name = name
		}
	}
}

// normaliseHostPorts: on the host's network there are definitions and no mappings, and one port where nothing is said.
func (a *App) normaliseHostPorts() {
	if a.Container != nil {
		a.Container.PortMappings = nil
	}
	if a.PortDefinitions == nil {
		a.PortDefinitions = []PortDefinition{{Name: "default", Protocol: "tcp"}}
	}
}

// normaliseMappings: on other networks there are mappings and no definitions, one where nothing is said, and as many as
// there were definitions. On the bridge all have a port of the agent.
func (a *App) normaliseMappings(bridge bool) {
	if a.Container == nil {
		a.Container = &Container{Type: MesosContainer}
	}
	c := a.Container
	if c.PortMappings == nil {
		c.PortMappings = []PortMapping{{Name: "default", Protocol: "tcp"}}
	}
	for len(c.PortMappings) < len(a.PortDefinitions) {
		c.PortMappings = append(c.PortMappings, PortMapping{Protocol: "tcp"})
	}
	a.PortDefinitions, a.RequirePorts = nil, false
	for i := range c.PortMappings {
		m := &c.PortMappings[i]
		if bridge && m.HostPort == nil {
			m.HostPort = new(int)
		}
		if m.Labels == nil {
			m.Labels = map[string]string{}
		}
		m.NetworkNames = some(m.NetworkNames)
	}
}

// normaliseChecks has checks that name no port ask the first one, and drops what their protocols have no use for.
func (a *App) normaliseChecks() {
	ports := len(a.servicePorts())
	for i := range a.HealthChecks {
		h := &a.HealthChecks[i]
		switch {
		case h.Protocol == Command:
			h.Path, h.Port, h.PortIndex, h.IgnoreHTTP1xx = "", nil, nil, nil
			continue
		case h.Protocol != HTTP && h.Protocol != HTTPS:
			h.IgnoreHTTP1xx = nil
		case h.IgnoreHTTP1xx == nil:
			h.IgnoreHTTP1xx = new(bool)
		}
		if h.Port == nil && h.PortIndex == nil && ports > 0 {
			h.PortIndex = new(int)
		}
	}
	for i := range a.ReadinessChecks {
		if len(a.ReadinessChecks[i].HTTPStatusCodesForReady) == 0 {
			a.ReadinessChecks[i].HTTPStatusCodesForReady = []int{200}
		}
	}
}

// tidy makes what is empty nil where it is left out in JSON, and empty where it is not.
func (a *App) tidy() {
	a.Args, a.Constraints, a.Fetch = some(a.Args), some(a.Constraints), some(a.Fetch)
	a.HealthChecks, a.ReadinessChecks = some(a.HealthChecks), some(a.ReadinessChecks)
	a.Dependencies = some(a.Dependencies)
	a.Env = named(a.Env)
	for i := range a.Constraints {
		a.Constraints[i].Operator = strings.ToUpper(a.Constraints[i].Operator)
	}
	for i := range a.Networks {
		a.Networks[i].Labels = named(a.Networks[i].Labels)
	}
	for i := range a.PortDefinitions {
		a.PortDefinitions[i].Labels = named(a.PortDefinitions[i].Labels)
	}
	if a.Labels == nil {
		a.Labels = map[string]string{}
	}
	if c := a.Container; c != nil {
		if c.Volumes == nil {
			c.Volumes = []Volume{}
		}
		if c.Docker != nil && c.Docker.Parameters == nil {
			c.Docker.Parameters = []Parameter{}
		}
	}
}

// some is the list, nil when it is empty.
func some[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

// named is the map, nil when it is empty.
func named(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	return m
}
