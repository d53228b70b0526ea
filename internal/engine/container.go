package engine

import (
	"cmp"
	"maps"
	"slices"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
)

// container is what the task runs in; nil for none. The bridge is the name of the CNI network that stands for the bridge in Mesos' own containers.
func container(a *app.App, taskID, bridge string, ports []bound) *mesos.ContainerInfo {
	tty := a.TTY != nil && *a.TTY
	if a.Container == nil && onHost(a) && !tty {
		return nil
	}
	info := &mesos.ContainerInfo{Type: mesos.ContainerInfoTypeMesos}
	if c := a.Container; c != nil {
		info.Volumes = volumes(c.Volumes)
		info.LinuxInfo = linux(c.LinuxInfo)
		if c.Type == app.DockerContainer && c.Docker != nil {
			info.Type, info.Docker = mesos.ContainerInfoTypeDocker, docker(a, taskID, ports)
		}
	}
	if info.Type == mesos.ContainerInfoTypeMesos {
		info.Mesos = ownImage(a.Container)
	}
	info.NetworkInfos = networks(a, info.Type, bridge, ports)
	if tty {
		info.TTYInfo = &mesos.TTYInfo{}
	}
	return info
}

func volumes(of []app.Volume) []mesos.Volume {
	var all []mesos.Volume
	for i := range of {
		v := &of[i]
		one := mesos.Volume{ContainerPath: v.ContainerPath, HostPath: &v.HostPath, Mode: mesos.VolumeModeRw}
		if v.Mode == "RO" {
			one.Mode = mesos.VolumeModeRo
		}
		all = append(all, one)
	}
	return all
}

func linux(l *app.LinuxInfo) *mesos.LinuxInfo {
	if l == nil {
		return nil
	}
	info := &mesos.LinuxInfo{}
	if s := l.Seccomp; s != nil {
		info.Seccomp = &mesos.SeccompInfo{ProfileName: s.ProfileName, Unconfined: &s.Unconfined}
	}
	if i := l.IPCInfo; i != nil {
		mode := mesos.LinuxInfoIpcModePrivate
		if i.Mode == "SHARE_PARENT" {
			mode = mesos.LinuxInfoIpcModeShareParent
		}
		info.IpcMode = &mode
		if i.ShmSize != nil {
			info.ShmSize = new(uint32(*i.ShmSize))
		}
	}
	return info
}

// ownImage is the image for Mesos' own containerizer, which keeps images unless it is told to pull.
func ownImage(c *app.Container) *mesos.ContainerInfoMesosInfo {
	if c == nil || c.Docker == nil || c.Docker.Image == "" {
		return &mesos.ContainerInfoMesosInfo{}
	}
	return &mesos.ContainerInfoMesosInfo{Image: &mesos.Image{
		Type: mesos.ImageTypeDocker, Docker: &mesos.ImageDocker{Name: c.Docker.Image}, Cached: new(!c.Docker.ForcePullImage),
	}}
}

// docker is what the Docker containerizer is told. The container has the task's id as a label, by which those who look at Docker find it.
func docker(a *app.App, taskID string, ports []bound) *mesos.ContainerInfoDockerInfo {
	d := a.Container.Docker
	info := &mesos.ContainerInfoDockerInfo{
		Image: d.Image, Network: new(dockerNetwork(a)), Privileged: &d.Privileged, ForcePullImage: &d.ForcePullImage,
	}
	for _, p := range d.Parameters {
		info.Parameters = append(info.Parameters, mesos.Parameter{Key: p.Key, Value: p.Value})
	}
	info.Parameters = append(info.Parameters, mesos.Parameter{Key: "label", Value: "MESOS_TASK_ID=" + taskID})
	if onHost(a) {
		return info
	}
	for i := range ports {
		if !ports[i].onAgent {
			continue
		}
		for j := range ports[i].protocols {
			info.PortMappings = append(info.PortMappings, mesos.ContainerInfoDockerInfoPortMapping{
				HostPort: uint32(ports[i].agent), ContainerPort: uint32(ports[i].task), Protocol: &ports[i].protocols[j],
			})
		}
	}
	return info
}

func dockerNetwork(a *app.App) mesos.ContainerInfoDockerInfoNetwork {
	switch {
	case onHost(a):
		return mesos.ContainerInfoDockerInfoNetworkHost
	case a.Networks[0].Mode == app.BridgeNetwork:
		return mesos.ContainerInfoDockerInfoNetworkBridge
	}
	return mesos.ContainerInfoDockerInfoNetworkUser
}

// networks are those that the container joins. Docker is told only the name of one of its own; Mesos of each network with the ports that are mapped there.
func networks(a *app.App, kind mesos.ContainerInfoType, bridge string, ports []bound) []mesos.NetworkInfo {
	var all []mesos.NetworkInfo
	for i := range a.Networks {
		n := &a.Networks[i]
		switch {
		case n.Mode == app.HostNetwork:
		case kind == mesos.ContainerInfoTypeMesos:
			all = append(all, ownNetwork(n, bridge, ports))
		case n.Mode == app.ContainerNetwork && len(all) == 0:
			all = append(all, mesos.NetworkInfo{Name: &n.Name})
		}
	}
	return all
}

func ownNetwork(n *app.Network, bridge string, ports []bound) mesos.NetworkInfo {
	info := mesos.NetworkInfo{Name: &n.Name, Labels: labels(n.Labels), IPAddresses: []mesos.NetworkInfoIPAddress{{}}}
	if n.Mode == app.BridgeNetwork {
		info.Name = &bridge
	}
	for i := range ports {
		p := &ports[i]
		if !p.onAgent || len(p.networks) > 0 && !slices.Contains(p.networks, n.Name) {
			continue
		}
		for j := range p.protocols {
			info.PortMappings = append(info.PortMappings, mesos.NetworkInfoPortMapping{
				HostPort: uint32(p.agent), ContainerPort: uint32(p.task), Protocol: &p.protocols[j],
			})
		}
	}
	return info
}

// with is a map with one entry more.
func with(m map[string]string, key, value string) map[string]string {
	more := make(map[string]string, len(m)+1)
	maps.Copy(more, m)
	more[key] = value
	return more
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
