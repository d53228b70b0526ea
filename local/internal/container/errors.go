package container

import (
	"errors"
	"fmt"
)

// ErrGone is what Recover returns for a container that does not run any more and whose exit status nobody knows.
var ErrGone = errors.New("container is gone")

// LaunchError says why a command could not be started at all: no such file, not an executable format, no such user.
// (A shell command that the shell cannot run is not such an error: the shell starts, and exits with 126 or 127.)
type LaunchError struct {
	// Command is the path or name that was to be executed.
	Command string
	// URI is where Command was fetched from, "" when it was not.
	URI string
	// Err is a syscall.Errno, a user.UnknownUserError, or another cause.
	Err error
}

func (e *LaunchError) Error() string {
	if e.URI != "" {
		return fmt.Sprintf("cannot launch %q (fetched from %s): %v", e.Command, e.URI, e.Err)
	}
	return fmt.Sprintf("cannot launch %q: %v", e.Command, e.Err)
}

// Unwrap returns the cause.
func (e *LaunchError) Unwrap() error { return e.Err }
