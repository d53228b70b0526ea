package scheduler

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ormosproject/ormos/mesos"
)

// A Task is a framework's record of one task that it has launched, or adopted. It is a value: what changes is a new one.
//
//	            ACCEPT                 first word
//	recorded -----------> unheard ------------------> STARTING, RUNNING, KILLING <--> UNREACHABLE
//	                         |                                 |                        |  |
//	                         | never started                   | ended                  |  | UNKNOWN, LOST, or
//	                         v                                 v                        |  | given up by Kill
//	                      dropped: its need          over: told, then forgotten <-------+  v
//	                      waits again                          ^                        abandoned: killed
//	                                                           +----------------------- if it ever returns
type Task struct {
	// ID is the task's id in Mesos.
	ID string `json:"id"`
	// Need is the name of the need that it was launched for; empty where that is not known of a task that was adopted. Group is that need's group.
	Need  string `json:"need,omitempty"`
	Group string `json:"group,omitempty"`
	// AgentID and Hostname are where it was launched; Attributes and Domain what the agent says of itself, where it has a group.
	AgentID    string            `json:"agent"`
	Hostname   string            `json:"hostname,omitempty"`
	Attributes mesos.Attributes  `json:"attributes,omitempty"`
	Domain     *mesos.DomainInfo `json:"domain,omitempty"`
	// Executor is the one that it was launched with, nil for a command.
	Executor *mesos.ExecutorInfo `json:"executor,omitempty"`
	// Ports are those that it was given.
	Ports mesos.Ranges `json:"ports,omitempty"`
	// Labels are the task's own, as its need had them: a framework's place for what it wants to know of a task after a restart.
	Labels *mesos.Labels `json:"labels,omitempty"`
	// Launched is when it was recorded, right before the master was asked to launch it.
	Launched time.Time `json:"launched"`
	// Since is when its present state was heard of.
	Since time.Time `json:"since"`
	// Status is the last that was said of it, without its data; of one that is larger than 64 KiB, what an executor can say at length is left out, and its
	// message cut. Before the first word it is TASK_STAGING.
	Status mesos.TaskStatus `json:"-"`
	// Heard tells that the master or an agent has said something of it.
	Heard bool `json:"heard,omitempty"`
	// Kill is set once its end was asked for, by [Framework.Kill] for example.
	Kill *KillOrder `json:"kill,omitempty"`
	// Abandoned tells that it counts as ended though it may still run somewhere: it is TASK_LOST or TASK_UNKNOWN, or was TASK_UNREACHABLE when
	// it was killed. Should it return, it is killed.
	Abandoned bool `json:"abandoned,omitempty"`
	// Told tells that its author knows that it is abandoned: nothing more is told of it.
	Told bool `json:"told,omitempty"`
}

// A KillOrder is remembered, and repeated until the task has ended.
type KillOrder struct {
	// Asked is when.
	Asked time.Time `json:"asked"`
	// Grace replaces the task's own grace period where the executor heeds it; nil leaves it.
	Grace *time.Duration `json:"grace,omitempty"`
}

// State is the state that was last heard of.
func (t Task) State() mesos.TaskState { return t.Status.State }

// Over tells that the task has ended, or is abandoned: what it was launched for may be launched anew.
func (t Task) Over() bool { return t.Abandoned || t.State().Terminal() }

// String names the task and its state.
func (t Task) String() string { return fmt.Sprintf("%s (%v)", t.ID, t.State()) }

// taskRecord is what is stored of a task. The status has a codec of its own.
type taskRecord struct {
	*Task
	Status *mesos.TaskStatus `json:"status"`
}

func (t *Task) encode() ([]byte, error) {
	b, err := json.Marshal(taskRecord{t, &t.Status})
	if err == nil && !utf8.ValidString(t.ID) {
		err = errors.New("its id is not UTF-8")
	}
	if err != nil {
		return nil, fmt.Errorf("cannot record the task %q: %w", t.ID, err)
	}
	return b, nil
}

func decodeTask(key string, b []byte) (*Task, error) {
	t := new(Task)
	err := json.Unmarshal(b, &taskRecord{t, &t.Status})
	if err == nil && taskPrefix+t.ID != key {
		err = fmt.Errorf("it is of the task %q", t.ID)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the record %q: %w", key, err)
	}
	return t, nil
}

// rank orders the states that a task goes through; those it may return from have none.
func rank(s mesos.TaskState) int {
	switch s {
	case mesos.TaskStaging:
		return 1
	case mesos.TaskStarting:
		return 2
	case mesos.TaskRunning:
		return 3
	case mesos.TaskKilling:
		return 4
	}
	return 0
}

// news tells whether a status says anything that the record does not: not one that came before already, nor an answer that confirms what is known, nor
// one that a later one has overtaken.
func (t *Task) news(s *mesos.TaskStatus) bool {
	known := &t.Status
	switch {
	case t.Over():
		return false // nothing follows the end
	case len(s.UUID) > 0 && bytes.Equal(s.UUID, known.UUID):
		return false
	case t.Heard && rank(s.State) > 0 && rank(s.State) < rank(known.State):
		return false
	case s.State != known.State || len(s.UUID) > 0:
		return true
	}
	return !equal(s.Healthy, known.Healthy)
}

func equal[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

// begun tells that an executor has the task, or may have.
func (t *Task) begun() bool { return t.State() != mesos.TaskStaging }

// neverStarted tells whether a status means that a task did not begin, so that its need can be launched elsewhere at once.
func (t *Task) neverStarted(s *mesos.TaskStatus) bool {
	if t.begun() {
		return false
	}
	switch s.State {
	case mesos.TaskDropped:
		return true
	case mesos.TaskLost:
		return s.GetReason() == mesos.ReasonInvalidOffers || !t.Heard && s.GetReason() == mesos.ReasonReconciliation
	case mesos.TaskUnknown, mesos.TaskGone:
		return !t.Heard && s.GetReason() == mesos.ReasonReconciliation
	}
	return false
}

// remembered is what a record keeps of a status: no more than every store takes, whatever the executor has put into it.
func remembered(s *mesos.TaskStatus) mesos.TaskStatus {
	short := *s
	short.Data = nil
	if !storable(&short) {
		short = mesos.TaskStatus{
			TaskID: s.TaskID, State: s.State, AgentID: s.AgentID, Timestamp: s.Timestamp, ExecutorID: s.ExecutorID, Healthy: s.Healthy, Source: s.Source,
			Reason: s.Reason, UUID: s.UUID, UnreachableTime: s.UnreachableTime,
		}
		if s.Message != nil {
			short.Message = new(cut(*s.Message))
		}
		if !storable(&short) { // ids that are none
			short = mesos.TaskStatus{TaskID: s.TaskID, State: s.State, Timestamp: s.Timestamp, Healthy: s.Healthy, Source: s.Source, Reason: s.Reason, Message: short.Message}
		}
	}
	return *short.Clone()
}

const (
	// storedMost is how many bytes, as JSON, a record keeps of what others say of a task, an operation or an agent.
	storedMost = 64 << 10
	// messageMost is how many of a message are left where it is more than that.
	messageMost = 4 << 10
)

// storable tells whether a part of a record is small enough, and has a name for each of its constants: those of a later Mesos have none.
func storable(part interface{ AppendJSON([]byte) ([]byte, error) }) bool {
	b, err := part.AppendJSON(nil)
	return err == nil && len(b) <= storedMost
}

// cut shortens a message, and says so.
func cut(message string) string {
	if len(message) <= messageMost {
		return message
	}
	return strings.ToValidUTF8(message[:messageMost], "") + "..."
}

// after returns the record as a status has changed it.
func (t *Task) after(now time.Time, s *mesos.TaskStatus) *Task {
	next := *t
	next.Heard = true
	if s.State != t.State() {
		next.Since = now
	}
	next.Status = remembered(s)
	if id := next.Status.AgentID; id != nil && recordable(id.Value) {
		next.AgentID = id.Value
	}
	if s.UUID == nil {
		next.Status.UUID = t.Status.UUID // by which the agent's own last one is known again
	}
	switch {
	case s.State == mesos.TaskUnknown, s.State == mesos.TaskLost && s.GetReason() != mesos.ReasonInvalidOffers:
		next.Abandoned = true
	case s.State == mesos.TaskUnreachable && t.Kill != nil:
		next.Abandoned = true
	}
	return &next
}
