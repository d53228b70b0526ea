package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// helpWidth is that of help which is not for a terminal, in characters.
const helpWidth = 80

// withHelp has a command and all below it tell what they are in lines that fit the terminal, and what is wrong with their arguments in our words.
func withHelp(root *cobra.Command) {
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { help(cmd.OutOrStdout(), cmd) })
	root.SetUsageFunc(func(cmd *cobra.Command) error {
		usage(cmd.OutOrStderr(), cmd)
		return nil
	})
	plainArguments(root)
}

// plainArguments has commands say what they take, when they are given something else.
func plainArguments(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			err := check(cmd, args)
			if err == nil || !strings.Contains(err.Error(), "arg(s)") {
				return err
			}
			_, takes, _ := strings.Cut(cmd.Use, " ")
			return fmt.Errorf("it takes %s, and got %s", takes, plural(len(args), "argument"))
		}
	}
	for _, inner := range cmd.Commands() {
		plainArguments(inner)
	}
}

func help(w io.Writer, cmd *cobra.Command) {
	width := helpWidth
	if columns, ok := terminal(w); ok {
		width = columns
	}
	text := cmd.Long
	if text == "" {
		text = cmd.Short + "."
	}
	fmt.Fprintf(w, "%s\n\n", reflow(text, min(width, 120)))
	usageIn(w, cmd, width)
}

func usage(w io.Writer, cmd *cobra.Command) {
	width := helpWidth
	if columns, ok := terminal(w); ok {
		width = columns
	}
	usageIn(w, cmd, width)
}

// usageIn tells how a command is called.
func usageIn(w io.Writer, cmd *cobra.Command, width int) {
	fmt.Fprint(w, "Usage:\n")
	if cmd.Runnable() {
		fmt.Fprintf(w, "  %s\n", cmd.UseLine())
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "  %s [command]\n", cmd.CommandPath())
	}
	if cmd.HasExample() {
		fmt.Fprintf(w, "\nExamples:\n%s\n", cmd.Example)
	}
	if len(cmd.Groups()) == 0 && cmd.HasAvailableSubCommands() {
		fmt.Fprint(w, "\nAvailable Commands:\n")
		listCommands(w, cmd, "", width)
	}
	for _, group := range cmd.Groups() {
		fmt.Fprintf(w, "\n%s\n", group.Title)
		listCommands(w, cmd, group.ID, width)
	}
	if cmd.HasAvailableLocalFlags() {
		fmt.Fprintf(w, "\nFlags:\n%s\n", strings.TrimRight(cmd.LocalFlags().FlagUsagesWrapped(width), " \n"))
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\n'%s COMMAND --help' tells more of a command.\n", cmd.CommandPath())
	}
}

// listCommands lists the commands of a group, each with what it does.
func listCommands(w io.Writer, cmd *cobra.Command, group string, width int) {
	const name = 12
	for _, one := range cmd.Commands() {
		if one.GroupID != group || !one.IsAvailableCommand() && one.Name() != "help" {
			continue
		}
		does := strings.ReplaceAll(fold(one.Short, width-name-2), "\n", "\n"+strings.Repeat(" ", name+2))
		fmt.Fprintf(w, "  %-*s%s\n", name, one.Name(), does)
	}
}

// reflow breaks the paragraphs of a text anew. Lines that are indented stay as they are.
func reflow(text string, width int) string {
	var out, paragraph []string
	end := func() {
		if len(paragraph) > 0 {
			out = append(out, fold(strings.Join(paragraph, " "), width))
		}
		paragraph = nil
	}
	for line := range strings.SplitSeq(text, "\n") {
		if line == "" || line[0] == ' ' {
			end()
			out = append(out, line)
			continue
		}
		paragraph = append(paragraph, line)
	}
	end()
	return strings.Join(out, "\n")
}

// fold breaks one long line between words.
func fold(text string, width int) string {
	var b strings.Builder
	at := 0
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case at+1+n > width:
			b.WriteByte('\n')
			at = 0
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += n
	}
	return b.String()
}
