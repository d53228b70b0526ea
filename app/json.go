package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"
)

// maxDepth is how deep a document may nest: groups in groups, mostly. Deeper ones could overrun the stack.
const maxDepth = 200

// jsonReader reads one JSON value with positions. encoding/json finds the tokens, and what is wrong with them.
type jsonReader struct {
	text   []byte
	tokens *json.Decoder
	// offset is how far line and column have come.
	offset, line, column int
}

// readJSON gives the value that text is; anything behind it is an error.
func readJSON(text []byte) (*node, error) {
	r := &jsonReader{text: text, tokens: json.NewDecoder(bytes.NewReader(text)), line: 1, column: 1}
	r.tokens.UseNumber()
	n, err := r.value(0)
	if err != nil {
		return nil, err
	}
	r.skip()
	if _, err := r.tokens.Token(); !errors.Is(err, io.EOF) {
		return nil, malformed(r.line, r.column, "something stands behind the end of the document")
	}
	return n, nil
}

func (r *jsonReader) value(depth int) (*node, error) {
	r.skip()
	n := &node{line: r.line, column: r.column}
	t, err := r.tokens.Token()
	if err != nil {
		return nil, r.fault(err)
	}
	switch t := t.(type) {
	case nil:
	case bool:
		n.kind, n.text = boolean, map[bool]string{true: "true", false: "false"}[t]
	case json.Number:
		n.kind, n.text = number, string(t)
	case string:
		n.kind, n.text = text, t
	case json.Delim:
		if depth == maxDepth {
			return nil, malformed(n.line, n.column, tooDeep)
		}
		return n, r.fill(n, t, depth+1)
	}
	return n, nil
}

// fill reads the rest of an array or an object, after its opening.
func (r *jsonReader) fill(n *node, opening json.Delim, depth int) error {
	n.kind = list
	if opening == '{' {
		n.kind = object
	}
	for r.tokens.More() {
		var err error
		if n.kind == object {
			err = r.field(n, depth)
		} else {
			err = r.item(n, depth)
		}
		if err != nil {
			return err
		}
	}
	_, err := r.tokens.Token()
	return r.fault(err)
}

func (r *jsonReader) item(n *node, depth int) error {
	item, err := r.value(depth)
	if err != nil {
		return err
	}
	n.items = append(n.items, item)
	return nil
}

func (r *jsonReader) field(n *node, depth int) error {
	k, err := r.key()
	if err != nil {
		return err
	}
	item, err := r.value(depth)
	if err != nil {
		return err
	}
	if !n.put(k, item) {
		return malformed(k.line, k.column, twice(k.name))
	}
	return nil
}

func (r *jsonReader) key() (key, error) {
	r.skip()
	k := key{line: r.line, column: r.column}
	t, err := r.tokens.Token()
	if err != nil {
		return k, r.fault(err)
	}
	k.name, _ = t.(string) // the decoder lets nothing else pass
	return k, nil
}

// skip goes on to where the next token begins.
func (r *jsonReader) skip() {
	r.advance(int(r.tokens.InputOffset()))
	for r.offset < len(r.text) && bytes.IndexByte([]byte(" \t\r\n,:"), r.text[r.offset]) >= 0 {
		r.advance(r.offset + 1)
	}
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
	if err == nil {
		return nil
	}
	at, message := len(r.text), "the text ends too early"
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) && !errors.Is(err, io.ErrUnexpectedEOF) {
		at, message = int(syntax.Offset)-1, syntax.Error()
	}
	r.advance(min(max(at, r.offset), len(r.text)))
	return malformed(r.line, r.column, message)
}
