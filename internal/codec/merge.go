package codec

import "unsafe"

// A singular nested message may be given in several pieces; they count as one message, whose bytes are theirs in a row. Nobody
// writes such messages, so the decoder only notices them, and then has the message put in order here.

// split tells whether a nested message is given in several pieces.
func (sc *Schema) split(b []byte) bool {
	var seen [256]bool
	for i := 0; i < len(b); {
		tag, j := longTag(b, i)
		if j < 0 {
			return false
		}
		if i = skip(b, j, tag, 0); i < 0 {
			return false
		}
		if f := sc.nested(tag); f != nil {
			if seen[tag>>3] {
				return true
			}
			seen[tag>>3] = true
		}
	}
	return false
}

// nested is the singular nested message with the given tag, or nil.
func (sc *Schema) nested(tag uint) *Field {
	if num := tag >> 3; num < uint(len(sc.Fields)) && uint(sc.Fields[num].Tag) == tag {
		if f := &sc.Fields[num]; f.Op.kind() == Nested && f.Op.label() != Repeated {
			return f
		}
	}
	return nil
}

// again reads a message from the beginning whose nested messages come in pieces.
func (a *Arena) again(sc *Schema, m unsafe.Pointer, b []byte) *Error {
	if a.left -= len(b); a.left < 0 {
		return exhausted(nil, 0)
	}
	whole, at := sc.join(b)
	if at >= 0 {
		return &Error{Reason: "malformed field", Offset: at}
	}
	sc.Type.clear(m, 1)
	a.depth--
	err := a.decode(sc, m, whole)
	if err != nil {
		err.Offset = -1 // it would be an offset into what was put together
	}
	return err
}

// join writes the pieces of each nested message as one, after all other fields. Of messages that exclude each other only
// the last remains. It gives the offset of a malformed field, or -1.
func (sc *Schema) join(b []byte) ([]byte, int) {
	whole := make([]byte, 0, len(b)+16)
	pieces := make([][]byte, len(sc.Fields))
	for i := 0; i < len(b); {
		start := i
		tag, j := longTag(b, i)
		if j < 0 {
			return nil, start
		}
		if i = skip(b, j, tag, 0); i < 0 {
			return nil, start
		}
		f := sc.nested(tag)
		if f == nil {
			whole = append(whole, b[start:i]...)
			continue
		}
		for num := range sc.Fields {
			if g := &sc.Fields[num]; f.Oneof != 0 && g != f && g.Oneof == f.Oneof {
				pieces[num] = nil
			}
		}
		_, j = length(b, j)
		if pieces[tag>>3] == nil {
			pieces[tag>>3] = []byte{}
		}
		pieces[tag>>3] = append(pieces[tag>>3], b[j:i]...)
	}
	for num, piece := range pieces {
		if piece != nil {
			whole = appendVarint(appendTag(whole, sc.Fields[num].Tag), uint64(len(piece)))
			whole = append(whole, piece...)
		}
	}
	return whole, -1
}
