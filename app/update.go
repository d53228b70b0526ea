package app

import "reflect"

// Defaults are what a server fills in where an app does not say.
type Defaults struct {
	// Role is the Mesos role of apps outside groups that enforce theirs; "*" when empty.
	Role string
	// NetworkName is the container network of apps that name none; empty is an error for them.
	NetworkName string
}

// Update is an app of which every field may be missing: what a user has written. It is made by [Parse], and constant.
type Update struct {
	// fields are the values of those that are present, and the defaults of the others.
	fields  App
	present []field
	legacy  legacy
	// source and path are where it was written, for errors.
	source *node
	path   string
}

// ID is the id as it was written, which may be relative; empty when there is none.
func (u *Update) ID() ID { return u.fields.ID }

// Version is the one to go back to, which then is all that the update says.
func (u *Update) Version() (Timestamp, bool) { return u.fields.Version, u.has("version") }

func (u *Update) has(name string) bool { return find(u.present, name) != nil }

// Apply gives old with the fields that the update has in place of old's; when old is nil, a new app with the others'
// defaults. A relative id is one below base. The error is an *Error of code Invalid.
//
// It sets no version, and leaves service ports 0: [AssignPorts] does that.
func (u *Update) Apply(old *App, base ID, d Defaults) (*App, error) {
	if old == nil {
		return u.ApplyFull(nil, base, d)
	}
	a := old.Clone()
	for _, f := range u.present {
		reflect.ValueOf(a).Elem().FieldByIndex(f.index).Set(clone(reflect.ValueOf(u.fields).FieldByIndex(f.index)))
	}
	a.ID = old.ID
	return u.finish(a, d)
}

// ApplyFull gives the update as the whole definition: what it does not say has its default. Old, which may be nil, is
// the one that it replaces.
func (u *Update) ApplyFull(old *App, base ID, d Defaults) (*App, error) {
	a := u.fields.Clone()
	a.ID = a.ID.Under(base)
	if old != nil {
		a.ID = old.ID
	}
	return u.finish(a, d)
}

func (u *Update) finish(a *App, d Defaults) (*App, error) {
	a.normalise(d)
	return a, a.Validate(d)
}

// GroupUpdate is a group as a user has written it. It is made by [Parse], and constant.
type GroupUpdate struct{}

// Explanation is why instances of an app wait: on our own endpoint, and for people by its String.
type Explanation struct {
	App   ID         `json:"app"`
	Since *Timestamp `json:"since,omitempty"`
}
