package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
)

const (
	// DefaultRecordLimit is the size of the longest record that a [Reader] accepts when it is told no other, in bytes.
	// Mesos itself has no limit; an OFFERS event of a large cluster is some MiB.
	DefaultRecordLimit = 256 << 20
	// maxHeader is the most digits that a length may have: those of the largest unsigned 64-bit number.
	maxHeader = 20
	// maxLimit keeps sums of sizes far from overflowing.
	maxLimit = math.MaxInt / 16
	// chunkSize is how much memory is set aside at once for records to lie in.
	chunkSize = 64 << 10
)

// AppendRecord appends record to dst with its RecordIO header: the length in decimal digits and a line feed.
func AppendRecord(dst, record []byte) []byte {
	dst = strconv.AppendInt(dst, int64(len(record)), 10)
	dst = append(dst, '\n')
	return append(dst, record...)
}

// closeGap writes the header of the record b[body:] at b[start:] and moves the record up to it.
func closeGap(b []byte, start, body int) []byte {
	var digits [maxHeader + 1]byte
	header := append(strconv.AppendInt(digits[:0], int64(len(b)-body), 10), '\n')
	if len(header) > body-start {
		b = slices.Insert(b, start, make([]byte, len(header)-(body-start))...)
		body = start + len(header)
	}
	copy(b[start:], header)
	n := copy(b[start+len(header):], b[body:])
	return b[:start+len(header)+n]
}

// A Reader reads RecordIO records from a stream that may be cut into pieces anywhere.
//
// Each record lies in memory that is never used again, so that what is decoded from it may share it; records lie side by
// side in chunks, and whoever keeps a few bytes of one for long should copy them.
type Reader struct {
	source io.Reader
	limit  int

	chunk    []byte // memory: chunk[unread:filled] was read from source and not yet given away
	unread   int
	filled   int
	readErr  error // what source said last, due when the bytes before it are used up
	err      error // what Next says from now on
	index    int64 // number of records given away
	offset   int64 // of chunk[unread] in the stream
	noAnswer int   // reads in a row without bytes and without an error
}

// NewReader returns a reader of the records of r of up to limit bytes each; limit <= 0 means [DefaultRecordLimit].
func NewReader(r io.Reader, limit int) *Reader {
	if limit <= 0 {
		limit = DefaultRecordLimit
	}
	return &Reader{source: r, limit: min(limit, maxLimit)}
}

// Next returns the next record. Empty records, which Mesos never writes, are passed over.
//
// The error is [io.EOF] when the stream ends between two records, wraps [io.ErrUnexpectedEOF] when it ends inside one, and tells the
// record's number (from 0) and place in the stream otherwise. After an error the reader stays at it.
func (r *Reader) Next() ([]byte, error) {
	for r.err == nil {
		size, header, err := r.header()
		if err == nil && size > 0 {
			err = r.fill(header + size)
		}
		if err != nil {
			r.err = r.explain(err)
			break
		}
		start := r.unread + header
		r.take(header + size)
		if size > 0 {
			r.index++
			return r.chunk[start : start+size : start+size], nil
		}
	}
	return nil, r.err
}

// Ready tells whether Next will return at once: the next record has arrived as a whole, or there will be none.
func (r *Reader) Ready() bool {
	if r.err != nil {
		return true
	}
	window := r.chunk[r.unread:r.filled]
	end := bytes.IndexByte(window[:min(len(window), maxHeader+1)], '\n')
	if end < 0 {
		return false
	}
	size, err := r.parse(window[:end])
	return err != nil || size > 0 && len(window) > end+size
}

func (r *Reader) buffered() int { return r.filled - r.unread }

func (r *Reader) take(n int) {
	r.unread += n
	r.offset += int64(n)
}

// explain adds the place to err, unless it is a clean end.
func (r *Reader) explain(err error) error {
	if err == io.EOF {
		if r.buffered() == 0 {
			return io.EOF
		}
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("cannot read record %d at byte %d: %w", r.index, r.offset, err)
}

// header reads the next record's header without consuming it: the record's size and the header's own.
func (r *Reader) header() (size, header int, err error) {
	for {
		window := r.chunk[r.unread:r.filled]
		if end := bytes.IndexByte(window[:min(len(window), maxHeader+1)], '\n'); end >= 0 {
			size, err := r.parse(window[:end])
			return size, end + 1, err
		}
		if len(window) > maxHeader {
			return 0, 0, fmt.Errorf("no record header in %q", window[:maxHeader+1])
		}
		if err := checkDigits(window); err != nil {
			return 0, 0, err // at once, not only when 20 bytes of garbage have arrived
		}
		if err := r.fill(len(window) + 1); err != nil {
			return 0, 0, err
		}
	}
}

func (r *Reader) parse(digits []byte) (int, error) {
	if len(digits) == 0 {
		return 0, errors.New("the record header is empty")
	}
	if err := checkDigits(digits); err != nil {
		return 0, err
	}
	size := 0
	for _, c := range digits {
		if size = 10*size + int(c-'0'); size > r.limit {
			return 0, fmt.Errorf("a record of %s bytes exceeds the limit of %d", digits, r.limit)
		}
	}
	return size, nil
}

func checkDigits(b []byte) error {
	for _, c := range b {
		if c < '0' || c > '9' {
			return fmt.Errorf("the record header %q is not a number", b)
		}
	}
	return nil
}

// fill reads until n bytes are unread.
func (r *Reader) fill(n int) error {
	for r.buffered() < n {
		if r.readErr != nil {
			return r.readErr
		}
		r.makeRoom(n)
		got, err := r.source.Read(r.chunk[r.filled:])
		r.filled += got
		r.readErr = err
		if got > 0 || err != nil {
			r.noAnswer = 0
		} else if r.noAnswer++; r.noAnswer == 100 {
			r.readErr = io.ErrNoProgress
		}
	}
	return nil
}

// makeRoom sees to it that something can be read behind the unread bytes, of which n are wanted in one piece. What lies
// before them was given away and stays as it is.
func (r *Reader) makeRoom(n int) {
	if r.unread+n <= len(r.chunk) {
		return
	}
	have := r.buffered()
	size := chunkSize
	if n > chunkSize {
		// A large record gets its memory step by step as its bytes really arrive: its header alone is no reason to believe it.
		if r.filled < len(r.chunk) {
			return
		}
		size = min(n, max(chunkSize, 2*have))
	}
	next := make([]byte, size)
	copy(next, r.chunk[r.unread:r.filled])
	r.chunk, r.unread, r.filled = next, 0, have
}
