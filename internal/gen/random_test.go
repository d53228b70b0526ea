package main

import (
	"math"
	"math/rand/v2"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// random makes messages of the stock runtime.
type random struct {
	*rand.Rand
	unknown bool // with unknown fields and unknown numbers of enums
}

func newRandom(seed uint64, unknown bool) random {
	return random{rand.New(rand.NewPCG(seed, seed)), unknown}
}

func (r random) message(d protoreflect.MessageDescriptor, depth int) *dynamicpb.Message {
	m := dynamicpb.NewMessage(d)
	for i := range d.Fields().Len() {
		r.field(m, d.Fields().Get(i), depth)
	}
	if r.unknown && r.IntN(4) == 0 {
		raw := protowire.AppendTag(nil, protowire.Number(100+r.IntN(5000)), protowire.BytesType)
		m.SetUnknown(protowire.AppendString(raw, r.text()))
	}
	return m
}

func (r random) field(m *dynamicpb.Message, f protoreflect.FieldDescriptor, depth int) {
	odds := 2
	if f.Message() != nil {
		odds = 1 + depth*depth
	}
	if f.Cardinality() != protoreflect.Required && r.IntN(odds+1) != 0 {
		return
	}
	switch {
	case f.IsMap():
		for range r.IntN(3) {
			m.Mutable(f).Map().Set(protoreflect.ValueOfString(r.text()).MapKey(), r.value(f.MapValue(), depth+1))
		}
	case f.IsList():
		for range r.IntN(4) {
			m.Mutable(f).List().Append(r.value(f, depth+1))
		}
	default:
		m.Set(f, r.value(f, depth+1))
	}
}

func (r random) value(f protoreflect.FieldDescriptor, depth int) protoreflect.Value {
	switch f.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(r.text())
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte(r.text() + "\xff\x00"))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(r.IntN(2) == 0)
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64([]float64{0, 1, -2.5, 0.1, 1e300, math.Inf(1), r.NormFloat64(), float64(r.IntN(1e9))}[r.IntN(8)])
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(int32(r.number()))
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(int64(r.number()))
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(uint32(r.number()))
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(r.number())
	case protoreflect.EnumKind:
		// In a list they would change places: what is not known is set aside and written after what is.
		if r.unknown && !f.IsList() && r.IntN(8) == 0 {
			return protoreflect.ValueOfEnum(protoreflect.EnumNumber(r.IntN(4000) - 1000))
		}
		values := f.Enum().Values()
		return protoreflect.ValueOfEnum(values.Get(r.IntN(values.Len())).Number())
	}
	return protoreflect.ValueOfMessage(r.message(f.Message(), depth))
}

// number is small as often as large.
func (r random) number() uint64 { return r.Uint64() >> r.IntN(64) }

func (r random) text() string {
	words := [...]string{"", "a", "cpus", "agent-0001", "schön", "日本", "\"\\\n\x01", "😀", strings.Repeat("x", 130), "\u2028/"}
	return words[r.IntN(len(words))] + words[r.IntN(4)]
}
