package app

import "math"

// Apply gives old as the update wants it: what the update lists takes the place of what was there, what it does not
// mention stays, an app that is as it was keeps its pointer. When old is nil a new group comes to be, whose relative id
// is one below the root; to make one elsewhere, give a group that has but its ID and, maybe, EnforceRole.
//
// D.EnforceRole is what the top-level group that holds old says; it does not matter for the root and top-level groups.
// Apply sets no versions, assigns no ports but those that apps had, and does not go back to a version. The error is an
// *Error of code Invalid.
func (u *GroupUpdate) Apply(old *Group, d Defaults) (*Group, error) {
	if old == nil {
		old = &Group{ID: u.fields.ID.Under(Root)}
	}
	x := applying{services: u.services()}
	g := x.group(u, old, d)
	return g, x.err()
}

// services tells whether the update says anything about apps.
func (u *GroupUpdate) services() bool {
	if u.fields.Apps != nil || u.fields.ScaleBy != nil {
		return true
	}
	for _, child := range u.fields.Groups {
		if child.services() {
			return true
		}
	}
	return false
}

// applying is one Apply of a GroupUpdate and all that is in it.
type applying struct {
	faults
	// services tells whether the whole update says anything about apps.
	services bool
}

func (x *applying) group(u *GroupUpdate, old *Group, d Defaults) *Group {
	if u.fields.ScaleBy != nil {
		return old.scaled(*u.fields.ScaleBy)
	}
	r := u.rules(&x.faults)
	g := *old
	if g.ID != Root {
		g.ID.check(r, "/id")
	}
	g.EnforceRole = x.enforcement(u, old, r)
	if old.ID != Root && old.ID.Parent() == Root {
		d.EnforceRole = g.enforces()
	}
	if u.fields.Dependencies != nil {
		g.Dependencies = under(u.fields.Dependencies, g.ID)
		checkDependencies(r, g.Dependencies)
	}
	if u.fields.Apps != nil {
		g.Apps = x.apps(u, old, d)
	}
	if u.fields.Groups != nil {
		g.Groups = x.groups(u, old, d)
	}
	return &g
}

func (x *applying) apps(u *GroupUpdate, old *Group, d Defaults) []*App {
	before := make(map[ID]*App, len(old.Apps))
	for _, a := range old.Apps {
		before[a.ID] = a
	}
	var apps []*App
	for _, each := range u.fields.Apps {
		r := each.rules(&x.faults)
		was := before[each.fields.ID.Under(old.ID)]
		a := each.full(was, old.ID, d, r)
		if a.ID != "" && a.ID.Parent() != old.ID {
			r.add("/id", "Identifier is not child of '"+string(old.ID)+"'")
		}
		if was != nil && Compare(was, a) == Same {
			a = was
		}
		apps = append(apps, a)
	}
	return apps
}

func (x *applying) groups(u *GroupUpdate, old *Group, d Defaults) []*Group {
	before := make(map[ID]*Group, len(old.Groups))
	for _, g := range old.Groups {
		before[g.ID] = g
	}
	var groups []*Group
	for _, each := range u.fields.Groups {
		id := each.fields.ID.Under(old.ID)
		if id.Parent() != old.ID || id == Root {
			each.rules(&x.faults).add("/id", "Identifier is not child of '"+string(old.ID)+"'")
		}
		was := before[id]
		if was == nil {
			was = &Group{ID: id}
		}
		groups = append(groups, x.group(each, was, d))
	}
	return groups
}

// enforcement is what the group says of roles, which only top-level groups do, and not while they change their apps.
func (x *applying) enforcement(u *GroupUpdate, old *Group, r *rules) *bool {
	said := u.fields.EnforceRole
	if old.ID == Root || old.ID.Parent() != Root {
		if said != nil && *said {
			r.add("/enforceRole", "enforceRole can only be set for top-level groups, and "+string(old.ID)+" is not top-level")
		}
		return nil
	}
	switch {
	case said == nil && old.EnforceRole != nil:
		return old.EnforceRole
	case said == nil:
		return new(bool)
	case x.services && !old.Version.IsZero() && *said != old.enforces(): // a group without a version is a new one
		r.add("/enforceRole", "enforceRole cannot be modified in a request that adds, removes or modifies services; "+
			"please make these changes in separate requests.")
	}
	return said
}

// scaled gives the group with all its apps' instances multiplied, what is not whole rounded up.
func (g *Group) scaled(by float64) *Group {
	to := *g
	to.Apps, to.Groups = nil, nil
	for _, a := range g.Apps {
		n := int(math.Min(math.Ceil(float64(a.Instances)*by), math.MaxInt32))
		if n != a.Instances {
			a = a.Clone()
			a.Instances = n
		}
		to.Apps = append(to.Apps, a)
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
