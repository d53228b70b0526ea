package engine

import (
	"cmp"
	"slices"

	"github.com/ormosproject/ormos/app"
)

// The tree is made of constant groups, whose apps and groups are in the order of their ids: a change copies the groups on the way to
// what it changes, and shares the rest.

// groupIn gives the group of that id, nil when there is none.
func groupIn(root *app.Group, id app.ID) *app.Group {
	g := root
	for g != nil && g.ID != id {
		g = childToward(g, id)
	}
	return g
}

// childToward gives the group directly in g that id is, or is in.
func childToward(g *app.Group, id app.ID) *app.Group {
	if !id.In(g.ID) {
		return nil
	}
	at, ok := slices.BinarySearchFunc(g.Groups, step(g.ID, id), compareGroup)
	if !ok {
		return nil
	}
	return g.Groups[at]
}

// step is the id one below group on the way to id.
func step(group, id app.ID) app.ID {
	for id.Parent() != group && id != app.Root {
		id = id.Parent()
	}
	return id
}

func compareGroup(g *app.Group, id app.ID) int { return cmp.Compare(g.ID, id) }
func compareApp(a *app.App, id app.ID) int     { return cmp.Compare(a.ID, id) }

// appIn gives the app of that id, nil when there is none.
func appIn(root *app.Group, id app.ID) *app.App {
	g := groupIn(root, id.Parent())
	if g == nil {
		return nil
	}
	at, ok := slices.BinarySearchFunc(g.Apps, id, compareApp)
	if !ok {
		return nil
	}
	return g.Apps[at]
}

// edited gives a tree in which the group of that id is what edit makes of it; groups on the way that are missing come to be. All of them get the
// version.
func edited(root *app.Group, id app.ID, version app.Timestamp, edit func(g *app.Group)) *app.Group {
	g := *root
	g.Version = version
	if root.ID == id {
		edit(&g)
		return &g
	}
	next := step(root.ID, id)
	at, ok := slices.BinarySearchFunc(g.Groups, next, compareGroup)
	child := &app.Group{ID: next}
	if next.Parent() == app.Root {
		child.EnforceRole = new(false)
	}
	if ok {
		child = g.Groups[at]
		g.Groups = slices.Clone(g.Groups)
	} else {
		g.Groups = slices.Insert(slices.Clone(g.Groups), at, child)
	}
	g.Groups[at] = edited(child, id, version, edit)
	return &g
}

// withApp gives a tree in which a is, in place of the one of its id.
func withApp(root *app.Group, a *app.App, version app.Timestamp) *app.Group {
	return edited(root, a.ID.Parent(), version, func(g *app.Group) {
		at, ok := slices.BinarySearchFunc(g.Apps, a.ID, compareApp)
		g.Apps = slices.Clone(g.Apps)
		if ok {
			g.Apps[at] = a
		} else {
			g.Apps = slices.Insert(g.Apps, at, a)
		}
	})
}

// withoutApp gives a tree without the app of that id, which is in it.
func withoutApp(root *app.Group, id app.ID, version app.Timestamp) *app.Group {
	return edited(root, id.Parent(), version, func(g *app.Group) {
		if at, ok := slices.BinarySearchFunc(g.Apps, id, compareApp); ok {
			g.Apps = slices.Delete(slices.Clone(g.Apps), at, at+1)
		}
	})
}

// withGroup gives a tree in which one is, in place of the one of its id.
func withGroup(root, one *app.Group, version app.Timestamp) *app.Group {
	if one.ID == app.Root {
		return one
	}
	return edited(root, one.ID.Parent(), version, func(g *app.Group) {
		at, ok := slices.BinarySearchFunc(g.Groups, one.ID, compareGroup)
		g.Groups = slices.Clone(g.Groups)
		if ok {
			g.Groups[at] = one
		} else {
			g.Groups = slices.Insert(g.Groups, at, one)
		}
	})
}

// withoutGroup gives a tree without the group of that id.
func withoutGroup(root *app.Group, id app.ID, version app.Timestamp) *app.Group {
	return edited(root, id.Parent(), version, func(g *app.Group) {
		if at, ok := slices.BinarySearchFunc(g.Groups, id, compareGroup); ok {
			g.Groups = slices.Delete(slices.Clone(g.Groups), at, at+1)
		}
	})
}

// sorted gives a group in the order that the tree has, all the way down.
func sorted(g *app.Group) *app.Group {
	own := *g
	own.Apps = slices.SortedFunc(slices.Values(g.Apps), func(a, b *app.App) int { return cmp.Compare(a.ID, b.ID) })
	own.Groups = nil
	for _, child := range g.Groups {
		own.Groups = append(own.Groups, sorted(child))
	}
	slices.SortFunc(own.Groups, func(a, b *app.Group) int { return cmp.Compare(a.ID, b.ID) })
	return &own
}

// enforced tells whether the top-level group of an app makes its name the role.
func enforced(root *app.Group, id app.ID) bool {
	g := childToward(root, id)
	return g != nil && g.EnforceRole != nil && *g.EnforceRole
}

// groupsOf calls f with each group, the outer ones first.
func groupsOf(g *app.Group, f func(*app.Group)) {
	f(g)
	for _, child := range g.Groups {
		groupsOf(child, f)
	}
}

// sameNode tells whether two groups differ in nothing of their own; what is in them is not looked at.
func sameNode(a, b *app.Group) bool {
	return slices.Equal(a.Dependencies, b.Dependencies) && sameHealth(a.EnforceRole, b.EnforceRole) && a.Version == b.Version
}
