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
	// Type is the containerizer, Docker the image, for either.
	Type   ContainerType `json:"type"`
	Docker *Docker       `json:"docker,omitempty"`
	// PortMappings map ports of the agent to those of the container; nil on the host's network.
	PortMappings []PortMapping `json:"portMappings,omitzero"`
	// Volumes are directories of the agent. LinuxInfo is for the Mesos containerizer.
	Volumes   []Volume   `json:"volumes"`
	LinuxInfo *LinuxInfo `json:"linuxInfo,omitempty"`
}

// Docker is the image, and what only the Docker containerizer knows.
type Docker struct {
	// Image is its name as docker pull takes it; ForcePullImage has it pulled though the agent has it.
	Image          string `json:"image"`
	ForcePullImage bool   `json:"forcePullImage"`
	// Privileged and Parameters are for the Docker containerizer alone.
	Privileged bool        `json:"privileged"`
	Parameters []Parameter `json:"parameters"`
}

// Parameter is a flag of docker run.
type Parameter struct {
	// Key is the flag without its hyphens, Value what it is set to.
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Volume is a directory of the agent in the container.
type Volume struct {
	// ContainerPath is where it is seen, HostPath where it is on the agent.
	ContainerPath string `json:"containerPath"`
	HostPath      string `json:"hostPath"`
	// Mode is RO or RW.
	Mode string `json:"mode"`
}

// LinuxInfo is what the Mesos containerizer is to do on Linux.
type LinuxInfo struct {
	// Seccomp limits system calls, IPCInfo is about shared memory; nil is the agent's own choice.
	Seccomp *Seccomp `json:"seccomp,omitempty"`
	IPCInfo *IPCInfo `json:"ipcInfo,omitempty"`
}

// Seccomp is the profile of system calls.
type Seccomp struct {
	// ProfileName is the agent's file; Unconfined is without any.
	ProfileName *string `json:"profileName,omitempty"`
	Unconfined  bool    `json:"unconfined"`
}

// IPCInfo is whether the container shares its parent's IPC namespace.
type IPCInfo struct {
	// Mode is PRIVATE or SHARE_PARENT.
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
	// Mode is its kind. Name and Labels are of container networks.
	Mode   NetworkMode       `json:"mode"`
	Name   string            `json:"name,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`
}

// PortDefinition is a port on the host's network. Port is the service port, or with RequirePorts the agent's; what is 0
// in a user's file has got a number by the time that an app is stored.
type PortDefinition struct {
	Port int `json:"port"`
	// Protocol is tcp, udp or udp,tcp. Name is PORT_NAME in the task's environment. Labels are for others.
	Protocol string            `json:"protocol"`
	Name     string            `json:"name,omitempty"`
	Labels   map[string]string `json:"labels,omitempty"`
}

// PortMapping is a port of a container.
type PortMapping struct {
	// ContainerPort 0 is the same as the host port.
	ContainerPort int `json:"containerPort"`
	// HostPort 0 is any; nil none.
	HostPort *int `json:"hostPort,omitempty"`
	// Labels are for others. Protocol is tcp, udp or udp,tcp.
	Labels   map[string]string `json:"labels"`
	Protocol string            `json:"protocol"`
	// ServicePort stands for the port at load balancers.
	ServicePort int `json:"servicePort"`
	// Name is PORT_NAME in the task's environment. NetworkNames are those of its networks that have the port; none is all.
	Name         string   `json:"name,omitempty"`
	NetworkNames []string `json:"networkNames,omitempty"`
}
