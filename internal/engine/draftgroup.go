package engine

import (
	"fmt"

	"github.com/ormosproject/ormos/app"
)

func missingGroup(id app.ID) error {
	return &app.Error{Code: app.NotFound, Message: fmt.Sprintf("Group '%s' does not exist", id)}
}

func (d *draft) createGroup(x CreateGroup) error {
	id := x.ID
	if id == "" {
		id = x.Update.ID().Under(app.Root)
	}
	if g := groupIn(d.root, id); g != nil && (id != app.Root || len(g.Apps)+len(g.Groups) > 0) {
		return &app.Error{Code: app.Conflict, Message: fmt.Sprintf("Group %s is already created. Use PUT to change this group.", id)}
	}
	return d.updateGroup(UpdateGroup{ID: id, Update: x.Update})
}

func (d *draft) updateGroup(x UpdateGroup) error {
	d.wide = true
	if appIn(d.root, x.ID) != nil {
		return &app.Error{Code: app.Conflict, Message: fmt.Sprintf("An app with id [%s] already exists.", x.ID)}
	}
	old := groupIn(d.root, x.ID)
	if version, back := x.Update.Version(); back {
		return d.revertGroup(x.ID, version)
	}
	base := old
	if base == nil {
		base = &app.Group{ID: x.ID}
		if x.ID.Parent() == app.Root {
			base.EnforceRole = new(false)
		}
	}
	g, err := x.Update.Apply(base, d.defaults(x.ID))
	if err != nil {
		return err
	}
	return d.setGroup(old, g)
}

// setGroup puts a group, made of what a user wants, into the tree.
func (d *draft) setGroup(old, g *app.Group) error {
	g, err := d.finish(old, sorted(g))
	if err != nil {
		return err
	}
	d.root = withGroup(d.root, g, d.version)
	return nil
}

// finish gives what is new in a group its version and ports, and keeps what is the same.
func (d *draft) finish(old, g *app.Group) (*app.Group, error) {
	none := &app.Group{}
	if old == nil {
		old = none
	}
	own := *g
	for i, a := range g.Apps {
		was := appIn(old, a.ID)
		if old == none {
			was = nil
		}
		now, err := d.finishApp(was, a)
		if err != nil {
			return nil, err
		}
		own.Apps[i] = now
	}
	for i, child := range g.Groups {
		var was *app.Group
		if old != none {
			was = childToward(old, child.ID)
		}
		now, err := d.finish(was, child)
		if err != nil {
			return nil, err
		}
		own.Groups[i] = now
	}
	own.Version = old.Version
	if old == none || !sameNode(old, &own) || len(zip(old.Apps, own.Apps, appID)) > 0 || len(zip(old.Groups, own.Groups, groupID)) > 0 {
		own.Version = d.version
		return &own, nil
	}
	return old, nil
}

func appID(a *app.App) app.ID     { return a.ID }
func groupID(g *app.Group) app.ID { return g.ID }

func (d *draft) finishApp(old, a *app.App) (*app.App, error) {
	if old == a {
		return old, nil
	}
	a = a.Clone()
	if err := d.ports.Assign(a, old); err != nil {
		return nil, err
	}
	for _, port := range a.ServicePorts() {
		d.taken[port] = true
	}
	if old != nil && app.Compare(old, a) == app.Same {
		return old, nil
	}
	at := d.root
	d.put(old, a)
	d.root = at // the group as a whole comes into the tree
	return a, nil
}

// revertGroup goes back to a version of the tree that is kept, as far as the group goes.
func (d *draft) revertGroup(id app.ID, version app.Timestamp) error {
	root := d.e.treeAt(version)
	if root == nil || groupIn(root, id) == nil {
		return &app.Error{Code: app.NotFound, Message: fmt.Sprintf("Group '%s' does not exist in version %s", id, version)}
	}
	return d.setGroup(groupIn(d.root, id), groupIn(root, id))
}

func (d *draft) removeGroup(id app.ID) error {
	if groupIn(d.root, id) == nil {
		return missingGroup(id)
	}
	d.wide = true
	if id == app.Root {
		d.root = &app.Group{ID: app.Root, Version: d.version}
		return nil
	}
	d.root = withoutGroup(d.root, id, d.version)
	return nil
}

func (d *draft) enforceRole(x EnforceRole) error {
	if x.ID == app.Root || x.ID.Parent() != app.Root {
		return &app.Error{Code: app.Invalid, Message: "enforceRole can only be set for top-level groups", Hint: "name the group that is directly below /"}
	}
	if groupIn(d.root, x.ID) == nil {
		return missingGroup(x.ID)
	}
	d.root = edited(d.root, x.ID, d.version, func(g *app.Group) { g.EnforceRole = &x.Value })
	return nil
}
