package main

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// schemaName is the variable of a message's table.
func schemaName(m protoreflect.MessageDescriptor) string {
	return lowerFirst(goName(m).name) + "Schema"
}

// namesName is the variable of an enum's table.
func namesName(e protoreflect.EnumDescriptor) string { return lowerFirst(goName(e).name) + "Names" }

// lowerFirst makes a name unexported: TaskID becomes taskID, URLType urlType.
func lowerFirst(name string) string {
	n := 0
	for n < len(name) && name[n] >= 'A' && name[n] <= 'Z' {
		n++
	}
	if n > 1 && n < len(name) {
		n--
	}
	return strings.ToLower(name[:n]) + name[n:]
}

// byNumber lists a message's fields in order of their numbers.
func byNumber(m protoreflect.MessageDescriptor) []protoreflect.FieldDescriptor {
	var fields []protoreflect.FieldDescriptor
	for i := range m.Fields().Len() {
		fields = append(fields, m.Fields().Get(i))
	}
	slices.SortFunc(fields, func(a, b protoreflect.FieldDescriptor) int { return int(a.Number() - b.Number()) })
	return fields
}

// schema writes the codec's table of a message, after those of its maps' entries.
func (w *writer) schema(m protoreflect.MessageDescriptor, slot int) {
	for _, f := range byNumber(m) {
		if f.IsMap() {
			w.entrySchema(m, f)
		}
	}
	w.table(schemaName(m), m, goName(m).name, slot, "")
}

func entryName(m protoreflect.MessageDescriptor, f protoreflect.FieldDescriptor) string {
	return lowerFirst(goName(m).name) + camel(string(f.Name())) + "Entry"
}

func (w *writer) entrySchema(m protoreflect.MessageDescriptor, f protoreflect.FieldDescriptor) {
	value := w.bareType(f.MapValue())
	w.table(entryName(m, f), f.Message(), "codec.Entry["+value+"]", -1, "codec.MapOf["+value+"]{}")
}

// table writes a codec.Schema.
func (w *writer) table(name string, m protoreflect.MessageDescriptor, goType string, slot int, mapOf string) {
	fields := byNumber(m)
	bits, need := requiredBits(m)
	w.line("var %s = codec.Schema{", name)
	w.line("Name: %q,", m.FullName())
	if slot >= 0 {
		w.line("Slot: %d,", slot)
	}
	w.line("Size: unsafe.Sizeof(%s{}),", goType)
	w.line("Unknown: uint32(unsafe.Offsetof(%s{}.Unknown)),", goType)
	if single(m) {
		w.line("Single: true,")
	}
	if need != 0 {
		w.line("Need: %#x,", need)
	}
	w.line("Type: codec.Of[%s]{},", goType)
	if mapOf != "" {
		w.line("Map: %s,", mapOf)
	}
	if mapOf == "" && isFast(m) {
		w.line("Fast: %s{},", fastName(m))
	}
	w.line("Fields: []codec.Field{")
	for _, f := range fields {
		w.field(m, f, goType, bits[f.Name()])
	}
	w.line("},")
	order := make([]string, m.Fields().Len())
	for i := range order {
		order[i] = fmt.Sprint(m.Fields().Get(i).Number())
	}
	w.line("Order: []uint8{%s},", strings.Join(order, ", "))
	w.line("}\n")
}

// single tells whether a message is a required string, field 1, and nothing else.
func single(m protoreflect.MessageDescriptor) bool {
	f := m.Fields().ByNumber(1)
	return m.Fields().Len() == 1 && f != nil && opOf(f) == "codec.String + codec.Required"
}

// requiredBits gives each field that is required, or a map entry's, a bit of its own, and all bits that must be seen.
func requiredBits(m protoreflect.MessageDescriptor) (bits map[protoreflect.Name]uint16, need uint16) {
	bits = make(map[protoreflect.Name]uint16)
	var bit uint16
	for _, f := range byNumber(m) {
		if f.Cardinality() == protoreflect.Required || m.IsMapEntry() {
			bit = max(1, bit<<1)
			bits[f.Name()] = bit
			if needed(m, f) {
				need |= bit
			}
		}
	}
	return bits, need
}

// needed tells whether a message without the field is incomplete. The value of a map's entry is, when its type has required fields.
func needed(m protoreflect.MessageDescriptor, f protoreflect.FieldDescriptor) bool {
	if !m.IsMapEntry() {
		return true
	}
	return f.Number() == 2 && f.Message() != nil && f.Message().RequiredNumbers().Len() > 0
}

// field writes a line of a table.
func (w *writer) field(m protoreflect.MessageDescriptor, f protoreflect.FieldDescriptor, goType string, bit uint16) {
	parts := []string{
		fmt.Sprintf("Tag: %d", protowire.EncodeTag(f.Number(), wireType(f))),
		"Op: " + opOf(f),
		fmt.Sprintf("Off: uint32(unsafe.Offsetof(%s{}.%s))", goType, camel(string(f.Name()))),
		fmt.Sprintf("Name: `%q:`", f.Name()),
	}
	if bit != 0 {
		parts = append(parts, fmt.Sprintf("Bit: %#x", bit))
	}
	if oneof := f.ContainingOneof(); oneof != nil {
		parts = append(parts, fmt.Sprintf("Oneof: %d", oneof.Index()+1))
	}
	switch {
	case f.IsMap():
		parts = append(parts, "Entry: &"+entryName(m, f))
	case f.Message() != nil:
		parts = append(parts, fmt.Sprintf("Sub: (*%s)(nil)", goName(f.Message()).from(w.pkg)))
	case f.Enum() != nil:
		parts = append(parts, fmt.Sprintf("Enum: %s(0)", goName(f.Enum()).from(w.pkg)), fmt.Sprintf("Known: %#x", knownBits(f.Enum())))
	}
	if text := jsonDefault(f); text != "" {
		parts = append(parts, fmt.Sprintf("Default: `%s`", text))
	}
	w.line("%d: {%s},", f.Number(), strings.Join(parts, ", "))
}

func wireType(f protoreflect.FieldDescriptor) protowire.Type {
	switch f.Kind() {
	case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind:
		return protowire.BytesType
	case protoreflect.DoubleKind:
		return protowire.Fixed64Type
	}
	return protowire.VarintType
}

// opOf is the Go expression of a field's codec.Op.
func opOf(f protoreflect.FieldDescriptor) string {
	if f.IsMap() {
		return "codec.MapEntry + codec.Repeated"
	}
	kind := "codec.Nested"
	if f.Message() == nil {
		kind = "codec." + strings.ToUpper(f.Kind().String()[:1]) + f.Kind().String()[1:]
	}
	inMap := f.ContainingMessage().IsMapEntry()
	switch {
	case f.IsList():
		return kind + " + codec.Repeated"
	case f.Cardinality() == protoreflect.Required:
		return kind + " + codec.Required"
	case inMap || !f.HasPresence():
		return kind + " + codec.Implicit"
	}
	return kind + " + codec.Optional"
}

// knownBits has a bit for each of an enum's numbers below 64.
func knownBits(e protoreflect.EnumDescriptor) uint64 {
	var known uint64
	for i := range e.Values().Len() {
		if n := e.Values().Get(i).Number(); n < 64 {
			known |= 1 << n
		}
	}
	return known
}

// jsonDefault is what JSON shows of an unset field: Mesos writes explicit defaults unless the field is deprecated.
func jsonDefault(f protoreflect.FieldDescriptor) string {
	if !f.HasDefault() || isDeprecated(f) {
		return ""
	}
	switch f.Kind() {
	case protoreflect.EnumKind:
		return fmt.Sprintf("%q", f.DefaultEnumValue().Name())
	case protoreflect.StringKind:
		return fmt.Sprintf("%q", f.Default().String())
	case protoreflect.DoubleKind:
		return fmt.Sprintf("%.1f", f.Default().Float())
	}
	return fmt.Sprint(f.Default().Interface())
}

func isDeprecated(f protoreflect.FieldDescriptor) bool {
	options, ok := f.Options().(*descriptorpb.FieldOptions)
	return ok && options.GetDeprecated()
}

// names writes the codec's table of an enum.
func (w *writer) names(e protoreflect.EnumDescriptor) {
	w.line("var %s = codec.Names{", namesName(e))
	w.line("Name: %q,", e.FullName())
	w.line("Values: []codec.Value{")
	byNumber := make([]string, 0, 64)
	for i := range e.Values().Len() {
		v := e.Values().Get(i)
		w.line("{Name: %q, Number: %d},", v.Name(), v.Number())
		if v.Number() < 64 {
			byNumber = append(byNumber, fmt.Sprintf("%d: %d", v.Number(), i+1))
		}
	}
	w.line("},")
	w.line("ByNumber: []uint8{%s},", strings.Join(byNumber, ", "))
	w.line("}\n")
}
