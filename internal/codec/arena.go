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
	slabLast  = 32<<10 - 8 // Go's largest small object and its header
	// slabReused is how large they may become when their memory is used again, or one record needs as much.
	slabReused = 1 << 20
	// All slabs are left behind after so many bytes of records, because one message in use keeps its slab, all that is in it,
	// and whatever that leads to: a list of a thousand offers, say, for each of the hundreds of short events in the slab.
	generation       = 64 << 10
	generationReused = 16 << 20
	// Optional strings and numbers come in chunks of 8 KiB.
	stringChunk = 512
	wordChunk   = 1024
)

// Arena is where nested messages and optional scalars live that are decoded from one stream: they are cut from slabs,
// one for each type, so that a message costs hardly an allocation. The zero value is ready to use, by one goroutine at a
// time.
//
// An arena does not use memory again unless it is told to (see [Arena.Reset]): what was decoded stays valid for as long as
// somebody holds it, and the garbage collector takes it afterwards. The price is that holding one nested message holds
// what was decoded along with it (out of 64 KiB of records, or one record that is larger), and holding one string
// holds the buffer it was read from: Clone what is kept for long.
type Arena struct {
	slabs   []slab
	strings chunk[string]
	words   chunk[uint64]
	epoch   int  // how often Reset was called
	read    int  // bytes of the records of this generation
	depth   int  // of the message at hand
	left    int  // how many bytes the message at hand may still take
	slow    bool // the tables decode, not the generated code
	failed  bool // generated code met an error, which the tables are to find again
	fetched byte // keeps the compiler from dropping fetch
	single  bool // no slabs: every message is allocated for itself
}

// NewArena makes an arena for one stream.
func NewArena() *Arena { return &Arena{} }

// Reset is the promise that no message decoded so far is used any more (strings and bytes out of them may be). The arena
// then uses its memory again: a reader that is done with each event before it reads the next decodes several times
// as fast, because the memory stays in the processor's cache and the garbage collector has nothing to do. It costs nothing
// itself, but for the odd time when it forgets what the messages of long ago led to.
func (a *Arena) Reset() {
	a.epoch++
	if a.read > generationReused {
		a.scrub()
		a.read = 0
	}
}

// scrub clears all memory, so that it leads to nothing.
func (a *Arena) scrub() {
	for i := range a.slabs {
		if s := &a.slabs[i]; s.base != nil {
			s.of.clear(s.base, s.count)
			s.off, s.used = 0, 0
			if s.spare != nil {
				s.of.clear(s.spare, int(s.room)/(int(s.end)/s.count))
			}
		}
	}
	clear(a.strings.all)
	clear(a.strings.spare)
	a.strings.used = 0
}

// slab is memory for structs of one type. Its fields are offsets, so that a full slab has no pointer past its end.
type slab struct {
	base     unsafe.Pointer
	off, end uintptr
	used     uintptr // bytes in the slabs of this generation that are full
	count    int     // how many structs this slab has
	next     int     // how many the next one has
	of       Type
	spare    unsafe.Pointer
	room     uintptr // size of spare
	epoch    int     // when spare was full
}

// chunk is memory for scalars of one type.
type chunk[T any] struct {
	all   []T
	used  int
	full  int // how many were in the chunks of this generation that are full
	next  int // how many the next chunk has, 0 is the usual
	spare []T
	epoch int // when spare was full
}

// allow sets the memory that a message read from n bytes may take.
func (a *Arena) allow(n int) {
	a.left, a.depth = n*memoryFactor+memoryFloor, 0
	a.slow, a.failed = a.single, false
	limit := generation
	if a.epoch > 0 {
		limit = 4 * generationReused // Reset is called no more
	}
	if a.read += n; a.read > limit && !a.single {
		a.leave()
		a.read = n
	}
}

// leave leaves all slabs behind. The next ones are as large as was needed.
func (a *Arena) leave() {
	for i := range a.slabs {
		if s := &a.slabs[i]; s.base != nil {
			structs := int(s.used+s.off) * s.count / int(s.end)
			*s = slab{next: min(structs, s.count*slabReused/int(s.end))}
		}
	}
	a.strings.leave(stringChunk)
	a.words.leave(wordChunk)
}

func (c *chunk[T]) leave(most int) {
	*c = chunk[T]{next: min(c.full+c.used, 16*most)}
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

// renew puts an empty slab with room for n structs in the place of a full one: the one before that if what was in it
// is not used any more, else a new one, which is larger as long as they are few.
func (a *Arena) renew(s *slab, sc *Schema, n int) {
	base, size := s.spare, s.room
	if base != nil && s.epoch < a.epoch && size >= max(s.end, uintptr(n)*sc.Size) {
		sc.Type.clear(base, int(size/sc.Size))
	} else {
		n = max(n, s.next)
		base, size = sc.Type.make(n), uintptr(n)*sc.Size
		limit := slabLast
		if a.epoch > 0 {
			limit = slabReused
		}
		s.next = min(2*s.next, max(s.next, limit/int(sc.Size)))
	}
	s.used += s.off
	s.spare, s.room, s.epoch = s.base, s.end, a.epoch
	s.base, s.off, s.end = base, 0, size
	s.count, s.of = int(size/sc.Size), sc.Type
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
		if n > s.next/4 && a.epoch == 0 { // a slab of its own, rather than wasting the rest of this one
			s.next = min(2*s.next, max(s.next, slabLast/int(sc.Size)))
			return sc.Type.make(n)
		}
		a.renew(s, sc, n)
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

// renew is what it is for slabs; the memory is overwritten by who gets it.
func (c *chunk[T]) renew(a *Arena, n int) {
	switch {
	case a.single:
		n = 4
	case c.next > 0:
		n, c.next = c.next, 0
	case a.epoch > 0:
		n = max(n, min(2*len(c.all), 16*n))
	}
	fresh := c.spare
	if fresh == nil || c.epoch == a.epoch || len(fresh) < len(c.all) {
		fresh = make([]T, n)
	}
	c.full += c.used
	c.spare, c.epoch = c.all, a.epoch
	c.all, c.used = fresh, 0
}
