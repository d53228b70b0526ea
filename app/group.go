package app

import "iter"

// A Group is a folder of apps and groups. The root's ID is "/". Groups are shared like apps: nobody changes one.
type Group struct {
	ID ID `json:"id"`
	// Apps are those right below it.
	Apps   []*App   `json:"apps,omitempty"`
	Groups []*Group `json:"groups,omitempty"`
	// Dependencies are of all apps in it. Version is when something in it was changed last.
	Dependencies []ID      `json:"dependencies,omitempty"`
	Version      Timestamp `json:"version"`
	// EnforceRole has the apps below a top-level group use the group's name as their role; nil everywhere else.
	EnforceRole *bool `json:"enforceRole,omitempty"`
}

// All are the apps in the group and below it.
func (g *Group) All() iter.Seq[*App] {
	return func(yield func(*App) bool) { g.each(yield) }
}

func (g *Group) each(yield func(*App) bool) bool {
	for _, a := range g.Apps {
		if !yield(a) {
			return false
		}
	}
	for _, child := range g.Groups {
		if !child.each(yield) {
			return false
		}
	}
	return true
}

// enforces tells whether the group makes its name the role of what is in it.
func (g *Group) enforces() bool { return g.EnforceRole != nil && *g.EnforceRole }

// child gives the group of that id directly in g, nil when there is none.
func (g *Group) child(id ID) *Group {
	for _, c := range g.Groups {
		if c.ID == id {
			return c
		}
	}
	return nil
}
