package engine

import (
	"errors"
	"fmt"

	"github.com/ormosproject/ormos/app"
)

// A draft is a tree that is being worked out: nothing of it has happened yet.
type draft struct {
	e       *Engine
	root    *app.Group
	version app.Timestamp
	ports   app.PortPool
	// taken counts the apps that have a service port in the draft, beside those of the tree.
	taken map[int]bool
	// restarts are the apps whose instances are to be replaced though nothing changes.
	restarts map[app.ID]bool
	// wide tells that groups were edited: then the whole tree is validated.
	wide bool
	// touched are the apps that edits name, last the one that the answer shows.
	last    *app.App
	created bool
}

func (e *Engine) draft() *draft {
	d := &draft{e: e, root: e.root, version: e.at, restarts: map[app.ID]bool{}, taken: map[int]bool{}}
	if !e.root.Version.Before(d.version) {
		d.version = app.At(e.root.Version.Time().Add(1e6)) // versions are names: each is later than the one before
	}
	d.ports.InUse = func(port int) bool { return e.servicePorts[port] > 0 || d.taken[port] }
	return d
}

// apply makes one edit.
func (d *draft) apply(edit Edit) *app.Error {
	var err error
	switch x := edit.(type) {
	case CreateApp:
		err = d.createApp(x)
	case UpdateApp:
		err = d.updateApp(x)
	case RestartApp:
		err = d.restartApp(x.ID)
	case RemoveApp:
		err = d.removeApp(x.ID)
	case CreateGroup:
		err = d.createGroup(x)
	case UpdateGroup:
		err = d.updateGroup(x)
	case RemoveGroup:
		err = d.removeGroup(x.ID)
	case EnforceRole:
		err = d.enforceRole(x)
	case scaleTo:
		err = d.scale(x)
	case restore:
		err = d.restore(x)
	default:
		err = fmt.Errorf("cannot make the edit %T", edit)
	}
	return asError(err)
}

// asError is the error for users.
func asError(err error) *app.Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*app.Error](err); ok {
		return e
	}
	return &app.Error{Code: app.Invalid, Message: err.Error()}
}

// scaleTo sets an app's number of instances.
type scaleTo struct {
	ID app.ID
	N  int
}

func (scaleTo) edit() {}

// defaults are those for an app of that id.
func (d *draft) defaults(id app.ID) app.Defaults {
	defaults := d.e.opts.Defaults
	defaults.EnforceRole = enforced(d.root, id)
	return defaults
}

func (d *draft) createApp(x CreateApp) error {
	id := x.App.ID().Under(app.Root)
	if appIn(d.root, id) != nil {
		return &app.Error{Code: app.Conflict, Message: fmt.Sprintf("An app with id [%s] already exists.", id), Hint: "update it instead"}
	}
	a, err := x.App.ApplyFull(nil, app.Root, d.defaults(id))
	if err != nil {
		return err
	}
	d.created = true
	return d.set(nil, a)
}

func (d *draft) updateApp(x UpdateApp) error {
	old := appIn(d.root, x.ID)
	if version, back := x.Update.Version(); back && old != nil && !x.Full {
		return d.revertApp(old, version)
	}
	if old == nil && !x.Create {
		return missingApp(x.ID)
	}
	var a *app.App
	var err error
	switch update := x.Update.At(x.ID); {
	case old == nil:
		d.created = true
		a, err = update.ApplyFull(nil, app.Root, d.defaults(x.ID))
	case x.Full:
		a, err = update.ApplyFull(old, app.Root, d.defaults(x.ID))
	default:
		a, err = update.Apply(old, app.Root, d.defaults(x.ID))
	}
	if err != nil {
		return err
	}
	return d.set(old, a)
}

// revertApp goes back to a version that is kept.
func (d *draft) revertApp(old *app.App, version app.Timestamp) error {
	v := d.e.crews[old.ID].definition(version)
	if v == nil {
		return &app.Error{Code: app.NotFound, Message: fmt.Sprintf("App '%s' does not exist in version %s", old.ID, version)}
	}
	return d.set(old, v.App.Clone())
}

// set puts an app, which is nobody else's yet, into the tree, in place of old. Where nothing differs, old stays.
func (d *draft) set(old, a *app.App) error {
	if err := d.free(a.ID); err != nil {
		return err
	}
	if err := d.ports.Assign(a, old); err != nil {
		return err
	}
	for _, port := range a.ServicePorts() {
		d.taken[port] = true
	}
	if old != nil && app.Compare(old, a) == app.Same {
		d.last = old
		return nil
	}
	d.wide = d.wide || len(a.Dependencies) > 0 || groupIn(d.root, a.ID.Parent()) == nil
	d.put(old, a)
	return nil
}

// put gives an app its version, and puts it into the tree.
func (d *draft) put(old, a *app.App) {
	a.Version = d.version
	info := app.VersionInfo{LastScalingAt: d.version, LastConfigChangeAt: d.version}
	if old != nil && old.VersionInfo != nil {
		info = *old.VersionInfo
		if app.Compare(old, a) == app.Changed {
			info.LastConfigChangeAt = d.version
		}
		if old.Instances != a.Instances {
			info.LastScalingAt = d.version
		}
	}
	a.VersionInfo = &info
	d.root, d.last = withApp(d.root, a, d.version), a
}

// free tells whether an app may have that id: no group has it, and no app is on the way to it.
func (d *draft) free(id app.ID) error {
	if groupIn(d.root, id) != nil {
		return &app.Error{Code: app.Conflict, Message: fmt.Sprintf("A group with id [%s] already exists.", id), Hint: "choose another id"}
	}
	for up := id.Parent(); up != app.Root; up = up.Parent() {
		if appIn(d.root, up) != nil {
			return &app.Error{Code: app.Conflict, Message: fmt.Sprintf("An app with id [%s] already exists.", up), Hint: "an app cannot be below another one"}
		}
	}
	return nil
}

func missingApp(id app.ID) *app.Error {
	return &app.Error{Code: app.NotFound, Message: fmt.Sprintf("App '%s' does not exist", id)}
}

func (d *draft) restartApp(id app.ID) error {
	old := appIn(d.root, id)
	if old == nil {
		return missingApp(id)
	}
	a := old.Clone()
	d.put(old, a)
	a.VersionInfo.LastConfigChangeAt = d.version
	d.restarts[id] = true
	return nil
}

func (d *draft) removeApp(id app.ID) error {
	if appIn(d.root, id) == nil {
		return missingApp(id)
	}
	d.root, d.last = withoutApp(d.root, id, d.version), nil
	return nil
}

func (d *draft) scale(x scaleTo) error {
	old := appIn(d.root, x.ID)
	if old == nil {
		return missingApp(x.ID)
	}
	a := old.Clone()
	a.Instances = x.N
	return d.set(old, a)
}

// check validates what single edits could not see.
func (d *draft) check() *app.Error {
	if !d.wide {
		return nil
	}
	return asError(d.root.Validate())
}
