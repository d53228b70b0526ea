// Command ormos runs services on Apache Mesos. Its verbs are a file each: flags become Options, Options are run.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
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
	usage := false
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		usage = true
		return fmt.Errorf("%w; see '%s --help'", err, cmd.CommandPath())
	})
	root.AddCommand(localCommand(), versionCommand())
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, "ormos:", err)
	if usage {
		return 2
	}
	return 1
}
