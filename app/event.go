package app

// EventType is Marathon's name of a kind of event.
type EventType string

// Event is what the event stream tells. Its JSON has eventType and timestamp beside the fields of its type.
type Event interface {
	// Type is one of those below.
	Type() EventType
}

// Stamp is what every event has.
type Stamp struct {
	// EventType names the kind, Timestamp is when it happened.
	EventType EventType `json:"eventType"`
	Timestamp Timestamp `json:"timestamp"`
}

// Type is the event's type.
func (s Stamp) Type() EventType { return s.EventType }

// The events' types.
const (
	EventAPIPost             EventType = "api_post_event"
	EventStatusUpdate        EventType = "status_update_event"
	EventInstanceChanged     EventType = "instance_changed_event"
	EventUnknownTerminated   EventType = "unknown_instance_terminated_event"
	EventInstanceHealth      EventType = "instance_health_changed_event"
	EventAppTerminated       EventType = "app_terminated_event"
	EventAddHealthCheck      EventType = "add_health_check_event"
	EventRemoveHealthCheck   EventType = "remove_health_check_event"
	EventFailedHealthCheck   EventType = "failed_health_check_event"
	EventHealthStatus        EventType = "health_status_changed_event"
	EventUnhealthyKill       EventType = "unhealthy_instance_kill_event"
	EventGroupChangeSuccess  EventType = "group_change_success"
	EventGroupChangeFailed   EventType = "group_change_failed"
	EventDeploymentInfo      EventType = "deployment_info"
	EventDeploymentStep      EventType = "deployment_step_success"
	EventDeploymentStepFail  EventType = "deployment_step_failure"
	EventDeploymentSuccess   EventType = "deployment_success"
	EventDeploymentFailed    EventType = "deployment_failed"
	EventFrameworkMessage    EventType = "framework_message_event"
	EventStreamAttached      EventType = "event_stream_attached"
	EventStreamDetached      EventType = "event_stream_detached"
	EventStreamGap           EventType = "event_stream_gap" // ours: on /v1/events only
	EventSchedulerRegistered EventType = "scheduler_registered_event"
	EventSchedulerAgain      EventType = "scheduler_reregistered_event"
	EventSchedulerLost       EventType = "scheduler_disconnected_event"
)

// APIPost tells that an app was created or changed by the API.
type APIPost struct {
	Stamp
	// ClientIP is who has asked, URI what for, AppDefinition what the app is now.
	ClientIP      string `json:"clientIp"`
	URI           string `json:"uri"`
	AppDefinition *App   `json:"appDefinition"`
}

// StatusUpdate tells what Mesos says of a task.
type StatusUpdate struct {
	Stamp
	// AgentID is the agent's, TaskID whose task it is.
	AgentID string `json:"slaveId"`
	TaskID  string `json:"taskId"`
	// TaskStatus is Mesos' state, Message its own words.
	TaskStatus string `json:"taskStatus"`
	Message    string `json:"message"`
	// AppID is the task's app, Version the definition that it was launched with.
	AppID ID `json:"appId"`
	// Host, IPAddresses and Ports are where it is reached.
	Host        string      `json:"host"`
	IPAddresses []IPAddress `json:"ipAddresses"`
	Ports       []int       `json:"ports"`
	Version     Timestamp   `json:"version"`
}

// InstanceChanged tells an instance's new condition.
type InstanceChanged struct {
	Stamp
	// InstanceID is the slot, Condition what it is in now.
	InstanceID string `json:"instanceId"`
	Condition  string `json:"condition"`
	// RunSpecID is the app, RunSpecVersion its definition.
	RunSpecID ID `json:"runSpecId"`
	// AgentID and Host are nil of an instance that is nowhere yet.
	AgentID        *string   `json:"agentId"`
	Host           *string   `json:"host"`
	RunSpecVersion Timestamp `json:"runSpecVersion"`
}

// UnknownTerminated tells that a task ended that nobody knew.
type UnknownTerminated struct {
	Stamp
	// InstanceID, RunSpecID and Condition are told by its task's id and state.
	InstanceID string `json:"instanceId"`
	RunSpecID  ID     `json:"runSpecId"`
	Condition  string `json:"condition"`
}

// InstanceHealth tells that an instance's health has changed; nil is unknown.
type InstanceHealth struct {
	Stamp
	// InstanceID is an instance of the app RunSpecID in RunSpecVersion. Healthy is the verdict of all its checks.
	InstanceID     string    `json:"instanceId"`
	RunSpecID      ID        `json:"runSpecId"`
	Healthy        *bool     `json:"healthy"`
	RunSpecVersion Timestamp `json:"runSpecVersion"`
}

// AppEvent is about an app as a whole: EventAppTerminated, EventRemoveHealthCheck.
type AppEvent struct {
	Stamp
	// AppID is the app.
	AppID ID `json:"appId"`
}

// AddHealthCheck tells of a health check that is asked from now on.
type AddHealthCheck struct {
	Stamp
	// AppID is the app, Version the definition that has HealthCheck.
	AppID       ID          `json:"appId"`
	Version     Timestamp   `json:"version"`
	HealthCheck HealthCheck `json:"healthCheck"`
}

// FailedHealthCheck tells of one answer that was none. TaskID holds the instance's id, as Marathon's does.
type FailedHealthCheck struct {
	Stamp
	// AppID is the app, HealthCheck what was asked.
	AppID       ID          `json:"appId"`
	TaskID      string      `json:"taskId"`
	HealthCheck HealthCheck `json:"healthCheck"`
}

// HealthStatus tells that a health check's verdict on an instance has changed.
type HealthStatus struct {
	Stamp
	// AppID is the instance's app, Version its definition.
	AppID ID `json:"appId"`
	// InstanceID is the instance, Alive the verdict.
	InstanceID string    `json:"instanceId"`
	Version    Timestamp `json:"version"`
	Alive      bool      `json:"alive"`
}

// UnhealthyKill tells that an instance is killed for its health.
type UnhealthyKill struct {
	Stamp
	// AppID is the app, Version the instance's definition.
	AppID ID `json:"appId"`
	// TaskID and InstanceID are what is killed, Host and AgentID where.
	TaskID     string    `json:"taskId"`
	InstanceID string    `json:"instanceId"`
	Version    Timestamp `json:"version"`
	// Reason is what the check said last.
	Reason  string `json:"reason"`
	Host    string `json:"host"`
	AgentID string `json:"slaveId,omitempty"`
}

// GroupChange tells that the tree was changed, or why not.
type GroupChange struct {
	Stamp
	// GroupID is the group that was to be changed, Version the tree's new one, Reason why it failed.
	GroupID ID        `json:"groupId"`
	Version Timestamp `json:"version"`
	Reason  string    `json:"reason,omitempty"`
}

// EventPlan is a deployment in an event.
type EventPlan struct {
	// ID is the deployment's, Version that of the tree it leads to; Steps follow each other.
	ID      string           `json:"id"`
	Steps   []DeploymentStep `json:"steps"`
	Version Timestamp        `json:"version"`
}

// DeploymentProgress tells that a step begins, was done, or failed.
type DeploymentProgress struct {
	Stamp
	// Plan is the deployment, CurrentStep the one that this is about.
	Plan        EventPlan      `json:"plan"`
	CurrentStep DeploymentStep `json:"currentStep"`
}

// DeploymentEnd tells that a deployment is over.
type DeploymentEnd struct {
	Stamp
	// ID is the deployment's, Plan what it was to do, Reason why it failed.
	ID     string    `json:"id"`
	Plan   EventPlan `json:"plan"`
	Reason string    `json:"reason,omitempty"`
}

// FrameworkMessage is a message of an executor.
type FrameworkMessage struct {
	Stamp
	// ExecutorID and AgentID say who sends it; Message is its bytes as numbers.
	ExecutorID string `json:"executorId"`
	AgentID    string `json:"slaveId"`
	Message    []int  `json:"message"`
}

// Stream tells that a reader of the event stream came or went.
type Stream struct {
	Stamp
	// RemoteAddress is the reader's.
	RemoteAddress string `json:"remoteAddress"`
}

// StreamGap tells a reader that came back what it has missed: everything behind After and before Next, ids both. Missed is how
// many events that were; nil when nobody knows, because the server was started again.
type StreamGap struct {
	Stamp
	After  string  `json:"after"`
	Next   string  `json:"next"`
	Missed *uint64 `json:"missed,omitempty"`
}

// SchedulerRegistered tells that the framework has subscribed at a master: FrameworkID is set the first time.
type SchedulerRegistered struct {
	Stamp
	FrameworkID string `json:"frameworkId,omitempty"`
	// Master is host:port.
	Master string `json:"master"`
}

// SchedulerLost tells that the master is lost.
type SchedulerLost struct {
	Stamp
}
