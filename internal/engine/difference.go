package engine

import (
	"maps"
	"slices"

	"github.com/ormosproject/ormos/app"
)

// A difference is what two trees do not share.
type difference struct {
	// before and after are apps by their ids; nil where there was none, or is none.
	before, after map[app.ID]*app.App
	// groups are those that were there before or are there after, and differ in themselves: as they were and as they are.
	was, is map[app.ID]*app.Group
}

// differ looks only at what is not shared, so it costs what has changed.
func differ(old, new *app.Group) difference {
	d := difference{
		before: map[app.ID]*app.App{}, after: map[app.ID]*app.App{}, was: map[app.ID]*app.Group{}, is: map[app.ID]*app.Group{},
	}
	d.groups(old, new)
	return d
}

func (d *difference) groups(old, new *app.Group) {
	if old == new {
		return
	}
	var id app.ID
	none := &app.Group{}
	switch {
	case old == nil:
		id, old = new.ID, none
		d.is[id] = new
	case new == nil:
		id, new = old.ID, none
		d.was[id] = old
	case !sameNode(old, new):
		id = old.ID
		d.was[id], d.is[id] = old, new
	}
	for _, pair := range zip(old.Apps, new.Apps, func(a *app.App) app.ID { return a.ID }) {
		if pair[0] != pair[1] {
			id := either(pair).ID
			d.before[id], d.after[id] = pair[0], pair[1]
		}
	}
	for _, pair := range zip(old.Groups, new.Groups, func(g *app.Group) app.ID { return g.ID }) {
		d.groups(pair[0], pair[1])
	}
}

func either[T any](pair [2]*T) *T {
	if pair[0] != nil {
		return pair[0]
	}
	return pair[1]
}

// zip pairs what has the same id in two lists that are in the order of ids. It passes over pairs that are the same.
func zip[T any](a, b []*T, id func(*T) app.ID) [][2]*T {
	var pairs [][2]*T
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && id(a[0]) < id(b[0]):
			pairs = append(pairs, [2]*T{a[0], nil})
			a = a[1:]
		case len(a) == 0 || id(b[0]) < id(a[0]):
			pairs = append(pairs, [2]*T{nil, b[0]})
			b = b[1:]
		default:
			if a[0] != b[0] {
				pairs = append(pairs, [2]*T{a[0], b[0]})
			}
			a, b = a[1:], b[1:]
		}
	}
	return pairs
}

// apps are the ids of the apps that differ, in order.
func (d *difference) apps() []app.ID {
	all := map[app.ID]bool{}
	for id := range d.before {
		all[id] = true
	}
	for id := range d.after {
		all[id] = true
	}
	return slices.Sorted(maps.Keys(all))
}
