package app

import (
	"fmt"
	"slices"
	"strings"
)

// Selector chooses by labels: all of its terms must hold. It is made by [ParseSelector]; the zero one chooses everything.
type Selector struct{ terms []term }

// term is about one label, which must be there: with one of the values, with none of them, or, without values, anyhow.
type term struct {
	label  string
	values []string
	any    bool
	not    bool
}

// ParseSelector reads Marathon's label selectors, such as
//
//	env == prod, tier in (web, cache), owner, zone != a, rack notin (1, 2)
//
// What is not a letter, a digit, or one of - _ . is written behind a backslash. The error is an *Error of code Invalid.
func ParseSelector(text string) (Selector, error) {
	p := selectorReader{rest: text}
	s := Selector{}
	for p.skip(); p.rest != ""; p.skip() {
		if len(s.terms) > 0 && !p.take(",") {
			return Selector{}, p.fault(text, "a comma")
		}
		t, expected := p.term()
		if expected != "" {
			return Selector{}, p.fault(text, expected)
		}
		s.terms = append(s.terms, t)
	}
	return s, nil
}

// Matches tells whether the labels are such.
func (s Selector) Matches(labels map[string]string) bool {
	for _, t := range s.terms {
		value, ok := labels[t.label]
		if !ok || !t.any && slices.Contains(t.values, value) == t.not {
			return false
		}
	}
	return true
}

// selectorReader goes through a selector's text.
type selectorReader struct{ rest string }

func (p *selectorReader) skip() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }

// take goes past what comes next, if it is this.
func (p *selectorReader) take(s string) bool {
	p.skip()
	rest, ok := strings.CutPrefix(p.rest, s)
	p.rest = rest
	return ok
}

// term reads one; else it says what was expected.
func (p *selectorReader) term() (t term, expected string) {
	if t.label = p.word(); t.label == "" {
		return t, "a label"
	}
	switch {
	case p.take("=="):
		return p.value(t)
	case p.take("!="):
		t.not = true
		return p.value(t)
	}
	before := p.rest
	switch p.word() {
	case "in":
		return p.set(t)
	case "notin":
		t.not = true
		return p.set(t)
	}
	p.rest = before
	t.any = true
	return t, ""
}

func (p *selectorReader) value(t term) (term, string) {
	value := p.word()
	if value == "" {
		return t, "a value"
	}
	t.values = []string{value}
	return t, ""
}

func (p *selectorReader) set(t term) (term, string) {
	if !p.take("(") {
		return t, "("
	}
	for !p.take(")") {
		if len(t.values) > 0 && !p.take(",") {
			return t, "a comma or )"
		}
		value := p.word()
		if value == "" {
			return t, "a value"
		}
		t.values = append(t.values, value)
	}
	return t, ""
}

// word reads a label or a value; "" when there is none.
func (p *selectorReader) word() string {
	p.skip()
	var b strings.Builder
	for i := 0; ; i++ {
		switch {
		case i+1 < len(p.rest) && p.rest[i] == '\\':
			i++
		case i == len(p.rest) || !plain(p.rest[i]):
			p.rest = p.rest[i:]
			return b.String()
		}
		b.WriteByte(p.rest[i])
	}
}

func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_.", c) >= 0
}

func (p *selectorReader) fault(text, expected string) error {
	return &Error{
		Code:    Invalid,
		Message: fmt.Sprintf("Can not parse label selector %s. Reason: %s expected at %d", text, expected, len(text)-len(p.rest)+1),
	}
}
