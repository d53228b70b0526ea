package codec

import (
	"unicode/utf8"
	"unsafe"
)

const notASCII = 0x8080808080808080

// validUTF8 is utf8.Valid for n bytes, faster for the short ASCII strings that Mesos' messages are full of: it looks at
// words that may overlap.
func validUTF8(p unsafe.Pointer, n int) bool {
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
	case n > 0:
		all = uint64(byteAt(p, 0) | byteAt(p, n/2) | byteAt(p, n-1))
	}
	return all&notASCII == 0 || utf8.Valid(unsafe.Slice((*byte)(p), n))
}
