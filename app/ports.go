package app

import "fmt"

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
	mine := map[int]bool{}
	ports := a.servicePorts()
	for _, port := range ports {
		mine[*port] = true
	}
	var again []int
	if old != nil {
		for _, port := range old.ServicePorts() {
			if port >= MinServicePort && port < MaxServicePort && !mine[port] {
				again = append(again, port)
			}
		}
	}
	for _, port := range ports {
		if *port != 0 {
			continue
		}
		if len(again) > 0 {
			*port, again = again[0], again[1:]
			continue
		}
		if *port = p.take(); *port == 0 {
			return exhausted()
		}
	}
	return nil
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
