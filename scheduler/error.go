package scheduler

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/ormosproject/ormos/internal/wire"
)

// ErrDisconnected is wrapped by the errors of calls that were made while there was no subscription, or whose connection was lost before they
// were answered; the latter may have had their effect. Offers are void then. The events say when the session is subscribed again.
var ErrDisconnected = errors.New("not subscribed at a master")

// Reason tells the kinds of [Error] apart.
type Reason string

// The reasons that end a session.
const (
	// ReasonOptions: the options cannot work.
	ReasonOptions Reason = "options"
	// ReasonDetection: the leading master cannot be found, for a cause that waiting does not mend, such as wrong credentials for ZooKeeper.
	ReasonDetection Reason = "detection"
	// ReasonTLS: the master's certificate is not to be trusted (only before the first subscription; later it is retried).
	ReasonTLS Reason = "tls"
	// ReasonUnauthenticated: principal and secret, or the token, are missing or wrong (401).
	ReasonUnauthenticated Reason = "unauthenticated"
	// ReasonForbidden: the principal may not do this (403).
	ReasonForbidden Reason = "forbidden"
	// ReasonInvalid: the master finds fault with the framework's description.
	ReasonInvalid Reason = "invalid"
	// ReasonRemoved: the framework was torn down, or was away for longer than its failover timeout. Its tasks were killed.
	ReasonRemoved Reason = "removed"
	// ReasonFailedOver: another instance has subscribed with the same framework id and taken over.
	ReasonFailedOver Reason = "failed over"
	// ReasonStore: the framework id cannot be loaded or saved.
	ReasonStore Reason = "store"
)

// An Error ends a session: it will not mend by trying again.
type Error struct {
	// Reason is why, for programs.
	Reason Reason
	// Hint says what to do, for people.
	Hint string
	// Err is what happened, in the master's words where it is the master that refuses.
	Err error
}

// Error tells what happened and what to do.
func (e *Error) Error() string { return e.Err.Error() + ": " + e.Hint }

// Unwrap gives what happened.
func (e *Error) Unwrap() error { return e.Err }

// LogValue shows the parts one by one.
func (e *Error) LogValue() slog.Value {
	return slog.GroupValue(slog.String("reason", string(e.Reason)), slog.Any("error", e.Err), slog.String("hint", e.Hint))
}

// refusal turns an ERROR event, which always ends a subscription, into an error.
func (s *Session) refusal(message string) *Error {
	e := &Error{Reason: ReasonInvalid, Hint: "correct the framework's description", Err: fmt.Errorf("the master has refused the framework: %s", message)}
	switch {
	case strings.Contains(message, "Framework has been removed"):
		e.Reason = ReasonRemoved
		e.Hint = "its tasks were killed; to start anew, remove the stored framework id" + s.where()
	case strings.Contains(message, "Framework failed over"):
		e.Reason = ReasonFailedOver
		e.Hint = "another instance runs with the same framework id" + s.where() + "; let only one run at a time"
	case strings.Contains(strings.ToLower(message), "authorized"):
		e.Reason = ReasonForbidden
		e.Hint = "give the principal the right to register with these roles"
	}
	return e
}

// where tells the place of the stored framework id, if it has one that can be told.
func (s *Session) where() string {
	if place, ok := s.opts.FrameworkID.(fmt.Stringer); ok {
		return " (" + place.String() + ")"
	}
	return ""
}

// unmendable returns the error that ends the session if a SUBSCRIBE that failed with err will go on failing, else nil.
func unmendable(err error) *Error {
	status, ok := errors.AsType[*wire.StatusError](err)
	if !ok {
		return nil
	}
	switch status.Status {
	case http.StatusUnauthorized:
		return &Error{Reason: ReasonUnauthenticated, Hint: "set the principal and the secret that the master's credentials have, or a token that is still good", Err: err}
	case http.StatusForbidden:
		return &Error{Reason: ReasonForbidden, Hint: "give the principal the right to register this framework", Err: err}
	case http.StatusBadRequest:
		return &Error{Reason: ReasonInvalid, Hint: "correct the framework's description (its principal must be the one that authenticates)", Err: err}
	}
	return nil
}

// lostSubscription tells whether a call's error means that the master at hand does not take this session for subscribed, rather
// than that it minds the call.
func lostSubscription(err error) bool {
	status, ok := errors.AsType[*wire.StatusError](err)
	if !ok {
		return true // the connection
	}
	body := strings.ToLower(status.Body)
	switch status.Status {
	case http.StatusTemporaryRedirect, http.StatusServiceUnavailable:
		return true // it leads no more
	case http.StatusUnauthorized:
		return true // the token has run out: the next subscription shows the one that is in its file then
	case http.StatusForbidden:
		return strings.Contains(body, "not subscribed") || strings.Contains(body, "not connected")
	case http.StatusBadRequest:
		return strings.Contains(body, "stream") || strings.Contains(body, "framework cannot be found")
	}
	return false
}
