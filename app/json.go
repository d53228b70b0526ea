package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// What a document may be: each value takes a hundred bytes of memory, and each level some of the stack. 10,000 apps have
// about 500,000 values; groups in groups are what nests.
const (
	maxDepth  = 200
	maxValues = 2_000_000
)

// jsonReader makes nodes of a text that encoding/json has found to be JSON, so that nothing in it can surprise.
type jsonReader struct {
	text []byte
	// offset is how far it has come, line and column where that is; values is how many there were.
	offset, line, column, values int
}

// readJSON gives the value that a text is; anything behind it is an error.
func readJSON(text []byte) (*node, error) {
	r := &jsonReader{text: text, line: 1, column: 1}
	if !json.Valid(text) {
		var any json.RawMessage
		return nil, r.fault(json.Unmarshal(text, &any))
	}
	return r.value(0)
}

func (r *jsonReader) value(depth int) (*node, error) {
	r.skip()
	if r.values++; r.values > maxValues {
		return nil, malformed(r.line, r.column, tooMany)
	}
	n := &node{line: r.line, column: r.column}
	switch c := r.text[r.offset]; c {
	case '{', '[':
		if depth == maxDepth {
			return nil, malformed(r.line, r.column, tooDeep)
		}
		n.kind = list
		if c == '{' {
			n.kind = object
		}
		return n, r.fill(n, depth+1)
	case '"':
		n.kind, n.text = text, r.str()
		return n, nil
	case 'n':
		n.kind = null
	case 't', 'f':
		n.kind = boolean
	default:
		n.kind = number
	}
	end := r.offset
	for end < len(r.text) && bytes.IndexByte([]byte(" \t\r\n,]}"), r.text[end]) < 0 {
		end++
	}
	n.text = string(r.text[r.offset:end])
	r.advance(end)
	return n, nil
}

// fill reads the items of an array, or the fields of an object.
func (r *jsonReader) fill(n *node, depth int) error {
	r.advance(r.offset + 1)
	for {
		r.skip()
		if c := r.text[r.offset]; c == ']' || c == '}' {
			r.advance(r.offset + 1)
			return nil
		}
		var k key
		if n.kind == object {
			k.line, k.column = r.line, r.column
			k.name = r.str()
		}
		item, err := r.value(depth)
		if err != nil {
			return err
		}
		if n.kind == list {
			n.items = append(n.items, item)
		} else if !n.put(k, item) {
			return malformed(k.line, k.column, twice(k.name))
		}
	}
}

// str reads a string.
func (r *jsonReader) str() string {
	end, escaped := r.offset+1, false
	for ; r.text[end] != '"'; end++ {
		if r.text[end] == '\\' {
			escaped = true
			end++
		}
	}
	quoted := r.text[r.offset : end+1]
	r.advance(end + 1)
	s := string(quoted[1 : len(quoted)-1])
	if escaped || !utf8.ValidString(s) {
		_ = json.Unmarshal(quoted, &s) // which is valid
	}
	return s
}

// skip goes on to where the next value, key or end is.
func (r *jsonReader) skip() {
	end := r.offset
	for bytes.IndexByte([]byte(" \t\r\n,:"), r.text[end]) >= 0 {
		end++
	}
	r.advance(end)
}

func (r *jsonReader) advance(to int) {
	passed := r.text[r.offset:to]
	if i := bytes.LastIndexByte(passed, '\n'); i >= 0 {
		r.line += bytes.Count(passed, []byte("\n"))
		r.column = 1
		passed = passed[i+1:]
	}
	r.column += utf8.RuneCount(passed)
	r.offset = to
}

// fault says where the text is no JSON.
func (r *jsonReader) fault(err error) error {
	at := len(r.text)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) && syntax.Error() != "unexpected end of JSON input" {
		at = min(max(int(syntax.Offset)-1, 0), at)
	}
	r.advance(at)
	return malformed(r.line, r.column, err.Error())
}
