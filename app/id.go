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
