package mesos

import (
	"errors"
	"fmt"
	"strings"
)

const (
	// maxID is the longest file name: Mesos makes directories of ids.
	maxID = 255
	// maxContainerID leaves room for what the agent adds to a container's id.
	maxContainerID = 242
)

// ValidID tells what is wrong with the id of a task, executor, framework, agent or
// persistent volume, nil when nothing is: it must be 1 to 255 bytes, neither "." nor
// "..", without control characters, "/" and "\". Spaces are allowed.
func ValidID(id string) error {
	switch {
	case id == "":
		return errors.New("cannot use an empty id")
	case len(id) > maxID:
		return fmt.Errorf("cannot use an id of %d bytes: more than %d", len(id), maxID)
	case id == "." || id == "..":
		return fmt.Errorf("cannot use id %q: it names a directory", id)
	}
	for i := range len(id) {
		if c := id[i]; c < ' ' || c == 0x7f || c == '/' || c == '\\' {
			return fmt.Errorf("cannot use id %q: it contains %q", id, c)
		}
	}
	return nil
}

// ValidContainerID tells what is wrong with the id of a container: as [ValidID], and
// neither "." nor a space anywhere and at most 242 bytes.
func ValidContainerID(id string) error {
	if err := ValidID(id); err != nil {
		return err
	}
	if strings.ContainsAny(id, ". ") {
		return fmt.Errorf("cannot use container id %q: it contains a dot or a space", id)
	}
	if len(id) > maxContainerID {
		return fmt.Errorf("cannot use a container id of %d bytes: more than %d", len(id), maxContainerID)
	}
	return nil
}
