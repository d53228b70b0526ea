package app

import (
	"encoding/json"
	"fmt"
)

func (p Protocol) choices() []string {
	return []string{"HTTP", "HTTPS", "TCP", "COMMAND", "MESOS_TCP", "MESOS_HTTP", "MESOS_HTTPS"}
}

func (a *App) checkHealth(r *rules) {
	byMesos, ports := 0, len(a.servicePorts())
	seen := map[string]bool{}
	for i, h := range a.HealthChecks {
		path := element("/healthChecks", i)
		h.check(r, path)
		if !h.Protocol.OnAgent() && !addresses(h.Port, h.PortIndex, ports) {
			r.together(path, "Health check port indices must address an element of the ports array or container port mappings.")
		}
		if h.IPProtocol == "IPv6" && !(a.inDocker() && h.Protocol.OnAgent() && h.Protocol != Command) {
			r.together(path, "IPv6 can only be used for container type DOCKER and Mesos http/https/tcp health checks")
		}
		if h.Protocol.OnAgent() && h.Protocol != Command {
			byMesos++
		}
		text, _ := json.Marshal(h) // two that are the same are written the same
		if seen[string(text)] {
			r.add("/healthChecks", "Elements must be unique.")
		}
		seen[string(text)] = true
	}
	if byMesos > 1 {
		r.add("", "AppDefinition can contain at most one Mesos health check")
	}
}

func (h *HealthCheck) check(r *rules, path string) {
	switch {
	case h.Protocol == Command && h.Command == nil:
		r.add(path+"/command", missing)
	case h.Protocol == Command:
		r.filled(path+"/command/value", h.Command.Value)
	case h.Command != nil:
		r.add(path+"/protocol", "illegal protocol "+string(h.Protocol)+" specified with command")
	}
	r.atLeast(path+"/gracePeriodSeconds", h.GracePeriodSeconds, 0)
	r.atLeast(path+"/intervalSeconds", h.IntervalSeconds, 0)
	r.atLeast(path+"/timeoutSeconds", h.TimeoutSeconds, 0)
	r.atLeast(path+"/maxConsecutiveFailures", h.MaxConsecutiveFailures, 0)
	r.atLeast(path+"/delaySeconds", h.DelaySeconds, 0)
	r.among(path+"/ipProtocol", h.IPProtocol, "IPv4", "IPv6")
	if h.Port != nil {
		r.port(path+"/port", *h.Port)
	}
	if h.PortIndex != nil {
		r.port(path+"/portIndex", *h.PortIndex)
	}
}

// addresses tells whether a check has a port to ask, of an app with so many.
func addresses(port, index *int, ports int) bool {
	if index != nil {
		return *index >= 0 && *index < ports
	}
	return port != nil || ports == 1
}

func (a *App) checkReadiness(r *rules) {
	if n := len(a.ReadinessChecks); n > 1 {
		r.add("/readinessChecks", fmt.Sprintf("got %d, expected 1 or less", n))
	}
	names := a.portNames()
	for i, c := range a.ReadinessChecks {
		path := element("/readinessChecks", i)
		c.check(r, path)
		if !names[c.PortName] {
			r.together(path+"/portName", "No port definition reference for portName "+c.PortName)
		}
	}
	if c := a.Check; c != nil {
		a.checkCheck(r, c)
	}
}

func (c *ReadinessCheck) check(r *rules, path string) {
	r.filled(path+"/name", c.Name)
	r.among(path+"/protocol", c.Protocol, "HTTP", "HTTPS")
	r.length(path+"/path", c.Path, 1024)
	r.filled(path+"/portName", c.PortName)
	r.atLeast(path+"/timeoutSeconds", c.TimeoutSeconds, 1)
	if c.TimeoutSeconds >= c.IntervalSeconds {
		r.add(path+"/timeoutSeconds", fmt.Sprintf("got %d, expected less than %d, the interval", c.TimeoutSeconds, c.IntervalSeconds))
	}
	for i, status := range c.HTTPStatusCodesForReady {
		r.between(element(path+"/httpStatusCodesForReady", i), float64(status), 100, 999)
	}
	if repeats(c.HTTPStatusCodesForReady) {
		r.add(path+"/httpStatusCodesForReady", "Elements must be unique.")
	}
}

func (a *App) portNames() map[string]bool {
	names := map[string]bool{}
	if a.Container != nil {
		for _, m := range a.Container.PortMappings {
			names[m.Name] = true
		}
	}
	for _, p := range a.PortDefinitions {
		names[p.Name] = true
	}
	return names
}

func (a *App) checkCheck(r *rules, c *Check) {
	if a.inDocker() {
		r.together("", "AppDefinition must not use 'checks' if using docker")
	}
	r.atLeast("/check/intervalSeconds", c.IntervalSeconds, 0)
	r.atLeast("/check/timeoutSeconds", c.TimeoutSeconds, 0)
	r.atLeast("/check/delaySeconds", c.DelaySeconds, 0)
	said := 0
	if h := c.HTTP; h != nil {
		said++
		r.among("/check/http/scheme", h.Scheme, "HTTP", "HTTPS")
		a.checkCheckPort(r, "/check/http", h.Port, h.PortIndex)
	}
	if t := c.TCP; t != nil {
		said++
		a.checkCheckPort(r, "/check/tcp", t.Port, t.PortIndex)
	}
	if e := c.Exec; e != nil {
		said++
		if (e.Command.Shell != "") == (len(e.Command.Argv) > 0) {
			r.add("/check/exec/command", "either shell or argv must be set")
		}
	}
	if said != 1 {
		r.add("/check", "exactly one of http, tcp and exec must be set")
	}
}

func (a *App) checkCheckPort(r *rules, path string, port, index *int) {
	if port != nil {
		r.port(path+"/port", *port)
	}
	if !addresses(port, index, len(a.servicePorts())) {
		r.together(path, "check port index must address an element of the ports array or container port mappings.")
	}
}
