package operator

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/ormosproject/ormos/internal/wire"
)

// An Error is a call that a master or an agent has refused. What never reached one is another error, of the network.
type Error struct {
	Call    string // the call's type, such as GET_STATE
	URL     string // who has refused it
	Status  int    // HTTP status code
	Message string // Mesos' words; may be empty
	Hint    string // what to do, for people; may be empty
}

// Error tells who has refused what, and why.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s is refused by %s: %d %s", e.Call, e.URL, e.Status, http.StatusText(e.Status))
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Hint != "" {
		text += ": " + e.Hint
	}
	return text
}

// LogValue shows the parts one by one.
func (e *Error) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("call", e.Call), slog.String("url", e.URL), slog.Int("status", e.Status), slog.String("message", e.Message), slog.String("hint", e.Hint))
}

// hint tells what to do about a status.
func hint(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "correct the call"
	case http.StatusUnauthorized:
		return "give the principal and the secret, or the token, that the peer knows"
	case http.StatusForbidden:
		return "give the principal the right to do this"
	case http.StatusNotFound:
		return "look for what it names: it is not there, or no more"
	case http.StatusConflict:
		return "the resources are in use: wait until they are free"
	case http.StatusNotImplemented:
		return "this version does not know the call"
	case http.StatusServiceUnavailable:
		return "it recovers, or no master leads: try again later"
	case http.StatusTemporaryRedirect:
		return "the masters name each other as the leader: try again later"
	}
	return ""
}

// explain makes an [Error] of a refusal, and names the call in any other error.
func explain(call, url string, err error) error {
	status, ok := errors.AsType[*wire.StatusError](err)
	if !ok {
		return fmt.Errorf("cannot make the call %s: %w", call, err)
	}
	return &Error{Call: call, URL: url, Status: status.Status, Message: status.Body, Hint: hint(status.Status)}
}

// isStatus tells whether err is an answer with this status.
func isStatus(err error, status int) bool {
	got, ok := errors.AsType[*wire.StatusError](err)
	return ok && got.Status == status
}
