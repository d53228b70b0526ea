package app

import (
	"slices"
	"strings"
)

// legacy is what an app says in the words of older Marathons. Nil is absent.
type legacy struct {
	ports        []int
	uris         []string
	ipAddress    *ipAddress
	network      *string
	portMappings []PortMapping
	// fromServer tells that there are fields that only servers write.
	fromServer bool
}

// ipAddress is how networks were asked for before Marathon 1.5.
type ipAddress struct {
	NetworkName string            `json:"networkName"`
	Groups      []string          `json:"groups"` // of no effect
	Labels      map[string]string `json:"labels"`
	Discovery   *struct {
		Ports []discoveryPort `json:"ports"`
	} `json:"discovery"`
}

type discoveryPort struct {
	Number   int               `json:"number"`
	Name     string            `json:"name"`
	Protocol string            `json:"protocol"`
	Labels   map[string]string `json:"labels"`
}

func (p *discoveryPort) setDefaults() { p.Protocol = "tcp" }

// bridgeName is the name of the network that stood for the bridge.
const bridgeName = "mesos-bridge"

// translate puts what is said in old words into the fields of today.
func (u *Update) translate(l legacy, r *rules) {
	u.fromServer = l.fromServer
	u.old = l.ports != nil || l.ipAddress != nil || l.network != nil || l.portMappings != nil
	u.translateURIs(l, r)
	u.translatePorts(l, r)
	u.translateNetworks(l, r)
	u.translateMappings(l, r)
}

func (u *Update) translateURIs(l legacy, r *rules) {
	if len(l.uris) == 0 {
		return
	}
	if len(u.fields.Fetch) > 0 {
		r.add("/uris", "may not be set in conjunction with fetch")
		return
	}
	u.fields.Fetch = nil
	for _, uri := range l.uris {
		u.fields.Fetch = append(u.fields.Fetch, Artifact{URI: uri, Extract: isArchive(uri)})
	}
	u.mark("fetch")
}

// isArchive tells whether Mesos' fetcher knows how to unpack it.
func isArchive(uri string) bool {
	return slices.ContainsFunc(
		[]string{".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".gz", ".tgz", ".tbz2", ".txz", ".zip"},
		func(suffix string) bool { return strings.HasSuffix(uri, suffix) },
	)
}

func (u *Update) translatePorts(l legacy, r *rules) {
	if l.ports == nil {
		return
	}
	if repeats(slices.DeleteFunc(slices.Clone(l.ports), func(p int) bool { return p == 0 })) {
		r.add("/ports", "ports must be unique")
		return
	}
	if u.fields.PortDefinitions == nil {
		u.fields.PortDefinitions = []PortDefinition{}
		for _, port := range l.ports {
			u.fields.PortDefinitions = append(u.fields.PortDefinitions, PortDefinition{Port: port, Protocol: "tcp"})
		}
		u.mark("portDefinitions")
		return
	}
	same := func(p PortDefinition, port int) bool { return p.Port == port }
	if !slices.EqualFunc(u.fields.PortDefinitions, l.ports, same) { // older Marathons return both
		r.add("", "cannot specify both ports and port definitions")
	}
}

func (u *Update) translateNetworks(l legacy, r *rules) {
	if l.network == nil && l.ipAddress == nil {
		return
	}
	if len(u.fields.Networks) > 0 {
		if l.network != nil {
			r.add("", "must not specify both container.docker.network and networks")
		}
		if l.ipAddress != nil {
			r.add("", "must not specify both networks and ipAddress")
		}
		return
	}
	if l.ipAddress != nil && len(u.fields.PortDefinitions) > 0 {
		r.add("", "cannot specify both an IP address and port")
	}
	u.fields.Networks = []Network{l.asNetwork(r)}
	u.mark("networks")
}

func (l legacy) asNetwork(r *rules) Network {
	var name string
	var labels map[string]string
	if l.ipAddress != nil {
		name, labels = l.ipAddress.NetworkName, l.ipAddress.Labels
	}
	mode := "USER"
	if l.network != nil {
		mode = *l.network
	} else if name == bridgeName {
		mode = "BRIDGE"
	}
	switch mode {
	case "HOST":
		return Network{Mode: HostNetwork}
	case "BRIDGE":
		return Network{Mode: BridgeNetwork, Labels: labels}
	case "USER":
	case "NONE":
		r.add("/container/docker/network", "unsupported docker network type NONE")
	default:
		r.add("/container/docker/network", oneOf(mode, []string{"BRIDGE", "HOST", "USER"}))
	}
	return Network{Mode: ContainerNetwork, Name: name, Labels: labels}
}

// translateMappings finds port mappings where they once were: in docker, and in ipAddress.
func (u *Update) translateMappings(l legacy, r *rules) {
	if l.ipAddress != nil && u.fields.Container == nil {
		u.fields.Container = &Container{Type: MesosContainer}
		u.mark("container")
	}
	c := u.fields.Container
	if c == nil {
		return
	}
	if c.Type == MesosContainer && l.network != nil {
		r.add("/container/docker/network", "must be empty")
	}
	if l.portMappings != nil {
		switch {
		case c.Type == MesosContainer:
			r.add("/container/docker/portMappings", "must be empty")
		case len(c.PortMappings) > 0 && len(l.portMappings) > 0:
			r.add("", "cannot specify both portMappings and docker.portMappings")
		case len(c.PortMappings) == 0:
			c.PortMappings = l.portMappings
		}
	}
	if l.ipAddress != nil && l.ipAddress.Discovery != nil {
		u.translateDiscovery(l.ipAddress.Discovery.Ports, r)
	}
}

func (u *Update) translateDiscovery(ports []discoveryPort, r *rules) {
	c := u.fields.Container
	if c.Type == DockerContainer {
		r.add("/ipAddress", "ipAddress/discovery is not allowed for Docker containers")
		return
	}
	if len(ports) == 0 {
		return
	}
	if len(c.PortMappings) > 0 {
		r.add("", "container.portMappings and ipAddress.discovery.ports must not both be set")
		return
	}
	for _, p := range ports {
		c.PortMappings = append(c.PortMappings, PortMapping{
			ContainerPort: p.Number, Name: p.Name, Protocol: p.Protocol, Labels: p.Labels,
		})
	}
}
