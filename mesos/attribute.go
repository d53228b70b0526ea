package mesos

import (
	"fmt"
	"strconv"
	"strings"
)

// Attributes describe an agent to frameworks: rack, operating system, and the like.
type Attributes []Attribute

// ParseAttributes reads attributes as the agent's flag --attributes has them:
//
//	rack:r1;level:10;span:[1-5]
//
// A value in brackets is ranges, a number is a scalar, anything else is text, which may
// contain colons but, as in Mesos, loses its spaces. A set is an error: real agents do
// not start with one.
func ParseAttributes(text string) (Attributes, error) {
	var parsed Attributes
	for entry := range strings.FieldsFuncSeq(text, func(c rune) bool { return c == ';' || c == '\n' }) {
		if strings.TrimSpace(entry) == "" {
			continue
		}
		name, written, found := strings.Cut(entry, ":")
		name = strings.TrimSpace(name)
		if !found || name == "" {
			return nil, fmt.Errorf("cannot read attribute %q: want name:value", entry)
		}
		value, err := parseValue(written)
		if err != nil {
			return nil, fmt.Errorf("cannot read attribute %q: %w", entry, err)
		}
		if value.Type == ValueTypeSet {
			return nil, fmt.Errorf("cannot read attribute %q: Mesos has no attributes that are sets", entry)
		}
		parsed = append(parsed, Attribute{Name: name, Type: value.Type, Scalar: value.Scalar, Ranges: value.Ranges, Text: value.Text})
	}
	return parsed, nil
}

// Get finds the first attribute of that name, nil when there is none.
func (a Attributes) Get(name string) *Attribute {
	for i := range a {
		if a[i].Name == name {
			return &a[i]
		}
	}
	return nil
}

// String is Mesos' text form: rack:r1;level:10;span:[1-5].
func (a Attributes) String() string {
	entries := make([]string, len(a))
	for i := range a {
		entries[i] = a[i].Name + ":" + a[i].ValueText()
	}
	return strings.Join(entries, ";")
}

// ValueText is the attribute's value in Mesos' text form, whatever its type: what
// constraints are compared with.
func (m *Attribute) ValueText() string {
	switch {
	case m.Type == ValueTypeText && m.Text != nil:
		return m.Text.Value
	case m.Type == ValueTypeScalar && m.Scalar != nil:
		return strconv.FormatFloat(m.Scalar.Value, 'f', -1, 64)
	case m.Type == ValueTypeRanges && m.Ranges != nil:
		return Ranges(m.Ranges.Range).String()
	case m.Type == ValueTypeSet && m.Set != nil:
		return setText(m.Set.Item)
	default:
		return ""
	}
}
