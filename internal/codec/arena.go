package codec

import "unsafe"

const (
	// depthLimit is how deeply messages may be nested; Mesos' own library has the same limit.
	depthLimit = 100
	// A decoded message takes at most memoryFactor bytes for each byte it is read from, and memoryFloor: real ones take
	// 3 to 8. What would take more was made to exhaust memory, and is an error.
	memoryFactor = 32
	memoryFloor  = 64 << 10
	// Slabs grow from slabFirst to slabLast bytes.
	slabFirst = 1 << 10
	slabLast  = 16 << 10
)

// Arena is where nested messages and optional scalars live that are decoded from one stream: they are cut from slabs,
// one for each type, so that a message costs hardly an allocation. The zero value is ready to use, by one goroutine at a
// time.
//
// An arena never uses memory again: what was decoded stays valid for as long as somebody holds it, and the garbage
// collector takes it afterwards. The price is that holding one nested message holds its slab (16 KiB), and holding
// one string holds the buffer it was read from: Clone what is kept for long.
type Arena struct {
	slabs   []slab
	strings []string
	words   []uint64
	used    struct{ strings, words int }
	left    int  // how many bytes the message at hand may still take
	single  bool // no slabs: every message is allocated for itself
}

// NewArena makes an arena for one stream.
func NewArena() *Arena { return &Arena{} }

// slab is memory for structs of one type. Its fields are offsets, so that a full slab has no pointer past its end.
type slab struct {
	base     unsafe.Pointer
	off, end uintptr
	next     int // how many structs the next slab has
}

// allow sets the memory that a message read from n bytes may take.
func (a *Arena) allow(n int) { a.left = n*memoryFactor + memoryFloor }

// message allocates a struct. It gives nil when too much was allocated.
func (a *Arena) message(sc *Schema) unsafe.Pointer {
	a.left -= int(sc.Size)
	if a.left >= 0 && sc.Slot < len(a.slabs) {
		s := &a.slabs[sc.Slot]
		if s.off < s.end {
			p := unsafe.Add(s.base, s.off)
			s.off += sc.Size
			return p
		}
	}
	return a.refill(sc)
}

func (a *Arena) refill(sc *Schema) unsafe.Pointer {
	if a.left < 0 {
		return nil
	}
	if a.single {
		return sc.Type.make(1)
	}
	s := a.slab(sc)
	s.base, s.off, s.end = sc.Type.make(s.next), sc.Size, uintptr(s.next)*sc.Size
	s.next = min(2*s.next, max(s.next, slabLast/int(sc.Size)))
	return s.base
}

// slab is the slab for structs of the given schema.
func (a *Arena) slab(sc *Schema) *slab {
	if sc.Slot >= len(a.slabs) {
		a.slabs = append(a.slabs, make([]slab, sc.Slot+1-len(a.slabs))...)
	}
	s := &a.slabs[sc.Slot]
	if s.next == 0 {
		s.next = max(1, slabFirst/int(sc.Size))
	}
	return s
}

// messages allocates n structs side by side. It gives nil when too much was allocated.
func (a *Arena) messages(sc *Schema, n int) unsafe.Pointer {
	if n > a.left/int(sc.Size) {
		a.left = -1
		return nil
	}
	size := uintptr(n) * sc.Size
	a.left -= int(size)
	if a.single {
		return sc.Type.make(n)
	}
	s := a.slab(sc)
	if s.end-s.off < size {
		if n > s.next/4 { // a slab of its own, rather than wasting the rest of this one
			s.next = min(2*s.next, max(s.next, slabLast/int(sc.Size)))
			return sc.Type.make(n)
		}
		s.base, s.off, s.end = sc.Type.make(s.next), 0, uintptr(s.next)*sc.Size
		s.next = min(2*s.next, max(s.next, slabLast/int(sc.Size)))
	}
	p := unsafe.Add(s.base, s.off)
	s.off += size
	return p
}

// grow makes room for n more structs in a slice. It reports whether there was memory left.
func (a *Arena) grow(s *slice, sc *Schema, n int) bool {
	c := max(n+s.len, 2*s.len)
	p := a.messages(sc, c)
	if p == nil {
		return false
	}
	if s.len > 0 {
		sc.Type.copy(p, s.data, s.len)
	}
	s.data, s.cap = p, c
	return true
}

// string allocates a string.
func (a *Arena) string(s string) *string {
	if a.used.strings == len(a.strings) {
		n := 64
		if a.single {
			n = 4
		}
		a.strings, a.used.strings = make([]string, n), 0
	}
	p := &a.strings[a.used.strings]
	*p = s
	a.used.strings++
	a.left -= 16
	return p
}

// word allocates 8 bytes without pointers.
func (a *Arena) word() unsafe.Pointer {
	if a.used.words == len(a.words) {
		n := 128
		if a.single {
			n = 4
		}
		a.words, a.used.words = make([]uint64, n), 0
	}
	p := &a.words[a.used.words]
	a.used.words++
	a.left -= 8
	return unsafe.Pointer(p)
}
