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
	items []*node
}

// key is the name of a field, and where it stands.
type key struct {
	name         string
	line, column int
}

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
