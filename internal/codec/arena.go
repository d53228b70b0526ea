package codec

import "unsafe"

const (
	// depthLimit is how deeply messages may be nested; Mesos' own library has the same limit.
	depthLimit = 100
	// A decoded message takes at most memoryFactor bytes for each byte it is read from, and memoryFloor: real ones take
	// 2 to 6. What would take more was made to exhaust memory, and is an error.
	memoryFactor = 32
	memoryFloor  = 64 << 10
	// Slabs grow from slabFirst to slabLast bytes; one that is made for what was needed before may have slabMost.
	slabFirst = 1 << 10
	slabLast  = 32<<10 - 8 // Go's largest small object and its header
	slabMost  = 1 << 20
	// All slabs are left behind after so many bytes of records, because one message in use keeps its slab, all that is in it,
	// and whatever that leads to: a list of a thousand offers, say, for each of the hundreds of short events in the slab.
	generation = 64 << 10
	// Their memory is used again after so many: what the messages take then fits into the processor's nearest cache.
	generationReused = 12 << 10
	// Optional strings and numbers come in chunks of 8 KiB.
	stringChunk = 512
	wordChunk   = 1024
	// Bytes that JSON has as text come in chunks of 1 KiB, unless they are more than contentMost.
	contentChunk = 1 << 10
	contentMost  = 64
)

// Arena is where nested messages and optional scalars live that are decoded from one stream: they are cut from slabs,
// one for each type, so that a message costs hardly an allocation. The zero value is ready to use, by one goroutine at a
// time.
//
// An arena does not use memory again unless it is told to (see [Arena.Reset]): what was decoded stays valid for as long as
// somebody holds it, and the garbage collector takes it afterwards. The price is that holding one nested message holds
// what was decoded along with it (out of 64 KiB of records and the one after them), and holding one string
// holds the buffer it was read from: Clone what is kept for long.
type Arena struct {
	// Lenient takes strings that are not UTF-8, as Mesos does, instead of an error: U+FFFD stands for what is not. An id stays as it came in
	// protobuf form, and goes back so. One program's output in a status must not keep everything behind it from being read.
	Lenient bool
	// Mended counts these strings.
	Mended int

	slabs   []slab
	used    []int // the slots of the slabs that have memory
	strings chunk[string]
	words   chunk[uint64]
	content []byte // what is left of the chunk of bytes; never used again
	read    int    // bytes of the records of this generation
	depth   int    // of the message at hand
	left    int    // how many bytes the message at hand may still take
	slow    bool   // the tables decode, not the generated code
	failed  bool   // generated code met an error, which the tables are to find again
	fetched byte   // keeps the compiler from dropping fetch
	single  bool   // no slabs: every message is allocated for itself
}

// NewArena makes an arena for one stream.
func NewArena() *Arena { return &Arena{} }

// Reset is the promise that no message decoded so far is used any more (strings and bytes out of them may be). The arena
// then uses its memory again: a reader that is done with each event before it reads the next decodes twice
// as fast, because the memory stays in the processor's cache and the garbage collector has nothing to do. Mostly it costs nothing
// itself.
func (a *Arena) Reset() {
	if a.read < generationReused {
		return
	}
	a.read = 0
	kept := a.used[:0]
	for _, slot := range a.used {
		s := &a.slabs[slot]
		if s.full > 0 || s.end > slabMost {
			s.leave()
			continue
		}
		s.of.clear(s.base, int(s.off/s.size))
		s.off = 0
		kept = append(kept, slot)
	}
	a.used = kept
	if a.strings.full > 0 {
		a.strings.leave(stringChunk)
	}
	clear(a.strings.all[:a.strings.used])
	a.strings.used = 0
	if a.words.full > 0 {
		a.words.leave(wordChunk)
	}
	a.words.used = 0
}

// slab is memory for structs of one type. Its fields are offsets, so that a full slab has no pointer past its end.
type slab struct {
	base     unsafe.Pointer
	off, end uintptr
	size     uintptr // of one struct
	full     uintptr // bytes in the slabs of this generation that are full
	next     int     // how many structs the next one has
	of       Type
}

// leave forgets the slab. The next one is as large as was needed.
func (s *slab) leave() {
	structs := int((s.full + s.off) / s.size)
	*s = slab{next: max(1, min(structs, slabMost/int(s.size)))}
}

// chunk is memory for scalars of one type.
type chunk[T any] struct {
	all  []T
	used int
	full int // how many were in the chunks of this generation that are full
	next int // how many the next chunk has, 0 is the usual
}

func (c *chunk[T]) leave(usual int) {
	*c = chunk[T]{next: min(c.full+c.used, 16*usual)}
}

// allow sets the memory that a message read from n bytes may take.
func (a *Arena) allow(n int) {
	a.left, a.depth = n*memoryFactor+memoryFloor, 0
	a.slow, a.failed = a.single, false
	if a.read > generation {
		a.leave()
	}
	a.read += n
}

// leave leaves all memory behind.
func (a *Arena) leave() {
	for _, slot := range a.used {
		a.slabs[slot].leave()
	}
	a.used, a.read = a.used[:0], 0
	a.strings.leave(stringChunk)
	a.words.leave(wordChunk)
}

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
	a.renew(s, sc, 1)
	s.off = sc.Size
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

// renew puts a new slab with room for n structs in the place of a full one. It is larger as long as they are few.
func (a *Arena) renew(s *slab, sc *Schema, n int) {
	if s.base == nil {
		a.used = append(a.used, sc.Slot)
	}
	n = max(n, s.next)
	s.full += s.off
	s.base, s.off, s.end = sc.Type.make(n), 0, uintptr(n)*sc.Size
	s.size, s.of = sc.Size, sc.Type
	s.grow()
}

// grow doubles the size of the next slab.
func (s *slab) grow() { s.next = min(2*s.next, max(s.next, slabLast/int(s.size))) }

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
		a.renew(s, sc, n)
	}
	p := unsafe.Add(s.base, s.off)
	s.off += size
	return p
}

// extend makes room for one more struct in a full slice where it ends in its slab. It reports whether there was.
func (a *Arena) extend(s *slice, sc *Schema) bool {
	if sc.Slot >= len(a.slabs) {
		return false
	}
	b := &a.slabs[sc.Slot]
	end := uintptr(s.data) + uintptr(s.len)*sc.Size
	if b.off >= b.end || s.len > 0 && end != uintptr(b.base)+b.off {
		return false
	}
	if s.len == 0 {
		s.data = unsafe.Add(b.base, b.off)
	}
	s.cap++
	b.off += sc.Size
	a.left -= int(sc.Size)
	return true
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
	if a.strings.used == len(a.strings.all) {
		a.strings.renew(a, stringChunk)
	}
	p := &a.strings.all[a.strings.used]
	*p = s
	a.strings.used++
	return p
}

// word allocates 8 bytes without pointers. They may hold anything.
func (a *Arena) word() unsafe.Pointer {
	if a.words.used == len(a.words.all) {
		a.words.renew(a, wordChunk)
	}
	p := &a.words.all[a.words.used]
	a.words.used++
	return unsafe.Pointer(p)
}

// bytes allocates n bytes. A few, a uuid say, come out of a chunk.
func (a *Arena) bytes(n int) []byte {
	if a.single || n == 0 || n > contentMost {
		return make([]byte, n)
	}
	if n > len(a.content) {
		a.content = make([]byte, contentChunk)
	}
	v := a.content[:n:n]
	a.content = a.content[n:]
	return v
}

// renew puts a new chunk in the place of a full one.
func (c *chunk[T]) renew(a *Arena, n int) {
	switch {
	case a.single:
		n = 4
	case c.next > 0:
		n, c.next = c.next, 0
	}
	c.full += c.used
	c.all, c.used = make([]T, n), 0
}
