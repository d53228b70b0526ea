package app

import (
	"reflect"
	"slices"
)

// Defaults are what a server fills in where an app does not say.
type Defaults struct {
	// Role is the Mesos role of apps outside groups that enforce theirs; "*" when empty.
	Role string
	// EnforceRole tells that the top-level group that holds the app makes its own name the role.
	EnforceRole bool
	// NetworkName is the container network of apps that name none; empty is an error for them.
	NetworkName string
}

// Update is an app of which every field may be missing: what a user has written. It is made by [Parse], and constant.
type Update struct {
	// fields are the values of those that are present, and the defaults of the others.
	fields  App
	present []field
	// old tells that ports or networks are in the words of older Marathons, fromServer that there are fields which only
	// servers write.
	old, fromServer bool
	// faulty tells that it could not be read as a whole, and that all which can be said of it was said.
	faulty bool
	// source and path are where it was written, for errors.
	source *node
	path   string
}

// ID is the id as it was written, which may be relative; empty when there is none.
func (u *Update) ID() ID { return u.fields.ID }

// At gives the update with another id: that of the URL wins over the one in the text.
func (u *Update) At(id ID) *Update {
	moved := *u
	moved.fields.ID = id
	return &moved
}

// Version is the one to go back to, when that is all that the update says.
func (u *Update) Version() (Timestamp, bool) {
	return u.fields.Version, u.has("version") && u.onlyVersion()
}

func (u *Update) onlyVersion() bool {
	return !slices.ContainsFunc(u.present, func(f field) bool { return f.name != "id" && f.name != "version" }) && !u.fromServer
}

func (u *Update) has(name string) bool { return find(u.present, name) != nil }

// mark notes that a field of App is present.
func (u *Update) mark(name string) {
	if !u.has(name) {
		u.present = append(u.present, *find(fieldsOf(reflect.TypeFor[App]()), name))
	}
}

// Apply gives old with the fields that the update has in place of old's; when old is nil, a new app with the others'
// defaults. Relative ids, of itself and of dependencies, are below base. The error is an *Error of code Invalid.
//
// It sets no version, and leaves service ports 0 that old has no numbers for: [PortPool] assigns those.
func (u *Update) Apply(old *App, base ID, d Defaults) (*App, error) {
	if old == nil {
		return u.ApplyFull(nil, base, d)
	}
	var f faults
	a := old.Clone()
	for _, field := range u.present {
		from := reflect.ValueOf(u.fields).FieldByIndex(field.index)
		reflect.ValueOf(a).Elem().FieldByIndex(field.index).Set(clone(from))
	}
	r := u.rules(&f)
	if u.has("version") && !u.onlyVersion() && !u.fromServer {
		r.add("", "The 'version' field may only be combined with the 'id' field.")
	}
	u.finish(a, old, base, d, r)
	return a, f.err()
}

// ApplyFull gives the update as the whole definition: what it does not say has its default. Old, which may be nil, is
// the one that it replaces.
func (u *Update) ApplyFull(old *App, base ID, d Defaults) (*App, error) {
	var f faults
	a := u.full(old, base, d, u.rules(&f))
	return a, f.err()
}

func (u *Update) full(old *App, base ID, d Defaults, r *rules) *App {
	a := u.fields.Clone()
	u.finish(a, old, base, d, r)
	return a
}

func (u *Update) rules(f *faults) *rules {
	if u.faulty {
		f = &faults{}
	}
	return &rules{faults: f, source: u.source, prefix: u.path}
}

// finish makes what was put together normal, and checks it.
func (u *Update) finish(a, old *App, base ID, d Defaults, r *rules) {
	a.Version, a.VersionInfo = Timestamp{}, nil
	if old != nil {
		a.ID, a.Version, a.VersionInfo = old.ID, old.Version, old.VersionInfo
	}
	if a.ID != "" {
		a.ID = a.ID.Under(base)
	}
	if old == nil || u.has("dependencies") {
		a.Dependencies = under(a.Dependencies, base)
	}
	u.checkPortsFit(a, r)
	a.normalise(d)
	a.keepPorts(old)
	a.check(r, a.roles(old, d))
}

// checkPortsFit refuses ports that the app's networks have no use for. In older Marathons' words that is usual, and
// they are dropped.
func (u *Update) checkPortsFit(a *App, r *rules) {
	host := len(a.Networks) == 0 || a.Networks[0].Mode == HostNetwork
	switch {
	case u.old:
	case host && u.fields.Container != nil && len(u.fields.Container.PortMappings) > 0:
		r.together("", "portMappings are not allowed with host-networking")
	case !host && u.has("portDefinitions") && len(u.fields.PortDefinitions) > 0:
		r.together("", "portDefinitions are only allowed with host-networking")
	}
}
