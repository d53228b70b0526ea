package main

import (
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// message writes the Go type of a message with its methods.
func (w *writer) message(m protoreflect.MessageDescriptor) {
	name := goName(m).name
	w.doc(describe(m))
	w.line("type %s struct {", name)
	fields := byNumber(m)
	for _, f := range fields {
		if text := describeField(f); text != "" {
			w.doc(text)
		}
		w.line("%s %s", camel(string(f.Name())), w.goType(f))
	}
	w.line("// Unknown has the fields that the schema does not know, as they came; mostly there are none.")
	w.line("Unknown *[]byte")
	w.line("}\n")
	for _, f := range fields {
		if hasGetter(f) {
			w.getter(name, f)
		}
	}
	for _, method := range methods {
		w.line("%s\n", strings.NewReplacer("TYPE", name, "SCHEMA", schemaName(m)).Replace(method))
	}
}

// methods are what every message has.
var methods = [...]string{
	`// Schema describes the message to the codec.
func (m *TYPE) Schema() *codec.Schema { return &SCHEMA }`,
	`// AppendBinary appends the message in protobuf form.
func (m *TYPE) AppendBinary(b []byte) ([]byte, error) { return codec.Append(b, &SCHEMA, unsafe.Pointer(m)) }`,
	`// MarshalBinary gives the message in protobuf form.
func (m *TYPE) MarshalBinary() ([]byte, error) { return m.AppendBinary(nil) }`,
	`// Decode reads the protobuf message in b, which it goes on using, with memory from a (nil: allocated one by one).
func (m *TYPE) Decode(b []byte, a *codec.Arena) error {
	*m = TYPE{}
	return codec.Decode(&SCHEMA, unsafe.Pointer(m), b, a)
}`,
	`// UnmarshalBinary reads the protobuf message in b; m shares nothing with b.
func (m *TYPE) UnmarshalBinary(b []byte) error { return m.Decode(codec.Own(b), nil) }`,
	`// AppendJSON appends the message as Mesos writes JSON.
func (m *TYPE) AppendJSON(b []byte) ([]byte, error) { return codec.AppendJSON(b, &SCHEMA, unsafe.Pointer(m)) }`,
	`// MarshalJSON gives the message as Mesos writes JSON.
func (m *TYPE) MarshalJSON() ([]byte, error) { return m.AppendJSON(nil) }`,
	`// DecodeJSON reads the JSON object in b, which it goes on using, with memory from a (nil: allocated one by one).
func (m *TYPE) DecodeJSON(b []byte, a *codec.Arena) error {
	*m = TYPE{}
	return codec.DecodeJSON(&SCHEMA, unsafe.Pointer(m), b, a)
}`,
	`// UnmarshalJSON reads the JSON object in b; m shares nothing with b.
func (m *TYPE) UnmarshalJSON(b []byte) error { return m.DecodeJSON(codec.Own(b), nil) }`,
	`// Clone gives a deep copy that shares nothing with m; nil of nil.
func (m *TYPE) Clone() *TYPE {
	if m == nil {
		return nil
	}
	c := *m
	codec.Clone(&SCHEMA, unsafe.Pointer(&c))
	return &c
}`,
	`// String gives the message as JSON on one line.
func (m *TYPE) String() string {
	if m == nil {
		return "null"
	}
	return codec.Describe(&SCHEMA, unsafe.Pointer(m))
}`,
}

// goType is the type of a field in the struct.
func (w *writer) goType(f protoreflect.FieldDescriptor) string {
	if f.IsMap() {
		return "map[string]" + w.bareType(f.MapValue())
	}
	t := w.bareType(f)
	switch {
	case f.IsList():
		return "[]" + t
	case f.Kind() == protoreflect.BytesKind || !f.HasPresence() || f.Cardinality() == protoreflect.Required:
		return t
	}
	return "*" + t
}

// bareType is the type of one value of a field.
func (w *writer) bareType(f protoreflect.FieldDescriptor) string {
	switch f.Kind() {
	case protoreflect.BytesKind:
		return "[]byte"
	case protoreflect.DoubleKind:
		return "float64"
	case protoreflect.EnumKind:
		return goName(f.Enum()).from(w.pkg)
	case protoreflect.MessageKind:
		return goName(f.Message()).from(w.pkg)
	}
	return f.Kind().String()
}

// hasGetter tells whether the field is a pointer to a scalar.
func hasGetter(f protoreflect.FieldDescriptor) bool {
	return f.Cardinality() == protoreflect.Optional && f.HasPresence() && f.Message() == nil && f.Kind() != protoreflect.BytesKind
}

func (w *writer) getter(name string, f protoreflect.FieldDescriptor) {
	field, value := camel(string(f.Name())), w.defaultValue(f)
	w.line("// Get%s gives %s, or %s when it is unset.", field, field, value)
	w.line("func (m *%s) Get%s() %s {", name, field, w.bareType(f))
	w.line("if m == nil || m.%s == nil {\nreturn %s\n}\nreturn *m.%s\n}\n", field, value, field)
}

// defaultValue is the Go expression of what an unset field counts as.
func (w *writer) defaultValue(f protoreflect.FieldDescriptor) string {
	switch f.Kind() {
	case protoreflect.StringKind:
		return strconv.Quote(f.Default().String())
	case protoreflect.EnumKind:
		return constName(f.Enum().Values().ByNumber(f.Default().Enum())).from(w.pkg)
	}
	return fmt.Sprint(f.Default().Interface())
}

// enum writes the Go type of an enum.
func (w *writer) enum(e protoreflect.EnumDescriptor) {
	name := goName(e).name
	w.doc(describe(e))
	w.line("type %s int32\n", name)
	w.line("// The values of %s.", name)
	w.line("const (")
	for i := range e.Values().Len() {
		v := e.Values().Get(i)
		if text := comment(v); text != "" {
			w.doc(strings.Replace(text, string(v.Name())+" ", constName(v).name+" ", 1))
		}
		w.line("%s %s = %d // %s", constName(v).name, name, v.Number(), v.Name())
	}
	w.line(")\n")
	w.line("// Names describes the enum to the codec.\nfunc (e %s) Names() *codec.Names { return &%s }\n", name, namesName(e))
	w.line("// String gives the name in the schema, such as %s, or the number when it has none.", e.Values().Get(0).Name())
	w.line("func (e %s) String() string { return %s.String(int32(e)) }\n", name, namesName(e))
}
