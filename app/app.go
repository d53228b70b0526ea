package app

// An App is what is to run: one version of a service's definition, complete, as Marathon 1.11 returns it. What a user
// writes becomes one by [Parse]; its zero value is not valid.
//
// Apps are shared between versions, snapshots and goroutines: nobody changes one that others know. Clone first.
type App struct {
	// ID is absolute.
	ID ID `json:"id"`
	// Cmd is run by /bin/sh -c; nil when Args, Serve or the container's image say what runs.
	Cmd  *string  `json:"cmd,omitempty"`
	Args []string `json:"args,omitempty"`
	// Serve has Ormos' own executor serve something over HTTP on the first port, instead of a command. Not Marathon's.
	Serve *Serve `json:"serve,omitempty"`
	// User is the one on the agent as whom it runs; nil is the server's.
	User *string `json:"user,omitempty"`
	// Env are variables for the tasks beside those that every task gets.
	Env map[string]string `json:"env,omitempty"`
	// Instances is how many tasks are to run.
	Instances int `json:"instances"`
	// CPUs is in processors, Mem and Disk in MiB, GPUs in whole ones: what each instance gets.
	CPUs float64 `json:"cpus"`
	Mem  float64 `json:"mem"`
	Disk float64 `json:"disk"`
	GPUs int     `json:"gpus"`
	// ResourceLimits let it use more than its share while nobody else does.
	ResourceLimits *ResourceLimits `json:"resourceLimits,omitempty"`
	// Executor is "" or "//cmd" for Mesos' command executor, or the path of one on the agents.
	Executor string `json:"executor"`
	// ExecutorResources are for a custom executor, beside CPUs, Mem and Disk.
	ExecutorResources *ExecutorResources `json:"executorResources,omitempty"`
	// Constraints say where instances may be, all of which must hold; AcceptedResourceRoles for which roles the resources they use are
	// reserved, * being none.
	Constraints           []Constraint `json:"constraints,omitempty"`
	AcceptedResourceRoles []string     `json:"acceptedResourceRoles,omitempty"`
	// Role is the Mesos role whose resources are used.
	Role string `json:"role,omitempty"`
	// Container is an image, volumes and mapped ports; nil is none. Networks is never empty.
	Container *Container `json:"container,omitempty"`
	Networks  []Network  `json:"networks"`
	// PortDefinitions are the ports on the host's network, empty when there are none; nil on other networks.
	PortDefinitions []PortDefinition `json:"portDefinitions,omitzero"`
	// RequirePorts has the numbers of PortDefinitions be those of the agent.
	RequirePorts bool `json:"requirePorts"`
	// Fetch is what is in the sandbox before it starts.
	Fetch []Artifact `json:"fetch,omitempty"`
	// HealthChecks decide whether an instance is well, ReadinessChecks whether a deployment goes on after it; Check only tells.
	HealthChecks    []HealthCheck    `json:"healthChecks,omitempty"`
	Check           *Check           `json:"check,omitempty"`
	ReadinessChecks []ReadinessCheck `json:"readinessChecks,omitempty"`
	// BackoffSeconds is the pause after the first failure; each further one multiplies it by BackoffFactor, up to
	// MaxLaunchDelaySeconds.
	BackoffSeconds        int     `json:"backoffSeconds"`
	BackoffFactor         float64 `json:"backoffFactor"`
	MaxLaunchDelaySeconds int     `json:"maxLaunchDelaySeconds"`
	// TaskKillGracePeriodSeconds is how long an instance may take to end; nil is Mesos' default.
	TaskKillGracePeriodSeconds *int `json:"taskKillGracePeriodSeconds,omitempty"`
	// UpgradeStrategy bounds how instances are replaced.
	UpgradeStrategy UpgradeStrategy `json:"upgradeStrategy"`
	// Dependencies are apps and groups that are started and healthy before.
	Dependencies []ID `json:"dependencies,omitempty"`
	// Labels are for others, but for MARATHON_SINGLE_INSTANCE_APP.
	Labels map[string]string `json:"labels"`
	// KillSelection says which instances go first when there are too many.
	KillSelection KillSelection `json:"killSelection"`
	// UnreachableStrategy is for instances on agents that are out of reach; nil waits for ever.
	UnreachableStrategy UnreachableStrategy `json:"unreachableStrategy"`
	// TTY gives it a terminal.
	TTY *bool `json:"tty,omitempty"`
	// Deadline is how many seconds a deployment of this app may take before it is rolled back; nil is the server's
	// default, 0 for ever. Not Marathon's.
	Deadline *int `json:"deploymentDeadlineSeconds,omitempty"`
	// Version names this definition. VersionInfo says when it came to be.
	Version     Timestamp    `json:"version"`
	VersionInfo *VersionInfo `json:"versionInfo,omitempty"`
}

// Serve is what Ormos' executor serves: one of its fields is set.
type Serve struct {
	// Body is the answer to every request, ContentType its type (text/plain; charset=utf-8 when empty).
	Body        *string `json:"body,omitempty"`
	ContentType string  `json:"contentType,omitempty"`
	// Directory is on the agent, absolute or below the sandbox.
	Directory string `json:"directory,omitempty"`
	// Archive is the URI of a .tar, .tar.gz, .tgz or .zip that is fetched and unpacked.
	Archive string `json:"archive,omitempty"`
}

// A Constraint is a field, an operator and, for most, a value. In JSON it is an array of two or three texts.
type Constraint struct {
	// Field is hostname, an attribute, @region or @zone; Operator UNIQUE, CLUSTER, GROUP_BY, LIKE, UNLIKE, MAX_PER or IS; Value what
	// some operators want.
	Field, Operator, Value string
}

// ResourceLimits is how much more than its share a task may use. "unlimited" is +Inf.
type ResourceLimits struct {
	// CPUs is in processors, Mem in MiB; nil is as much as was asked for.
	CPUs *Limit `json:"cpus,omitempty"`
	Mem  *Limit `json:"mem,omitempty"`
}

// A Limit is an amount; +Inf is "unlimited" in JSON.
type Limit float64

// ExecutorResources are what a custom executor gets beside its tasks.
type ExecutorResources struct {
	// CPUs is in processors, Mem and Disk in MiB.
	CPUs float64 `json:"cpus"`
	Mem  float64 `json:"mem"`
	Disk float64 `json:"disk"`
}

// UpgradeStrategy bounds a rolling upgrade by fractions of the instances, 0 to 1.
type UpgradeStrategy struct {
	// MinimumHealthCapacity is below what share of the healthy instances there are never less; MaximumOverCapacity by what share there
	// may be more.
	MinimumHealthCapacity float64 `json:"minimumHealthCapacity"`
	MaximumOverCapacity   float64 `json:"maximumOverCapacity"`
}

// KillSelection says which instances go first.
type KillSelection string

// The ways to choose.
const (
	YoungestFirst KillSelection = "YOUNGEST_FIRST"
	OldestFirst   KillSelection = "OLDEST_FIRST"
)

// UnreachableStrategy says how long an instance on an unreachable agent is waited for: after InactiveAfter seconds
// another one is launched, after ExpungeAfter it is forgotten, and killed should it come back.
type UnreachableStrategy struct {
	// Disabled waits for ever; in JSON it is the text "disabled" in place of an object.
	Disabled      bool  `json:"-"`
	InactiveAfter int64 `json:"inactiveAfterSeconds"`
	ExpungeAfter  int64 `json:"expungeAfterSeconds"`
}

// VersionInfo says when an app was changed.
type VersionInfo struct {
	// LastScalingAt is the version that changed the number of instances last, LastConfigChangeAt the one that changed anything else.
	LastScalingAt      Timestamp `json:"lastScalingAt"`
	LastConfigChangeAt Timestamp `json:"lastConfigChangeAt"`
}

// Artifact is a file that the agent fetches into the sandbox before the task starts.
type Artifact struct {
	// URI is where it is: http, https, ftp, hdfs or file, as far as the agents can.
	URI string `json:"uri"`
	// Extract has archives unpacked, Executable makes it a program, Cache keeps it on the agent for others.
	Extract    bool `json:"extract"`
	Executable bool `json:"executable"`
	Cache      bool `json:"cache"`
	// DestPath is its name in the sandbox; empty is that of the URI.
	DestPath string `json:"destPath,omitempty"`
}
