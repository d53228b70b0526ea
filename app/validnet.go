package app

import (
	"regexp"
	"slices"
	"strings"
)

var (
	networkName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9_]*[a-z0-9])?$`)
	portName    = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	protocols   = []string{"tcp", "udp", "udp,tcp"}
)

func (a *App) checkNetworks(r *rules) {
	count := map[NetworkMode]int{}
	var names []string
	for i, n := range a.Networks {
		count[n.Mode]++
		path := element("/networks", i) + "/name"
		if n.Name == "" {
			continue
		}
		names = append(names, n.Name)
		r.matches(path, n.Name, networkName)
		r.length(path, n.Name, 63)
	}
	if slices.ContainsFunc(a.Networks, func(n Network) bool {
		return n.Mode == HostNetwork && (n.Name != "" || len(n.Labels) > 0)
	}) {
		r.add("/networks", "Host networks may not have names or labels")
	}
	if slices.ContainsFunc(a.Networks, func(n Network) bool { return n.Mode == BridgeNetwork && n.Name != "" }) {
		r.add("/networks", "Bridge networks may not have names")
	}
	if slices.ContainsFunc(a.Networks, func(n Network) bool { return n.Mode == ContainerNetwork && n.Name == "" }) {
		r.together("/networks", "Network name must be specified when container network is selected.")
	}
	if repeats(names) {
		r.add("/networks", "Duplicate networks are not allowed")
	}
	if len(count) > 1 || count[HostNetwork] > 1 || count[BridgeNetwork] > 1 {
		r.add("/networks", "May specify a single host network, single bridge network, or else 1-to-n container networks")
	}
	if count[ContainerNetwork] > 1 && a.inDocker() {
		r.together("", "may only specify a single container network when using the Docker container engine")
	}
}

func (a *App) checkPorts(r *rules) {
	var names []string
	var numbers []int
	for i, p := range a.PortDefinitions {
		path := element("/portDefinitions", i)
		r.port(path+"/port", p.Port)
		checkPort(r, path, p.Protocol, p.Name)
		if p.Name != "" {
			names = append(names, p.Name)
		}
		if p.Port != 0 {
			numbers = append(numbers, p.Port)
		}
	}
	if repeats(names) {
		r.add("/portDefinitions", "Port names must be unique.")
	}
	if repeats(numbers) {
		r.add("/portDefinitions", "Ports must be unique.")
	}
}

func checkPort(r *rules, path, protocol, name string) {
	r.among(path+"/protocol", protocol, protocols...)
	if name != "" {
		r.matches(path+"/name", name, portName)
	}
}

func (a *App) checkContainer(r *rules) {
	c := a.Container
	if c == nil {
		return
	}
	switch {
	case c.Docker != nil:
		c.checkDocker(r)
	case c.Type == DockerContainer:
		r.add("/container/docker", missing)
	}
	for i, v := range c.Volumes {
		path := element("/container/volumes", i)
		r.filled(path+"/containerPath", v.ContainerPath)
		if v.HostPath == "" {
			r.together(path+"/hostPath", "must not be empty")
		}
		if v.Mode == "" {
			r.together(path+"/mode", missing)
		} else {
			r.among(path+"/mode", v.Mode, "RO", "RW")
		}
	}
	a.checkMappings(r)
	c.checkLinux(r)
}

func (c *Container) checkDocker(r *rules) {
	r.filled("/container/docker/image", c.Docker.Image)
	if c.Type == MesosContainer && len(c.Docker.Parameters) > 0 {
		r.add("/container/docker/parameters", "must be empty")
	}
	if c.Type == MesosContainer && c.Docker.Privileged {
		r.add("/container/docker/privileged", "is not supported with the Mesos containerizer")
	}
	for i, p := range c.Docker.Parameters {
		r.filled(element("/container/docker/parameters", i)+"/key", p.Key)
	}
}

func (a *App) checkMappings(r *rules) {
	var names, networks []string
	known := map[string]bool{}
	several := 0
	for _, n := range a.Networks {
		if n.Name != "" {
			networks = append(networks, n.Name)
			known[n.Name] = true
		}
		if n.Mode == ContainerNetwork {
			several++
		}
	}
	for i, m := range a.Container.PortMappings {
		path := element("/container/portMappings", i)
		r.port(path+"/containerPort", m.ContainerPort)
		r.port(path+"/servicePort", m.ServicePort)
		if m.HostPort != nil {
			r.port(path+"/hostPort", *m.HostPort)
		}
		checkPort(r, path, m.Protocol, m.Name)
		if m.Name != "" {
			names = append(names, m.Name)
		}
		if several > 1 && m.HostPort != nil && len(m.NetworkNames) != 1 {
			r.together(path, "networkNames must be a single item list when hostPort is specified and more than 1 container network is defined")
		}
		for j, name := range m.NetworkNames {
			if !known[name] {
				r.together(element(path+"/networkNames", j), "is not one of ("+strings.Join(networks, ",")+")")
			}
		}
	}
	if repeats(names) {
		r.add("/container/portMappings", "Port names must be unique.")
	}
}

func (c *Container) checkLinux(r *rules) {
	if c.LinuxInfo == nil {
		return
	}
	if c.Type == DockerContainer {
		r.add("/container/linuxInfo", "must be empty")
	}
	if s := c.LinuxInfo.Seccomp; s != nil && s.ProfileName != nil && s.Unconfined {
		r.add("/container/linuxInfo/seccomp", "Seccomp unconfined can NOT be true when Profile is defined")
	} else if s != nil && s.ProfileName == nil && !s.Unconfined {
		r.add("/container/linuxInfo/seccomp", "Seccomp unconfined must be true when Profile is NOT defined")
	}
	if i := c.LinuxInfo.IPCInfo; i != nil {
		r.among("/container/linuxInfo/ipcInfo/mode", i.Mode, "PRIVATE", "SHARE_PARENT")
		if i.Mode == "SHARE_PARENT" && i.ShmSize != nil {
			r.add("/container/linuxInfo/ipcInfo", "ipcInfo shmSize can NOT be set when mode is SHARE_PARENT")
		}
		if i.ShmSize != nil {
			r.atLeast("/container/linuxInfo/ipcInfo/shmSize", *i.ShmSize, 0)
		}
	}
}
