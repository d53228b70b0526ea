package codec

import (
	"slices"
	"unsafe"
)

// Schema is the table of one message, written by the generator.
type Schema struct {
	// Name is the full name, such as mesos.v1.TaskStatus.
	Name string
	// Slot tells the messages apart in an [Arena]; it is unique among all packages.
	Slot int
	// Size is the size of the struct in bytes.
	Size uintptr
	// Unknown is the offset of the unknown fields.
	Unknown uint32
	// Single says that the message is a required string, field 1, and nothing else: the ids.
	Single bool
	// Need has the bits of all required fields.
	Need uint16
	// Type allocates structs.
	Type Type
	// Fast decodes the message when it is written as usual; nil for the messages that are not worth it.
	Fast Fast
	// Map puts entries into a map, when the message is the entry of a map.
	Map Map
	// Fields is indexed by field number; unused numbers have zero fields.
	Fields []Field
	// Order has the field numbers in the order of declaration, in which JSON is written.
	Order []uint8
}

// Field is a line of a [Schema].
type Field struct {
	// Tag is the number and the wire type, as written before each value.
	Tag uint16
	// Op is what kind of field it is.
	Op Op
	// Oneof is not 0 when setting the field clears the others of the same message with the same Oneof.
	Oneof uint8
	// Bit is the field's bit among those that must be seen or may be seen once only: required fields.
	Bit uint16
	// Off is the offset in the struct.
	Off uint32
	// Known has a bit for each number of the enum below 64.
	Known uint64
	// Sub is a nil pointer of the nested message's type.
	Sub Described
	// Entry is the schema of a map's entries.
	Entry *Schema
	// Enum is a value of the enum's type.
	Enum Named
	// Name is the JSON key with quotes and colon.
	Name string
	// Default is the JSON text written for an unset field; "" is none.
	Default string
}

// Described is a message that knows its schema. (An interface, because messages contain themselves and Go's
// initialization does not admit tables that do.)
type Described interface{ Schema() *Schema }

// Op is what kind of field it is: [Kind] and [Label].
type Op uint8

// Label says whether and how often a field is there.
type Label = Op

// The labels.
const (
	Required Label = iota // a value in the struct
	Optional              // a pointer in the struct; bytes are nil when unset
	Repeated              // a slice in the struct; a map
	Implicit              // a value in the struct that is not written when zero
	labels
)

// Kind is a field's type.
type Kind = Op

// The kinds; an Op is the sum of a kind and a label.
const (
	String Kind = iota * labels
	Bytes
	Bool
	Double
	Int32
	Int64
	Uint32
	Uint64
	Enum
	Nested
	MapEntry
)

func (o Op) kind() Kind   { return o &^ (labels - 1) }
func (o Op) label() Label { return o & (labels - 1) }

// name is the field's plain name; field 0, which a hostile message may claim to have, has none.
func (f *Field) name() string {
	if f.Name == "" {
		return ""
	}
	return f.Name[1 : len(f.Name)-2]
}

// sub is the schema of the nested message or the map's entry.
func (f *Field) sub() *Schema {
	if f.Entry != nil {
		return f.Entry
	}
	return f.Sub.Schema()
}

// Type does what needs the Go type of a struct: it allocates, copies and clears.
type Type interface {
	make(n int) unsafe.Pointer
	copy(to, from unsafe.Pointer, n int)
	clear(p unsafe.Pointer, n int)
}

// Of is the [Type] of T.
type Of[T any] struct{}

func (Of[T]) make(n int) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(make([]T, n))) }

func (Of[T]) copy(to, from unsafe.Pointer, n int) {
	copy(unsafe.Slice((*T)(to), n), unsafe.Slice((*T)(from), n))
}

func (Of[T]) clear(p unsafe.Pointer, n int) { clear(unsafe.Slice((*T)(p), n)) }

// Map reaches into maps of one type.
type Map interface {
	// fresh makes an empty map in the place that m points to.
	fresh(m unsafe.Pointer)
	// put adds the entry to the map that m points to.
	put(m, entry unsafe.Pointer)
	// entries copies the entries of the map that m points to, sorted by key.
	entries(m unsafe.Pointer) slice
}

// Entry is an entry of a map[string]T as a message.
type Entry[T any] struct {
	Key     string
	Value   T
	Unknown *[]byte
}

// MapOf is the [Map] of map[string]T.
type MapOf[T any] struct{}

func (MapOf[T]) fresh(m unsafe.Pointer) { *(*map[string]T)(m) = make(map[string]T) }

func (MapOf[T]) put(m, entry unsafe.Pointer) {
	to, e := (*map[string]T)(m), (*Entry[T])(entry)
	if *to == nil {
		*to = make(map[string]T)
	}
	(*to)[e.Key] = e.Value
}

func (MapOf[T]) entries(m unsafe.Pointer) slice {
	from := *(*map[string]T)(m)
	all := make([]Entry[T], 0, len(from))
	for k, v := range from {
		all = append(all, Entry[T]{Key: k, Value: v})
	}
	slices.SortFunc(all, func(a, b Entry[T]) int {
		if a.Key < b.Key {
			return -1
		}
		return 1
	})
	return slice{data: unsafe.Pointer(unsafe.SliceData(all)), len: len(all), cap: len(all)}
}

// slice is how Go lays out a slice.
type slice struct {
	data     unsafe.Pointer
	len, cap int
}

// at is element i of a slice of structs of the given size.
func (s *slice) at(i int, size uintptr) unsafe.Pointer {
	return unsafe.Add(s.data, uintptr(i)*size)
}
