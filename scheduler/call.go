package scheduler

import (
	"context"

	"github.com/ormosproject/ormos/mesos"
)

// Call makes any call and waits until the master has accepted it, which says nothing of its success: that, the events
// tell. The framework's id is filled in. Calls go out in the order in which they are made, over one connection.
//
// The error wraps [ErrDisconnected] where there is no subscription, or it was lost before the answer. Otherwise the master has refused
// the call as invalid, or ctx has ended; then the call may have been made.
func (s *Session) Call(ctx context.Context, call *Call) error { return s.call(ctx, call, nil) }

// Send is [Session.Call] without waiting for the answer, for those who make many calls. It waits only while more than 256 KiB of calls are still
// to be written. An error that Send returns itself says that the call was not made, or that ctx has ended; otherwise done is told
// the answer, on a goroutine that it must not keep, for all calls in their order.
func (s *Session) Send(ctx context.Context, call *Call, done func(error)) error {
	l, err := s.current()
	if err == nil {
		own := *call // the caller's stays as it is
		err = l.send(ctx, &own, func(err error) {
			if err == nil {
				s.suppressedBy(call)
			} else {
				err = describe(call, err)
			}
			done(err)
		})
	}
	if err != nil {
		return describe(call, err)
	}
	return nil
}

func (s *Session) call(ctx context.Context, call *Call, done func(error)) error {
	l, err := s.current()
	if err == nil {
		own := *call // the caller's stays as it is
		err = l.call(ctx, &own, done)
	}
	if err != nil {
		return describe(call, err)
	}
	return nil
}

// Accept uses the offers, which are of one agent and one role, for the operations, in their order; what these leave over is declined with the filters.
// Tasks launched on offers that are no longer valid end as TASK_DROPPED or TASK_LOST with REASON_INVALID_OFFERS, which is no failure of
// theirs.
func (s *Session) Accept(ctx context.Context, c CallAccept) error {
	return s.Call(ctx, &Call{Type: new(CallTypeAccept), Accept: &c})
}

// Decline gives the offers back. Without filters the same resources come again after 5 s; see [Refuse].
func (s *Session) Decline(ctx context.Context, c CallDecline) error {
	return s.Call(ctx, &Call{Type: new(CallTypeDecline), Decline: &c})
}

// AcceptInverseOffers agrees to give resources back by the time of the agents' unavailability.
func (s *Session) AcceptInverseOffers(ctx context.Context, c CallAcceptInverseOffers) error {
	return s.Call(ctx, &Call{Type: new(CallTypeAcceptInverseOffers), AcceptInverseOffers: &c})
}

// DeclineInverseOffers says that the framework may not be able to give them back.
func (s *Session) DeclineInverseOffers(ctx context.Context, c CallDeclineInverseOffers) error {
	return s.Call(ctx, &Call{Type: new(CallTypeDeclineInverseOffers), DeclineInverseOffers: &c})
}

// Kill asks for a task's end. A task that the master does not know is answered as by Reconcile. With a KillPolicy its grace period
// replaces the task's own, where the executor heeds it.
func (s *Session) Kill(ctx context.Context, c CallKill) error {
	return s.Call(ctx, &Call{Type: new(CallTypeKill), Kill: &c})
}

// Shutdown ends an executor and its tasks: it is told so, and destroyed after its grace period.
func (s *Session) Shutdown(ctx context.Context, c CallShutdown) error {
	return s.Call(ctx, &Call{Type: new(CallTypeShutdown), Shutdown: &c})
}

// Message sends data to an executor. It may be lost.
func (s *Session) Message(ctx context.Context, c CallMessage) error {
	return s.Call(ctx, &Call{Type: new(CallTypeMessage), Message: &c})
}

// Reconcile asks for the state of these tasks, or of all that the master takes for active when none is named. Each answer is an
// update without a uuid.
func (s *Session) Reconcile(ctx context.Context, tasks ...CallReconcileTask) error {
	return s.Call(ctx, &Call{Type: new(CallTypeReconcile), Reconcile: &CallReconcile{Tasks: tasks}})
}

// ReconcileOperations asks for the state of these operations, or of all known ones when none is named.
func (s *Session) ReconcileOperations(ctx context.Context, operations ...CallReconcileOperationsOperation) error {
	return s.Call(ctx, &Call{
		Type: new(CallTypeReconcileOperations), ReconcileOperations: &CallReconcileOperations{Operations: operations},
	})
}

// Request tells the master which resources are wanted. Mesos' own allocator does not listen.
func (s *Session) Request(ctx context.Context, requests ...mesos.Request) error {
	return s.Call(ctx, &Call{Type: new(CallTypeRequest), Request: &CallRequest{Requests: requests}})
}

// Revive asks for offers again in these roles, or in all when none is named: it ends their suppression and lifts the filters of earlier declines.
func (s *Session) Revive(ctx context.Context, roles ...string) error {
	call := &Call{Type: new(CallTypeRevive), Revive: &CallRevive{Roles: roles}}
	return s.call(ctx, call, s.onSuccess(func() { s.revive(roles) }))
}

// Suppress asks for no further offers in these roles, or in all when none is named, until Revive, also across subscriptions. Offers made already stay
// valid.
func (s *Session) Suppress(ctx context.Context, roles ...string) error {
	call := &Call{Type: new(CallTypeSuppress), Suppress: &CallSuppress{Roles: roles}}
	return s.call(ctx, call, s.onSuccess(func() {
		if len(roles) == 0 {
			roles = s.roles()
		}
		s.suppress(roles)
	}))
}

// UpdateFramework changes the framework's description: roles, capabilities, failover timeout, labels and so on, never its user, principal or
// checkpointing. The suppressed roles and the offer constraints are replaced. The id, and the user, name and principal where they are left out, are
// filled in.
func (s *Session) UpdateFramework(ctx context.Context, c CallUpdateFramework) error {
	c.FrameworkInfo = *c.FrameworkInfo.Clone()
	s.fillIn(&c.FrameworkInfo)
	return s.call(ctx, &Call{Type: new(CallTypeUpdateFramework), UpdateFramework: &c}, s.onSuccess(func() {
		s.framework, s.constraints = c.FrameworkInfo, c.OfferConstraints
		clear(s.suppressed)
		s.suppress(c.SuppressedRoles)
	}))
}

// fillIn adds what never changes to another description of the framework.
func (s *Session) fillIn(info *mesos.FrameworkInfo) {
	s.mu.Lock()
	defer s.mu.Unlock()
	info.ID = s.framework.ID
	if info.User == "" {
		info.User = s.framework.User
	}
	if info.Name == "" {
		info.Name = s.framework.Name
	}
	if info.Principal == nil {
		info.Principal = s.framework.Principal
	}
}

// Teardown ends the framework: Mesos kills all its tasks, its id is of no more use and is removed from where it is kept, and the loop over the events
// ends.
func (s *Session) Teardown(ctx context.Context) error {
	var forget error
	err := s.call(ctx, &Call{Type: new(CallTypeTeardown)}, s.onSuccess(func() {
		s.torn = true
		s.framework.ID = nil
		forget = s.save("")
	}))
	if err != nil {
		return err
	}
	return forget
}

// onSuccess does something with the session's state when a call was accepted, before anything else can happen to the subscription.
func (s *Session) onSuccess(do func()) func(error) {
	return func(err error) {
		if err != nil {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		do()
	}
}

// suppressed and revived are the roles of a SUPPRESS and a REVIVE.
func (m *Call) suppressed() []string {
	if m.Suppress == nil {
		return nil
	}
	return m.Suppress.Roles
}

func (m *Call) revived() []string {
	if m.Revive == nil {
		return nil
	}
	return m.Revive.Roles
}
