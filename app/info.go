package app

// What the REST API tells of what runs: Marathon's shapes, which the routes write and the client reads.

// Counts are how many of an app's tasks are in which state.
type Counts struct {
	TasksStaged    int `json:"tasksStaged"`
	TasksRunning   int `json:"tasksRunning"`
	TasksHealthy   int `json:"tasksHealthy"`
	TasksUnhealthy int `json:"tasksUnhealthy"`
}

// Info is an app and what runs of it.
type Info struct {
	App
	Counts
	Deployments           []Ref             `json:"deployments"`
	Tasks                 []Task            `json:"tasks,omitempty"`
	ReadinessCheckResults []ReadinessResult `json:"readinessCheckResults,omitempty"`
	LastTaskFailure       *TaskFailure      `json:"lastTaskFailure,omitempty"`
	TasksStats            *TasksStats       `json:"tasksStats,omitempty"`
}

// GroupInfo is a group and what runs in it.
type GroupInfo struct {
	ID           ID          `json:"id"`
	Apps         []Info      `json:"apps"`
	Groups       []GroupInfo `json:"groups"`
	Pods         []struct{}  `json:"pods"`
	Dependencies []ID        `json:"dependencies"`
	Version      Timestamp   `json:"version"`
	EnforceRole  *bool       `json:"enforceRole,omitempty"`
}

// Ref names a deployment.
type Ref struct {
	ID string `json:"id"`
}

// Task is one run of an instance.
type Task struct {
	ID                 string      `json:"id"`
	AppID              ID          `json:"appId"`
	State              string      `json:"state"`
	Host               string      `json:"host"`
	AgentID            string      `json:"slaveId,omitempty"`
	Ports              []int       `json:"ports"`
	ServicePorts       []int       `json:"servicePorts,omitempty"`
	IPAddresses        []IPAddress `json:"ipAddresses"`
	StagedAt           *Timestamp  `json:"stagedAt,omitempty"`
	StartedAt          *Timestamp  `json:"startedAt,omitempty"`
	Version            *Timestamp  `json:"version,omitempty"`
	HealthCheckResults []Health    `json:"healthCheckResults,omitempty"`
	CheckResult        any         `json:"checkResult,omitempty"`
	LocalVolumes       []struct{}  `json:"localVolumes"`
	Region             string      `json:"region,omitempty"`
	Zone               string      `json:"zone,omitempty"`
	Role               string      `json:"role,omitempty"`
}

// IPAddress is one of a task's container.
type IPAddress struct {
	IPAddress string `json:"ipAddress"`
	Protocol  string `json:"protocol"`
}

// Health is what a health check found of one instance.
type Health struct {
	Alive               bool       `json:"alive"`
	ConsecutiveFailures int        `json:"consecutiveFailures"`
	FirstSuccess        *Timestamp `json:"firstSuccess,omitempty"`
	LastFailure         *Timestamp `json:"lastFailure,omitempty"`
	LastFailureCause    string     `json:"lastFailureCause,omitempty"`
	LastSuccess         *Timestamp `json:"lastSuccess,omitempty"`
	InstanceID          string     `json:"instanceId"`
}

// ReadinessResult is what a readiness check found of one task.
type ReadinessResult struct {
	Name         string             `json:"name"`
	TaskID       string             `json:"taskId"`
	Ready        bool               `json:"ready"`
	LastResponse *ReadinessResponse `json:"lastResponse,omitempty"`
}

// ReadinessResponse is what was answered.
type ReadinessResponse struct {
	Status      int    `json:"status"`
	ContentType string `json:"contentType"`
	Body        string `json:"body"`
}

// TaskFailure is why the last task ended.
type TaskFailure struct {
	AppID     ID        `json:"appId"`
	Host      string    `json:"host"`
	Message   string    `json:"message"`
	State     string    `json:"state"`
	TaskID    string    `json:"taskId"`
	Timestamp Timestamp `json:"timestamp"`
	Version   Timestamp `json:"version"`
	AgentID   string    `json:"slaveId,omitempty"`
}

// TasksStats is how many tasks there are by age and version.
type TasksStats struct {
	StartedAfterLastScaling *StatsGroup `json:"startedAfterLastScaling,omitempty"`
	WithLatestConfig        *StatsGroup `json:"withLatestConfig,omitempty"`
	WithOutdatedConfig      *StatsGroup `json:"withOutdatedConfig,omitempty"`
	TotalSummary            *StatsGroup `json:"totalSummary,omitempty"`
}

// StatsGroup is a part of TasksStats.
type StatsGroup struct {
	Stats Stats `json:"stats"`
}

// Stats are counts, and lifetimes where something runs.
type Stats struct {
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
	App    ID         `json:"app"`
}

// ActionInfo is an action of the step that is under way.
type ActionInfo struct {
	Action
	ReadinessCheckResults []ReadinessResult `json:"readinessCheckResults"`
}

// DeploymentStep is what a deployment does at the same time.
type DeploymentStep struct {
	Actions []Action `json:"actions"`
}

// Deployment is a change under way.
type Deployment struct {
	ID             string           `json:"id"`
	Version        Timestamp        `json:"version"`
	AffectedApps   []ID             `json:"affectedApps"`
	AffectedPods   []ID             `json:"affectedPods"`
	Steps          []DeploymentStep `json:"steps"`
	CurrentActions []ActionInfo     `json:"currentActions"`
	// CurrentStep counts from 1.
	CurrentStep int `json:"currentStep"`
	TotalSteps  int `json:"totalSteps"`
}

// QueueItem is an app with instances to launch.
type QueueItem struct {
	Count                  int           `json:"count"`
	Role                   string        `json:"role"`
	Since                  Timestamp     `json:"since"`
	Delay                  QueueDelay    `json:"delay"`
	App                    *App          `json:"app"`
	ProcessedOffersSummary OffersSummary `json:"processedOffersSummary"`
	LastUnusedOffers       []UnusedOffer `json:"lastUnusedOffers,omitempty"`
}

// QueueDelay is how long the back-off lasts yet; it is overdue when only offers are waited for.
type QueueDelay struct {
	TimeLeftSeconds int64 `json:"timeLeftSeconds"`
	Overdue         bool  `json:"overdue"`
}

// OffersSummary is what became of offers.
type OffersSummary struct {
	ProcessedOffersCount       int        `json:"processedOffersCount"`
	UnusedOffersCount          int        `json:"unusedOffersCount"`
	LastUnusedOfferAt          *Timestamp `json:"lastUnusedOfferAt,omitempty"`
	LastUsedOfferAt            *Timestamp `json:"lastUsedOfferAt,omitempty"`
	RejectSummaryLastOffers    []Reject   `json:"rejectSummaryLastOffers"`
	RejectSummaryLaunchAttempt []Reject   `json:"rejectSummaryLaunchAttempt"`
}

// Reject is a row of the funnel: of the offers that came so far, how many failed here.
type Reject struct {
	Reason    string `json:"reason"`
	Declined  int    `json:"declined"`
	Processed int    `json:"processed"`
}

// UnusedOffer is an offer that did not serve, and why.
type UnusedOffer struct {
	Offer     Offer     `json:"offer"`
	Reason    []string  `json:"reason"`
	Timestamp Timestamp `json:"timestamp"`
}

// Offer is an offer as Marathon shows it.
type Offer struct {
	ID         string          `json:"id"`
	Hostname   string          `json:"hostname"`
	AgentID    string          `json:"agentId"`
	Resources  []OfferResource `json:"resources"`
	Attributes []OfferResource `json:"attributes"`
}

// OfferResource is a resource, or an attribute, of an offer.
type OfferResource struct {
	Name   string       `json:"name"`
	Role   string       `json:"role,omitempty"`
	Scalar *float64     `json:"scalar,omitempty"`
	Ranges []OfferRange `json:"ranges,omitempty"`
	Set    []string     `json:"set,omitempty"`
	Text   *string      `json:"text,omitempty"`
}

// OfferRange is a range, its ends included.
type OfferRange struct {
	Begin uint64 `json:"begin"`
	End   uint64 `json:"end"`
}
