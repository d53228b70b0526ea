package app

// What the REST API tells of what runs: Marathon's shapes, which the routes write and the client reads.

// Counts are how many of an app's tasks are in which state.
type Counts struct {
	// TasksStaged are on their way, TasksRunning run; of these TasksHealthy and TasksUnhealthy are those whose health is known.
	TasksStaged    int `json:"tasksStaged"`
	TasksRunning   int `json:"tasksRunning"`
	TasksHealthy   int `json:"tasksHealthy"`
	TasksUnhealthy int `json:"tasksUnhealthy"`
}

// Info is an app and what runs of it.
type Info struct {
	App
	Counts
	// Deployments are those under way that are about it.
	Deployments []Ref `json:"deployments"`
	// Tasks, ReadinessCheckResults and LastTaskFailure are there when they were asked for; so is TasksStats.
	Tasks                 []Task            `json:"tasks,omitempty"`
	ReadinessCheckResults []ReadinessResult `json:"readinessCheckResults,omitempty"`
	LastTaskFailure       *TaskFailure      `json:"lastTaskFailure,omitempty"`
	TasksStats            *TasksStats       `json:"tasksStats,omitempty"`
}

// GroupInfo is a group and what runs in it.
type GroupInfo struct {
	// ID is the group's, Version when something in it was changed last.
	ID ID `json:"id"`
	// Apps and Groups are right below it; Pods is empty.
	Apps   []Info      `json:"apps"`
	Groups []GroupInfo `json:"groups"`
	Pods   []struct{}  `json:"pods"`
	// Dependencies are of all apps in it. EnforceRole is as in Group.
	Dependencies []ID      `json:"dependencies"`
	Version      Timestamp `json:"version"`
	EnforceRole  *bool     `json:"enforceRole,omitempty"`
}

// Ref names a deployment.
type Ref struct {
	// ID is the deployment's.
	ID string `json:"id"`
}

// Task is one run of an instance.
type Task struct {
	// ID is Mesos', AppID the app.
	ID    string `json:"id"`
	AppID ID     `json:"appId"`
	// State is Mesos', such as TASK_RUNNING.
	State string `json:"state"`
	// Host is the agent's name, AgentID its id.
	Host    string `json:"host"`
	AgentID string `json:"slaveId,omitempty"`
	// Ports are the agent's, ServicePorts the definition's, both in the order of the definition. IPAddresses are the container's.
	Ports        []int       `json:"ports"`
	ServicePorts []int       `json:"servicePorts,omitempty"`
	IPAddresses  []IPAddress `json:"ipAddresses"`
	// StagedAt is when it was launched, StartedAt when it ran first, Version the definition that it was launched with.
	StagedAt  *Timestamp `json:"stagedAt,omitempty"`
	StartedAt *Timestamp `json:"startedAt,omitempty"`
	Version   *Timestamp `json:"version,omitempty"`
	// HealthCheckResults are in the order of the definition; CheckResult is what its check told, in Mesos' form.
	HealthCheckResults []Health `json:"healthCheckResults,omitempty"`
	CheckResult        any      `json:"checkResult,omitempty"`
	// LocalVolumes is empty.
	LocalVolumes []struct{} `json:"localVolumes"`
	// Region and Zone are the agent's, Role is that of its resources.
	Region string `json:"region,omitempty"`
	Zone   string `json:"zone,omitempty"`
	Role   string `json:"role,omitempty"`
}

// IPAddress is one of a task's container.
type IPAddress struct {
	IPAddress string `json:"ipAddress"`
	// Protocol is IPv4 or IPv6.
	Protocol string `json:"protocol"`
}

// Health is what a health check found of one instance.
type Health struct {
	// Alive is the verdict; ConsecutiveFailures is how many there were since the last success.
	Alive               bool `json:"alive"`
	ConsecutiveFailures int  `json:"consecutiveFailures"`
	// FirstSuccess, LastSuccess and LastFailure are when; LastFailureCause is why.
	FirstSuccess     *Timestamp `json:"firstSuccess,omitempty"`
	LastFailure      *Timestamp `json:"lastFailure,omitempty"`
	LastFailureCause string     `json:"lastFailureCause,omitempty"`
	LastSuccess      *Timestamp `json:"lastSuccess,omitempty"`
	// InstanceID is the instance that was asked.
	InstanceID string `json:"instanceId"`
}

// ReadinessResult is what a readiness check found of one task.
type ReadinessResult struct {
	// Name is the check's, TaskID the task that was asked.
	Name   string `json:"name"`
	TaskID string `json:"taskId"`
	// Ready is the verdict; LastResponse is there when the check asks for it.
	Ready        bool               `json:"ready"`
	LastResponse *ReadinessResponse `json:"lastResponse,omitempty"`
}

// ReadinessResponse is what was answered.
type ReadinessResponse struct {
	// Status is HTTP's, ContentType and Body are what came with it.
	Status      int    `json:"status"`
	ContentType string `json:"contentType"`
	Body        string `json:"body"`
}

// TaskFailure is why the last task ended.
type TaskFailure struct {
	// AppID is the app, TaskID the task, Version its definition.
	AppID ID `json:"appId"`
	// Host is the agent's name, AgentID its id.
	Host string `json:"host"`
	// Message is why, with the end of what it wrote to stderr; State is Mesos', Timestamp when.
	Message   string    `json:"message"`
	State     string    `json:"state"`
	TaskID    string    `json:"taskId"`
	Timestamp Timestamp `json:"timestamp"`
	Version   Timestamp `json:"version"`
	AgentID   string    `json:"slaveId,omitempty"`
}

// TasksStats is how many tasks there are by age and version.
type TasksStats struct {
	// StartedAfterLastScaling, WithLatestConfig and WithOutdatedConfig are parts of TotalSummary.
	StartedAfterLastScaling *StatsGroup `json:"startedAfterLastScaling,omitempty"`
	WithLatestConfig        *StatsGroup `json:"withLatestConfig,omitempty"`
	WithOutdatedConfig      *StatsGroup `json:"withOutdatedConfig,omitempty"`
	TotalSummary            *StatsGroup `json:"totalSummary,omitempty"`
}

// StatsGroup is a part of TasksStats.
type StatsGroup struct {
	// Stats are the figures.
	Stats Stats `json:"stats"`
}

// Stats are counts, and lifetimes where something runs.
type Stats struct {
	// Counts are of tasks: Staged on their way, Running, and of these Healthy and Unhealthy. LifeTime is how long they run.
	Counts struct {
		Staged    int `json:"staged"`
		Running   int `json:"running"`
		Healthy   int `json:"healthy"`
		Unhealthy int `json:"unhealthy"`
	} `json:"counts"`
	LifeTime *struct {
		AverageSeconds float64 `json:"averageSeconds"`
		MedianSeconds  float64 `json:"medianSeconds"`
	} `json:"lifeTime,omitempty"`
}

// DeploymentResult is the answer to a change.
type DeploymentResult struct {
	// Version is the new one of what was changed, DeploymentID the deployment that leads there.
	Version      Timestamp `json:"version"`
	DeploymentID string    `json:"deploymentId"`
}

// ActionName is what a deployment does with an app.
type ActionName string

// The actions.
const (
	StartApplication   ActionName = "StartApplication"
	StopApplication    ActionName = "StopApplication"
	ScaleApplication   ActionName = "ScaleApplication"
	RestartApplication ActionName = "RestartApplication"
)

// Action is a part of a step.
type Action struct {
	Action ActionName `json:"action"`
	// App is what it is about.
	App ID `json:"app"`
}

// ActionInfo is an action of the step that is under way.
type ActionInfo struct {
	Action
	// ReadinessCheckResults are of the app's new tasks.
	ReadinessCheckResults []ReadinessResult `json:"readinessCheckResults"`
}

// DeploymentStep is what a deployment does at the same time.
type DeploymentStep struct {
	// Actions go on at the same time.
	Actions []Action `json:"actions"`
}

// Deployment is a change under way.
type Deployment struct {
	// ID names it; Version is that of the tree which it leads to.
	ID      string    `json:"id"`
	Version Timestamp `json:"version"`
	// AffectedApps are all that it is about; AffectedPods is empty.
	AffectedApps []ID `json:"affectedApps"`
	AffectedPods []ID `json:"affectedPods"`
	// Steps follow each other; CurrentActions are those of the step under way.
	Steps          []DeploymentStep `json:"steps"`
	CurrentActions []ActionInfo     `json:"currentActions"`
	// CurrentStep counts from 1.
	CurrentStep int `json:"currentStep"`
	// TotalSteps is how many there are.
	TotalSteps int `json:"totalSteps"`
}

// QueueItem is an app with instances to launch.
type QueueItem struct {
	// Count is how many instances are to be launched, for resources of Role, Since when.
	Count int       `json:"count"`
	Role  string    `json:"role"`
	Since Timestamp `json:"since"`
	// Delay is the back-off, App the definition that waits.
	Delay QueueDelay `json:"delay"`
	App   *App       `json:"app"`
	// ProcessedOffersSummary is what became of offers, LastUnusedOffers are the last ones that did not serve, when they were asked for.
	ProcessedOffersSummary OffersSummary `json:"processedOffersSummary"`
	LastUnusedOffers       []UnusedOffer `json:"lastUnusedOffers,omitempty"`
}

// QueueDelay is how long the back-off lasts yet; it is overdue when only offers are waited for.
type QueueDelay struct {
	// TimeLeftSeconds is 0 when Overdue.
	TimeLeftSeconds int64 `json:"timeLeftSeconds"`
	Overdue         bool  `json:"overdue"`
}

// OffersSummary is what became of offers.
type OffersSummary struct {
	// ProcessedOffersCount is how many were looked at, UnusedOffersCount how many of them did not serve.
	ProcessedOffersCount int `json:"processedOffersCount"`
	UnusedOffersCount    int `json:"unusedOffersCount"`
	// LastUnusedOfferAt and LastUsedOfferAt are when.
	LastUnusedOfferAt *Timestamp `json:"lastUnusedOfferAt,omitempty"`
	LastUsedOfferAt   *Timestamp `json:"lastUsedOfferAt,omitempty"`
	// RejectSummaryLastOffers is the funnel of the last offers, RejectSummaryLaunchAttempt that of all since the wait began.
	RejectSummaryLastOffers    []Reject `json:"rejectSummaryLastOffers"`
	RejectSummaryLaunchAttempt []Reject `json:"rejectSummaryLaunchAttempt"`
}

// Reject is a row of the funnel: of the offers that came so far, how many failed here.
type Reject struct {
	// Reason is in Marathon's words, such as InsufficientCpus; Declined failed here, of Processed that came so far.
	Reason    string `json:"reason"`
	Declined  int    `json:"declined"`
	Processed int    `json:"processed"`
}

// UnusedOffer is an offer that did not serve, and why.
type UnusedOffer struct {
	// Offer is what did not serve, Reason all that spoke against it, Timestamp when.
	Offer     Offer     `json:"offer"`
	Reason    []string  `json:"reason"`
	Timestamp Timestamp `json:"timestamp"`
}

// Offer is an offer as Marathon shows it.
type Offer struct {
	// ID is Mesos', Hostname and AgentID are the agent's.
	ID       string `json:"id"`
	Hostname string `json:"hostname"`
	AgentID  string `json:"agentId"`
	// Resources and Attributes are what is offered, and what the agent tells of itself.
	Resources  []OfferResource `json:"resources"`
	Attributes []OfferResource `json:"attributes"`
}

// OfferResource is a resource, or an attribute, of an offer.
type OfferResource struct {
	// Name is cpus, mem and the like, Role the one that it is reserved for.
	Name string `json:"name"`
	Role string `json:"role,omitempty"`
	// Scalar, Ranges, Set and Text are its value: one of them is set.
	Scalar *float64     `json:"scalar,omitempty"`
	Ranges []OfferRange `json:"ranges,omitempty"`
	Set    []string     `json:"set,omitempty"`
	Text   *string      `json:"text,omitempty"`
}

// OfferRange is a range, its ends included.
type OfferRange struct {
	// Begin and End are both in it.
	Begin uint64 `json:"begin"`
	End   uint64 `json:"end"`
}
