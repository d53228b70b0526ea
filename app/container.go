package app

// ContainerType is the containerizer.
type ContainerType string

// The containerizers.
const (
	MesosContainer  ContainerType = "MESOS"
	DockerContainer ContainerType = "DOCKER"
)

// A Container is what the tasks run in.
type Container struct {
	Type   ContainerType `json:"type"`
	Docker *Docker       `json:"docker,omitempty"`
	// PortMappings map ports of the agent to those of the container; nil on the host's network.
	PortMappings []PortMapping `json:"portMappings,omitzero"`
	Volumes      []Volume      `json:"volumes"`
	LinuxInfo    *LinuxInfo    `json:"linuxInfo,omitempty"`
}

// Docker is the image, and what only the Docker containerizer knows.
type Docker struct {
	Image          string      `json:"image"`
	ForcePullImage bool        `json:"forcePullImage"`
	Privileged     bool        `json:"privileged"`
	Parameters     []Parameter `json:"parameters"`
}

// Parameter is a flag of docker run.
type Parameter struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Volume is a directory of the agent in the container.
type Volume struct {
	ContainerPath string `json:"containerPath"`
	HostPath      string `json:"hostPath"`
	// Mode is RO or RW.
	Mode string `json:"mode"`
}

// LinuxInfo is what the Mesos containerizer is to do on Linux.
type LinuxInfo struct {
	Seccomp *Seccomp `json:"seccomp,omitempty"`
	IPCInfo *IPCInfo `json:"ipcInfo,omitempty"`
}

// Seccomp is the profile of system calls.
type Seccomp struct {
	ProfileName *string `json:"profileName,omitempty"`
	Unconfined  bool    `json:"unconfined"`
}

// IPCInfo is whether the container shares its parent's IPC namespace.
type IPCInfo struct {
	Mode string `json:"mode"`
	// ShmSize is in MiB.
	ShmSize *int `json:"shmSize,omitempty"`
}

// NetworkMode is the kind of a network.
type NetworkMode string

// The network modes.
const (
	HostNetwork      NetworkMode = "host"
	BridgeNetwork    NetworkMode = "container/bridge"
	ContainerNetwork NetworkMode = "container"
)

// Network is what the tasks are connected to: the host's, the bridge, or container networks by name.
type Network struct {
	Mode   NetworkMode       `json:"mode"`
	Name   string            `json:"name,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`
}

// PortDefinition is a port on the host's network. Port is the service port, or with RequirePorts the agent's; what is 0
// in a user's file has got a number by the time that an app is stored.
type PortDefinition struct {
	Port     int               `json:"port"`
	Protocol string            `json:"protocol"`
	Name     string            `json:"name,omitempty"`
	Labels   map[string]string `json:"labels,omitempty"`
}

// PortMapping is a port of a container.
type PortMapping struct {
	// ContainerPort 0 is the same as the host port.
	ContainerPort int `json:"containerPort"`
	// HostPort 0 is any; nil none.
	HostPort     *int              `json:"hostPort,omitempty"`
	Labels       map[string]string `json:"labels"`
	Protocol     string            `json:"protocol"`
	ServicePort  int               `json:"servicePort"`
	Name         string            `json:"name,omitempty"`
	NetworkNames []string          `json:"networkNames,omitempty"`
}
