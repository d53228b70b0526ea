package codec

import (
	"encoding/base64"
	"math"
	"strconv"
	"unicode/utf8"
	"unsafe"
)

// AppendJSON appends the struct at m as Mesos writes JSON: on one line, with the schema's names, in the schema's order; singular
// fields that have a default of their own are written even when unset. Infinity and NaN are written as strings.
func AppendJSON(b []byte, sc *Schema, m unsafe.Pointer) ([]byte, error) {
	w := jsonWriter{b: b}
	if err := w.message(sc, m); err != nil {
		return nil, err.of(sc)
	}
	return w.b, nil
}

// Describe is the struct at m in JSON, for people: an enum without a name is a number.
func Describe(sc *Schema, m unsafe.Pointer) string {
	w := jsonWriter{lenient: true}
	if err := w.message(sc, m); err != nil {
		return err.of(sc).Error()
	}
	return string(w.b)
}

type jsonWriter struct {
	b       []byte
	lenient bool
}

func (w *jsonWriter) message(sc *Schema, m unsafe.Pointer) *Error {
	w.b = append(w.b, '{')
	start := len(w.b)
	for _, num := range sc.Order {
		f := &sc.Fields[num]
		p := unsafe.Add(m, uintptr(f.Off))
		switch f.Op.label() {
		case Optional:
			q := *(*unsafe.Pointer)(p) // also the data of bytes
			if q == nil {
				if f.Default != "" {
					w.key(f, start)
					w.b = append(w.b, f.Default...)
				}
				continue
			}
			if f.Op != Bytes+Optional {
				p = q
			}
		case Repeated:
			if err := w.repeated(f, p, start); err != nil {
				return err
			}
			continue
		case Implicit:
			if f.zero(p) {
				continue
			}
		}
		w.key(f, start)
		if err := w.value(f, p); err != nil {
			return err.within(f, -1)
		}
	}
	w.b = append(w.b, '}')
	return nil
}

// key writes the name of a field, after a comma unless it is the first of what begins at start.
func (w *jsonWriter) key(f *Field, start int) {
	if len(w.b) > start {
		w.b = append(w.b, ',')
	}
	w.b = append(w.b, f.Name...)
}

func (w *jsonWriter) repeated(f *Field, p unsafe.Pointer, start int) *Error {
	if f.Op == MapEntry+Repeated {
		return w.entries(f, p, start)
	}
	s := (*slice)(p)
	if s.len == 0 {
		return nil
	}
	w.key(f, start)
	w.b = append(w.b, '[')
	size := f.elemSize()
	for i := range s.len {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		if err := w.value(f, s.at(i, size)); err != nil {
			return err.within(f, i)
		}
	}
	w.b = append(w.b, ']')
	return nil
}

// entries writes a map.
func (w *jsonWriter) entries(f *Field, p unsafe.Pointer, start int) *Error {
	if *(*unsafe.Pointer)(p) == nil {
		return nil
	}
	s := f.Entry.Map.entries(p)
	if s.len == 0 {
		return nil
	}
	w.key(f, start)
	w.b = append(w.b, '{')
	value := &f.Entry.Fields[2]
	for i := range s.len {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		e := s.at(i, f.Entry.Size)
		w.b = append(appendJSONString(w.b, *(*string)(e)), ':')
		if err := w.value(value, unsafe.Add(e, uintptr(value.Off))); err != nil {
			return err.within(f, -1)
		}
	}
	w.b = append(w.b, '}')
	return nil
}

func (w *jsonWriter) value(f *Field, p unsafe.Pointer) *Error {
	switch f.Op.kind() {
	case String:
		w.b = appendJSONString(w.b, *(*string)(p))
	case Bytes:
		w.b = append(w.b, '"')
		w.b = base64.StdEncoding.AppendEncode(w.b, *(*[]byte)(p))
		w.b = append(w.b, '"')
	case Bool:
		w.b = strconv.AppendBool(w.b, *(*bool)(p))
	case Double:
		w.b = appendDouble(w.b, *(*float64)(p))
	case Int32:
		w.b = strconv.AppendInt(w.b, int64(*(*int32)(p)), 10)
	case Int64:
		w.b = strconv.AppendInt(w.b, *(*int64)(p), 10)
	case Uint32:
		w.b = strconv.AppendUint(w.b, uint64(*(*uint32)(p)), 10)
	case Uint64:
		w.b = strconv.AppendUint(w.b, *(*uint64)(p), 10)
	case Enum:
		return w.enum(f, *(*int32)(p))
	default:
		return w.message(f.sub(), p)
	}
	return nil
}

func (w *jsonWriter) enum(f *Field, v int32) *Error {
	name := f.Enum.Names().Text(v)
	if name != "" {
		w.b = append(append(append(w.b, '"'), name...), '"')
		return nil
	}
	if !w.lenient {
		return failed(f.Enum.Names().Name + " has no name for " + strconv.Itoa(int(v)))
	}
	w.b = strconv.AppendInt(w.b, int64(v), 10)
	return nil
}

// appendDouble writes a number that reads as a double: it has a point or an exponent.
func appendDouble(b []byte, v float64) []byte {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		if v == 0 && math.Signbit(v) {
			b = append(b, '-')
		}
		return append(strconv.AppendInt(b, int64(v), 10), ".0"...)
	}
	switch {
	case math.IsInf(v, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(v, -1):
		return append(b, `"-Infinity"`...)
	case math.IsNaN(v):
		return append(b, `"NaN"`...)
	}
	start := len(b)
	b = strconv.AppendFloat(b, v, 'g', -1, 64)
	for _, c := range b[start:] {
		if c == '.' || c == 'e' {
			return b
		}
	}
	return append(b, ".0"...)
}

const hex = "0123456789abcdef"

// appendJSONString writes a string with quotes. Bytes that are not UTF-8 become U+FFFD.
func appendJSONString(b []byte, s string) []byte {
	b = append(b, '"')
	done := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < 0x80 {
			i++
			continue
		}
		if c >= 0x80 {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(append(b, s[done:i]...), "\uFFFD"...)
				done = i + 1
			}
			i += n
			continue
		}
		b = append(b, s[done:i]...)
		b = appendEscape(b, c)
		i++
		done = i
	}
	return append(append(b, s[done:]...), '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	return append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
