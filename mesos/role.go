package mesos

import (
	"errors"
	"fmt"
	"strings"
)

// ValidRole tells what is wrong with the name of a role, nil when nothing is. A role
// is "*" or a path such as "web" or "web/front": no part of it may be empty, ".",
// "..", "*" or start with "-", and neither white space nor DEL may stand anywhere.
func ValidRole(role string) error {
	if role == unreservedRole {
		return nil
	}
	if role == "" {
		return errors.New("cannot use the empty string as a role")
	}
	if strings.ContainsAny(role, "\t\n\v\f\r \x7f") {
		return fmt.Errorf("cannot use role %q: it contains white space", role)
	}
	for part := range strings.SplitSeq(role, "/") {
		switch {
		case part == "":
			return fmt.Errorf("cannot use role %q: a part of its path is empty", role)
		case part == "." || part == ".." || part == unreservedRole:
			return fmt.Errorf("cannot use role %q: %q is not a part of a path", role, part)
		case part[0] == '-':
			return fmt.Errorf("cannot use role %q: %q starts with a dash", role, part)
		}
	}
	return nil
}

// IsStrictSubrole tells whether sub lies below role in the tree: "web/front" below
// "web", and nothing below itself or "*".
func IsStrictSubrole(sub, role string) bool {
	return len(sub) > len(role) && sub[len(role)] == '/' && strings.HasPrefix(sub, role)
}
