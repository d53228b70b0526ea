package app

import (
	"math"
	"reflect"
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
		up := d.downTo(i)
		*s = append(*s, d.groupUpdate(item))
		d.up(up)
	}
}

func (d *decoder) groupUpdate(n *node) *GroupUpdate {
	u := &GroupUpdate{source: n, path: string(d.path)}
	d.readObject(n, reflect.ValueOf(&u.fields).Elem())
	u.fromServer = n.has("pods")
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

// Apply gives old as the update wants it: what the update lists takes the place of what was there, what it does not
// mention stays, an app that is as it was keeps its pointer. When old is nil a new group comes to be, whose relative id
// is one below the root; to make one elsewhere, give a group that has but its ID.
//
// D.EnforceRole is what the top-level group that holds old says; it does not matter for the root and top-level groups.
// Apply sets no versions, assigns no ports, and does not go back to a version. The error is an *Error of code Invalid.
func (u *GroupUpdate) Apply(old *Group, d Defaults) (*Group, error) {
	if old == nil {
		old = &Group{ID: u.fields.ID.Under(Root)}
	}
	var f faults
	g := u.apply(old, d, &f)
	return g, f.err()
}

func (u *GroupUpdate) apply(old *Group, d Defaults, f *faults) *Group {
	if u.fields.ScaleBy != nil {
		return old.scaled(*u.fields.ScaleBy)
	}
	g := *old
	g.EnforceRole = u.enforcement(old, u.rules(f))
	if old.ID != Root && old.ID.Parent() == Root {
		d.EnforceRole = g.enforces()
	}
	if u.fields.Dependencies != nil {
		g.Dependencies = under(u.fields.Dependencies, g.ID)
	}
	if u.fields.Apps != nil {
		g.Apps = u.applyApps(old, d, f)
	}
	if u.fields.Groups != nil {
		g.Groups = u.applyGroups(old, d, f)
	}
	return &g
}

func (u *GroupUpdate) applyApps(old *Group, d Defaults, f *faults) []*App {
	before := make(map[ID]*App, len(old.Apps))
	for _, a := range old.Apps {
		before[a.ID] = a
	}
	var apps []*App
	for _, each := range u.fields.Apps {
		was := before[each.fields.ID.Under(old.ID)]
		r := each.rules(f)
		a := each.full(was, old.ID, d, r)
		if a.ID.Parent() != old.ID {
			r.add("/id", "Identifier is not child of '"+string(old.ID)+"'")
		}
		if was != nil && Compare(was, a) == Same {
			a = was
		}
		apps = append(apps, a)
	}
	return apps
}

func (u *GroupUpdate) applyGroups(old *Group, d Defaults, f *faults) []*Group {
	var groups []*Group
	for _, each := range u.fields.Groups {
		id := each.fields.ID.Under(old.ID)
		if id.Parent() != old.ID || id == Root {
			each.rules(f).add("/id", "Identifier is not child of '"+string(old.ID)+"'")
		}
		was := old.child(id)
		if was == nil {
			was = &Group{ID: id}
		}
		groups = append(groups, each.apply(was, d, f))
	}
	return groups
}

// enforcement is what the group says of roles, which only top-level groups do.
func (u *GroupUpdate) enforcement(old *Group, r *rules) *bool {
	said := u.fields.EnforceRole
	if old.ID == Root || old.ID.Parent() != Root {
		if said != nil && *said {
			r.add("/enforceRole", "enforceRole can only be set for top-level groups, and "+string(old.ID)+" is not top-level")
		}
		return nil
	}
	switch {
	case said != nil:
		return said
	case old.EnforceRole != nil:
		return old.EnforceRole
	}
	return new(bool)
}

// scaled gives the group with all its apps' instances multiplied, what is not whole rounded up.
func (g *Group) scaled(by float64) *Group {
	to := *g
	to.Apps, to.Groups = nil, nil
	for _, a := range g.Apps {
		more := a.Clone()
		more.Instances = int(math.Min(math.Ceil(float64(a.Instances)*by), math.MaxInt32))
		if more.Instances == a.Instances {
			more = a
		}
		to.Apps = append(to.Apps, more)
	}
	for _, child := range g.Groups {
		to.Groups = append(to.Groups, child.scaled(by))
	}
	return &to
}

func under(ids []ID, base ID) []ID {
	var absolute []ID
	for _, id := range ids {
		absolute = append(absolute, id.Under(base))
	}
	return absolute
}
