package app

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// faults collects what is wrong with a document, up to maxFaults.
type faults struct {
	details []Detail
	// said is how many there were: who sees that it is full may stop looking for more.
	said int
}

const maxFaults = 200

// full tells whether nobody wants to know of any more.
func (f *faults) full() bool { return f.said >= maxFaults }

// addAt notes a fault; several at the same path are one Detail.
func (f *faults) addAt(line, column int, path, message string) {
	if f.said++; f.said > maxFaults {
		return
	}
	if path == "" {
		path = "/"
	}
	for i := range f.details {
		d := &f.details[i]
		if d.Path != path || d.Line != line {
			continue
		}
		if !slices.Contains(d.Errors, message) {
			d.Errors = append(d.Errors, message)
		}
		return
	}
	f.details = append(f.details, Detail{Path: path, Errors: []string{message}, Line: line, Column: column})
}

// merge takes in an *Error's details.
func (f *faults) merge(err error) {
	var e *Error
	if errors.As(err, &e) {
		f.details = append(f.details, e.Details...)
		f.said += len(e.Details)
	}
}

// covers tells whether there is a fault at a path, above or below it.
func (f *faults) covers(path string) bool {
	for _, d := range f.details {
		if within(path, d.Path) || within(d.Path, path) {
			return true
		}
	}
	return false
}

// within tells whether path is outer or below it.
func within(path, outer string) bool {
	rest, ok := strings.CutPrefix(path, outer)
	return ok && (rest == "" || rest[0] == '/' || rest[0] == '(')
}

// err is nil when there are none; they are in the order of the text.
func (f *faults) err() error {
	if len(f.details) == 0 {
		return nil
	}
	slices.SortStableFunc(f.details, func(a, b Detail) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	e := &Error{Code: Invalid, Message: "Object is not valid", Details: f.details}
	if f.full() {
		e.Hint = fmt.Sprintf("only the first %d faults are shown", maxFaults)
	}
	return e
}

const (
	tooDeep = "the document is nested too deeply"
	tooMany = "the document has too many values"
)

func twice(name string) string { return name + " stands here a second time" }

// malformed is the error of a text that is no JSON or YAML at all.
func malformed(line, column int, message string) error {
	return &Error{Code: Malformed, Message: "Invalid document", Details: []Detail{
		{Path: "/", Errors: []string{message}, Line: line, Column: column},
	}}
}

// mismatch says what stands where something else should.
func mismatch(n *node, want kind) string {
	is := n.kind.String()
	switch n.kind {
	case number:
		is = "the number " + n.text
	case boolean:
		is = n.text
	case text:
		is = "the string " + quote(n.text)
	}
	s := "expected " + want.String() + ", this is " + is
	if want == text && (n.kind == number || n.kind == boolean) {
		s += ": put it in quotes"
	}
	return s
}

// quote puts a text in quotes, and shortens it for a message.
func quote(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "..."
	}
	return `"` + strings.ToValidUTF8(s, "?") + `"`
}

func oneOf(s string, choices []string) string {
	m := quote(s) + " is none of " + strings.Join(choices, ", ")
	if likely := nearest(strings.ToUpper(s), choices); likely != "" {
		m += ": did you mean " + likely + "?"
	}
	return m
}
