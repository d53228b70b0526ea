package engine

import (
	"math/rand/v2"
	"strings"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/offer"
)

// A port is one of an app's, as its definition has it: of PortDefinitions on the host's network, of PortMappings elsewhere.
type port struct {
	name string
	// asked is the number that names the variable PORT_<number>: the container's, or the service port; 0 is none.
	asked     int
	protocols []string
	labels    map[string]string
	// networks are the names of the container networks that it is for; none is all.
	networks []string
	// onAgent tells that it takes a port of the agent's: that of this number, or any when it is 0.
	onAgent bool
	number  int
}

// portsOf are the app's ports, in their order.
func portsOf(a *app.App) []port {
	if onHost(a) {
		return defined(a)
	}
	if a.Container == nil {
		return nil
	}
	all := make([]port, len(a.Container.PortMappings))
	for i := range all {
		m := &a.Container.PortMappings[i]
		all[i] = port{
			name: m.Name, asked: m.ContainerPort, protocols: protocolsOf(m.Protocol), labels: m.Labels, networks: m.NetworkNames,
			onAgent: m.HostPort != nil,
		}
		if m.HostPort != nil {
			all[i].number = *m.HostPort
		}
	}
	return all
}

func defined(a *app.App) []port {
	all := make([]port, len(a.PortDefinitions))
	for i := range all {
		d := &a.PortDefinitions[i]
		all[i] = port{name: d.Name, asked: d.Port, protocols: protocolsOf(d.Protocol), labels: d.Labels, onAgent: true}
		if a.RequirePorts {
			all[i].number = d.Port
		}
	}
	return all
}

// onHost tells whether the app uses the agent's own network.
func onHost(a *app.App) bool { return len(a.Networks) == 0 || a.Networks[0].Mode == app.HostNetwork }

// protocolsOf takes "udp,tcp" apart.
func protocolsOf(text string) []string {
	if text == "" {
		return []string{"tcp"}
	}
	return strings.Split(text, ",")
}

// wanted are the ports to ask offers for.
func wanted(all []port) []offer.Port {
	var asked []offer.Port
	for i := range all {
		if all[i].onAgent {
			asked = append(asked, offer.Port{Name: all[i].name, Number: uint64(all[i].number)})
		}
	}
	return asked
}

// A bound port has its numbers: that of the agent, 0 where it has none, and that on which the task listens.
type bound struct {
	*port
	agent, task int
}

// reached is where others find it: the agent's number, and the container's where it has none.
func (b *bound) reached() int {
	if b.onAgent {
		return b.agent
	}
	return b.task
}

// bind gives the ports their numbers: on the agent those that were granted, in the container those of the definition. Where that has
// 0, it is the agent's, or a random one that only the variables tell.
func bind(all []port, host bool, granted []offer.Port, random *rand.Rand) []bound {
	ports := make([]bound, len(all))
	for i := range all {
		b := &ports[i]
		b.port = &all[i]
		if b.onAgent {
			b.agent, granted = int(granted[0].Number), granted[1:]
		}
		if b.task = b.asked; b.onAgent && (host || b.asked == 0) {
			b.task = b.agent
		}
	}
	for i := range ports {
		if ports[i].task == 0 {
			ports[i].task = unused(ports, random)
		}
	}
	return ports
}

// Random ports of containers are not the system's.
const (
	lowest  = 1025
	highest = 65535
)

// unused is a random port that none of these is, as long as there is one.
func unused(ports []bound, random *rand.Rand) int {
	n := lowest + random.IntN(highest-lowest+1)
	for range ports {
		if !taken(ports, n) {
			break
		}
		if n++; n > highest {
			n = lowest
		}
	}
	return n
}

func taken(ports []bound, n int) bool {
	for i := range ports {
		if p := &ports[i]; p.agent == n || p.task == n {
			return true
		}
	}
	return false
}
