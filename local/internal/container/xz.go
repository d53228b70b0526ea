package container

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// An xz file says how large a dictionary its reader needs, up to 4 GiB, and the library allocates it before it has
// seen the data. 128 MiB are twice what `xz -9` writes.
const maxDictionary = 34 // as encoded in a filter's properties: 128 MiB

var (
	errXZ         = errors.New("damaged xz data")
	errDictionary = errors.New("the xz data need a dictionary of more than 128 MiB")
)

// checkXZ walks over the blocks of an xz file, without unpacking them, to look at their dictionaries' sizes.
func checkXZ(r *bufio.Reader) error {
	for {
		var header [12]byte
		if _, err := io.ReadFull(r, header[:]); err != nil {
			return errXZ
		}
		if !bytes.HasPrefix(header[:], []byte("\xfd7zXZ\x00")) || header[7] > 15 {
			return errXZ
		}
		check := [16]int{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64}[header[7]]
		if err := checkXZStream(r, check); err != nil {
			return err
		}
		for { // padding, then perhaps another stream
			next, err := r.Peek(1)
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if next[0] != 0 {
				break
			}
			_, _ = r.Discard(1)
		}
	}
}

// checkXZStream reads blocks up to the index, and over that and the footer.
func checkXZStream(r *bufio.Reader, check int) error {
	for {
		size, err := r.ReadByte()
		if err != nil {
			return errXZ
		}
		if size == 0 {
			return skipXZIndex(r)
		}
		header := make([]byte, int(size)*4+3)
		if _, err := io.ReadFull(r, header); err != nil {
			return errXZ
		}
		if err := checkXZBlock(header); err != nil {
			return err
		}
		n, err := skipLZMA2(r)
		if err != nil {
			return err
		}
		if _, err := r.Discard(int(-n&3) + check); err != nil {
			return errXZ
		}
	}
}

// checkXZBlock looks at a block's header behind its size byte.
func checkXZBlock(header []byte) error {
	flags, rest := header[0], bytes.NewReader(header[1:])
	number := func() uint64 {
		n, err := binary.ReadUvarint(rest)
		if err != nil {
			return 1 << 63
		}
		return n
	}
	for _, present := range []byte{0x40, 0x80} { // sizes
		if flags&present != 0 && number() >= 1<<63 {
			return errXZ
		}
	}
	const lzma2 = 0x21
	for range int(flags&3) + 1 {
		id, size := number(), number()
		if size > uint64(rest.Len()) {
			return errXZ
		}
		properties := make([]byte, size)
		_, _ = rest.Read(properties)
		if id == lzma2 && (size != 1 || properties[0]&0x3f > maxDictionary) {
			return errDictionary
		}
	}
	return nil
}

// skipLZMA2 reads over the chunks of a block and returns how many bytes they were.
func skipLZMA2(r *bufio.Reader) (total int64, err error) {
	for {
		control, err := r.ReadByte()
		if err != nil {
			return 0, errXZ
		}
		total++
		if control == 0 {
			return total, nil
		}
		var head [4]byte // sizes less one: unpacked, packed
		size := 0
		switch {
		case control >= 0x80:
			if _, err := io.ReadFull(r, head[:]); err != nil {
				return 0, errXZ
			}
			size = int(binary.BigEndian.Uint16(head[2:])) + 1
			if control >= 0xc0 {
				size++ // properties
			}
			total += 4
		case control <= 2:
			if _, err := io.ReadFull(r, head[:2]); err != nil {
				return 0, errXZ
			}
			size = int(binary.BigEndian.Uint16(head[:])) + 1
			total += 2
		default:
			return 0, errXZ
		}
		if _, err := r.Discard(size); err != nil {
			return 0, errXZ
		}
		total += int64(size)
	}
}

// skipXZIndex reads over the index behind its first byte, and the footer.
func skipXZIndex(r *bufio.Reader) error {
	read := int64(1)
	number := func() uint64 {
		for n, shift := uint64(0), 0; shift < 63; shift += 7 {
			b, err := r.ReadByte()
			read++
			if err != nil {
				break
			}
			n |= uint64(b&0x7f) << shift
			if b < 0x80 {
				return n
			}
		}
		return 1 << 63
	}
	records := number()
	if records >= 1<<62 {
		return errXZ
	}
	for range 2 * records { // sizes
		if number() >= 1<<63 {
			return errXZ
		}
	}
	if _, err := r.Discard(int(-read&3) + 4 + 12); err != nil {
		return errXZ
	}
	return nil
}
