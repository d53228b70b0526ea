package app

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxAliased is how many values the aliases of one text may stand for. A few lines of aliases of aliases could be billions.
const maxAliased = 100_000

// yamlReader makes nodes of YAML's. JSON has no more than YAML 1.2's core schema: what goes beyond, such as dates, is text.
type yamlReader struct {
	// within are the anchors whose aliases are being followed; values is how many there were, aliased of those that came
	// from aliases.
	within          map[*yaml.Node]bool
	values, aliased int
}

// maxYAML is how long a text may be, in bytes; one of 10,000 apps has half of that. The package's nodes take much more
// memory than ours.
const maxYAML = 8 << 20

// readYAML gives the values of a text, one for each of its documents.
func readYAML(text []byte) ([]*node, error) {
	if len(text) > maxYAML {
		return nil, malformed(0, 0, "YAML may have 8 MiB at most; JSON may be longer")
	}
	var values []*node
	r := &yamlReader{within: map[*yaml.Node]bool{}}
	for documents := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var y yaml.Node
		err := documents.Decode(&y)
		if errors.Is(err, io.EOF) {
			return values, nil
		}
		if err != nil {
			return nil, yamlFault(err)
		}
		n, err := r.value(&y, 0)
		if err != nil {
			return nil, err
		}
		values = append(values, n)
	}
}

func (r *yamlReader) value(y *yaml.Node, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, malformed(y.Line, y.Column, tooDeep)
	}
	if r.values++; r.values > maxValues {
		return nil, malformed(y.Line, y.Column, tooMany)
	}
	if len(r.within) > 0 {
		if r.aliased++; r.aliased > maxAliased {
			return nil, malformed(y.Line, y.Column, "the aliases stand for too much")
		}
	}
	switch y.Kind {
	case yaml.DocumentNode:
		return r.value(y.Content[0], depth)
	case yaml.AliasNode:
		return r.alias(y, depth)
	case yaml.SequenceNode:
		return r.list(y, depth)
	case yaml.MappingNode:
		n := &node{kind: object, line: y.Line, column: y.Column}
		return n, r.fill(n, y, depth)
	case yaml.ScalarNode:
		return scalar(y)
	}
	return &node{}, nil // an empty document
}

func (r *yamlReader) alias(y *yaml.Node, depth int) (*node, error) {
	if r.within[y.Alias] {
		return nil, malformed(y.Line, y.Column, "the alias "+y.Value+" is within what it stands for")
	}
	r.within[y.Alias] = true
	defer delete(r.within, y.Alias)
	n, err := r.value(y.Alias, depth+1)
	if err != nil {
		return nil, err
	}
	here := *n
	here.line, here.column = y.Line, y.Column
	return &here, nil
}

func (r *yamlReader) list(y *yaml.Node, depth int) (*node, error) {
	n := &node{kind: list, line: y.Line, column: y.Column}
	for _, each := range y.Content {
		item, err := r.value(each, depth+1)
		if err != nil {
			return nil, err
		}
		n.items = append(n.items, item)
	}
	return n, nil
}

// fill reads a mapping's fields into n, and then those that it merges from others and does not have.
func (r *yamlReader) fill(n *node, y *yaml.Node, depth int) error {
	var merged []*yaml.Node
	for i := 0; i+1 < len(y.Content); i += 2 {
		k, v := y.Content[i], y.Content[i+1]
		if k.Kind == yaml.ScalarNode && k.ShortTag() == "!!merge" {
			merged = append(merged, v)
			continue
		}
		name, err := r.value(k, depth+1)
		if err != nil {
			return err
		}
		if name.kind == list || name.kind == object {
			return malformed(k.Line, k.Column, "the name of a field is a text, this is "+name.kind.String())
		}
		item, err := r.value(v, depth+1)
		if err != nil {
			return err
		}
		if !n.put(key{name.text, k.Line, k.Column}, item) {
			return malformed(k.Line, k.Column, twice(name.text))
		}
	}
	for _, m := range merged {
		if err := r.merge(n, m, depth); err != nil {
			return err
		}
	}
	return nil
}

// merge adds what << names: a mapping, or several of which the first ones win.
func (r *yamlReader) merge(n *node, y *yaml.Node, depth int) error {
	from, err := r.value(y, depth+1)
	if err != nil {
		return err
	}
	sources := []*node{from}
	if from.kind == list {
		sources = from.items
	}
	for _, source := range sources {
		if source.kind != object {
			return malformed(y.Line, y.Column, "<< merges objects, this is "+source.kind.String())
		}
		for i, k := range source.keys {
			n.put(k, source.items[i])
		}
	}
	return nil
}

// scalar reads a value that has no parts.
func scalar(y *yaml.Node) (*node, error) {
	n := &node{line: y.Line, column: y.Column, text: y.Value}
	switch tag := y.ShortTag(); tag {
	case "!!null":
		n.text = "null"
	case "!!bool":
		n.kind, n.text = boolean, strings.ToLower(y.Value)
	case "!!int", "!!float":
		n.kind, n.text = number, literal(y)
	case "!!str", "!!timestamp", "!!merge":
		n.kind = text
	default:
		return nil, malformed(y.Line, y.Column, "the tag "+tag+" means nothing here")
	}
	return n, nil
}

// literal gives a number as JSON writes it: YAML has others, such as 0x1F and 1_000.
func literal(y *yaml.Node) string {
	var i int64
	if y.ShortTag() == "!!int" && y.Decode(&i) == nil {
		return strconv.FormatInt(i, 10)
	}
	var f float64
	if y.Decode(&f) == nil {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return y.Value
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// yamlFault takes the line out of a syntax error's text, where the package leaves it.
func yamlFault(err error) error {
	message := err.Error()
	m := yamlLine.FindStringSubmatch(message)
	if m == nil {
		return malformed(0, 0, message)
	}
	line, _ := strconv.Atoi(m[1]) // none is 0: unknown
	return malformed(line, 0, strings.TrimPrefix(message, m[0]))
}
