package app

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
)

// The forms of what JSON writes otherwise than Go: a constraint is an array, a limit may be "unlimited", and the
// strategy for unreachable instances "disabled".

const (
	unlimited = "unlimited"
	disabled  = "disabled"
)

// MarshalJSON writes [field, operator] or [field, operator, value].
func (c Constraint) MarshalJSON() ([]byte, error) {
	if c.Value == "" {
		return json.Marshal([]string{c.Field, c.Operator})
	}
	return json.Marshal([]string{c.Field, c.Operator, c.Value})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (c *Constraint) UnmarshalJSON(b []byte) error {
	var parts []string
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	return c.set(parts)
}

func (c *Constraint) set(parts []string) error {
	if len(parts) != 2 && len(parts) != 3 {
		return fmt.Errorf("a constraint has two or three texts, as in [\"hostname\", \"UNIQUE\"], this has %d", len(parts))
	}
	*c = Constraint{Field: parts[0], Operator: parts[1]}
	if len(parts) == 3 {
		c.Value = parts[2]
	}
	return nil
}

func (c *Constraint) read(d *decoder, n *node) {
	var parts []string
	before := d.said
	d.read(n, reflect.ValueOf(&parts).Elem())
	if d.said > before {
		return
	}
	if err := c.set(parts); err != nil {
		d.add(n, err.Error())
	}
}

// MarshalJSON writes the number, or "unlimited".
func (l Limit) MarshalJSON() ([]byte, error) {
	if math.IsInf(float64(l), 1) {
		return json.Marshal(unlimited)
	}
	return json.Marshal(float64(l))
}

// UnmarshalJSON reads what MarshalJSON writes.
func (l *Limit) UnmarshalJSON(b []byte) error {
	if string(b) == `"`+unlimited+`"` {
		*l = Limit(math.Inf(1))
		return nil
	}
	return json.Unmarshal(b, (*float64)(l))
}

func (l *Limit) read(d *decoder, n *node) {
	switch {
	case n.kind == text && n.text == unlimited:
		*l = Limit(math.Inf(1))
	case n.kind == number:
		d.readFloat(n, reflect.ValueOf(l).Elem())
	default:
		d.add(n, mismatch(n, number)+" (a number or "+quote(unlimited)+" goes here)")
	}
}

// MarshalJSON writes the two times, or "disabled".
func (u UnreachableStrategy) MarshalJSON() ([]byte, error) {
	if u.Disabled {
		return json.Marshal(disabled)
	}
	type plain UnreachableStrategy
	return json.Marshal(plain(u))
}

// UnmarshalJSON reads what MarshalJSON writes.
func (u *UnreachableStrategy) UnmarshalJSON(b []byte) error {
	if string(b) == `"`+disabled+`"` {
		*u = UnreachableStrategy{Disabled: true}
		return nil
	}
	type plain UnreachableStrategy
	*u = UnreachableStrategy{}
	return json.Unmarshal(b, (*plain)(u))
}

func (u *UnreachableStrategy) read(d *decoder, n *node) {
	*u = UnreachableStrategy{}
	switch {
	case n.kind == text && n.text == disabled:
		u.Disabled = true
	case n.kind == object:
		d.readObject(n, reflect.ValueOf(u).Elem())
	default:
		d.add(n, mismatch(n, object)+" (an object or "+quote(disabled)+" goes here)")
	}
}

func (t *Timestamp) read(d *decoder, n *node) {
	if !d.is(n, text) {
		return
	}
	if err := t.UnmarshalText([]byte(n.text)); err != nil {
		d.add(n, err.Error())
	}
}
