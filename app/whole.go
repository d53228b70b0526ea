package app

// Check tells everything that is wrong with a document whose apps and groups are whole definitions: what
// [Document.Updates] tells, the rules of each app, and those of the tree that they are together.
func (doc *Document) Check(d Defaults) error {
	parts, err := doc.Updates()
	w := whole{root: &Group{ID: Root}, d: d}
	w.merge(err)
	for _, part := range parts {
		if part.Group != nil {
			w.addGroup(part.Group)
		} else {
			w.addApp(part.App)
		}
	}
	if len(w.details) == 0 {
		w.merge(w.root.Validate())
	}
	return w.err()
}

// whole puts together what the parts of a document are.
type whole struct {
	applying
	root *Group
	d    Defaults
}

func (w *whole) addApp(u *Update) {
	r := u.rules(&w.faults)
	a := u.full(nil, Root, w.d, r)
	g := w.root.grow(a.ID.Parent())
	g.Apps = append(g.Apps, a)
}

// addGroup takes in what the group lists. What it does with what is there already cannot be known here.
func (w *whole) addGroup(u *GroupUpdate) {
	g := w.root.grow(u.fields.ID.Under(Root))
	lists := *u
	lists.fields.ScaleBy = nil
	*g = *w.group(&lists, g, w.d)
}

// grow gives the group of that id below g, after making those that are missing on the way.
func (g *Group) grow(id ID) *Group {
	if id == Root || id == "" {
		return g
	}
	parent := g.grow(id.Parent())
	c := parent.child(id)
	if c == nil {
		c = &Group{ID: id}
		parent.Groups = append(parent.Groups, c)
	}
	return c
}
