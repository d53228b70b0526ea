package codec

import (
	"encoding/binary"
	"unsafe"
)

// Append appends the struct at m in protobuf form. A nested message gets one byte for its length, and is moved when it needs
// more: that beats measuring first, because most are shorter than 128 bytes.
func Append(b []byte, sc *Schema, m unsafe.Pointer) ([]byte, error) {
	if sc.Fast != nil {
		if whole, ok := sc.Fast.Append(b, m); ok {
			return whole, nil
		}
	}
	b, err := appendMessage(b, sc, m)
	if err != nil {
		return nil, err.of(sc)
	}
	return b, nil
}

func appendMessage(b []byte, sc *Schema, m unsafe.Pointer) ([]byte, *Error) {
	if sc.Single { // whoever made the id, it goes back as it came
		id := *(*string)(unsafe.Add(m, uintptr(sc.Fields[1].Off)))
		b = append(appendVarint(append(b, 1<<3|wireBytes), uint64(len(id))), id...)
		return AppendUnknown(b, *(**[]byte)(unsafe.Add(m, uintptr(sc.Unknown)))), nil
	}
	var err *Error
	for i := range sc.Fields {
		f := &sc.Fields[i]
		p := unsafe.Add(m, uintptr(f.Off))
		switch f.Op.label() {
		case Optional:
			q := *(*unsafe.Pointer)(p) // also the data of bytes
			if q == nil {
				continue
			}
			if f.Op != Bytes+Optional {
				p = q
			}
		case Repeated:
			if f.Op == MapEntry+Repeated {
				if *(*unsafe.Pointer)(p) == nil {
					continue
				}
				s := f.Entry.Map.entries(p)
				p = unsafe.Pointer(&s)
			}
			if b, err = appendAll(b, f, (*slice)(p)); err != nil {
				return nil, err
			}
			continue
		case Implicit:
			if f.zero(p) {
				continue
			}
		default:
			if f.Tag == 0 {
				continue // no field has this number
			}
		}
		if b, err = appendField(b, f, p); err != nil {
			return nil, err.within(f, -1)
		}
	}
	return AppendUnknown(b, *(**[]byte)(unsafe.Add(m, uintptr(sc.Unknown)))), nil
}

// AppendUnknown appends unknown fields, if there are any.
func AppendUnknown(b []byte, fields *[]byte) []byte {
	if fields == nil {
		return b
	}
	return append(b, *fields...)
}

// appendField appends the field with the value at p.
func appendField(b []byte, f *Field, p unsafe.Pointer) ([]byte, *Error) {
	b = appendTag(b, f.Tag)
	switch f.Op.kind() {
	case String:
		s := *(*string)(p)
		if !validUTF8(unsafe.Pointer(unsafe.StringData(s)), 0, len(s)) {
			return nil, failed("string is not UTF-8")
		}
		return append(appendVarint(b, uint64(len(s))), s...), nil
	case Bytes:
		s := *(*[]byte)(p)
		return append(appendVarint(b, uint64(len(s))), s...), nil
	case Bool:
		if *(*bool)(p) {
			return append(b, 1), nil
		}
		return append(b, 0), nil
	case Double:
		return binary.LittleEndian.AppendUint64(b, *(*uint64)(p)), nil
	case Int64, Uint64:
		return appendVarint(b, *(*uint64)(p)), nil
	case Int32, Enum:
		return appendVarint(b, uint64(*(*int32)(p))), nil
	case Uint32:
		return appendVarint(b, uint64(*(*uint32)(p))), nil
	}
	b = append(b, 0)
	start, sub := len(b), f.sub()
	if sub.Fast != nil {
		if whole, ok := sub.Fast.Append(b, p); ok {
			return fixLength(whole, start), nil
		}
	}
	b, err := appendMessage(b, sub, p)
	if err != nil {
		return nil, err
	}
	return fixLength(b, start), nil
}

// fixLength writes the length of what begins at start into the byte before, and makes room for a long one.
func fixLength(b []byte, start int) []byte {
	n := len(b) - start
	if n < 0x80 {
		b[start-1] = byte(n)
		return b
	}
	var room [9]byte
	extra := sizeVarint(uint64(n)) - 1
	b = append(b, room[:extra]...)
	copy(b[start+extra:], b[start:start+n])
	binary.PutUvarint(b[start-1:], uint64(n))
	return b
}

// appendAll appends the elements of a repeated field.
func appendAll(b []byte, f *Field, s *slice) ([]byte, *Error) {
	if s.len == 0 {
		return b, nil
	}
	size := f.elemSize()
	var err *Error
	for i := range s.len {
		if b, err = appendField(b, f, s.at(i, size)); err != nil {
			return nil, err.within(f, i)
		}
	}
	return b, nil
}

// elemSize is the size of an element of a repeated field.
func (f *Field) elemSize() uintptr {
	switch f.Op.kind() {
	case String:
		return unsafe.Sizeof("")
	case Enum, Int32, Uint32:
		return 4
	case Nested, MapEntry:
		return f.sub().Size
	case Bytes:
		return unsafe.Sizeof([]byte{})
	case Bool:
		return 1
	}
	return 8
}

// zero tells whether an implicit field is zero. The value of a map's entry is always written.
func (f *Field) zero(p unsafe.Pointer) bool {
	switch f.Op.kind() {
	case Int64, Uint64:
		return *(*uint64)(p) == 0
	case Int32, Uint32:
		return *(*uint32)(p) == 0
	}
	return false
}

func appendTag(b []byte, tag uint16) []byte {
	if tag < 0x80 {
		return append(b, byte(tag))
	}
	return append(b, byte(tag)|0x80, byte(tag>>7))
}

func appendVarint(b []byte, v uint64) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}
