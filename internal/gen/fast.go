package main

import (
	"fmt"
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

// usual are the optional fields that these messages mostly have when Mesos writes them. Their values are allocated
// together, in one struct.
var usual = map[protoreflect.FullName][]protoreflect.Name{
	"mesos.v1.scheduler.Event":       {"type"},
	"mesos.v1.Offer":                 {"url", "domain", "allocation_info"},
	"mesos.v1.URL":                   {"path"},
	"mesos.v1.Address":               {"hostname", "ip"},
	"mesos.v1.Attribute":             {"text"},
	"mesos.v1.DomainInfo":            {"fault_domain"},
	"mesos.v1.Resource":              {"scalar", "allocation_info"},
	"mesos.v1.TaskStatus":            {"message", "agent_id", "timestamp", "executor_id", "healthy", "source", "container_status"},
	"mesos.v1.ContainerStatus":       {"container_id"},
	"mesos.v1.NetworkInfo.IPAddress": {"protocol", "ip_address"},
}

func isUsual(f protoreflect.FieldDescriptor) bool {
	return slices.Contains(usual[f.ContainingMessage().FullName()], f.Name())
}

// extraName is the struct of a message's usual fields.
func extraName(m protoreflect.MessageDescriptor) string { return lowerFirst(goName(m).name) + "Extra" }

// extra writes the struct of a message's usual fields.
func (w *writer) extra(m protoreflect.MessageDescriptor) {
	w.line("// %s is memory for what [%s] mostly leads to.", extraName(m), goName(m).name)
	w.line("type %s struct {", extraName(m))
	for _, f := range byNumber(m) {
		if isUsual(f) {
			w.line("%s %s", camel(string(f.Name())), w.bareType(f))
			if f.Message() != nil && textOnly(f.Message()) {
				w.line("%sText string", camel(string(f.Name())))
			}
		}
	}
	w.line("}\n")
	slot := len(w.slots) + slices.Index(fastMessages[:], m.FullName())
	w.line("var %sSchema = codec.Schema{Slot: %d, Size: unsafe.Sizeof(%s{}), Type: codec.Of[%s]{}}\n", extraName(m), slot, extraName(m), extraName(m))
}

// textOnly tells whether a message is an optional string, field 1, and nothing else.
func textOnly(m protoreflect.MessageDescriptor) bool {
	f := m.Fields().ByNumber(1)
	return m.Fields().Len() == 1 && f != nil && opOf(f) == "codec.String + codec.Optional"
}

// doubleOnly tells whether a message is a required double, field 1, and nothing else.
func doubleOnly(m protoreflect.MessageDescriptor) bool {
	f := m.Fields().ByNumber(1)
	return m.Fields().Len() == 1 && f != nil && opOf(f) == "codec.Double + codec.Required"
}

func isFast(m protoreflect.MessageDescriptor) bool {
	return slices.Contains(fastMessages[:], m.FullName())
}

// fastName is the type whose method decodes.
func fastName(m protoreflect.MessageDescriptor) string { return lowerFirst(goName(m).name) + "Fast" }

// fast writes the decoder of a message.
func (w *writer) fast(m protoreflect.MessageDescriptor) {
	name := goName(m).name
	hasExtra := len(usual[m.FullName()]) > 0
	if hasExtra {
		w.extra(m)
	}
	w.line("type %s struct{}\n", fastName(m))
	w.line("func (%s) Decode(a *codec.Arena, p unsafe.Pointer, b []byte) bool {", fastName(m))
	w.line("m := (*%s)(p)", name)
	if hasExtra {
		slot := len(w.slots) + slices.Index(fastMessages[:], m.FullName())
		w.line("x := codec.Cut[%s](a, %d)", extraName(m), slot)
		w.line("if x == nil {\nif x = codec.New[%s](a, &%sSchema); x == nil {\nreturn false\n}\n}", extraName(m), extraName(m))
	}
	w.line("i := 0")
	for _, f := range byNumber(m) {
		if f.IsMap() || f.ContainingOneof() != nil || f.IsList() && f.Message() == nil {
			continue // odd: Rest will find it
		}
		w.fastField(f)
	}
	w.line("return i == len(b) || a.Rest(&%s, p, b, i)\n}\n", schemaName(m))
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

// fastField writes how a field is read, if it comes next.
func (w *writer) fastField(f protoreflect.FieldDescriptor) {
	field := "m." + camel(string(f.Name()))
	tag := protowire.EncodeTag(f.Number(), wireType(f))
	next, size := fmt.Sprintf("i < len(b) && b[i] == %d", tag), 1
	if tag >= 0x80 {
		next, size = fmt.Sprintf("i+1 < len(b) && b[i] == %d && b[i+1] == %d", tag&0x7f|0x80, tag>>7), 2
	}
	switch {
	case f.IsList():
		w.line("for %s {", next)
	case f.Cardinality() == protoreflect.Required:
		w.line("if !(%s) {\nreturn false\n}\n{", next)
	default:
		w.line("if %s {", next)
	}
	w.line("i += %d // %s", size, f.Name())
	if f.Message() != nil {
		w.fastNested(f, field, tag, size)
	} else {
		w.fastScalar(f, field)
	}
	w.line("}")
}

// fastScalar writes how the value of a scalar is read.
func (w *writer) fastScalar(f protoreflect.FieldDescriptor, field string) {
	const failing = "; i < 0 {\nreturn false\n}"
	optional, extra := hasGetter(f), camel(string(f.Name()))
	set := func(value string) { // an optional value gets its memory
		if !optional {
			w.line("%s = %s", field, value)
			return
		}
		if isUsual(f) {
			w.line("x.%s = %s\n%s = &x.%s", extra, value, field, extra)
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
		if isUsual(f) {
			w.line("if x.%s, i = codec.Text(b, i)%s\n%s = &x.%s", extra, failing, field, extra)
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
}

// fastNested writes how a nested message is read, whose key has size bytes.
func (w *writer) fastNested(f protoreflect.FieldDescriptor, field string, tag uint64, size int) {
	sub := f.Message()
	target := "&" + field
	switch {
	case f.IsList():
		w.line("n := len(%s)", field)
		w.line("if n == cap(%s) {", field)
		w.line("s := (*%s)(nil).Schema()", w.bareType(f))
		w.line("if !a.Grow(unsafe.Pointer(&%s), s, b[i-%d:], %d) {\nreturn false\n}\n}", field, size, tag)
		w.line("%s = %s[:n+1]\nq := &%s[n]", field, field, field)
		target = "q"
	case f.Cardinality() == protoreflect.Required:
	case isUsual(f):
		w.line("q := &x.%s\n%s = q", camel(string(f.Name())), field)
		target = "q"
	default:
		w.line("q := codec.Cut[%s](a, %d)", w.bareType(f), w.slots[sub.FullName()])
		w.line("if q == nil {\nif q = codec.New[%s](a, (*%s)(nil).Schema()); q == nil {\nreturn false\n}\n}\n%s = q", w.bareType(f), w.bareType(f), field)
		target = "q"
	}
	first := ""
	if f := sub.Fields().ByNumber(1); f != nil {
		first = camel(string(f.Name()))
	}
	usually := "" // what most such messages are read by
	switch {
	case idLike(sub):
		usually = fmt.Sprintf("if s, j := codec.ID(b, i); j >= 0 {\n%s.%s = s\ni = j\n} else {", strings.TrimPrefix(target, "&"), first)
	case isUsual(f) && textOnly(sub):
		extra := camel(string(f.Name())) + "Text"
		usually = fmt.Sprintf("if s, j := codec.ID(b, i); j >= 0 {\nx.%s = s\nq.%s = &x.%s\ni = j\n} else {", extra, first, extra)
	case doubleOnly(sub) && target == "q":
		usually = fmt.Sprintf("if len(b)-i >= 10 && b[i] == 9 && b[i+1] == 1<<3|1 {\nv, j := codec.Fixed64(b, i+2)\nq.%s = math.Float64frombits(v)\ni = j\n} else {", first)
	}
	if usually != "" {
		w.line("%s", usually)
		defer w.line("}")
	}
	w.fastContent(f, sub, target)
}

// idLike tells whether a message mostly is a string, field 1, and nothing else.
func idLike(m protoreflect.MessageDescriptor) bool {
	f := m.Fields().ByNumber(1)
	return f != nil && opOf(f) == "codec.String + codec.Required" && m.RequiredNumbers().Len() == 1
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
	w.line("if m.Unknown != nil {\nb, err := codec.AppendByTable(b, &%s, p)\nreturn b, err == nil\n}", schemaName(m))
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
	w.line("{")
	if single(sub) {
		w.line("q := %s", pointer)
		w.line("b = codec.AppendID(b, %d, q.%s, q.Unknown)\n}", key, camel(string(sub.Fields().Get(0).Name())))
		return
	}
	w.line("valid := false")
	if isFast(sub) && goName(sub).pkg == w.pkg {
		w.line("b = append(b, %d, 0)\nstart := len(b)", key)
		w.line("b, valid = (%s{}).Append(b, unsafe.Pointer(%s))\nb = codec.FixLength(b, start)", fastName(sub), pointer)
	} else {
		w.line("b, valid = codec.AppendNested(b, %d, (*%s)(nil).Schema(), unsafe.Pointer(%s))", key, w.bareType(f), pointer)
	}
	w.line("if !valid {\nok = false\n}\n}")
}
