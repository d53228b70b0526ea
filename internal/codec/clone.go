package codec

import (
	"bytes"
	"slices"
	"strings"
	"unsafe"
)

// Clone makes the struct at m, a plain copy of another one, independent of it: everything that it leads to is copied.
func Clone(sc *Schema, m unsafe.Pointer) {
	for i := range sc.Fields {
		if f := &sc.Fields[i]; f.Tag != 0 {
			cloneField(f, unsafe.Add(m, uintptr(f.Off)))
		}
	}
	if u := (**[]byte)(unsafe.Add(m, uintptr(sc.Unknown))); *u != nil {
		*u = new(bytes.Clone(**u))
	}
}

func cloneField(f *Field, p unsafe.Pointer) {
	switch f.Op {
	case String + Required, String + Implicit:
		*(*string)(p) = strings.Clone(*(*string)(p))
	case String + Optional:
		if q := *(**string)(p); q != nil {
			*(**string)(p) = new(strings.Clone(*q))
		}
	case String + Repeated:
		s := slices.Clone(*(*[]string)(p))
		for i := range s {
			s[i] = strings.Clone(s[i])
		}
		*(*[]string)(p) = s
	case Bytes + Required, Bytes + Optional:
		*(*[]byte)(p) = bytes.Clone(*(*[]byte)(p))
	case Nested + Required, Nested + Implicit:
		Clone(f.sub(), p)
	case Nested + Optional:
		if q := *(*unsafe.Pointer)(p); q != nil {
			sub := f.sub()
			n := sub.Type.make(1)
			sub.Type.copy(n, q, 1)
			Clone(sub, n)
			*(*unsafe.Pointer)(p) = n
		}
	case Nested + Repeated:
		cloneAll(f.sub(), (*slice)(p))
	case MapEntry + Repeated:
		cloneMap(f.Entry, p)
	case Enum + Repeated, Uint32 + Repeated:
		*(*[]uint32)(p) = slices.Clone(*(*[]uint32)(p))
	default:
		if f.Op.label() == Optional {
			cloneNumber(f.Op.kind(), p)
		}
	}
}

// cloneNumber copies what the pointer at p points to.
func cloneNumber(k Kind, p unsafe.Pointer) {
	q := *(*unsafe.Pointer)(p)
	if q == nil {
		return
	}
	switch k {
	case Bool:
		*(**bool)(p) = new(*(*bool)(q))
	case Enum, Int32, Uint32:
		*(**uint32)(p) = new(*(*uint32)(q))
	default:
		*(**uint64)(p) = new(*(*uint64)(q))
	}
}

func cloneAll(sub *Schema, s *slice) {
	if s.data == nil {
		return
	}
	n := sub.Type.make(s.len)
	sub.Type.copy(n, s.data, s.len)
	*s = slice{data: n, len: s.len, cap: s.len}
	for i := range s.len {
		Clone(sub, s.at(i, sub.Size))
	}
}

func cloneMap(entry *Schema, p unsafe.Pointer) {
	if *(*unsafe.Pointer)(p) == nil {
		return
	}
	all := entry.Map.entries(p)
	*(*unsafe.Pointer)(p) = nil
	entry.Map.fresh(p)
	for i := range all.len {
		e := all.at(i, entry.Size)
		Clone(entry, e)
		entry.Map.put(p, e)
	}
}
