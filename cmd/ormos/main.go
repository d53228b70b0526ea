// Command ormos runs services on Apache Mesos. Its verbs are a file each: flags become Options, Options are run.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

func main() { os.Exit(run()) }

// run is main with an exit status: see exit.go.
func run() int {
	// A closed terminal (SIGHUP) ends the program as gracefully as Ctrl-C does.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	// A reader of our output that has gone must not kill us before we have cleaned up: the write just fails. (Ignoring
	// the signal instead would make tasks ignore it too.)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	root := rootCommand()
	started := false // what goes wrong before is the fault of the call
	root.PersistentPreRun = func(*cobra.Command, []string) { started = true }
	cmd, err := root.ExecuteContextC(ctx)
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		err = &exitError{status: exitInterrupted} // who has pressed Ctrl-C knows
	}
	if errors.Is(err, syscall.EPIPE) {
		err = &exitError{status: exitFailed} // nobody reads any more
	}
	if err != nil && err.Error() != "" {
		text := "ormos: " + printed(err)
		if !started {
			text = fmt.Sprintf("ormos: %s; see '%s --help'", inOneLine(err), cmd.CommandPath())
		}
		fmt.Fprintln(os.Stderr, text)
	}
	return exitStatus(err, cmd, started)
}

// rootCommand is ormos with all its verbs.
func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "ormos",
		Short: "Run services on Apache Mesos, and a Mesos cluster on your machine",
		Long: `Run services on Apache Mesos, and a Mesos cluster on your machine.

Exit status: 0 done, 1 failed, 2 called wrongly, 130 interrupted. 'ormos plan' ends with 2 when something would change,
'ormos exec' with the status of its command.`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddGroup(
		&cobra.Group{ID: "begin", Title: "Begin:"}, &cobra.Group{ID: "change", Title: "Change what runs:"},
		&cobra.Group{ID: "look", Title: "Look:"}, &cobra.Group{ID: "operate", Title: "Operate:"},
	)
	for group, commands := range map[string][]*cobra.Command{
		"begin":   {upCommand(), downCommand(), initCommand(), validateCommand(), localCommand()},
		"change":  {planCommand(), applyCommand(), scaleCommand(), restartCommand(), stopCommand(), removeCommand(), rollbackCommand()},
		"look":    {statusCommand(), psCommand(), explainCommand(), logsCommand(), execCommand(), historyCommand(), deploymentsCommand(), eventsCommand()},
		"operate": {schedulerCommand(), backupCommand(), restoreCommand(), doctorCommand(), versionCommand()},
	} {
		for _, cmd := range commands {
			cmd.GroupID = group
			root.AddCommand(cmd)
		}
	}
	root.AddCommand(executorCommand())
	root.SetHelpCommandGroupID("operate")
	root.SetCompletionCommandGroupID("operate")
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	completion(root)
	withHelp(root)
	return root
}

// printed is an error as people read it. What the server refuses may have several lines.
func printed(err error) string { return severalLines(err.Error()) }

// severalLines is a text as a terminal may have it: parts of it come from others.
func severalLines(text string) string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, printable(line))
	}
	return strings.Join(lines, "\n")
}

// inOneLine folds what cobra suggests into the error's line.
func inOneLine(err error) string {
	return strings.NewReplacer("\n\nDid you mean this?\n\t", "; did you mean ", "\n\t", " or ").Replace(strings.TrimSpace(err.Error()))
}
