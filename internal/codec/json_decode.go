package codec

import (
	"encoding/base64"
	"strconv"
	"unsafe"
)

// DecodeJSON reads the JSON object in b into the struct at m, which must be zero. It is as lenient as Mesos: unknown keys
// are ignored, null is unset, a string that holds a number or a truth value counts as such, a single value stands for a list of
// one, an unknown name of an enum leaves the field unset (an error when it is required), and of a key given twice the
// last one counts. An error is everything else, text after the object, and what is not UTF-8; half of a
// surrogate pair becomes U+FFFD.
func DecodeJSON(sc *Schema, m unsafe.Pointer, b []byte, a *Arena) error {
	if a == nil {
		a = &Arena{single: true}
	}
	a.allow(len(b))
	r := jsonReader{b: b, a: a}
	if err := r.document(sc, m); err != nil {
		return err.of(sc)
	}
	return nil
}

type jsonReader struct {
	b     []byte
	i     int // where the next byte is read
	a     *Arena
	depth int
}

// jsonDepth is how deeply objects and arrays may be nested: a message inside a list takes two levels.
const jsonDepth = 2 * depthLimit

func (r *jsonReader) document(sc *Schema, m unsafe.Pointer) *Error {
	if r.space() != '{' {
		return r.broken("expected an object")
	}
	if err := r.message(sc, m); err != nil {
		return err
	}
	if r.space(); r.i < len(r.b) {
		return r.broken("unexpected text after the object")
	}
	return nil
}

// broken is an error in the JSON text, wrong one in what it means.
func (r *jsonReader) broken(reason string) *Error {
	return &Error{Reason: reason, Offset: r.i, syntax: true}
}

func (r *jsonReader) wrong(at int, reason string) *Error {
	return &Error{Reason: reason, Offset: at}
}

// space skips white space and gives the byte that follows, 0 at the end.
func (r *jsonReader) space() byte {
	for r.i < len(r.b) {
		switch c := r.b[r.i]; c {
		case ' ', '\t', '\n', '\r':
			r.i++
		default:
			return c
		}
	}
	return 0
}

// message reads the object that begins here.
func (r *jsonReader) message(sc *Schema, m unsafe.Pointer) *Error {
	start := r.i
	r.i++
	if r.depth++; r.depth > jsonDepth {
		return r.broken("nested too deeply")
	}
	var late *Error // what is wrong with a field, unless its key comes again
	var lateField *Field
	var set uint64
	var seen uint16
	hint := 0
	c := r.space()
	if c == '}' {
		r.i++
		r.depth--
		return r.done(sc, start, 0)
	}
	for {
		if c != '"' {
			return r.broken("expected a key")
		}
		f, err := r.key(sc, &hint)
		if err != nil {
			return err
		}
		if f == nil {
			err = r.skip()
		} else {
			num := uint(f.Tag >> 3)
			again := set>>num&1 != 0
			set |= 1 << num
			if again {
				f.clear(unsafe.Add(m, uintptr(f.Off)))
				seen &^= f.Bit
				if f == lateField {
					late, lateField = nil, nil
				}
			}
			at, depth := r.i, r.depth
			var ok bool
			if ok, err = r.field(sc, m, f); ok {
				seen |= f.Bit
			}
			if err != nil && !err.syntax {
				if err = err.within(f, -1); late == nil {
					late, lateField = err, f
				}
				r.i, r.depth = at, depth
				err = r.skip()
			}
		}
		if err != nil {
			return err
		}
		switch c = r.space(); c {
		case ',':
			r.i++
			c = r.space()
		case '}':
			r.i++
			r.depth--
			if late != nil {
				return late
			}
			return r.done(sc, start, seen)
		default:
			return r.broken("expected a comma or the end of the object")
		}
	}
}

// done checks that what begins at start is complete.
func (r *jsonReader) done(sc *Schema, start int, seen uint16) *Error {
	if seen&sc.Need != sc.Need {
		err := sc.missing(seen)
		err.Offset = start
		return err
	}
	if r.a.left < 0 {
		return &Error{Reason: "message takes too much memory for its size", Offset: start, syntax: true}
	}
	return nil
}

// key reads the key that begins here, and the colon. It gives the key's field, nil when there is none. Most keys are written without
// escapes and spaces, and are found as they stand.
func (r *jsonReader) key(sc *Schema, hint *int) (*Field, *Error) {
	rest, next := r.b[r.i:], *hint
	for n := len(sc.Order); n > 0; n-- {
		if next >= len(sc.Order) {
			next = 0
		}
		f := &sc.Fields[sc.Order[next]]
		next++
		if n := len(f.Name); n <= len(rest) && rest[n-1] == ':' && string(rest[:n]) == f.Name {
			r.i += n
			*hint = next
			return f, nil
		}
	}
	key, err := r.text()
	if err != nil {
		return nil, err
	}
	if r.space() != ':' {
		return nil, r.broken("expected a colon")
	}
	r.i++
	var f *Field
	f, *hint = sc.byKey(key, *hint)
	return f, nil
}

// byKey finds a field by its key. Keys mostly come in order, so the search begins at hint; the next hint is returned.
func (sc *Schema) byKey(key string, hint int) (*Field, int) {
	for n := len(sc.Order); n > 0; n-- {
		if hint >= len(sc.Order) {
			hint = 0
		}
		f := &sc.Fields[sc.Order[hint]]
		hint++
		if len(f.Name) == len(key)+3 && f.Name[1:len(key)+1] == key {
			return f, hint
		}
	}
	return nil, 0
}

// clear unsets a field.
func (f *Field) clear(p unsafe.Pointer) {
	switch f.Op {
	case Nested + Required, Nested + Implicit:
		f.sub().Type.clear(p, 1)
	case String + Required, String + Implicit:
		*(*string)(p) = ""
	case Bytes + Required, Bytes + Optional:
		*(*[]byte)(p) = nil
	case Bool + Required, Bool + Implicit:
		*(*bool)(p) = false
	case Enum + Required, Int32 + Required, Uint32 + Required, Enum + Implicit, Int32 + Implicit, Uint32 + Implicit:
		*(*int32)(p) = 0
	case Double + Required, Int64 + Required, Uint64 + Required, Double + Implicit, Int64 + Implicit, Uint64 + Implicit:
		*(*uint64)(p) = 0
	default:
		*(*unsafe.Pointer)(p) = nil
		if f.Op.label() == Repeated && f.Op != MapEntry+Repeated {
			*(*slice)(p) = slice{}
		}
	}
}

// field reads the value of a field. It reports whether the field is set now.
func (r *jsonReader) field(sc *Schema, m unsafe.Pointer, f *Field) (bool, *Error) {
	c := r.space()
	if c == 'n' {
		return false, r.word("null")
	}
	if f.Oneof != 0 {
		sc.clearOthers(m, f)
	}
	p := unsafe.Add(m, uintptr(f.Off))
	switch f.Op.label() {
	case Optional:
		return r.optional(f, p, c)
	case Repeated:
		if f.Op == MapEntry+Repeated {
			return true, r.entries(f, p, c)
		}
		if c != '[' {
			return true, r.element(f, p)
		}
		return true, r.elements(f, p)
	}
	return r.value(f, p, c)
}

// optional reads the value of a field that is a pointer to it.
func (r *jsonReader) optional(f *Field, p unsafe.Pointer, c byte) (bool, *Error) {
	var q unsafe.Pointer
	switch f.Op.kind() {
	case Bytes:
		return r.value(f, p, c)
	case Nested:
		if q = r.a.message(f.sub()); q == nil {
			return false, &Error{Reason: "message takes too much memory for its size", Offset: r.i, syntax: true}
		}
	case String:
		q = unsafe.Pointer(r.a.string(""))
	default:
		q = r.a.word()
	}
	ok, err := r.value(f, q, c)
	if ok && err == nil {
		*(*unsafe.Pointer)(p) = q
	}
	return ok, err
}

// elements reads the array that begins here.
func (r *jsonReader) elements(f *Field, p unsafe.Pointer) *Error {
	r.i++
	if r.depth++; r.depth > jsonDepth {
		return r.broken("nested too deeply")
	}
	if r.space() == ']' {
		r.i++
		r.depth--
		return nil
	}
	for {
		if err := r.element(f, p); err != nil {
			return err
		}
		switch r.space() {
		case ',':
			r.i++
		case ']':
			r.i++
			r.depth--
			return nil
		default:
			return r.broken("expected a comma or the end of the array")
		}
	}
}

// element reads one value and adds it to the slice that p points to.
func (r *jsonReader) element(f *Field, p unsafe.Pointer) *Error {
	c := r.space()
	if c == 'n' {
		return r.word("null")
	}
	switch f.Op.kind() {
	case Nested:
		sub, s := f.sub(), (*slice)(p)
		if s.len == s.cap && !r.a.extend(s, sub) && !r.a.grow(s, sub, max(1, s.len)) {
			return &Error{Reason: "message takes too much memory for its size", Offset: r.i, syntax: true}
		}
		s.len++
		_, err := r.value(f, s.at(s.len-1, sub.Size), c)
		if err != nil {
			err.index(s.len - 1)
		}
		return err
	case String:
		var v string
		_, err := r.value(f, unsafe.Pointer(&v), c)
		*(*[]string)(p) = append(*(*[]string)(p), v)
		return err
	}
	var v uint32
	ok, err := r.value(f, unsafe.Pointer(&v), c)
	if ok {
		*(*[]uint32)(p) = append(*(*[]uint32)(p), v)
	}
	return err
}

// index marks an error as that of an element.
func (e *Error) index(i int) {
	at := "[" + strconv.Itoa(i) + "]"
	if e.Path != "" {
		at += "."
	}
	e.Path = at + e.Path
}

// entries reads the object that begins here into the map that p points to.
func (r *jsonReader) entries(f *Field, p unsafe.Pointer, c byte) *Error {
	if c != '{' {
		return r.wrong(r.i, "expected an object")
	}
	r.i++
	if r.depth++; r.depth > jsonDepth {
		return r.broken("nested too deeply")
	}
	f.Entry.Map.fresh(p)
	if r.space() == '}' {
		r.i++
		r.depth--
		return nil
	}
	value := &f.Entry.Fields[2]
	for {
		if r.space() != '"' {
			return r.broken("expected a key")
		}
		key, err := r.text()
		if err != nil {
			return err
		}
		if r.space() != ':' {
			return r.broken("expected a colon")
		}
		r.i++
		if r.a.left -= int(f.Entry.Size); r.a.left < 0 {
			return &Error{Reason: "message takes too much memory for its size", Offset: r.i, syntax: true}
		}
		if c := r.space(); c == 'n' {
			err = r.word("null")
		} else {
			e := f.Entry.Type.make(1)
			*(*string)(e) = key
			if _, err = r.value(value, unsafe.Add(e, uintptr(value.Off)), c); err == nil {
				f.Entry.Map.put(p, e)
			}
		}
		if err != nil {
			return err
		}
		switch r.space() {
		case ',':
			r.i++
		case '}':
			r.i++
			r.depth--
			return nil
		default:
			return r.broken("expected a comma or the end of the object")
		}
	}
}

// value reads one value, which begins with c, to where p points. It reports whether there is one: an enum's unknown name is none.
func (r *jsonReader) value(f *Field, p unsafe.Pointer, c byte) (bool, *Error) {
	at := r.i
	kind := f.Op.kind()
	switch {
	case kind == Nested:
		if c != '{' {
			return false, r.mismatch(c, "expected an object")
		}
		return true, r.message(f.sub(), p)
	case c == '"':
		text, err := r.text()
		if err != nil {
			return false, err
		}
		if kind == String {
			*(*string)(p) = text
			return true, nil
		}
		return r.fromText(f, p, text, at)
	case kind == String, kind == Enum, kind == Bytes:
		return false, r.mismatch(c, "expected a string")
	case kind == Bool:
		switch c {
		case 't':
			*(*bool)(p) = true
			return true, r.word("true")
		case 'f':
			*(*bool)(p) = false
			return true, r.word("false")
		}
		return false, r.mismatch(c, "expected true or false")
	case c == '-' || c-'0' <= 9:
		return true, r.number(kind, p)
	}
	return false, r.mismatch(c, "expected a number")
}

// mismatch is the error of a value of the wrong type, or of something that is no value at all.
func (r *jsonReader) mismatch(c byte, reason string) *Error {
	switch c {
	case '{', '[', '"', 't', 'f', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return r.wrong(r.i, reason)
	}
	return r.broken("expected a value")
}

// fromText sets a value from a string.
func (r *jsonReader) fromText(f *Field, p unsafe.Pointer, text string, at int) (bool, *Error) {
	switch f.Op.kind() {
	case Enum:
		v, ok := f.Enum.Names().Find(text)
		if !ok {
			if f.Op.label() == Required {
				return false, r.wrong(at, strconv.Quote(text)+" is no "+f.Enum.Names().Name)
			}
			return false, nil
		}
		*(*int32)(p) = v
		return true, nil
	case Bytes:
		v := r.a.bytes(base64.StdEncoding.DecodedLen(len(text)))
		n, err := base64.StdEncoding.Decode(v, unsafe.Slice(unsafe.StringData(text), len(text)))
		if err != nil {
			return false, r.wrong(at, "not base64")
		}
		*(*[]byte)(p) = v[:n:n]
		return true, nil
	case Bool:
		if text != "true" && text != "false" {
			return false, r.wrong(at, "expected true or false")
		}
		*(*bool)(p) = text == "true"
		return true, nil
	}
	return true, r.numberText(f.Op.kind(), p, text, at)
}
