package codec

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// word reads one of JSON's words.
func (r *jsonReader) word(w string) *Error {
	if len(r.b)-r.i < len(w) || string(r.b[r.i:r.i+len(w)]) != w {
		return r.broken("expected a value")
	}
	r.i += len(w)
	return nil
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special has the high bit set in (at least) the first byte of v that cannot stand in a plain string: a quote, a
// backslash, a control character, or one that is not ASCII.
func special(v uint64) uint64 {
	quote, slash := v^ones*'"', v^ones*'\\'
	return ((quote-ones)&^quote | (slash-ones)&^slash | (v - ones*0x20) | v) & highs
}

// text reads the string that begins here. It shares the input's bytes unless it has escapes.
func (r *jsonReader) text() (string, *Error) {
	b := r.b
	start := r.i + 1
	i := start
	for {
		for len(b)-i >= 8 {
			if s := special(binary.LittleEndian.Uint64(b[i:])); s != 0 {
				i += bits.TrailingZeros64(s) >> 3
				break
			}
			i += 8
		}
		if i >= len(b) {
			r.i = i
			return "", r.broken("unterminated string")
		}
		c := b[i]
		switch {
		case c == '"':
			r.i = i + 1
			return alias(b[start:i]), nil
		case c == '\\':
			return r.escaped(start, i)
		case c < 0x20:
			r.i = i
			return "", r.broken("control character in a string")
		case c < 0x80:
			i++
		default:
			_, n := utf8.DecodeRune(b[i:])
			if n == 1 && r.a.Lenient {
				return r.escaped(start, i)
			}
			if n == 1 {
				r.i = i
				return "", r.broken("string is not UTF-8")
			}
			i += n
		}
	}
}

// escaped reads on in a string that begins at start and is not its own text from i on: there is an escape, or something to mend.
func (r *jsonReader) escaped(start, i int) (string, *Error) {
	b := r.b
	out := append(make([]byte, 0, i-start+32), b[start:i]...)
	for i < len(b) {
		r.i = i
		c := b[i]
		switch {
		case c == '"':
			r.i = i + 1
			return alias(out), nil
		case c == '\\':
			var ok bool
			if out, i, ok = unescape(out, b, i); !ok {
				return "", r.broken("unknown escape in a string")
			}
		case c < 0x20:
			return "", r.broken("control character in a string")
		case c < 0x80:
			out = append(out, c)
			i++
		default:
			v, n := utf8.DecodeRune(b[i:])
			if n == 1 {
				if !r.a.Lenient {
					return "", r.broken("string is not UTF-8")
				}
				r.a.Mended++
			}
			out = utf8.AppendRune(out, v)
			i += n
		}
	}
	r.i = i
	return "", r.broken("unterminated string")
}

// unescape reads the escape at i. It gives the index after it.
func unescape(out, b []byte, i int) ([]byte, int, bool) {
	if i+1 >= len(b) {
		return out, i, false
	}
	switch c := b[i+1]; c {
	case '"', '\\', '/':
		out = append(out, c)
	case 'b':
		out = append(out, '\b')
	case 'f':
		out = append(out, '\f')
	case 'n':
		out = append(out, '\n')
	case 'r':
		out = append(out, '\r')
	case 't':
		out = append(out, '\t')
	case 'u':
		v, ok := unit(b, i)
		if !ok {
			return out, i, false
		}
		i += 6
		if utf16.IsSurrogate(v) {
			low, ok := unit(b, i)
			if v = utf16.DecodeRune(v, low); ok && v != utf8.RuneError {
				i += 6
			} else {
				v = utf8.RuneError
			}
		}
		return utf8.AppendRune(out, v), i, true
	default:
		return out, i, false
	}
	return out, i + 2, true
}

// unit reads the \uXXXX at i.
func unit(b []byte, i int) (rune, bool) {
	if len(b)-i < 6 || b[i] != '\\' || b[i+1] != 'u' {
		return 0, false
	}
	var v rune
	for _, c := range b[i+2 : i+6] {
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c-'a' <= 5:
			c -= 'a' - 10
		case c-'A' <= 5:
			c -= 'A' - 10
		default:
			return 0, false
		}
		v = v<<4 | rune(c)
	}
	return v, true
}

// number reads the number that begins here.
func (r *jsonReader) number(kind Kind, p unsafe.Pointer) *Error {
	start := r.i
	end, whole := scanNumber(r.b, start)
	if end < 0 {
		return r.broken("malformed number")
	}
	r.i = end
	text := alias(r.b[start:end])
	if whole && len(text) < 16 && setSmall(kind, p, text) {
		return nil
	}
	return r.numberText(kind, p, text, start)
}

// scanNumber gives the index after the number at i, -1 when it is malformed, and whether it is a whole number.
func scanNumber(b []byte, i int) (int, bool) {
	if i < len(b) && b[i] == '-' {
		i++
	}
	first := i
	if i = digits(b, i); i == first || b[first] == '0' && i > first+1 {
		return -1, false
	}
	whole := true
	if i < len(b) && b[i] == '.' {
		whole = false
		from := i + 1
		if i = digits(b, from); i == from {
			return -1, false
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		whole = false
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		from := i
		if i = digits(b, from); i == from {
			return -1, false
		}
	}
	return i, whole
}

func digits(b []byte, i int) int {
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	return i
}

// setSmall sets a whole number of less than 16 digits. It reports whether the number fits.
func setSmall(kind Kind, p unsafe.Pointer, text string) bool {
	negative := text[0] == '-'
	if negative {
		text = text[1:]
	}
	var v int64
	for i := range len(text) {
		v = v*10 + int64(text[i]-'0')
	}
	if negative {
		v = -v
	}
	switch kind {
	case Double:
		*(*float64)(p) = float64(v)
		return v != 0 || !negative
	case Int64:
		*(*int64)(p) = v
	case Uint64:
		*(*uint64)(p) = uint64(v)
		return v >= 0
	case Int32:
		*(*int32)(p) = int32(v)
		return v == int64(int32(v))
	default:
		*(*uint32)(p) = uint32(v)
		return v == int64(uint32(v))
	}
	return true
}

// numberText sets a number from its text, which may also come from a string. Whole numbers may be written with a
// fraction, which is cut off as Mesos does.
func (r *jsonReader) numberText(kind Kind, p unsafe.Pointer, text string, at int) *Error {
	if kind == Double {
		v, ok := parseDouble(text)
		if !ok {
			return r.wrong(at, "not a number")
		}
		*(*float64)(p) = v
		return nil
	}
	ok := false
	if end, whole := scanNumber([]byte(text), 0); end == len(text) && end > 0 {
		if whole {
			ok = setWhole(kind, p, text)
		} else {
			ok = setTruncated(kind, p, text)
		}
	}
	if !ok {
		return r.wrong(at, "not a number of "+kindNames[kind/labels])
	}
	return nil
}

var kindNames = [...]string{4: "32 bits", 5: "64 bits", 6: "32 bits without a sign", 7: "64 bits without a sign"}

func setWhole(kind Kind, p unsafe.Pointer, text string) bool {
	switch kind {
	case Int32:
		v, err := strconv.ParseInt(text, 10, 32)
		*(*int32)(p) = int32(v)
		return err == nil
	case Int64:
		v, err := strconv.ParseInt(text, 10, 64)
		*(*int64)(p) = v
		return err == nil
	case Uint32:
		v, err := strconv.ParseUint(text, 10, 32)
		*(*uint32)(p) = uint32(v)
		return err == nil
	}
	v, err := strconv.ParseUint(text, 10, 64)
	*(*uint64)(p) = v
	return err == nil
}

func setTruncated(kind Kind, p unsafe.Pointer, text string) bool {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return false
	}
	v = math.Trunc(v)
	switch kind {
	case Int32:
		*(*int32)(p) = int32(v)
		return v >= math.MinInt32 && v <= math.MaxInt32
	case Int64:
		*(*int64)(p) = int64(v)
		return v >= math.MinInt64 && v < 1<<63
	case Uint32:
		*(*uint32)(p) = uint32(v)
		return v >= 0 && v <= math.MaxUint32
	}
	*(*uint64)(p) = uint64(v)
	return v >= 0 && v < 1<<64
}

// parseDouble reads a JSON number, or one of the words that Mesos takes for infinity.
func parseDouble(text string) (float64, bool) {
	switch text {
	case "Infinity", "inf":
		return math.Inf(1), true
	case "-Infinity", "-inf":
		return math.Inf(-1), true
	case "NaN":
		return math.NaN(), true
	}
	if end, _ := scanNumber([]byte(text), 0); end != len(text) {
		return 0, false
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil
}

// skip reads over the value that comes next.
func (r *jsonReader) skip() *Error {
	switch c := r.space(); c {
	case '"':
		_, err := r.text()
		return err
	case '{', '[':
		return r.skipAll(c)
	case 't':
		return r.word("true")
	case 'f':
		return r.word("false")
	case 'n':
		return r.word("null")
	}
	end, _ := scanNumber(r.b, r.i)
	if end < 0 {
		return r.broken("expected a value")
	}
	r.i = end
	return nil
}

// skipAll reads over the object or array that begins here with c.
func (r *jsonReader) skipAll(c byte) *Error {
	if r.depth++; r.depth > jsonDepth {
		return r.broken("nested too deeply")
	}
	object, end := c == '{', c+2
	r.i++
	if r.space() == end {
		r.i++
		r.depth--
		return nil
	}
	for {
		if object {
			if r.space() != '"' {
				return r.broken("expected a key")
			}
			if _, err := r.text(); err != nil {
				return err
			}
			if r.space() != ':' {
				return r.broken("expected a colon")
			}
			r.i++
		}
		if err := r.skip(); err != nil {
			return err
		}
		switch r.space() {
		case ',':
			r.i++
		case end:
			r.i++
			r.depth--
			return nil
		default:
			return r.broken("expected a comma or the end")
		}
	}
}
