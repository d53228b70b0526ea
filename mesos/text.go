package mesos

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ParseResources reads resources as the agent's flag --resources has them: either
// Mesos' text form
//
//	cpus:4;mem:2048;ports:[31000-32000];cpus(web):2;disks:{sda, sdb}
//
// where a role in parentheses makes a static reservation, or a JSON array of Resource.
// Entries stand in the result as they were written, empty ones (cpus:0) included, since
// that is how an agent is told to offer none; Add sums them up. Each is valid, and no
// name comes with two types.
func ParseResources(text string) (Resources, error) {
	parse := parseResourcesText
	if strings.HasPrefix(strings.TrimSpace(text), "[") {
		parse = parseResourcesJSON
	}
	parsed, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("cannot read resources: %w", err)
	}
	if err := parsed.Validate(); err != nil {
		return nil, fmt.Errorf("cannot read resources: %w", err)
	}
	types := map[string]ValueType{}
	for i := range parsed {
		if known, ok := types[parsed[i].Name]; ok && known != parsed[i].Type {
			return nil, fmt.Errorf("cannot read resources: %q has two types", parsed[i].Name)
		}
		types[parsed[i].Name] = parsed[i].Type
	}
	return parsed, nil
}

func parseResourcesJSON(text string) (Resources, error) {
	var raw []json.RawMessage
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return nil, err
	}
	parsed := make(Resources, len(raw))
	for i := range raw {
		if err := parsed[i].UnmarshalJSON(raw[i]); err != nil {
			return nil, fmt.Errorf("entry %d: %w", i, err)
		}
	}
	return parsed, nil
}

func parseResourcesText(text string) (Resources, error) {
	var parsed Resources
	for entry := range strings.SplitSeq(text, ";") {
		if strings.TrimSpace(entry) == "" {
			continue
		}
		one, err := parseResource(entry)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", entry, err)
		}
		parsed = append(parsed, one)
	}
	return parsed, nil
}

// parseResource reads name:value or name(role):value.
func parseResource(entry string) (Resource, error) {
	label, text, found := strings.Cut(entry, ":")
	if !found || strings.Contains(text, ":") {
		return Resource{}, errors.New("want name:value or name(role):value")
	}
	name, role := strings.TrimSpace(label), unreservedRole
	if before, inside, open := strings.Cut(name, "("); open {
		inside, found = strings.CutSuffix(inside, ")")
		if !found {
			return Resource{}, errors.New("a parenthesis is not closed")
		}
		name, role = strings.TrimSpace(before), strings.TrimSpace(inside)
	}
	value, err := parseValue(text)
	if err != nil {
		return Resource{}, err
	}
	if value.Type == ValueTypeText {
		return Resource{}, fmt.Errorf("%q is neither a number, nor [ranges], nor a {set}", value.Text.Value)
	}
	parsed := Resource{Name: name, Type: value.Type, Scalar: value.Scalar, Ranges: value.Ranges, Set: value.Set}
	if role != unreservedRole {
		static := ResourceReservationInfo{Type: new(ResourceReservationInfoTypeStatic), Role: new(role)}
		parsed.Reservations = []ResourceReservationInfo{static}
	}
	return parsed, nil
}

// parseValue reads a value; its type follows from how it is written. Mesos takes no
// notice of spaces, not even inside a text.
func parseValue(text string) (Value, error) {
	text = strings.ReplaceAll(strings.TrimSpace(text), " ", "")
	switch {
	case text == "":
		return Value{}, errors.New("the value is empty")
	case text[0] == '[':
		ranges, err := parseRanges(text)
		return Value{Type: ValueTypeRanges, Ranges: &ValueRanges{Range: ranges}}, err
	case text[0] == '{':
		items, err := parseSet(text)
		return Value{Type: ValueTypeSet, Set: &ValueSet{Item: items}}, err
	case strings.ContainsAny(text, "[]{}"):
		return Value{}, fmt.Errorf("%q has a bracket in its middle", text)
	}
	if number, err := parseDecimal(text); err == nil {
		return Value{Type: ValueTypeScalar, Scalar: &ValueScalar{Value: number}}, nil
	}
	return Value{Type: ValueTypeText, Text: &ValueText{Value: text}}, nil
}

// parseDecimal reads a finite number in decimal digits: neither inf nor hexadecimal.
func parseDecimal(text string) (float64, error) {
	if strings.Trim(text, "0123456789+-.eE") != "" {
		return 0, strconv.ErrSyntax
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, errors.Unwrap(err)
	}
	return number, nil
}

func parseRanges(text string) (Ranges, error) {
	inside, closed := strings.CutSuffix(text[1:], "]")
	if !closed {
		return nil, fmt.Errorf("%q is not closed", text)
	}
	var ranges Ranges
	for one := range strings.SplitSeq(inside, ",") {
		if one == "" {
			continue
		}
		first, last, _ := strings.Cut(one, "-")
		begin, errBegin := strconv.ParseUint(first, 10, 64)
		end, errEnd := strconv.ParseUint(last, 10, 64)
		if errBegin != nil || errEnd != nil {
			return nil, fmt.Errorf("%q is not a range such as 31000-31005", one)
		}
		ranges = append(ranges, span(begin, end))
	}
	return ranges, nil
}

func parseSet(text string) ([]string, error) {
	inside, closed := strings.CutSuffix(text[1:], "}")
	if !closed || strings.ContainsAny(inside, "{}[]") {
		return nil, fmt.Errorf("%q is not a set such as {a, b}", text)
	}
	var items []string
	for item := range strings.SplitSeq(inside, ",") {
		if item != "" {
			items = append(items, item)
		}
	}
	return items, nil
}

// String is Mesos' text form: cpus:4; mem:2048; ports:[31000-32000]. Reservations,
// allocation, disks and the rest are written as Mesos' logs have them; only what is
// plain can be read back by ParseResources.
func (r Resources) String() string {
	var b []byte
	for i := range r {
		if i > 0 {
			b = append(b, "; "...)
		}
		b = r[i].appendText(b)
	}
	return string(b)
}

func (m *Resource) appendText(b []byte) []byte {
	b = append(b, m.Name...)
	if m.AllocationInfo != nil {
		b = append(b, "(allocated: "+m.AllocationInfo.GetRole()+")"...)
	}
	if m.IsReserved() {
		b = appendReservations(b, m.stack())
	}
	b = appendDisk(b, m.Disk)
	if m.Revocable != nil {
		b = append(b, "{REV}"...)
	}
	if m.Shared != nil {
		b = append(b, "<SHARED>"...)
	}
	b = append(b, ':')
	switch {
	case m.Type == ValueTypeScalar && m.Scalar != nil:
		b = strconv.AppendFloat(b, m.Scalar.Value, 'f', -1, 64)
	case m.Type == ValueTypeRanges:
		b = m.ranges().appendText(b)
	case m.Type == ValueTypeSet:
		b = append(b, setText(m.items())...)
	}
	return b
}

func appendReservations(b []byte, stack []ResourceReservationInfo) []byte {
	b = append(b, "(reservations: ["...)
	for i := range stack {
		if i > 0 {
			b = append(b, ',')
		}
		kind := "STATIC"
		if stack[i].GetType() == ResourceReservationInfoTypeDynamic {
			kind = "DYNAMIC"
		}
		b = append(b, "("+kind+","+stack[i].GetRole()...)
		if stack[i].Principal != nil {
			b = append(b, ","+*stack[i].Principal...)
		}
		b = append(b, ')')
	}
	return append(b, "])"...)
}

// appendDisk names what makes a disk a particular one.
func appendDisk(b []byte, disk *ResourceDiskInfo) []byte {
	if disk == nil {
		return b
	}
	var parts []string
	if source := disk.Source; source != nil {
		switch {
		case source.Path != nil && source.Path.Root != nil:
			parts = append(parts, "PATH:"+*source.Path.Root)
		case source.Mount != nil && source.Mount.Root != nil:
			parts = append(parts, "MOUNT:"+*source.Mount.Root)
		case source.ID != nil:
			parts = append(parts, *source.ID)
		}
	}
	if disk.Persistence != nil {
		parts = append(parts, disk.Persistence.ID)
	}
	return append(b, "["+strings.Join(parts, ",")+"]"...)
}
