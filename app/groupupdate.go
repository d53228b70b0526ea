package app

import (
	"reflect"
	"slices"
)

// GroupUpdate is a group as a user has written it. It is made by [Parse], and constant. It says one of three things: a
// version to go back to, a factor to scale all apps by, or what is in the group.
type GroupUpdate struct {
	fields groupFields
	// fromServer tells that there are fields which only servers write: its version is one of them.
	fromServer bool
	source     *node
	path       string
}

// groupFields are nil when they are not written.
type groupFields struct {
	ID           ID         `json:"id"`
	Apps         updates    `json:"apps"`
	Groups       subgroups  `json:"groups"`
	Dependencies []ID       `json:"dependencies"`
	ScaleBy      *float64   `json:"scaleBy"`
	Version      *Timestamp `json:"version"`
	EnforceRole  *bool      `json:"enforceRole"`
}

type (
	updates   []*Update
	subgroups []*GroupUpdate
)

func (u *updates) read(d *decoder, n *node) {
	*u = updates{}
	if !d.is(n, list) {
		return
	}
	for i, item := range n.items {
		if d.full() {
			return
		}
		up := d.downTo(i)
		*u = append(*u, d.update(item))
		d.up(up)
	}
}

func (s *subgroups) read(d *decoder, n *node) {
	*s = subgroups{}
	if !d.is(n, list) {
		return
	}
	for i, item := range n.items {
		if d.full() {
			return
		}
		up := d.downTo(i)
		*s = append(*s, d.groupUpdate(item))
		d.up(up)
	}
}

func (d *decoder) groupUpdate(n *node) *GroupUpdate {
	u := &GroupUpdate{source: n, path: string(d.path)}
	d.readObject(n, reflect.ValueOf(&u.fields).Elem())
	u.fromServer = n.has("pods") ||
		slices.ContainsFunc(u.fields.Apps, func(a *Update) bool { return a.fromServer }) ||
		slices.ContainsFunc(u.fields.Groups, func(g *GroupUpdate) bool { return g.fromServer })
	u.check(u.rules(&d.faults))
	return u
}

func (u *GroupUpdate) rules(f *faults) *rules {
	return &rules{faults: f, source: u.source, prefix: u.path}
}

// check holds the update against the rules that need nothing else.
func (u *GroupUpdate) check(r *rules) {
	is := u.fields
	lists := is.Apps != nil || is.Groups != nil || is.Dependencies != nil || is.EnforceRole != nil
	const alone = "not allowed in conjunction with other properties."
	if is.Version != nil && !u.fromServer && (lists || is.ScaleBy != nil) {
		r.add("/version", alone)
	}
	if is.ScaleBy != nil {
		if lists || is.Version != nil {
			r.add("/scaleBy", alone)
		}
		r.notBelow("/scaleBy", *is.ScaleBy, 0)
	}
	for i, g := range is.Groups {
		if g.fields.ID == "" {
			r.add(element("/groups", i)+"/id", missing)
		}
	}
}

// ID is the id as it was written, which may be relative; empty when there is none.
func (u *GroupUpdate) ID() ID { return u.fields.ID }

// Version is the one to go back to, which then is all that the update says.
func (u *GroupUpdate) Version() (Timestamp, bool) {
	if u.fields.Version == nil || u.fromServer {
		return Timestamp{}, false
	}
	return *u.fields.Version, true
}
