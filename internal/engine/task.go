package engine

import (
	"slices"
	"strings"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
)

// A TaskInfo is built in two steps: what all tasks of a definition have in common, once, and what a task has for itself when it is known
// where it goes. Neither changes what the other has made.

// commonTask is the TaskInfo of a definition, without ids, environment, ports and what depends on them.
func commonTask(a *app.App) mesos.TaskInfo {
	info := mesos.TaskInfo{Name: hostname(a.ID), Resources: amounts(a), Labels: labels(a.Labels), Limits: limits(a.ResourceLimits)}
	if s := a.TaskKillGracePeriodSeconds; s != nil {
		info.KillPolicy = &mesos.KillPolicy{GracePeriod: seconds(*s)}
	}
	return info
}

// hostname is the id as service discovery wants it: /shop/web is web.shop.
func hostname(id app.ID) string {
	parts := strings.Split(strings.Trim(string(id), "/"), "/")
	slices.Reverse(parts)
	return strings.Join(parts, ".")
}

// amounts are the app's resources, ports excepted. There is none of what is 0.
func amounts(a *app.App) mesos.Resources {
	var all mesos.Resources
	for _, one := range []mesos.Resource{mesos.CPUs(a.CPUs), mesos.Mem(a.Mem), mesos.Disk(a.Disk), mesos.GPUs(a.GPUs)} {
		if !one.IsEmpty() {
			all = append(all, one)
		}
	}
	return all
}

func limits(l *app.ResourceLimits) map[string]mesos.ValueScalar {
	if l == nil {
		return nil
	}
	all := map[string]mesos.ValueScalar{}
	if l.CPUs != nil {
		all[mesos.CPUsName] = mesos.ValueScalar{Value: float64(*l.CPUs)}
	}
	if l.Mem != nil {
		all[mesos.MemName] = mesos.ValueScalar{Value: float64(*l.Mem)}
	}
	return all
}

func seconds(n int) *mesos.DurationInfo { return &mesos.DurationInfo{Nanoseconds: int64(n) * 1e9} }

// labels are in the order of their keys; nil for none.
func labels(of map[string]string) *mesos.Labels {
	if len(of) == 0 {
		return nil
	}
	var all mesos.Labels
	for _, key := range sortedKeys(of) {
		all.Labels = append(all.Labels, mesos.Label{Key: key, Value: new(of[key])})
	}
	return &all
}

// command is what the task runs, without its environment. Where there is no image whose entry point takes the arguments, the first
// of them is the program.
func command(a *app.App) *mesos.CommandInfo {
	c := &mesos.CommandInfo{User: a.User, URIs: fetched(a.Fetch)}
	switch {
	case len(a.Args) > 0:
		c.Shell, c.Arguments = new(false), a.Args
		if image(a) == "" {
			c.Value = &a.Args[0]
		}
	case a.Cmd != nil && *a.Cmd != "":
		c.Value = a.Cmd
	default:
		c.Shell = new(false)
	}
	return c
}

func image(a *app.App) string {
	if a.Container == nil || a.Container.Docker == nil {
		return ""
	}
	return a.Container.Docker.Image
}

func fetched(artifacts []app.Artifact) []mesos.CommandInfoURI {
	var all []mesos.CommandInfoURI
	for i := range artifacts {
		f := &artifacts[i]
		one := mesos.CommandInfoURI{Value: f.URI, Extract: &f.Extract, Executable: &f.Executable, Cache: &f.Cache}
		if f.DestPath != "" {
			one.OutputFile = &f.DestPath
		}
		all = append(all, one)
	}
	return all
}

// A discovered port is one that service discovery is told of, without its number: of that place in the app's ports.
type discovered struct {
	mesos.Port
	of int
}

// The labels that tell in which network a port is. On the host's they are left out.
const (
	scopeLabel   = "network-scope"
	networkLabel = "network-name"
)

// discovery is what service discovery is told: a port for each protocol, and for each container network where it has none on the agent.
func discovery(a *app.App, ports []port) []discovered {
	var all []discovered
	for i := range ports {
		p := &ports[i]
		for j := range p.protocols {
			one := mesos.Port{Protocol: &p.protocols[j], Name: optional(p.name)}
			for _, l := range p.scopes(a) {
				one.Labels = labels(l)
				all = append(all, discovered{one, i})
			}
		}
	}
	return all
}

// scopes are the labels of a port, for each network that it is found in.
func (p *port) scopes(a *app.App) []map[string]string {
	if onHost(a) {
		return []map[string]string{p.labels}
	}
	if p.onAgent {
		return []map[string]string{with(p.labels, scopeLabel, "host")}
	}
	var all []map[string]string
	for _, network := range p.in(a) {
		all = append(all, with(with(p.labels, scopeLabel, "container"), networkLabel, network))
	}
	return all
}

// in are the container networks that the port is reached in.
func (p *port) in(a *app.App) []string {
	if len(p.networks) > 0 {
		return p.networks
	}
	var all []string
	for i := range a.Networks {
		if a.Networks[i].Mode == app.ContainerNetwork {
			all = append(all, a.Networks[i].Name)
		}
	}
	return all
}

// discovery is what is told of one task.
func (t *template) discovery(name string, ports []bound) *mesos.DiscoveryInfo {
	found := make([]mesos.Port, len(t.found))
	for i := range found {
		found[i] = t.found[i].Port
		found[i].Number = uint32(ports[t.found[i].of].reached())
	}
	return &mesos.DiscoveryInfo{Visibility: mesos.DiscoveryInfoVisibilityFramework, Name: &name, Ports: &mesos.Ports{Ports: found}}
}
