package codec

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// The messages that fill a scheduler's day, offers and status updates, are decoded by generated code, which is several times as
// fast as the tables. It knows messages only as Mesos writes them, in order of field numbers. Whatever is odd about one
// (another order, an enum's number without a name) makes it give up, and the tables decode that message from its beginning. What is wrong
// makes it give up altogether: the tables then decode the outermost message, and find the error with its path and offset.

// Fast is the generated decoder and encoder of a message.
type Fast interface {
	// Decode reads b into the struct at m, which is zero. It reports whether it could.
	Decode(a *Arena, m unsafe.Pointer, b []byte) bool
	// Append appends the struct at m. It reports whether it could: a string may not be UTF-8.
	Append(b []byte, m unsafe.Pointer) ([]byte, bool)
}

// nested decodes a message by generated code if there is any, else by its table.
func (a *Arena) nested(sc *Schema, m unsafe.Pointer, b []byte) *Error {
	if sc.Fast == nil || a.slow {
		return a.decode(sc, m, b)
	}
	if sc.Fast.Decode(a, m, b) || a.Odd(sc, m, b) {
		return nil
	}
	return failed("decoded again by the tables")
}

// Nested decodes a nested message for generated code.
func (a *Arena) Nested(sc *Schema, m unsafe.Pointer, b []byte) bool {
	if sc.Fast != nil {
		return sc.Fast.Decode(a, m, b) || a.Odd(sc, m, b)
	}
	if a.decode(sc, m, b) != nil {
		a.failed = true
	}
	return !a.failed
}

// Odd decodes by its table a message that generated code has given up on. The messages inside it are then decoded by
// their tables too, lest they are tried over and over.
func (a *Arena) Odd(sc *Schema, m unsafe.Pointer, b []byte) bool {
	if a.failed {
		return false
	}
	sc.Type.clear(m, 1)
	a.slow = true
	err := a.decode(sc, m, b)
	a.slow = false
	a.failed = err != nil
	return !a.failed
}

// Cut takes a nested message from the slab of the slot, nil when it is full.
func Cut[T any](a *Arena, slot int) *T {
	if slot < len(a.slabs) {
		var t T
		if s := &a.slabs[slot]; s.off < s.end {
			p := unsafe.Add(s.base, s.off)
			s.off += unsafe.Sizeof(t)
			a.left -= int(unsafe.Sizeof(t))
			return (*T)(p)
		}
	}
	return nil
}

// New allocates a nested message when [Cut] could not, nil when too much was allocated.
func New[T any](a *Arena, sc *Schema) *T { return (*T)(a.message(sc)) }

// Grow makes room in the full slice that p points to for an element: where the slice ends in the slab if there is room, else for all
// the elements that rest begins with.
func (a *Arena) Grow(p unsafe.Pointer, sc *Schema, rest []byte, tag uint) bool {
	s := (*slice)(p)
	if a.extend(s, sc) {
		return a.left >= 0
	}
	return a.grow(s, sc, max(1, ahead(rest, tag)))
}

// Fetch touches the bytes of an element that is larger than some cache lines.
func (a *Arena) Fetch(b []byte) { a.fetch(b) }

// NoString tells whether [Arena.String] needs MoreStrings first. (Apart, so that both are compiled in place.)
func (a *Arena) NoString() bool { return a.strings.used == len(a.strings.all) }

// MoreStrings makes room for optional strings.
func (a *Arena) MoreStrings() { a.strings.renew(a, stringChunk) }

// NoNumber tells whether [Number] needs MoreNumbers first.
func (a *Arena) NoNumber() bool { return a.words.used == len(a.words.all) }

// MoreNumbers makes room for optional numbers.
func (a *Arena) MoreNumbers() { a.words.renew(a, wordChunk) }

// String allocates an optional string where there is room.
func (a *Arena) String(s string) *string {
	p := &a.strings.all[a.strings.used]
	a.strings.used++
	*p = s
	return p
}

// Number allocates an optional number, or a truth value, where there is room. It may hold anything.
func Number[T any](a *Arena) *T {
	p := &a.words.all[a.words.used]
	a.words.used++
	return (*T)(unsafe.Pointer(p))
}

// The functions below read what stands at i of b, and give the index after it, -1 when it is not there as it should be.

// Varint reads a number of more than one byte.
func Varint(b []byte, i int) (uint64, int) { return varint(b, i) }

// Fixed64 reads the 8 bytes of a double.
func Fixed64(b []byte, i int) (uint64, int) {
	if len(b)-i < 8 {
		return 0, -1
	}
	return binary.LittleEndian.Uint64(b[i:]), i + 8
}

// Length reads a length of more than one byte of something that lies in b.
func Length(b []byte, i int) (int, int) { return length(b, i) }

// Text reads a string.
func Text(b []byte, i int) (string, int) {
	base := unsafe.Pointer(unsafe.SliceData(b))
	if i >= len(b) {
		return "", -1
	}
	n := int(byteAt(base, i))
	i++
	if n >= 0x80 {
		if n, i = length(b, i-1); i < 0 {
			return "", -1
		}
	}
	if n > len(b)-i {
		return "", -1
	}
	if n < 8 {
		if !validUTF8(base, i, n) {
			return "", -1
		}
		return text(base, i, n), i + n
	}
	var all uint64
	for k := i; k < i+n-8; k += 8 {
		all |= *(*uint64)(unsafe.Add(base, k))
	}
	all |= *(*uint64)(unsafe.Add(base, i+n-8))
	if all&notASCII != 0 && !validUTF8(base, i, n) {
		return "", -1
	}
	return text(base, i, n), i + n
}

// ID reads a nested message that is only a string, field 1.
func ID(b []byte, i int) (string, int) {
	base := unsafe.Pointer(unsafe.SliceData(b))
	if len(b)-i < 3 {
		return "", -1
	}
	n := int(byteAt(base, i+2))
	if n >= 0x80 || byteAt(base, i+1) != 1<<3|wireBytes || int(byteAt(base, i)) != n+2 {
		return "", -1
	}
	i += 3
	if n > len(b)-i {
		return "", -1
	}
	if n < 8 {
		if !validUTF8(base, i, n) {
			return "", -1
		}
		return text(base, i, n), i + n
	}
	var all uint64
	for k := i; k < i+n-8; k += 8 {
		all |= *(*uint64)(unsafe.Add(base, k))
	}
	all |= *(*uint64)(unsafe.Add(base, i+n-8))
	if all&notASCII != 0 && !validUTF8(base, i, n) {
		return "", -1
	}
	return text(base, i, n), i + n
}

// Rest keeps the unknown fields that come after the known ones. It gives up when there are known ones among them.
func (a *Arena) Rest(sc *Schema, m unsafe.Pointer, b []byte, i int) bool {
	for i < len(b) {
		tag, j := longTag(b, i)
		if j < 0 || tag>>3 < uint(len(sc.Fields)) && sc.Fields[tag>>3].Tag != 0 {
			return false
		}
		end := skip(b, j, tag, 0)
		if end < 0 {
			return false
		}
		keepUnknown(sc, m, b[i:end:end])
		i = end
	}
	return true
}

// The functions below append a field for generated code; key is the field's tag.

// AppendText appends a string.
func AppendText(b []byte, key byte, s string) ([]byte, bool) {
	if len(s) < 0x80 {
		b = append(b, key, byte(len(s)))
	} else {
		b = appendVarint(append(b, key), uint64(len(s)))
	}
	return append(b, s...), validUTF8(unsafe.Pointer(unsafe.StringData(s)), 0, len(s))
}

// AppendID appends a nested message that is only a string, field 1, as it is.
func AppendID(b []byte, key byte, id string, unknown *[]byte) []byte {
	if n := len(id); n < 0x7e && unknown == nil {
		return append(append(b, key, byte(n+2), 1<<3|wireBytes, byte(n)), id...)
	}
	b = append(b, key, 0)
	start := len(b)
	b = append(appendVarint(append(b, 1<<3|wireBytes), uint64(len(id))), id...)
	return FixLength(AppendUnknown(b, unknown), start)
}

// AppendNumber appends a number.
func AppendNumber(b []byte, key byte, v uint64) []byte {
	if v < 0x80 {
		return append(b, key, byte(v))
	}
	return appendVarint(append(b, key), v)
}

// AppendDouble appends a double.
func AppendDouble(b []byte, key byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(append(b, key), math.Float64bits(v))
}

// AppendContent appends bytes.
func AppendContent(b []byte, key byte, v []byte) []byte {
	return append(appendVarint(append(b, key), uint64(len(v))), v...)
}

// AppendByTable appends a message that has more than generated code writes.
func AppendByTable(b []byte, sc *Schema, m unsafe.Pointer) ([]byte, error) {
	b, err := appendMessage(b, sc, m)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// AppendNested appends a nested message.
func AppendNested(b []byte, key byte, sc *Schema, m unsafe.Pointer) ([]byte, bool) {
	b = append(b, key, 0)
	start := len(b)
	ok := true
	if sc.Fast != nil {
		b, ok = sc.Fast.Append(b, m)
	} else {
		var err *Error
		if b, err = appendMessage(b, sc, m); err != nil {
			return b, false
		}
	}
	return FixLength(b, start), ok
}

// FixLength writes the length of what begins at start into the byte before.
func FixLength(b []byte, start int) []byte {
	if n := len(b) - start; n < 0x80 {
		b[start-1] = byte(n)
		return b
	}
	return fixLength(b, start)
}
