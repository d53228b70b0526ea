package codec

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// Wire types.
const (
	wireVarint = iota
	wireFixed64
	wireBytes
	wireGroup
	wireGroupEnd
	wireFixed32
)

// Decode reads the protobuf message in b into the struct at m, which must be zero.
func Decode(sc *Schema, m unsafe.Pointer, b []byte, a *Arena) error {
	if a == nil {
		a = &Arena{single: true}
	}
	a.allow(len(b))
	if len(b) <= fetchLimit {
		a.fetch(b)
	}
	err := a.nested(sc, m, b)
	if a.failed {
		sc.Type.clear(m, 1)
		a.allow(len(b))
		a.slow = true
		err = a.decode(sc, m, b)
	}
	if err != nil {
		return err.of(sc)
	}
	return nil
}

const (
	fetchAbove = 256
	fetchLimit = 4096
)

// fetch touches each cache line of b. The lines are then loaded side by side, while the decoder itself, which has to know one
// length before it finds the next, would wait for one after the other.
func (a *Arena) fetch(b []byte) {
	var x byte
	for i := 0; i < len(b); i += 64 {
		x |= b[i]
	}
	a.fetched = x
}

// decode reads one message. Offsets in errors are those of the innermost message until the callers add theirs.
//
// This is the hot loop of every framework. It goes over the bytes without Go's bounds checks: i never passes end, which
// each case checks once.
func (a *Arena) decode(sc *Schema, m unsafe.Pointer, b []byte) *Error {
	if a.depth++; a.depth > depthLimit {
		return failed("nested too deeply")
	}
	var seen uint16
	base, end := unsafe.Pointer(unsafe.SliceData(b)), len(b)
	for i := 0; i < end; {
		start := i
		tag := uint(byteAt(base, i))
		i++
		if tag >= 0x80 {
			if i < end && byteAt(base, i) < 0x80 {
				tag = tag&0x7f | uint(byteAt(base, i))<<7
				i++
			} else if tag, i = longTag(b, start); i < 0 {
				return &Error{Reason: "malformed tag", Offset: start}
			}
		}
		num := tag >> 3
		if num >= uint(len(sc.Fields)) || uint(sc.Fields[num].Tag) != tag {
			var err *Error
			if i, err = a.stray(sc, m, b, start, i, tag); err != nil {
				return err
			}
			continue
		}
		f := &sc.Fields[num]
		p := unsafe.Add(m, uintptr(f.Off))
		switch tag & 7 {
		case wireBytes:
			if i >= end {
				return truncated(f, start)
			}
			n := int(byteAt(base, i))
			i++
			if n >= 0x80 {
				if n, i = length(b, i-1); i < 0 {
					return truncated(f, start)
				}
			}
			if n > end-i {
				return truncated(f, start)
			}
			at := i
			i += n
			switch f.Op {
			case String + Required, String + Implicit:
				s := text(base, at, n)
				if !validUTF8(base, at, n) {
					if s = a.mend(sc, s); s == "" {
						return notUTF8(f, start)
					}
				}
				*(*string)(p) = s
			case String + Optional:
				s := text(base, at, n)
				if !validUTF8(base, at, n) {
					if s = a.mend(sc, s); s == "" {
						return notUTF8(f, start)
					}
				}
				if f.Oneof != 0 {
					sc.clearOthers(m, f)
				}
				*(**string)(p) = a.string(s)
			case Nested + Required, Nested + Implicit:
				if seen&f.Bit != 0 {
					return a.again(sc, m, b)
				}
				sub := f.sub()
				if sub.Single && a.id(sub, p, base, at, n) {
					break
				}
				if err := a.nested(sub, p, b[at:i]); err != nil {
					return a.nestedError(err, sc, f, m, b, at)
				}
			case Nested + Optional:
				if *(*unsafe.Pointer)(p) != nil {
					return a.again(sc, m, b)
				}
				if f.Oneof != 0 {
					sc.clearOthers(m, f)
				}
				sub := f.sub()
				q := a.message(sub)
				if q == nil {
					return exhausted(f, start)
				}
				*(*unsafe.Pointer)(p) = q
				if sub.Single && a.id(sub, q, base, at, n) {
					break
				}
				if err := a.nested(sub, q, b[at:i]); err != nil {
					return a.nestedError(err, sc, f, m, b, at)
				}
			case Nested + Repeated:
				sub := f.sub()
				s := (*slice)(p)
				if s.len == s.cap && !a.grow(s, sub, 1+ahead(b[i:], tag)) {
					return exhausted(f, start)
				}
				q := s.at(s.len, sub.Size)
				s.len++
				if n > fetchAbove {
					a.fetch(b[at:i])
				}
				if err := a.nested(sub, q, b[at:i]); err != nil {
					return err.inside(f, s.len-1, at)
				}
			case String + Repeated:
				s := text(base, at, n)
				if !validUTF8(base, at, n) {
					if s = a.mend(sc, s); s == "" {
						return notUTF8(f, start)
					}
				}
				*(*[]string)(p) = append(*(*[]string)(p), s)
			case MapEntry + Repeated:
				if err := a.entry(f, p, b[at:i]); err != nil {
					return err.inside(f, -1, at)
				}
			default: // bytes
				*(*[]byte)(p) = b[at:i:i]
			}
		case wireVarint:
			if i >= end {
				return truncated(f, start)
			}
			v := uint64(byteAt(base, i))
			i++
			if v >= 0x80 {
				if v, i = varint(b, i-1); i < 0 {
					return truncated(f, start)
				}
			}
			switch f.Op {
			case Enum + Required:
				*(*int32)(p) = int32(v)
			case Enum + Optional:
				if !f.known(v) {
					keepUnknown(sc, m, b[start:i:i])
					continue
				}
				if f.Oneof != 0 {
					sc.clearOthers(m, f)
				}
				w := a.word()
				*(*int32)(w) = int32(v)
				*(*unsafe.Pointer)(p) = w
			case Enum + Repeated:
				if !f.known(v) {
					keepUnknown(sc, m, b[start:i:i])
					continue
				}
				*(*[]int32)(p) = append(*(*[]int32)(p), int32(v))
			case Int64 + Required, Uint64 + Required, Int64 + Implicit, Uint64 + Implicit:
				*(*uint64)(p) = v
			case Int64 + Optional, Uint64 + Optional:
				w := a.word()
				*(*uint64)(w) = v
				*(*unsafe.Pointer)(p) = w
			case Int32 + Required, Uint32 + Required, Int32 + Implicit, Uint32 + Implicit:
				*(*uint32)(p) = uint32(v)
			case Int32 + Optional, Uint32 + Optional:
				w := a.word()
				*(*uint32)(w) = uint32(v)
				*(*unsafe.Pointer)(p) = w
			case Bool + Required:
				*(*bool)(p) = v != 0
			case Bool + Optional:
				w := a.word()
				*(*bool)(w) = v != 0
				*(*unsafe.Pointer)(p) = w
			case Uint32 + Repeated:
				*(*[]uint32)(p) = append(*(*[]uint32)(p), uint32(v))
			default: // field 0, which no table has
				return &Error{Reason: "malformed tag", Offset: start}
			}
		default: // wireFixed64
			if end-i < 8 {
				return truncated(f, start)
			}
			v := binary.LittleEndian.Uint64(b[i:])
			i += 8
			if f.Op.label() == Optional {
				w := a.word()
				*(*uint64)(w) = v
				*(*unsafe.Pointer)(p) = w
			} else {
				*(*uint64)(p) = v
			}
		}
		seen |= f.Bit
	}
	if seen&sc.Need != sc.Need {
		return sc.missing(seen)
	}
	a.depth--
	return nil
}

// id reads a message that is only an id, and reports whether it is written as usual: one string and nothing else.
func (a *Arena) id(sc *Schema, m, base unsafe.Pointer, at, n int) bool {
	if n < 2 || n >= 0x82 || byteAt(base, at) != 1<<3|wireBytes || int(byteAt(base, at+1)) != n-2 {
		return false
	}
	if !validUTF8(base, at+2, n-2) {
		return false
	}
	*(*string)(unsafe.Add(m, uintptr(sc.Fields[1].Off))) = text(base, at+2, n-2)
	return true
}

// nestedError is what becomes of an error in a singular nested message: when a required field is missing it may be in
// another piece of the same message.
func (a *Arena) nestedError(err *Error, sc *Schema, f *Field, m unsafe.Pointer, b []byte, at int) *Error {
	if err.missing && sc.split(b) {
		a.depth-- // of the nested message, whose error did not count it back
		return a.again(sc, m, b)
	}
	return err.inside(f, -1, at)
}

// byteAt is byte i of what base points to.
func byteAt(base unsafe.Pointer, i int) byte { return *(*byte)(unsafe.Add(base, i)) }

// text makes a string of the n bytes at i of what base points to, without a copy. The empty string points nowhere: it may
// stand at the end, and would point to whatever comes after.
func text(base unsafe.Pointer, i, n int) string {
	if n == 0 {
		return ""
	}
	return unsafe.String((*byte)(unsafe.Add(base, i)), n)
}

// entry reads an entry of the map that p points to.
func (a *Arena) entry(f *Field, p unsafe.Pointer, v []byte) *Error {
	if a.left -= int(f.Entry.Size); a.left < 0 {
		return exhausted(nil, 0)
	}
	e := f.Entry.Type.make(1)
	if err := a.decode(f.Entry, e, v); err != nil {
		return err
	}
	f.Entry.Map.put(p, e)
	return nil
}

// known tells whether the number of an enum has a name.
func (f *Field) known(v uint64) bool {
	n := uint32(v)
	if n < 64 {
		return f.Known>>n&1 != 0
	}
	return f.Enum.Names().Text(int32(n)) != ""
}

// stray reads a field that is not in the table, or not in the form that the table says: a packed one is unpacked, any other
// is kept as an unknown field. start is where the tag begins, i where it ends.
func (a *Arena) stray(sc *Schema, m unsafe.Pointer, b []byte, start, i int, tag uint) (int, *Error) {
	end := skip(b, i, tag, 0)
	if end < 0 {
		return 0, &Error{Reason: "malformed or truncated unknown field", Offset: start}
	}
	if num := tag >> 3; num < uint(len(sc.Fields)) && tag&7 == wireBytes {
		f := &sc.Fields[num]
		if op := f.Op; f.Tag&7 == wireVarint && f.Tag != 0 && op.label() == Repeated {
			n, j := length(b, i)
			return end, a.packed(sc, m, f, b[j:j+n])
		}
	}
	keepUnknown(sc, m, b[start:end:end])
	return end, nil
}

// packed reads packed numbers.
func (a *Arena) packed(sc *Schema, m unsafe.Pointer, f *Field, b []byte) *Error {
	p := unsafe.Add(m, uintptr(f.Off))
	for i := 0; i < len(b); {
		v, j := varint(b, i)
		if j < 0 {
			return truncated(f, i)
		}
		i = j
		if f.Op.kind() == Enum && !f.known(v) {
			keepUnknown(sc, m, appendVarint(appendTag(nil, f.Tag), v))
			continue
		}
		*(*[]uint32)(p) = append(*(*[]uint32)(p), uint32(v))
	}
	return nil
}

// keepUnknown adds a field to the unknown ones. The first ones are not copied.
func keepUnknown(sc *Schema, m unsafe.Pointer, raw []byte) {
	to := (**[]byte)(unsafe.Add(m, uintptr(sc.Unknown)))
	if *to == nil {
		*to = &raw
		return
	}
	**to = append(**to, raw...)
}

// clearOthers clears the fields that exclude f.
func (sc *Schema) clearOthers(m unsafe.Pointer, f *Field) {
	for i := range sc.Fields {
		if g := &sc.Fields[i]; g != f && g.Oneof == f.Oneof {
			*(*unsafe.Pointer)(unsafe.Add(m, uintptr(g.Off))) = nil
		}
	}
}

// ahead counts how many more fields with this tag follow at once.
func ahead(b []byte, tag uint) int {
	n := 0
	for i := 0; i < len(b); n++ {
		got := uint(b[i])
		i++
		if got < 0x80 && got != tag {
			return n
		}
		if got >= 0x80 {
			if got, i = longTag(b, i-1); i < 0 {
				return n
			}
		}
		if got != tag || i >= len(b) {
			return n
		}
		l := int(b[i])
		i++
		if l >= 0x80 {
			if l, i = length(b, i-1); i < 0 {
				return n
			}
		}
		if l > len(b)-i {
			return n
		}
		i += l
	}
	return n
}

// longTag reads the tag at i. It gives the index after it, -1 when there is none.
func longTag(b []byte, i int) (uint, int) {
	v, i := varint(b, i)
	if i < 0 || v > 1<<32-1 || v < 8 {
		return 0, -1
	}
	return uint(v), i
}

// length reads the length at i of something that lies in b. It gives the index after the length, -1 when b is too short.
func length(b []byte, i int) (int, int) {
	v, i := varint(b, i)
	if i < 0 || v > uint64(len(b)-i) {
		return 0, -1
	}
	return int(v), i
}

// varint reads the number at i. It gives the index after it, -1 when it is cut short or has more than 64 bits.
func varint(b []byte, i int) (uint64, int) {
	var v uint64
	for shift := uint(0); shift < 64 && i < len(b); shift += 7 {
		c := b[i]
		i++
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			if shift == 63 && c > 1 {
				return 0, -1
			}
			return v, i
		}
	}
	return 0, -1
}

// skip gives the index after the field whose tag ends at i, -1 when it is malformed.
func skip(b []byte, i int, tag uint, depth int) int {
	if tag < 8 {
		return -1
	}
	switch tag & 7 {
	case wireVarint:
		_, i = varint(b, i)
		return i
	case wireFixed64:
		return within(b, i+8)
	case wireFixed32:
		return within(b, i+4)
	case wireBytes:
		n, i := length(b, i)
		if i < 0 {
			return -1
		}
		return i + n
	case wireGroup:
		return skipGroup(b, i, tag, depth+1)
	}
	return -1
}

func within(b []byte, i int) int {
	if i > len(b) {
		return -1
	}
	return i
}

// skipGroup gives the index after the group whose start tag ends at i.
func skipGroup(b []byte, i int, tag uint, depth int) int {
	if depth > depthLimit {
		return -1
	}
	for i >= 0 && i < len(b) {
		var inner uint
		if inner, i = longTag(b, i); i < 0 {
			return -1
		}
		if inner&7 == wireGroupEnd {
			if inner>>3 != tag>>3 {
				return -1
			}
			return i
		}
		i = skip(b, i, inner, depth)
	}
	return -1
}

func truncated(f *Field, at int) *Error {
	return &Error{Path: f.name(), Reason: "malformed or truncated value", Offset: at}
}

func notUTF8(f *Field, at int) *Error {
	return &Error{Path: f.name(), Reason: "string is not UTF-8", Offset: at}
}

func exhausted(f *Field, at int) *Error {
	e := &Error{Reason: "message takes too much memory for its size", Offset: at}
	if f != nil {
		e.Path = f.name()
	}
	return e
}

// inside puts a field in front of an error's path and adds where the field's bytes begin.
func (e *Error) inside(f *Field, index, at int) *Error {
	if e.Offset >= 0 {
		e.Offset += at
	}
	return e.within(f, index)
}

// alias makes a string of b's own bytes.
func alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// sizeVarint is how many bytes a number takes.
func sizeVarint(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }
