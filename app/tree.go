package app

import (
	"slices"
	"strings"
)

// Validate tells whether the tree that g is the root of keeps the rules that no single app can break: everything is in
// the group that its id says, under an id of its own, and dependencies have no cycle. The error is an *Error of code
// Invalid, whose paths are ids.
func (g *Group) Validate() error {
	var f faults
	t := tree{leads: map[ID][]ID{}}
	t.add(g, "", &f)
	if cycle := t.cycle(); cycle != nil {
		f.addAt(0, 0, "/", "Dependency graph has cyclic dependencies: "+strings.Join(cycle, " -> "))
	}
	return f.err()
}

// tree is what waits for what.
type tree struct {
	apps []ID
	// leads gives, of an app, what it depends on, by itself and by the group that it is in; of a group, what is in it, so
	// that what depends on it depends on all that.
	leads map[ID][]ID
}

// waiting stands for what waits because it is in a group that does.
func waiting(group ID) ID { return "in " + group }

// add takes in a group that is in another one, "" for the root.
func (t *tree) add(g *Group, above ID, f *faults) {
	here := waiting(g.ID)
	t.leads[here] = append([]ID{above}, g.Dependencies...)
	apps, groups := map[ID]bool{}, map[ID]bool{}
	in := []ID{}
	for _, a := range g.Apps {
		t.place(a.ID, g.ID, "App has to be child of group with parent id", f)
		if apps[a.ID] {
			f.addAt(0, 0, string(a.ID), "App ids must be unique.")
		}
		apps[a.ID] = true
		in = append(in, a.ID)
		t.apps = append(t.apps, a.ID)
		t.leads[a.ID] = append([]ID{here}, a.Dependencies...)
	}
	for _, child := range g.Groups {
		t.place(child.ID, g.ID, "Group has to be child of groups with parent id", f)
		switch {
		case groups[child.ID]:
			f.addAt(0, 0, string(child.ID), "Group ids must be unique.")
		case apps[child.ID]:
			f.addAt(0, 0, string(child.ID), "Groups and Applications may not have the same identifier.")
		}
		groups[child.ID] = true
		in = append(in, child.ID)
		t.add(child, here, f)
	}
	if _, taken := t.leads[g.ID]; !taken { // by an app, which was complained about
		t.leads[g.ID] = in
	}
}

func (t *tree) place(id, group ID, complaint string, f *faults) {
	if id == Root || id.Parent() != group {
		f.addAt(0, 0, string(id), complaint)
	}
}

// cycle gives the ids along one cycle, of which the first is also the last; nil when there is none.
func (t *tree) cycle() []string {
	w := walk{leads: t.leads, state: map[ID]bool{}}
	for _, id := range t.apps {
		if w.visit(id) {
			return w.path
		}
	}
	return nil
}

// walk goes from what waits to what it waits for, depth first.
type walk struct {
	leads map[ID][]ID
	// state is true of what is on the way that led here, false of what leads into no cycle.
	state map[ID]bool
	way   []ID
	path  []string
}

// visit tells whether id leads into a cycle, which is path then.
func (w *walk) visit(id ID) bool {
	if on, seen := w.state[id]; seen {
		if on {
			w.close(id)
		}
		return on
	}
	w.state[id] = true
	w.way = append(w.way, id)
	for _, next := range w.leads[id] {
		if w.visit(next) {
			return true
		}
	}
	w.way = w.way[:len(w.way)-1]
	w.state[id] = false
	return false
}

func (w *walk) close(id ID) {
	for _, each := range append(w.way[slices.Index(w.way, id):], id) {
		if !strings.HasPrefix(string(each), "in ") {
			w.path = append(w.path, string(each))
		}
	}
	if w.path[0] != w.path[len(w.path)-1] { // it began with what was left out
		w.path = append(w.path, w.path[0])
	}
}
