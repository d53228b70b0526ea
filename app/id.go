package app

import "strings"

// ID is the path of an app or a group: /shop/web.
type ID string

// Root is the group that holds all.
const Root ID = "/"

// Parent is the group that holds it; the root's is the root.
func (id ID) Parent() ID {
	i := strings.LastIndexByte(string(id), '/')
	if i <= 0 {
		return Root
	}
	return id[:i]
}

// Name is the last part.
func (id ID) Name() string { return string(id[strings.LastIndexByte(string(id), '/')+1:]) }

// In tells whether it is group, or below it.
func (id ID) In(group ID) bool {
	return group == Root || id == group || strings.HasPrefix(string(id), string(group)+"/")
}

// Under makes a relative id absolute: web under /shop is /shop/web, ../db is /db. One that is absolute stays, but for
// its dots. What goes above the root stays at it.
func (id ID) Under(base ID) ID {
	parts := strings.Split(string(id), "/")
	if !strings.HasPrefix(string(id), "/") {
		parts = append(strings.Split(string(base), "/"), parts...)
	}
	var kept []string
	for _, p := range parts {
		switch p {
		case "", ".":
		case "..":
			kept = kept[:max(0, len(kept)-1)]
		default:
			kept = append(kept, p)
		}
	}
	return ID("/" + strings.Join(kept, "/"))
}
