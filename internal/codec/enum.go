package codec

import "strconv"

// Named is an enum that knows its names.
type Named interface{ Names() *Names }

// Names is the table of an enum, written by the generator.
type Names struct {
	// Name is the full name, such as mesos.v1.TaskState.
	Name string
	// Values are the names and numbers in the order of declaration.
	Values []Value
	// ByNumber has, at each number below 64 that is in use, the index in Values plus one.
	ByNumber []uint8
}

// Value is one name of an enum.
type Value struct {
	Name   string
	Number int32
}

// Find gives the number of a name.
func (n *Names) Find(name string) (int32, bool) {
	for i := range n.Values {
		if n.Values[i].Name == name {
			return n.Values[i].Number, true
		}
	}
	return 0, false
}

// Text gives the name of a number, "" when it has none.
func (n *Names) Text(number int32) string {
	if uint32(number) < uint32(len(n.ByNumber)) {
		if i := n.ByNumber[number]; i > 0 {
			return n.Values[i-1].Name
		}
		return ""
	}
	for i := range n.Values {
		if n.Values[i].Number == number {
			return n.Values[i].Name
		}
	}
	return ""
}

// String gives the name of a number, or the number itself when it has none.
func (n *Names) String(number int32) string {
	if s := n.Text(number); s != "" {
		return s
	}
	return strconv.Itoa(int(number))
}
