package api

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/ormosproject/ormos/app"
)

// answer is what a handler says. A nil body is none.
type answer struct {
	status int // 200 when 0
	header http.Header
	body   []byte
	media  string // application/json when empty
	// zipped is the body after gzip, when somebody has it already.
	zipped func() []byte
}

// say answers 200 with v as JSON.
func say(v any) (*answer, error) {
	body, err := encode(v)
	return &answer{body: body}, err
}

// with adds a field of the header.
func (a *answer) with(name, value string) *answer {
	if a.header == nil {
		a.header = http.Header{}
	}
	a.header.Set(name, value)
	return a
}

// smallest is the size from which on a body is worth compressing, in bytes.
const smallest = 1 << 10

// write sends the answer.
func (a *answer) write(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	for name, values := range a.header {
		h[name] = values
	}
	status := a.status
	if status == 0 {
		status = http.StatusOK
	}
	body := a.body
	if body != nil {
		media := a.media
		if media == "" {
			media = "application/json"
		}
		h.Set("Content-Type", media)
		if len(body) >= smallest {
			h.Add("Vary", "Accept-Encoding")
			if zips(r) {
				body = a.zip()
				h.Set("Content-Encoding", "gzip")
			}
		}
	}
	if status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the reader is gone: nobody is left to be told
}

func (a *answer) zip() []byte {
	if a.zipped != nil {
		return a.zipped()
	}
	return compress(a.body)
}

func compress(body []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed) // the level is valid
	_, _ = z.Write(body)                            // a Buffer takes everything
	_ = z.Close()
	return b.Bytes()
}

// zips tells whether the client asks for gzip.
func zips(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			return !refused(q)
		}
	}
	return false
}

// refused tells whether a quality is zero.
func refused(q string) bool {
	_, value, ok := strings.Cut(strings.TrimSpace(q), "=")
	f, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	return ok && err == nil && f == 0
}

// A refusal is an answer that says no.
type refusal struct {
	status  int
	message string
}

func (r *refusal) Error() string { return r.message }

func missing(format string, args ...any) error {
	return &refusal{http.StatusNotFound, fmt.Sprintf(format, args...)}
}

func noApp(id app.ID) error   { return missing("App '%s' does not exist", id) }
func noGroup(id app.ID) error { return missing("Group '%s' does not exist", id) }

// problem is an error's JSON.
type problem struct {
	Message     string    `json:"message"`
	Details     any       `json:"details,omitempty"`
	Deployments []app.Ref `json:"deployments,omitempty"`
	// Code and Hint are said on our own routes only: Marathon has none.
	Code app.Code `json:"code,omitempty"`
	Hint string   `json:"hint,omitempty"`
}

// lockedText is what clients of Marathon look for.
const lockedText = "App is locked by one or more deployments. Override with the option '?force=true'. " +
	"View details at '/v2/deployments/<DEPLOYMENT_ID>'."

// explain makes the status and the body of an error. ok is false for one that is a fault of ours, of which the user gets no
// details.
func explain(err error, own bool) (status int, body problem, ok bool) {
	var r *refusal
	var e *app.Error
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &r):
		p := problem{Message: r.message}
		if own && r.status == http.StatusNotFound {
			p.Code = app.NotFound
		}
		return r.status, p, true
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge,
			problem{Message: fmt.Sprintf("The body has more than %d bytes", tooLarge.Limit)}, true
	case !errors.As(err, &e):
		return http.StatusInternalServerError, problem{Message: "Internal error; the server's log says more"}, false
	}
	p := problem{Message: e.Message}
	if len(e.Details) > 0 {
		p.Details = e.Details
	}
	switch e.Code {
	case app.Malformed:
		p.Message, p.Details = "Invalid JSON", whatIsWrong(e)
	case app.Locked:
		p.Message = lockedText
		for _, id := range e.Deployments {
			p.Deployments = append(p.Deployments, app.Ref{ID: id})
		}
	}
	switch {
	case own:
		p.Code, p.Hint = e.Code, e.Hint
	case e.Hint != "" && e.Code == app.Impossible: // Marathon has no words for it that anybody looks for
		p.Message += "; " + e.Hint
	}
	return statusOf(e.Code), p, true
}

// whatIsWrong is the parser's text, which is what Marathon gives of a text that is no JSON.
func whatIsWrong(e *app.Error) string {
	if len(e.Details) == 0 {
		return e.Message
	}
	d := e.Details[0]
	return fmt.Sprintf("%s (line %d, column %d)", strings.Join(d.Errors, "; "), d.Line, d.Column)
}

// statusOf is the HTTP status of a code.
func statusOf(c app.Code) int {
	switch c {
	case app.Malformed:
		return http.StatusBadRequest
	case app.NotFound:
		return http.StatusNotFound
	case app.Conflict, app.Locked:
		return http.StatusConflict
	case app.Forbidden:
		return http.StatusForbidden
	case app.Unready:
		return http.StatusServiceUnavailable
	}
	return http.StatusUnprocessableEntity
}
