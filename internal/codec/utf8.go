package codec

import (
	"strings"
	"unicode/utf8"
	"unsafe"
)

const notASCII = 0x8080808080808080

// mend gives what stands in the message for a string that is not UTF-8, "" when that is an error.
func (a *Arena) mend(sc *Schema, s string) string {
	if !a.Lenient {
		return ""
	}
	a.Mended++
	if sc.Single {
		return s
	}
	return strings.ToValidUTF8(s, string(utf8.RuneError))
}

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
