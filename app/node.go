package app

// node is a value of a document and where it stands in the text. JSON and YAML are both read into nodes, so that one
// decoder knows all the rules.
type node struct {
	kind kind
	// line and column count from 1, in characters.
	line, column int
	// text is what a string says, the literal of a number, true or false.
	text string
	// keys are the names of an object's fields, each for the item of the same index.
	keys  []key
	names map[string]bool // of keys, once they are more than few
	items []*node
}

// key is the name of a field, and where it stands.
type key struct {
	name         string
	line, column int
}

// fewKeys are looked through faster than a map is made.
const fewKeys = 24

type kind uint8

const (
	null kind = iota
	boolean
	number
	text
	list
	object
)

// String names the kind for users, with its article.
func (k kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "an array", "an object"}[k]
}

// put adds a field, unless there is one of that name: then it gives false.
func (n *node) put(k key, item *node) bool {
	if n.has(k.name) {
		return false
	}
	n.keys = append(n.keys, k)
	n.items = append(n.items, item)
	if n.names != nil {
		n.names[k.name] = true
	} else if len(n.keys) == fewKeys {
		n.names = map[string]bool{}
		for _, k := range n.keys {
			n.names[k.name] = true
		}
	}
	return true
}

// has tells whether an object has a field of that name.
func (n *node) has(name string) bool {
	if n.names != nil {
		return n.names[name]
	}
	for i := range n.keys {
		if n.keys[i].name == name {
			return true
		}
	}
	return false
}
