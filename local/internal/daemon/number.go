package daemon

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Number is a floating point number in JSON as Mesos writes it: it always has a decimal point or an exponent (1.0, 1e+30).
type Number float64

// MarshalJSON fails for NaN and infinities, which JSON does not have.
func (n Number) MarshalJSON() ([]byte, error) {
	f := float64(n)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("cannot write %v in JSON", f)
	}
	b := strconv.AppendFloat(nil, f, format(f), -1, 64)
	if !bytes.ContainsAny(b, ".e") {
		b = append(b, ".0"...)
	}
	return b, nil
}

// format keeps numbers of a usual size free of exponents.
func format(f float64) byte {
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e17) {
		return 'e'
	}
	return 'f'
}

// Members is a JSON object whose members keep their order.
type Members []Member

// Member is one member of an object.
type Member struct {
	Name  string
	Value any
}

// MarshalJSON writes the members in order.
func (m Members) MarshalJSON() ([]byte, error) { return m.appendTo(nil) }

func (m Members) appendTo(b []byte) ([]byte, error) {
	b = append(b, '{')
	for i, member := range m {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendValue(b, member.Name); err != nil {
			return nil, err
		}
		if b, err = appendValue(append(b, ':'), member.Value); err != nil {
			return nil, fmt.Errorf("cannot write %s: %w", member.Name, err)
		}
	}
	return append(b, '}'), nil
}

// appendValue writes nested objects in place: encoding/json would look through each of them again at every level.
func appendValue(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case Members:
		return v.appendTo(b)
	case []Members:
		return appendList(b, v)
	}
	text, err := marshal(v)
	return append(b, text...), err
}

func appendList(b []byte, list []Members) ([]byte, error) {
	b = append(b, '[')
	for i, m := range list {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = m.appendTo(b); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

// marshal is json.Marshal that leaves HTML's characters alone.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// Metrics is an answer of /metrics/snapshot: names in order, every value a Number.
type Metrics map[string]float64

// MarshalJSON writes names in order. What is not a finite number is left out, as a gauge that fails is by Mesos.
func (m Metrics) MarshalJSON() ([]byte, error) {
	names := make([]string, 0, len(m))
	for name, value := range m {
		if !math.IsNaN(value) && !math.IsInf(value, 0) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	members := make(Members, len(names))
	for i, name := range names {
		members[i] = Member{name, Number(m[name])}
	}
	return members.MarshalJSON()
}
