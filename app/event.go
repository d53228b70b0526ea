package app

// EventType is Marathon's name of a kind of event.
type EventType string

// Event is what the event stream tells. Its JSON has eventType and timestamp beside the fields of its type.
type Event interface {
	Type() EventType
}

// Stamp is what every event has.
type Stamp struct {
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
	ClientIP      string `json:"clientIp"`
	URI           string `json:"uri"`
	AppDefinition *App   `json:"appDefinition"`
}

// StatusUpdate tells what Mesos says of a task.
type StatusUpdate struct {
	Stamp
	AgentID     string      `json:"slaveId"`
	TaskID      string      `json:"taskId"`
	TaskStatus  string      `json:"taskStatus"`
	Message     string      `json:"message"`
	AppID       ID          `json:"appId"`
	Host        string      `json:"host"`
	IPAddresses []IPAddress `json:"ipAddresses"`
	Ports       []int       `json:"ports"`
	Version     Timestamp   `json:"version"`
}

// InstanceChanged tells an instance's new condition.
type InstanceChanged struct {
	Stamp
	InstanceID     string    `json:"instanceId"`
	Condition      string    `json:"condition"`
	RunSpecID      ID        `json:"runSpecId"`
	AgentID        *string   `json:"agentId"`
	Host           *string   `json:"host"`
	RunSpecVersion Timestamp `json:"runSpecVersion"`
}

// UnknownTerminated tells that a task ended that nobody knew.
type UnknownTerminated struct {
	Stamp
	InstanceID string `json:"instanceId"`
	RunSpecID  ID     `json:"runSpecId"`
	Condition  string `json:"condition"`
}

// InstanceHealth tells that an instance's health has changed; nil is unknown.
type InstanceHealth struct {
	Stamp
	InstanceID     string    `json:"instanceId"`
	RunSpecID      ID        `json:"runSpecId"`
	Healthy        *bool     `json:"healthy"`
	RunSpecVersion Timestamp `json:"runSpecVersion"`
}

// AppEvent is about an app as a whole: EventAppTerminated, EventRemoveHealthCheck.
type AppEvent struct {
	Stamp
	AppID ID `json:"appId"`
}

// AddHealthCheck tells of a health check that is asked from now on.
type AddHealthCheck struct {
	Stamp
	AppID       ID          `json:"appId"`
	Version     Timestamp   `json:"version"`
	HealthCheck HealthCheck `json:"healthCheck"`
}

// FailedHealthCheck tells of one answer that was none. TaskID holds the instance's id, as Marathon's does.
type FailedHealthCheck struct {
	Stamp
	AppID       ID          `json:"appId"`
	TaskID      string      `json:"taskId"`
	HealthCheck HealthCheck `json:"healthCheck"`
}

// HealthStatus tells that a health check's verdict on an instance has changed.
type HealthStatus struct {
	Stamp
	AppID      ID        `json:"appId"`
	InstanceID string    `json:"instanceId"`
	Version    Timestamp `json:"version"`
	Alive      bool      `json:"alive"`
}

// UnhealthyKill tells that an instance is killed for its health.
type UnhealthyKill struct {
	Stamp
	AppID      ID        `json:"appId"`
	TaskID     string    `json:"taskId"`
	InstanceID string    `json:"instanceId"`
	Version    Timestamp `json:"version"`
	Reason     string    `json:"reason"`
	Host       string    `json:"host"`
	AgentID    string    `json:"slaveId,omitempty"`
}

// GroupChange tells that the tree was changed, or why not.
type GroupChange struct {
	Stamp
	GroupID ID        `json:"groupId"`
	Version Timestamp `json:"version"`
	Reason  string    `json:"reason,omitempty"`
}

// EventPlan is a deployment in an event.
type EventPlan struct {
	ID      string           `json:"id"`
	Steps   []DeploymentStep `json:"steps"`
	Version Timestamp        `json:"version"`
}

// DeploymentProgress tells that a step begins, was done, or failed.
type DeploymentProgress struct {
	Stamp
	Plan        EventPlan      `json:"plan"`
	CurrentStep DeploymentStep `json:"currentStep"`
}

// DeploymentEnd tells that a deployment is over.
type DeploymentEnd struct {
	Stamp
	ID     string    `json:"id"`
	Plan   EventPlan `json:"plan"`
	Reason string    `json:"reason,omitempty"`
}

// FrameworkMessage is a message of an executor.
type FrameworkMessage struct {
	Stamp
	ExecutorID string `json:"executorId"`
	AgentID    string `json:"slaveId"`
	Message    []int  `json:"message"`
}

// Stream tells that a reader of the event stream came or went.
type Stream struct {
	Stamp
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
	Master      string `json:"master"`
}

// SchedulerLost tells that the master is lost.
type SchedulerLost struct {
	Stamp
}
