package master

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Actions that ACLs permit or forbid, by the name of their list in the file.
const (
	aclRegisterFrameworks = "register_frameworks"
	aclRunTasks           = "run_tasks"
	aclTeardown           = "teardown_frameworks"
	aclReserve            = "reserve_resources"
	aclUnreserve          = "unreserve_resources"
	aclViewFrameworks     = "view_frameworks"
	aclViewFlags          = "view_flags"
)

// acls are access control lists. Nil permits everything.
type acls struct {
	permissive bool
	lists      map[string][]acl
}

// acl says which principals may do something with which objects.
type acl struct {
	principals aclEntity
	objects    aclEntity
}

// aclEntity is some names, any or none.
type aclEntity struct {
	Type   string
	Values []string
}

func (e *aclEntity) any() bool  { return e.Type == "ANY" || e.Type == "" && len(e.Values) == 0 }
func (e *aclEntity) none() bool { return e.Type == "NONE" }

// matches tells whether the entity speaks of the name at all.
func (e *aclEntity) matches(name string) bool {
	return e.any() || e.none() || slices.Contains(e.Values, name)
}

// parseACLs reads a file of Mesos' --acls. Lists of actions that the local cluster does not know are read, but do nothing.
func parseACLs(text []byte) (*acls, error) {
	var file map[string]json.RawMessage
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("cannot read ACLs: %w", err)
	}
	a := &acls{permissive: true, lists: map[string][]acl{}}
	for name, raw := range file {
		if name == "permissive" {
			if err := json.Unmarshal(raw, &a.permissive); err != nil {
				return nil, fmt.Errorf("cannot read ACLs: permissive: %w", err)
			}
			continue
		}
		var entries []map[string]aclEntity
		if err := json.Unmarshal(raw, &entries); err != nil {
			return nil, fmt.Errorf("cannot read ACLs: %s: %w", name, err)
		}
		for _, entry := range entries {
			a.lists[name] = append(a.lists[name], newACL(entry))
		}
	}
	return a, nil
}

// newACL takes the two entities of an entry: principals, and whatever the other one is called.
func newACL(entry map[string]aclEntity) (one acl) {
	for name, entity := range entry {
		if name == "principals" {
			one.principals = entity
		} else {
			one.objects = entity
		}
	}
	return one
}

// permit asks whether a principal may do something with an object. The first entry that speaks of both decides.
func (a *acls) permit(action, principal, object string) bool {
	if a == nil {
		return true
	}
	for _, one := range a.lists[action] {
		if !one.principals.matches(principal) || !one.objects.matches(object) {
			continue
		}
		return !one.principals.none() && !one.objects.none()
	}
	return a.permissive
}
