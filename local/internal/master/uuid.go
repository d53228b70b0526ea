package master

import (
	"crypto/rand"
	"fmt"
)

// newUUID is a random UUID as text.
func newUUID() string {
	b := newUUIDBytes()
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// newUUIDBytes makes a random uuid (version 4).
func newUUIDBytes() []byte {
	b := make([]byte, 16)
	rand.Read(b) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return b
}
