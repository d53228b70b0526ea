package app

import (
	"path/filepath"
	"reflect"
	"strings"
)

// Format is how a document is written.
type Format int

// The formats.
const (
	JSON Format = iota
	YAML
)

// FormatOf gives the format of a file by its name: YAML for .yaml and .yml, else JSON.
func FormatOf(name string) Format {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".yaml", ".yml":
		return YAML
	}
	return JSON
}

// Document is a text that is JSON or YAML. What it says is asked of it by one of its methods, all of which are strict:
// their error is an *Error of code Invalid with everything that is wrong, each with its path and its place in the text.
type Document struct {
	// values is what stands between the --- of YAML; of JSON there is one.
	values []*node
}

// Parse reads a text. Its error is an *Error of code Malformed.
func Parse(text []byte, f Format) (*Document, error) {
	if f == YAML {
		values, err := readYAML(text)
		if err != nil {
			return nil, err
		}
		return &Document{values}, nil
	}
	value, err := readJSON(text)
	if err != nil {
		return nil, err
	}
	return &Document{[]*node{value}}, nil
}

// App is the one app that the document is.
func (doc *Document) App() (*Update, error) {
	var d decoder
	n, err := doc.only()
	if err != nil {
		return nil, err
	}
	u := d.update(n)
	return u, d.err()
}

// Apps is the list of apps that the document is.
func (doc *Document) Apps() ([]*Update, error) {
	var d decoder
	n, err := doc.only()
	if err != nil {
		return nil, err
	}
	var list updates
	list.read(&d, n)
	return list, d.err()
}

// Group is the one group that the document is.
func (doc *Document) Group() (*GroupUpdate, error) {
	var d decoder
	n, err := doc.only()
	if err != nil {
		return nil, err
	}
	u := d.groupUpdate(n)
	return u, d.err()
}

// Part is an app or a group of a document: one of the fields is set.
type Part struct {
	// App and Group are as they were written.
	App   *Update
	Group *GroupUpdate
}

// Updates are all apps and groups that the document is, in their order: that of a file that is applied as one change. A
// list gives its elements. What has apps, groups, enforceRole or scaleBy is a group.
func (doc *Document) Updates() ([]Part, error) {
	var d decoder
	var parts []Part
	for _, n := range doc.values {
		switch {
		case d.full():
		case n.kind == null: // nothing stands between two ---
		case n.kind == list:
			for i, item := range n.items {
				up := d.downTo(i)
				parts = append(parts, d.part(item))
				d.up(up)
			}
		default:
			parts = append(parts, d.part(n))
		}
	}
	return parts, d.err()
}

func (d *decoder) part(n *node) Part {
	for _, k := range n.keys {
		switch k.name {
		case "apps", "groups", "enforceRole", "scaleBy":
			return Part{Group: d.groupUpdate(n)}
		}
	}
	return Part{App: d.update(n)}
}

// only gives the one value of the document.
func (doc *Document) only() (*node, error) {
	if len(doc.values) != 1 {
		return nil, malformed(1, 1, "expected one document")
	}
	return doc.values[0], nil
}

func (d *decoder) update(n *node) *Update {
	u := &Update{source: n, path: string(d.path)}
	u.fields.setDefaults()
	d.legacy = legacy{}
	before := d.said
	u.present = d.readObject(n, reflect.ValueOf(&u.fields).Elem())
	r := u.rules(&d.faults)
	u.translate(d.legacy, r)
	if u.faulty = d.said > before; u.faulty && !d.full() {
		d.inspect(u, r)
	}
	return u
}

// inspect adds what is wrong with the fields that could be read, each by itself.
func (d *decoder) inspect(u *Update, r *rules) {
	seen := faults{}
	more := *r
	more.faults, more.alone = &seen, true
	u.full(nil, Root, Defaults{}, &more)
	for _, each := range seen.details {
		if !d.full() && !d.covers(each.Path) {
			d.details = append(d.details, each)
			d.said++
		}
	}
}
