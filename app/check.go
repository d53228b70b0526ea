package app

// Protocol is how a health check asks.
type Protocol string

// The protocols: HTTP, HTTPS and TCP are asked by the scheduler, the others on the agent.
const (
	HTTP       Protocol = "HTTP"
	HTTPS      Protocol = "HTTPS"
	TCP        Protocol = "TCP"
	Command    Protocol = "COMMAND"
	MesosHTTP  Protocol = "MESOS_HTTP"
	MesosHTTPS Protocol = "MESOS_HTTPS"
	MesosTCP   Protocol = "MESOS_TCP"
)

// OnAgent tells whether the agent asks.
func (p Protocol) OnAgent() bool {
	return p == Command || p == MesosHTTP || p == MesosHTTPS || p == MesosTCP
}

// HealthCheck is how to find out whether an instance is well. Times are in seconds.
type HealthCheck struct {
	// Protocol says how it is asked, and by whom; Command what is run for COMMAND; Path what HTTP asks for.
	Protocol Protocol      `json:"protocol"`
	Command  *CommandValue `json:"command,omitempty"`
	Path     string        `json:"path,omitempty"`
	// Port is a number of the agent's or container's; else PortIndex says which of the app's ports it is.
	Port      *int `json:"port,omitempty"`
	PortIndex *int `json:"portIndex,omitempty"`
	// GracePeriodSeconds is how long failures do not count after the start, as long as there was no success.
	GracePeriodSeconds int `json:"gracePeriodSeconds"`
	// IntervalSeconds is from one to the next, TimeoutSeconds how long an answer may take.
	IntervalSeconds int `json:"intervalSeconds"`
	TimeoutSeconds  int `json:"timeoutSeconds"`
	// MaxConsecutiveFailures is after how many in a row the instance is killed; 0 is never where the scheduler asks, and
	// at once where the agent does.
	MaxConsecutiveFailures int `json:"maxConsecutiveFailures"`
	// DelaySeconds is from the start to the first, where the agent asks.
	DelaySeconds int `json:"delaySeconds"`
	// IgnoreHTTP1xx has answers from 100 to 199 not count. IPProtocol is IPv4 or IPv6.
	IgnoreHTTP1xx *bool  `json:"ignoreHttp1xx,omitempty"`
	IPProtocol    string `json:"ipProtocol,omitempty"`
}

// CommandValue is a command for the shell.
type CommandValue struct {
	// Value is run by /bin/sh -c.
	Value string `json:"value"`
}

// Check tells something of an instance without consequences: one of HTTP, TCP and Exec is set.
type Check struct {
	HTTP *HTTPCheck `json:"http,omitempty"`
	TCP  *TCPCheck  `json:"tcp,omitempty"`
	Exec *ExecCheck `json:"exec,omitempty"`
	// IntervalSeconds is from one to the next, TimeoutSeconds how long an answer may take, DelaySeconds from the start to the first.
	IntervalSeconds int `json:"intervalSeconds"`
	TimeoutSeconds  int `json:"timeoutSeconds"`
	DelaySeconds    int `json:"delaySeconds"`
}

// HTTPCheck asks for a page.
type HTTPCheck struct {
	// PortIndex is one of the app's ports, Port a number of the agent's or container's.
	PortIndex *int `json:"portIndex,omitempty"`
	Port      *int `json:"port,omitempty"`
	// Path is what is asked for, Scheme HTTP or HTTPS.
	Path   string `json:"path,omitempty"`
	Scheme string `json:"scheme"`
}

// TCPCheck connects.
type TCPCheck struct {
	// PortIndex is one of the app's ports, Port a number of the agent's or container's.
	PortIndex *int `json:"portIndex,omitempty"`
	Port      *int `json:"port,omitempty"`
}

// ExecCheck runs a command.
type ExecCheck struct {
	// Command ends with a status, which is what the check tells.
	Command ExecCommand `json:"command"`
}

// ExecCommand is for the shell, or an argument list.
type ExecCommand struct {
	// Shell is run by /bin/sh -c, Argv without a shell.
	Shell string   `json:"shell,omitempty"`
	Argv  []string `json:"argv,omitempty"`
}

// ReadinessCheck is what a new instance must answer before a deployment goes on. The scheduler asks.
type ReadinessCheck struct {
	// Name is for people.
	Name string `json:"name"`
	// Protocol is HTTP or HTTPS, Path what is asked for, PortName the app's port.
	Protocol string `json:"protocol"`
	Path     string `json:"path"`
	PortName string `json:"portName"`
	// IntervalSeconds is from one to the next, TimeoutSeconds how long an answer may take: less.
	IntervalSeconds int `json:"intervalSeconds"`
	TimeoutSeconds  int `json:"timeoutSeconds"`
	// HTTPStatusCodesForReady are the answers that mean that it is ready. PreserveLastResponse has the last one shown.
	HTTPStatusCodesForReady []int `json:"httpStatusCodesForReady"`
	PreserveLastResponse    bool  `json:"preserveLastResponse"`
}
