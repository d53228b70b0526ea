package app

import (
	"strconv"
	"strings"
)

// Code is the kind of an Error, for programs.
type Code string

// The codes, and the HTTP status that they have on the REST API.
const (
	Malformed  Code = "malformed"     // 400: not JSON or YAML
	Invalid    Code = "invalid"       // 422: a rule is broken; Details say where
	NotFound   Code = "not-found"     // 404
	Conflict   Code = "conflict"      // 409: there is one of that id already
	Locked     Code = "locked"        // 409: a deployment is under way; Deployments names it
	Forbidden  Code = "forbidden"     // 403
	Impossible Code = "impossible"    // 422: the plan can never come to its end
	Unready    Code = "not-available" // 503: not now
)

// Error is the one type of error that users get: what is wrong, where, and what to do.
type Error struct {
	// Code is for programs, Message for people.
	Code    Code
	Message string
	// Details say where, when there are places.
	Details []Detail
	// Deployments are those that lock the app.
	Deployments []string
	// Hint is what to do, if anything can be said.
	Hint string
}

// Detail is what is wrong with one place of a document.
type Detail struct {
	// Path is as Marathon writes it: /apps(0)/upgradeStrategy/minimumHealthCapacity.
	Path string `json:"path"`
	// Errors are what is wrong there.
	Errors []string `json:"errors"`
	// Line and Column are where it stands in the text, counted from 1; 0 when that is not known.
	Line, Column int `json:"-"`
}

// Error is all of it in a line for each detail.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Message)
	for _, d := range e.Details {
		b.WriteString("\n  ")
		b.WriteString(d.String())
	}
	if e.Hint != "" {
		b.WriteString("; ")
		b.WriteString(e.Hint)
	}
	return b.String()
}

// String is the place and what is wrong there.
func (d Detail) String() string {
	var b strings.Builder
	if d.Line > 0 {
		b.WriteString("line " + strconv.Itoa(d.Line))
		if d.Column > 0 {
			b.WriteString(", column " + strconv.Itoa(d.Column))
		}
		b.WriteString(": ")
	}
	if d.Path != "" {
		b.WriteString(d.Path + ": ")
	}
	b.WriteString(strings.Join(d.Errors, "; "))
	return b.String()
}
