package app

import "encoding/json"

// ID is that of the app or the group, as it was written.
func (p Part) ID() ID {
	if p.Group != nil {
		return p.Group.ID()
	}
	return p.App.ID()
}

// JSON is the definition as it was written, for a server.
func (p Part) JSON() json.RawMessage {
	if p.Group != nil {
		return p.Group.source.appendJSON(nil)
	}
	return p.App.source.appendJSON(nil)
}

// appendJSON writes the value as JSON.
func (n *node) appendJSON(b []byte) []byte {
	switch n.kind {
	case boolean, number:
		return append(b, n.text...)
	case text:
		return appendText(b, n.text)
	case list, object:
		brackets := "[]"
		if n.kind == object {
			brackets = "{}"
		}
		b = append(b, brackets[0])
		for i, item := range n.items {
			if i > 0 {
				b = append(b, ',')
			}
			if n.kind == object {
				b = append(appendText(b, n.keys[i].name), ':')
			}
			b = item.appendJSON(b)
		}
		return append(b, brackets[1])
	}
	return append(b, "null"...)
}

func appendText(b []byte, s string) []byte {
	quoted, _ := json.Marshal(s) // a string can always be written
	return append(b, quoted...)
}
