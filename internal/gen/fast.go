package main

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// fastMessages are those that get a decoder of generated code, besides the table that every message has: what offers and
// status updates consist of. None may contain itself.
var fastMessages = [...]protoreflect.FullName{
	"mesos.v1.scheduler.Event", "mesos.v1.scheduler.Event.Offers", "mesos.v1.scheduler.Event.Update",
	"mesos.v1.Offer", "mesos.v1.URL", "mesos.v1.Address", "mesos.v1.Attribute",
	"mesos.v1.DomainInfo", "mesos.v1.DomainInfo.FaultDomain",
	"mesos.v1.Resource", "mesos.v1.Resource.AllocationInfo", "mesos.v1.Resource.ReservationInfo",
	"mesos.v1.Value.Scalar", "mesos.v1.Value.Ranges", "mesos.v1.Value.Range",
	"mesos.v1.TaskStatus", "mesos.v1.ContainerStatus", "mesos.v1.NetworkInfo", "mesos.v1.NetworkInfo.IPAddress",
}

func isFast(m protoreflect.MessageDescriptor) bool {
	return slices.Contains(fastMessages[:], m.FullName())
}

// fastName is the type whose method decodes.
func fastName(m protoreflect.MessageDescriptor) string { return lowerFirst(goName(m).name) + "Fast" }

// fast writes the decoder of a message.
func (w *writer) fast(m protoreflect.MessageDescriptor) {
	name := goName(m).name
	w.line("type %s struct{}\n", fastName(m))
	w.line("func (%s) Decode(a *codec.Arena, p unsafe.Pointer, b []byte) bool {", fastName(m))
	w.line("m := (*%s)(p)", name)
	bits, need := requiredBits(m)
	if need != 0 {
		w.line("var seen uint16")
	}
	w.line("for i := 0; i < len(b); {")
	w.line("start, tag := i, uint(b[i])\ni++")
	w.line("if tag >= 0x80 {\nif tag, i = codec.LongTag(b, i); i < 0 {\nreturn false\n}\n}")
	w.line("switch tag {")
	for _, f := range byNumber(m) {
		w.line("case %d: // %s", protowire.EncodeTag(f.Number(), wireType(f)), f.Name())
		if f.IsMap() || f.ContainingOneof() != nil || f.IsList() && f.Message() == nil {
			w.line("return false")
			continue
		}
		w.fastField(f, bits[f.Name()])
	}
	w.line("default:\nif i = a.Stray(&%s, p, b, start, i, tag); i < 0 {\nreturn false\n}", schemaName(m))
	w.line("}\n}")
	if need != 0 {
		w.line("return seen == %#x", need)
	} else {
		w.line("return true")
	}
	w.line("}\n")
}

// fastVarint writes how v is read as a number, fastLength how n is as a length: in place, because most have one byte.
func (w *writer) fastVarint() {
	w.line("if i >= len(b) {\nreturn false\n}\nv := uint64(b[i])\ni++")
	w.line("if v >= 0x80 {\nif v, i = codec.Varint(b, i-1); i < 0 {\nreturn false\n}\n}")
}

func (w *writer) fastLength() {
	w.line("if i >= len(b) {\nreturn false\n}\nsize := int(b[i])\ni++")
	w.line("if size >= 0x80 {\nif size, i = codec.Length(b, i-1); i < 0 {\nreturn false\n}\n}")
	w.line("if size > len(b)-i {\nreturn false\n}\nv := b[i : i+size : i+size]\ni += size")
}

// fastField writes the case of a field.
func (w *writer) fastField(f protoreflect.FieldDescriptor, bit uint16) {
	field := "m." + camel(string(f.Name()))
	if f.Message() != nil {
		w.fastNested(f, field, bit)
		return
	}
	const failing = "; i < 0 {\nreturn false\n}"
	optional := hasGetter(f)
	set := func(value string) { // an optional value gets its memory
		if !optional {
			w.line("%s = %s", field, value)
			return
		}
		w.line("if a.NoNumber() {\na.MoreNumbers()\n}")
		w.line("q := codec.Number[%s](a)\n*q = %s\n%s = q", w.bareType(f), value, field)
	}
	switch f.Kind() {
	case protoreflect.StringKind:
		if !optional {
			w.line("if %s, i = codec.Text(b, i)%s", field, failing)
			break
		}
		w.line("var v string\nif v, i = codec.Text(b, i)" + failing)
		w.line("if a.NoString() {\na.MoreStrings()\n}\n%s = a.String(v)", field)
	case protoreflect.BytesKind:
		w.fastLength()
		w.line("%s = v", field)
	case protoreflect.DoubleKind:
		w.line("var v uint64\nif v, i = codec.Fixed64(b, i)" + failing)
		set("math.Float64frombits(v)")
	case protoreflect.BoolKind:
		w.fastVarint()
		set("v != 0")
	default:
		w.fastVarint()
		if f.Enum() != nil && optional {
			w.line("if v >= 64 || %#x>>v&1 == 0 {\nreturn false\n}", knownBits(f.Enum()))
		}
		set(w.bareType(f) + "(v)")
	}
	if bit != 0 {
		w.line("seen |= %#x", bit)
	}
}

// fastNested writes the case of a nested message.
func (w *writer) fastNested(f protoreflect.FieldDescriptor, field string, bit uint16) {
	sub := f.Message()
	target := "&" + field
	switch {
	case f.IsList():
		w.line("n := len(%s)", field)
		w.line("if n == cap(%s) {", field)
		w.line("s := (*%s)(nil).Schema()", w.bareType(f))
		w.line("if !a.Grow(unsafe.Pointer(&%s), s, b[start:], tag) {\nreturn false\n}\n}", field)
		w.line("%s = %s[:n+1]\nq := &%s[n]", field, field, field)
		target = "q"
	case f.Cardinality() == protoreflect.Required:
		w.line("if seen&%#x != 0 {\nreturn false\n}", bit)
	default:
		w.line("if %s != nil {\nreturn false\n}", field)
		w.line("q := codec.Cut[%s](a, %d)", w.bareType(f), w.slots[sub.FullName()])
		w.line("if q == nil {\nif q = codec.New[%s](a, (*%s)(nil).Schema()); q == nil {\nreturn false\n}\n}\n%s = q", w.bareType(f), w.bareType(f), field)
		target = "q"
	}
	if first := sub.Fields().ByNumber(1); first != nil && first.Cardinality() == protoreflect.Required && first.Kind() == protoreflect.StringKind && sub.RequiredNumbers().Len() == 1 {
		w.line("if s, j := codec.ID(b, i); j >= 0 {\n%s.%s = s\ni = j", strings.TrimPrefix(target, "&"), camel(string(first.Name())))
		w.line("} else {")
		w.fastContent(f, sub, target)
		w.line("}")
	} else {
		w.fastContent(f, sub, target)
	}
	if bit != 0 {
		w.line("seen |= %#x", bit)
	}
}

// fastContent writes how a nested message is read to target.
func (w *writer) fastContent(f protoreflect.FieldDescriptor, sub protoreflect.MessageDescriptor, target string) {
	w.fastLength()
	pointer := "unsafe.Pointer(" + target + ")"
	if f.IsList() {
		w.line("if len(v) > 256 {\na.Fetch(v)\n}")
	}
	if isFast(sub) && goName(sub).pkg == w.pkg {
		w.line("if !(%s{}).Decode(a, %s, v) && !a.Odd(&%s, %s, v) {\nreturn false\n}", fastName(sub), pointer, schemaName(sub), pointer)
		return
	}
	w.line("if !a.Nested((*%s)(nil).Schema(), %s, v) {\nreturn false\n}", w.bareType(f), pointer)
}

// append writes the encoder of a message.
func (w *writer) append(m protoreflect.MessageDescriptor) {
	w.line("func (%s) Append(b []byte, p unsafe.Pointer) ([]byte, bool) {", fastName(m))
	w.line("m, ok := (*%s)(p), true", goName(m).name)
	w.line("if len(m.Unknown) > 0 {\nb, err := codec.AppendByTable(b, &%s, p)\nreturn b, err == nil\n}", schemaName(m))
	for _, f := range byNumber(m) {
		if f.Number() > 15 || f.IsMap() || f.IsList() && f.Message() == nil {
			w.line("if %s {\nb, err := codec.AppendByTable(b, &%s, p)\nreturn b, err == nil\n}", isSet(f), schemaName(m))
		}
	}
	for _, f := range byNumber(m) {
		if f.Number() <= 15 && !f.IsMap() && (!f.IsList() || f.Message() != nil) {
			w.appendField(f)
		}
	}
	w.line("return b, ok\n}\n")
}

// isSet is the Go expression that tells whether a field that may be unset is set.
func isSet(f protoreflect.FieldDescriptor) string {
	field := "m." + camel(string(f.Name()))
	if f.IsList() || f.IsMap() {
		return "len(" + field + ") > 0"
	}
	return field + " != nil"
}

// appendField writes how a field is appended. A field of bytes whose key is one byte is all that comes here.
func (w *writer) appendField(f protoreflect.FieldDescriptor) {
	field, key := "m."+camel(string(f.Name())), protowire.EncodeTag(f.Number(), wireType(f))
	if f.IsList() {
		w.line("for i := range %s {", field)
		w.appendNested(f, "&"+field+"[i]", key)
		w.line("}")
		return
	}
	if f.Cardinality() != protoreflect.Required {
		w.line("if %s {", isSet(f))
		defer w.line("}")
	}
	value := field
	if hasGetter(f) {
		value = "*" + field
	}
	switch f.Kind() {
	case protoreflect.StringKind:
		w.line("valid := false\nif b, valid = codec.AppendText(b, %d, %s); !valid {\nok = false\n}", key, value)
	case protoreflect.BytesKind:
		w.line("b = codec.AppendContent(b, %d, %s)", key, value)
	case protoreflect.DoubleKind:
		w.line("b = codec.AppendDouble(b, %d, %s)", key, value)
	case protoreflect.BoolKind:
		w.line("if %s {\nb = append(b, %d, 1)\n} else {\nb = append(b, %d, 0)\n}", value, key, key)
	case protoreflect.MessageKind:
		if f.Cardinality() == protoreflect.Required {
			field = "&" + field
		}
		w.appendNested(f, field, key)
	default:
		w.line("b = codec.AppendNumber(b, %d, uint64(%s))", key, value)
	}
}

func (w *writer) appendNested(f protoreflect.FieldDescriptor, pointer string, key uint64) {
	sub := f.Message()
	w.line("{\nvalid := false")
	if isFast(sub) && goName(sub).pkg == w.pkg {
		w.line("b = append(b, %d, 0)\nstart := len(b)", key)
		w.line("b, valid = (%s{}).Append(b, unsafe.Pointer(%s))\nb = codec.FixLength(b, start)", fastName(sub), pointer)
	} else if single(sub) {
		w.line("b = append(b, %d, 0)\nstart, q := len(b), %s", key, pointer)
		w.line("b, valid = codec.AppendText(b, 10, q.%s)", camel(string(sub.Fields().Get(0).Name())))
		w.line("b = codec.FixLength(append(b, q.Unknown...), start)")
	} else {
		w.line("b, valid = codec.AppendNested(b, %d, (*%s)(nil).Schema(), unsafe.Pointer(%s))", key, w.bareType(f), pointer)
	}
	w.line("if !valid {\nok = false\n}\n}")
}
