package main

import (
	"errors"

	"github.com/spf13/cobra"
)

// The exit statuses of all commands; exec ends with that of its command.
const (
	exitOK     = 0 // done; plan: nothing would change
	exitFailed = 1 // it went wrong; plan: this too when it is called wrongly
	exitCalled = 2 // called wrongly; plan: something would change

	exitInterrupted = 130 // Ctrl-C or SIGTERM before it was done, as shells have it
)

// exitError ends the program with a status. A nil err says nothing.
type exitError struct {
	status int
	err    error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// exitStatus is the status that the program ends with. What goes wrong before a command has started is the fault of the call.
func exitStatus(err error, cmd *cobra.Command, started bool) int {
	if err == nil {
		return exitOK
	}
	if own, ok := errors.AsType[*exitError](err); ok {
		return own.status
	}
	if started || cmd.Name() == "plan" {
		return exitFailed
	}
	return exitCalled
}
