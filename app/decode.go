package app

import (
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// decoder fills Go values from nodes. It goes on after an error, so that users get all of them at once: what could not
// be read keeps the value that it had.
type decoder struct {
	faults
	// path is that of the node at hand.
	path   []byte
	shapes map[reflect.Type]shape
	// legacy is of the app at hand.
	legacy legacy
}

// field is a field of a struct by its name in JSON.
type field struct {
	name  string
	index []int
}

// reader is a type that is not written as its Go type suggests.
type reader interface {
	read(d *decoder, n *node)
}

// defaulter is a type whose fields have values where a document is silent.
type defaulter interface{ setDefaults() }

// choice is a text of which there are only some.
type choice interface{ choices() []string }

// read fills v, which can be set, from n. Null is as good as absent. After too many faults it reads nothing.
func (d *decoder) read(n *node, v reflect.Value) {
	if n.kind == null || d.full() {
		return
	}
	if v.Kind() == reflect.Pointer {
		fresh := reflect.New(v.Type().Elem())
		d.read(n, fresh.Elem())
		v.Set(fresh)
		return
	}
	if special, ok := v.Addr().Interface().(reader); ok {
		special.read(d, n)
		return
	}
	if preset, ok := v.Addr().Interface().(defaulter); ok {
		preset.setDefaults()
	}
	switch v.Kind() {
	case reflect.Struct:
		d.readObject(n, v)
	case reflect.Slice:
		d.readList(n, v)
	case reflect.Map:
		d.readMap(n, v)
	case reflect.String:
		d.readText(n, v)
	case reflect.Bool:
		if d.is(n, boolean) {
			v.SetBool(n.text == "true")
		}
	case reflect.Int, reflect.Int64:
		d.readInteger(n, v)
	case reflect.Float64:
		d.readFloat(n, v)
	}
}

// readObject fills a struct, and tells which of its fields n has.
func (d *decoder) readObject(n *node, v reflect.Value) (present []field) {
	if !d.is(n, object) {
		return nil
	}
	has := d.shape(v.Type())
	for i, k := range n.keys {
		item, up := n.items[i], d.down(k.name)
		f, other := find(has.fields, k.name), has.besides[k.name]
		switch {
		case d.full():
		case f == nil && other == nil:
			d.addAt(k.line, k.column, string(d.path), d.unknown(k.name, v.Type()))
		case item.kind == null: // as good as absent
		case other != nil:
			other(d, item)
		default:
			d.read(item, v.FieldByIndex(f.index))
			present = append(present, *f)
		}
		d.up(up)
	}
	return present
}

func (d *decoder) readList(n *node, v reflect.Value) {
	if !d.is(n, list) {
		return
	}
	items := reflect.MakeSlice(v.Type(), len(n.items), len(n.items))
	for i, item := range n.items {
		up := d.downTo(i)
		if item.kind == null {
			d.add(item, "expected a value, this is null")
		} else {
			d.read(item, items.Index(i))
		}
		d.up(up)
	}
	v.Set(items)
}

// readMap fills a map of texts.
func (d *decoder) readMap(n *node, v reflect.Value) {
	if !d.is(n, object) {
		return
	}
	m := make(map[string]string, len(n.keys))
	for i, k := range n.keys {
		item, up := n.items[i], d.down(k.name)
		if item.kind == object && len(item.keys) == 1 && item.keys[0].name == "secret" {
			later("secrets")(d, item)
		} else if d.is(item, text) {
			m[k.name] = item.text
		}
		d.up(up)
	}
	v.Set(reflect.ValueOf(m))
}

func (d *decoder) readText(n *node, v reflect.Value) {
	if !d.is(n, text) {
		return
	}
	if c, ok := v.Interface().(choice); ok && !slices.Contains(c.choices(), n.text) {
		d.add(n, oneOf(n.text, c.choices()))
		return
	}
	v.SetString(n.text)
}

// readInteger accepts what is whole, however it is written, within the 32 bits that Marathon's numbers have; 64 where
// the field has.
func (d *decoder) readInteger(n *node, v reflect.Value) {
	if !d.is(n, number) {
		return
	}
	i, ok := integer(n.text)
	if !ok {
		d.add(n, "expected an integer, this is "+n.text)
		return
	}
	if v.Kind() == reflect.Int && (i < math.MinInt32 || i > math.MaxInt32) {
		d.add(n, "expected an integer of 32 bits, this is "+n.text)
		return
	}
	v.SetInt(i)
}

func (d *decoder) readFloat(n *node, v reflect.Value) {
	if !d.is(n, number) {
		return
	}
	f, err := strconv.ParseFloat(n.text, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		d.add(n, "expected a finite number, this is "+n.text)
		return
	}
	v.SetFloat(f)
}

// down goes to a field, downTo to an item; up returns from there.
func (d *decoder) down(name string) (up int) {
	up = len(d.path)
	d.path = append(append(d.path, '/'), name...)
	return up
}

func (d *decoder) downTo(i int) (up int) {
	up = len(d.path)
	d.path = append(strconv.AppendInt(append(d.path, '('), int64(i), 10), ')')
	return up
}

func (d *decoder) up(to int) { d.path = d.path[:to] }

// add notes what is wrong with the node at hand.
func (d *decoder) add(n *node, message string) { d.addAt(n.line, n.column, string(d.path), message) }

// is tells whether n is of a kind, and complains if not.
func (d *decoder) is(n *node, want kind) bool {
	if n.kind == want {
		return true
	}
	d.add(n, mismatch(n, want))
	return false
}

// shape is what may be written in an object.
type shape struct {
	fields  []field
	besides map[string]beside
}

// shape gives that of a struct, made once a document.
func (d *decoder) shape(t reflect.Type) shape {
	s, ok := d.shapes[t]
	if !ok {
		s = shape{fieldsOf(t), besides(t)}
		if d.shapes == nil {
			d.shapes = map[reflect.Type]shape{}
		}
		d.shapes[t] = s
	}
	return s
}

// fieldsOf gives the fields of a struct, those of embedded ones among them.
func fieldsOf(t reflect.Type) (fields []field) {
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			fields = append(fields, field{name, f.Index})
		}
	}
	return fields
}

func find(fields []field, name string) *field {
	for i := range fields {
		if fields[i].name == name {
			return &fields[i]
		}
	}
	return nil
}

// integer reads a whole number: 3, 3.0 and 3e0 are the same, as they are for Marathon.
func integer(s string) (int64, bool) {
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return i, true
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<62 {
		return 0, false
	}
	return int64(f), true
}

// element is the path of a list's element, as Marathon writes it.
func element(path string, i int) string { return path + "(" + strconv.Itoa(i) + ")" }
