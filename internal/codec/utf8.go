package codec

import (
	"encoding/binary"
	"unicode/utf8"
)

const notASCII = 0x8080808080808080

// validUTF8 is utf8.Valid, faster for the short ASCII strings that Mesos' messages are full of.
func validUTF8(b []byte) bool {
	s := b
	for len(s) >= 8 {
		if binary.LittleEndian.Uint64(s)&notASCII != 0 {
			return utf8.Valid(b)
		}
		s = s[8:]
	}
	for _, c := range s {
		if c >= 0x80 {
			return utf8.Valid(b)
		}
	}
	return true
}
