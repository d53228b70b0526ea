package codec

import (
	"unicode/utf8"
	"unsafe"
)

const notASCII = 0x8080808080808080

// validUTF8 is utf8.Valid for the n bytes at i of what base points to, faster for the short ASCII strings that Mesos'
// messages are full of: it looks at words that may overlap.
func validUTF8(base unsafe.Pointer, i, n int) bool {
	if n == 0 {
		return true
	}
	p := unsafe.Add(base, i)
	var all uint64
	switch {
	case n >= 8:
		last := n - 8
		for i := 0; i < last; i += 8 {
			all |= *(*uint64)(unsafe.Add(p, i))
		}
		all |= *(*uint64)(unsafe.Add(p, last))
	case n >= 4:
		all = uint64(*(*uint32)(p) | *(*uint32)(unsafe.Add(p, n-4)))
	default:
		all = uint64(byteAt(p, 0) | byteAt(p, n/2) | byteAt(p, n-1))
	}
	return all&notASCII == 0 || utf8.Valid(unsafe.Slice((*byte)(p), n))
}
