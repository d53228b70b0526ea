// Command ormos runs services on Apache Mesos. Its verbs are a file each: flags become Options, Options are run.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

func main() { os.Exit(run()) }

// run is main with an exit status: 0 for success, 1 when a command failed, 2 when it was called wrongly.
func run() int {
	// A closed terminal (SIGHUP) ends the program as gracefully as Ctrl-C does.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	// A reader of our output that has gone must not kill us before we have cleaned up: the write just fails. (Ignoring
	// the signal instead would make tasks ignore it too.)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	root := &cobra.Command{
		Use:           "ormos",
		Short:         "Run services on Apache Mesos, and a Mesos cluster on your machine",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	started := false // what goes wrong before is the fault of the call
	root.PersistentPreRun = func(*cobra.Command, []string) { started = true }
	root.AddCommand(localCommand(), versionCommand())
	cmd, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return 0
	case started:
		fmt.Fprintln(os.Stderr, "ormos:", err)
		return 1
	}
	fmt.Fprintf(os.Stderr, "ormos: %s; see '%s --help'\n", inOneLine(err), cmd.CommandPath())
	return 2
}

// inOneLine folds what cobra suggests into the error's line.
func inOneLine(err error) string {
	return strings.NewReplacer("\n\nDid you mean this?\n\t", "; did you mean ", "\n\t", " or ").Replace(strings.TrimSpace(err.Error()))
}
