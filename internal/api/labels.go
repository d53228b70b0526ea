package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// selector chooses apps by their labels; all of its terms have to hold.
type selector []term

// term is about one label, which has to exist in any case.
type term struct {
	key    string
	values []string
	not    bool // the value is none of values
	exists bool // any value will do
}

func (s selector) matches(labels map[string]string) bool {
	for _, t := range s {
		value, ok := labels[t.key]
		if !ok || !t.exists && slices.Contains(t.values, value) == t.not {
			return false
		}
	}
	return true
}

// parseSelector reads Marathon's label selectors: key, key==value, key!=value, key in (a, b), key notin (a, b), with commas between.
func parseSelector(text string) (selector, error) {
	p := selectorParser{rest: text}
	s, err := p.terms()
	if err != nil {
		return nil, &refusal{http.StatusUnprocessableEntity, fmt.Sprintf("Can not parse label selector %s. Reason: %s", text, err)}
	}
	return s, nil
}

type selectorParser struct{ rest string }

func (p *selectorParser) terms() (selector, error) {
	var all selector
	if p.space(); p.rest == "" {
		return all, nil
	}
	for {
		t, err := p.term()
		if err != nil {
			return nil, err
		}
		all = append(all, t)
		if p.space(); p.rest == "" {
			return all, nil
		}
		if !p.take(",") {
			return nil, p.unexpected("a comma")
		}
	}
}

func (p *selectorParser) term() (t term, err error) {
	if t.key, err = p.word(); err != nil {
		return t, err
	}
	p.space()
	switch {
	case p.take("=="):
		t.values, err = p.one()
	case p.take("!="):
		t.not = true
		t.values, err = p.one()
	case p.take("notin"):
		t.not = true
		t.values, err = p.set()
	case p.take("in"):
		t.values, err = p.set()
	default:
		t.exists = true
	}
	return t, err
}

func (p *selectorParser) one() ([]string, error) {
	w, err := p.word()
	return []string{w}, err
}

func (p *selectorParser) set() (values []string, err error) {
	if p.space(); !p.take("(") {
		return nil, p.unexpected("(")
	}
	if p.space(); p.take(")") {
		return nil, nil
	}
	for {
		w, err := p.word()
		if err != nil {
			return nil, err
		}
		values = append(values, w)
		p.space()
		if p.take(")") {
			return values, nil
		}
		if !p.take(",") {
			return nil, p.unexpected("a comma or )")
		}
	}
}

// word reads letters, digits, and - _ . ; a backslash takes whatever follows it.
func (p *selectorParser) word() (string, error) {
	p.space()
	var b strings.Builder
	i := 0
	for ; i < len(p.rest); i++ {
		c := p.rest[i]
		if c == '\\' && i+1 < len(p.rest) {
			i++
			b.WriteByte(p.rest[i])
			continue
		}
		if !isWord(c) {
			break
		}
		b.WriteByte(c)
	}
	if i == 0 {
		return "", p.unexpected("a label's name or value")
	}
	p.rest = p.rest[i:]
	return b.String(), nil
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.'
}

func (p *selectorParser) space() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }

func (p *selectorParser) take(prefix string) bool {
	rest, ok := strings.CutPrefix(p.rest, prefix)
	p.rest = rest
	return ok
}

func (p *selectorParser) unexpected(want string) error {
	if p.rest == "" {
		return fmt.Errorf("%s is missing at the end", want)
	}
	return fmt.Errorf("%s was expected at %q", want, p.rest)
}
