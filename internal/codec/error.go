package codec

import (
	"strconv"
	"strings"
)

// Error is why bytes are not the message they should be.
type Error struct {
	// Message is the full name of the outermost message.
	Message string
	// Path leads to the field, such as update.status.task_id; "" is the message itself.
	Path string
	// Offset is the place in the bytes, counted from 0, or -1 when none can be named.
	Offset int
	// Reason says what is wrong.
	Reason string

	missing bool // a required field is missing
	syntax  bool // the JSON text itself is broken
}

// Error names the message, the field, what is wrong and where.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Message)
	if e.Path != "" {
		b.WriteString(": ")
		b.WriteString(e.Path)
	}
	b.WriteString(": ")
	b.WriteString(e.Reason)
	if e.Offset >= 0 {
		b.WriteString(" at byte ")
		b.WriteString(strconv.Itoa(e.Offset))
	}
	return b.String()
}

func failed(reason string) *Error { return &Error{Reason: reason, Offset: -1} }

// missing names the first required field that was not seen.
func (sc *Schema) missing(seen uint16) *Error {
	for i := range sc.Fields {
		f := &sc.Fields[i]
		if f.Bit&sc.Need&^seen != 0 {
			return &Error{Path: f.name(), Reason: "required field is missing", Offset: -1, missing: true}
		}
	}
	return failed("required field is missing")
}

// within puts a field in front of an error's path; index is that of an element, -1 is none.
func (e *Error) within(f *Field, index int) *Error {
	at := f.name()
	if index >= 0 {
		at += "[" + strconv.Itoa(index) + "]"
	}
	if e.Path != "" && e.Path[0] != '[' {
		at += "."
	}
	e.Path = at + e.Path
	return e
}

// of names the outermost message of an error.
func (e *Error) of(sc *Schema) error {
	if e == nil {
		return nil
	}
	e.Message = sc.Name
	return e
}
