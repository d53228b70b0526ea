package scheduler

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/ormosproject/ormos/mesos"
)

// An Operation is a framework's record of an operation with an id, whose outcome is told: RESERVE, CREATE, CREATE_DISK and so on. It is a value.
//
//	recorded --> PENDING <--> UNREACHABLE, RECOVERING
//	                |              |
//	                v              v
//	            FINISHED FAILED ERROR DROPPED GONE_BY_OPERATOR, or UNKNOWN: told, then forgotten
type Operation struct {
	// ID is the operation's, as its author has chosen it.
	ID string `json:"id"`
	// Type is what was asked for, and AgentID of which agent.
	Type    mesos.OfferOperationType `json:"type"`
	AgentID string                   `json:"agent"`
	// ProviderID is the resource provider's that carries it out; empty for the agent itself.
	ProviderID string `json:"provider,omitempty"`
	// Asked is when it was recorded, right before the master was asked for it; Since, when its present state was heard of.
	Asked time.Time `json:"asked"`
	Since time.Time `json:"since"`
	// Heard tells that the master or an agent has said something of it.
	Heard bool `json:"heard,omitempty"`
	// Status is the last that was said of it; of one that is larger than 64 KiB, its state and the beginning of its message. Before the first word it is
	// OPERATION_PENDING.
	Status mesos.OperationStatus `json:"-"`
}

// State is the state that was last heard of.
func (o Operation) State() mesos.OperationState { return o.Status.State }

// Over tells that the operation has come to its end, or that the master knows nothing of it.
func (o Operation) Over() bool {
	switch o.State() {
	case mesos.OperationFinished, mesos.OperationFailed, mesos.OperationError, mesos.OperationDropped, mesos.OperationGoneByOperator, mesos.OperationUnknown:
		return true
	}
	return false
}

// String names the operation and its state.
func (o Operation) String() string { return fmt.Sprintf("%v %s (%v)", o.Type, o.ID, o.State()) }

type operationRecord struct {
	*Operation
	Status *mesos.OperationStatus `json:"status"`
}

func (o *Operation) encode() ([]byte, error) {
	b, err := json.Marshal(operationRecord{o, &o.Status})
	if err == nil && !utf8.ValidString(o.ID) {
		err = errors.New("its id is not UTF-8")
	}
	if err != nil {
		return nil, fmt.Errorf("cannot record the operation %q: %w", o.ID, err)
	}
	return b, nil
}

func decodeOperation(key string, b []byte) (*Operation, error) {
	o := new(Operation)
	err := json.Unmarshal(b, &operationRecord{o, &o.Status})
	if err == nil && operationPrefix+o.ID != key {
		err = fmt.Errorf("it is of the operation %q", o.ID)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the record %q: %w", key, err)
	}
	return o, nil
}

// news tells whether a status says anything that the record does not.
func (o *Operation) news(s *mesos.OperationStatus) bool {
	if o.Over() || s.UUID != nil && o.Status.UUID != nil && bytes.Equal(s.UUID.Value, o.Status.UUID.Value) {
		return false
	}
	return s.State != o.State()
}

// after returns the record as a status has changed it.
func (o *Operation) after(now time.Time, s *mesos.OperationStatus) *Operation {
	next := *o
	kept := *s
	if !storable(&kept) {
		kept = mesos.OperationStatus{OperationID: o.Status.OperationID, State: s.State}
		if s.Message != nil {
			kept.Message = new(cut(*s.Message))
		}
	}
	next.Heard, next.Since, next.Status = true, now, *kept.Clone()
	if id := next.Status.AgentID; id != nil && recordable(id.Value) {
		next.AgentID = id.Value
	}
	if id := next.Status.ResourceProviderID; id != nil && recordable(id.Value) {
		next.ProviderID = id.Value
	}
	return &next
}

// question is how the operation is reconciled.
func (o *Operation) question() CallReconcileOperationsOperation {
	q := CallReconcileOperationsOperation{OperationID: mesos.OperationID{Value: o.ID}}
	if o.AgentID != "" {
		q.AgentID = &mesos.AgentID{Value: o.AgentID}
	}
	if o.ProviderID != "" {
		q.ResourceProviderID = &mesos.ResourceProviderID{Value: o.ProviderID}
	}
	return q
}
