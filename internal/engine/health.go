package engine

import (
	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
)

// agentHealth is the app's first health check that the agent makes, as Mesos takes it: one for each task. Nil for none.
func agentHealth(a *app.App, ports []bound) *mesos.HealthCheck {
	for i := range a.HealthChecks {
		if a.HealthChecks[i].Protocol.OnAgent() {
			return mesosHealth(&a.HealthChecks[i], ports)
		}
	}
	return nil
}

func mesosHealth(h *app.HealthCheck, ports []bound) *mesos.HealthCheck {
	check := &mesos.HealthCheck{
		DelaySeconds: new(float64(h.DelaySeconds)), IntervalSeconds: new(float64(h.IntervalSeconds)), TimeoutSeconds: new(float64(h.TimeoutSeconds)),
		GracePeriodSeconds: new(float64(h.GracePeriodSeconds)), ConsecutiveFailures: new(uint32(h.MaxConsecutiveFailures)),
	}
	port := portInside(h.Port, h.PortIndex, ports)
	protocol := mesos.NetworkInfoProtocolIPv4
	if h.IPProtocol == "IPv6" {
		protocol = mesos.NetworkInfoProtocolIPv6
	}
	switch h.Protocol {
	case app.Command:
		check.Type = new(mesos.HealthCheckTypeCommand)
		check.Command = &mesos.CommandInfo{Shell: new(true)}
		if h.Command != nil {
			check.Command.Value = &h.Command.Value
		}
	case app.MesosTCP:
		check.Type = new(mesos.HealthCheckTypeTCP)
		check.TCP = &mesos.HealthCheckTCPCheckInfo{Port: port, Protocol: &protocol}
	default:
		check.Type = new(mesos.HealthCheckTypeHTTP)
		check.HTTP = &mesos.HealthCheckHTTPCheckInfo{Port: port, Protocol: &protocol, Path: optional(h.Path), Scheme: new("http")}
		if h.Protocol == app.MesosHTTPS {
			check.HTTP.Scheme = new("https")
		}
	}
	return check
}

// portInside is a check's port as the task listens on it: Mesos checks from within the container. It is the one of that number, or else the one
// at that place of the app's ports, the first when nothing is said.
func portInside(number, index *int, ports []bound) uint32 {
	if number != nil {
		return uint32(*number)
	}
	at := 0
	if index != nil {
		at = *index
	}
	if at < 0 || at >= len(ports) {
		return 0 // the definition's rules forbid it
	}
	return uint32(ports[at].task)
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// checkInfo is the app's check as Mesos takes it; nil for none. Mesos knows no scheme here: it asks by HTTP.
func checkInfo(c *app.Check, ports []bound) *mesos.CheckInfo {
	if c == nil {
		return nil
	}
	info := &mesos.CheckInfo{
		DelaySeconds: new(float64(c.DelaySeconds)), IntervalSeconds: new(float64(c.IntervalSeconds)), TimeoutSeconds: new(float64(c.TimeoutSeconds)),
	}
	switch {
	case c.HTTP != nil:
		info.Type = new(mesos.CheckInfoTypeHTTP)
		info.HTTP = &mesos.CheckInfoHTTP{Port: portInside(c.HTTP.Port, c.HTTP.PortIndex, ports), Path: optional(c.HTTP.Path)}
	case c.TCP != nil:
		info.Type = new(mesos.CheckInfoTypeTCP)
		info.TCP = &mesos.CheckInfoTCP{Port: portInside(c.TCP.Port, c.TCP.PortIndex, ports)}
	case c.Exec != nil:
		info.Type = new(mesos.CheckInfoTypeCommand)
		info.Command = &mesos.CheckInfoCommand{Command: execCommand(&c.Exec.Command)}
	}
	return info
}

func execCommand(c *app.ExecCommand) mesos.CommandInfo {
	if len(c.Argv) > 0 {
		return mesos.CommandInfo{Shell: new(false), Value: &c.Argv[0], Arguments: c.Argv}
	}
	return mesos.CommandInfo{Shell: new(true), Value: &c.Shell}
}
