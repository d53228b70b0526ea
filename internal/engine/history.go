package engine

import (
	"slices"

	"github.com/ormosproject/ormos/app"
)

// A change is what the tree was before a version of it, as far as that differs: with all changes since a version, the tree can be taken back
// to it. It is constant.
type change struct {
	// Version is the one that the tree had after it, before the one that it had before it.
	Version, before app.Timestamp
	// apps and groups are what there was; nil where there was none. Of groups only what is theirs.
	apps   map[app.ID]*version
	groups map[app.ID]*app.Group
}

// changeRecord is a change's record: apps by their versions.
type changeRecord struct {
	Before app.Timestamp            `json:"before,omitzero"`
	Apps   map[app.ID]app.Timestamp `json:"apps,omitempty"`
	Groups map[app.ID]*groupRecord  `json:"groups,omitempty"`
}

func (c *change) record() changeRecord {
	r := changeRecord{Before: c.before, Apps: map[app.ID]app.Timestamp{}, Groups: map[app.ID]*groupRecord{}}
	for id, v := range c.apps {
		r.Apps[id] = v.at()
	}
	for id, g := range c.groups {
		r.Groups[id] = recordGroup(g)
	}
	return r
}

// groupRecord is a group's record: what is its own.
type groupRecord struct {
	Dependencies []app.ID      `json:"dependencies,omitempty"`
	Version      app.Timestamp `json:"version,omitzero"`
	EnforceRole  *bool         `json:"enforceRole,omitempty"`
}

func recordGroup(g *app.Group) *groupRecord {
	if g == nil {
		return nil
	}
	return &groupRecord{g.Dependencies, g.Version, g.EnforceRole}
}

func (r *groupRecord) group(id app.ID) *app.Group {
	if r == nil {
		return nil
	}
	return &app.Group{ID: id, Dependencies: r.Dependencies, Version: r.Version, EnforceRole: r.EnforceRole}
}

// trim forgets the oldest changes above the bound, unless a deployment may have to be taken back to what was before one.
func (e *Engine) trim() {
	for len(e.history) > e.opts.Versions {
		oldest := e.history[0]
		if slices.ContainsFunc(e.deployments, func(d *deployment) bool { return d.Version == oldest.Version }) {
			return
		}
		e.history = slices.Clone(e.history[1:])
		e.unsaved[changeKey(oldest.Version)] = nil
		for id := range oldest.apps {
			e.bury(e.crews[id])
		}
	}
}

// undo gives the tree as it was before a change; only is nil or says which apps and groups are taken back.
func (c *change) undo(root *app.Group, version app.Timestamp, only func(app.ID) bool) *app.Group {
	for _, id := range sortedKeys(c.apps) {
		switch v := c.apps[id]; {
		case only != nil && !only(id):
		case v != nil:
			root = withApp(root, v.App, version)
		case appIn(root, id) != nil:
			root = withoutApp(root, id, version)
		}
	}
	for _, id := range slices.Backward(sortedKeys(c.groups)) { // inner ones first: each sets the version of those around it
		if only == nil || only(id) {
			root = c.undoGroup(root, id, version, only == nil)
		}
	}
	return root
}

func (c *change) undoGroup(root *app.Group, id app.ID, version app.Timestamp, exactly bool) *app.Group {
	was := c.groups[id]
	if was == nil {
		if g := groupIn(root, id); g != nil && id != app.Root && len(g.Apps)+len(g.Groups) == 0 {
			return withoutGroup(root, id, version)
		}
		return root
	}
	return edited(root, id, version, func(g *app.Group) {
		g.Dependencies, g.EnforceRole = was.Dependencies, was.EnforceRole
		if exactly {
			g.Version = was.Version
		}
	})
}

// treeAt gives the tree as it was at a version, nil when that is not kept.
func (e *Engine) treeAt(version app.Timestamp) *app.Group { return treeAt(e.root, e.history, version) }

func treeAt(root *app.Group, history []*change, version app.Timestamp) *app.Group {
	if root.Version == version {
		return root
	}
	for _, c := range slices.Backward(history) {
		root = c.undo(root, c.before, nil)
		if c.before == version {
			return root
		}
	}
	return nil
}

// versionsOf are the versions of the tree that are kept in which something of the group is another than before, the oldest first: that
// of the oldest is the first.
func versionsOf(root *app.Group, history []*change, id app.ID) []app.Timestamp {
	var all []app.Timestamp
	first := root.Version
	if len(history) > 0 {
		first = history[0].before
	}
	if oldest := treeAt(root, history, first); oldest != nil && groupIn(oldest, id) != nil && !first.IsZero() {
		all = append(all, first)
	}
	for _, c := range history {
		if c.touches(id) {
			all = append(all, c.Version)
		}
	}
	return all
}

func (c *change) touches(id app.ID) bool {
	for a := range c.apps {
		if a.In(id) {
			return true
		}
	}
	for g := range c.groups {
		if g.In(id) {
			return true
		}
	}
	return false
}
