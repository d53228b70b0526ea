package app

import (
	"fmt"
	"slices"
)

// Service ports that users leave to the server are in this range, its end excluded: Marathon's local_port_min and
// local_port_max.
const (
	MinServicePort = 10_000
	MaxServicePort = 20_000
)

// PortPool hands out service ports in the course of one change.
type PortPool struct {
	// InUse tells whether a port is one of any app's, before or after the change.
	InUse func(port int) bool

	next int // the least one that was not looked at yet
}

// ServicePorts are an app's, in the order of its ports.
func (a *App) ServicePorts() []int {
	var ports []int
	for _, p := range a.servicePorts() {
		ports = append(ports, *p)
	}
	return ports
}

func (a *App) servicePorts() []*int {
	var ports []*int
	if a.Container != nil && len(a.Container.PortMappings) > 0 {
		for i := range a.Container.PortMappings {
			ports = append(ports, &a.Container.PortMappings[i].ServicePort)
		}
		return ports
	}
	for i := range a.PortDefinitions {
		ports = append(ports, &a.PortDefinitions[i].Port)
	}
	return ports
}

// Assign gives a, which is nobody else's yet, numbers for its service ports that are 0: first those that old had, which
// may be nil, then free ones. The error is an *Error.
func (p *PortPool) Assign(a, old *App) error {
	a.keepPorts(old)
	for _, port := range a.servicePorts() {
		if *port == 0 {
			*port = p.take()
		}
		if *port == 0 {
			return exhausted()
		}
	}
	return nil
}

// keepPorts gives service ports that are 0 the numbers that old had and a does not name: an app keeps the ports that it
// was assigned.
func (a *App) keepPorts(old *App) {
	if old == nil {
		return
	}
	ports := a.servicePorts()
	named := map[int]bool{}
	for _, port := range ports {
		named[*port] = true
	}
	before := slices.DeleteFunc(old.ServicePorts(), func(port int) bool {
		return port < MinServicePort || port >= MaxServicePort || named[port]
	})
	for _, port := range ports {
		if *port == 0 && len(before) > 0 {
			*port, before = before[0], before[1:]
		}
	}
}

// take gives a port that is free, 0 when there is none.
func (p *PortPool) take() int {
	for p.next = max(p.next, MinServicePort); p.next < MaxServicePort; {
		port := p.next
		p.next++
		if !p.InUse(port) {
			return port
		}
	}
	return 0
}

func exhausted() error {
	return &Error{
		Code:    Impossible,
		Message: fmt.Sprintf("All ports in the range [%d-%d) are already in use", MinServicePort, MaxServicePort),
		Hint:    "give service ports by number, or [] where an app needs no port",
	}
}
