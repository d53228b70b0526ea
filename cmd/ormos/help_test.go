package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// Help fits a terminal of 80 columns, but for examples and what is a table of its own.
func TestHelpFits(t *testing.T) {
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		var b strings.Builder
		help(&b, cmd)
		_, examples, _ := strings.Cut(b.String(), "\nExamples:\n")
		examples, _, _ = strings.Cut(examples, "\n\n")
		for line := range strings.SplitSeq(b.String(), "\n") {
			if utf8.RuneCountInString(line) > helpWidth && !strings.Contains(examples, line) && !strings.HasPrefix(line, "  ormos ") && !strings.Contains(cmd.Long, line) {
				t.Errorf("%s --help has a line of %d characters: %s", cmd.CommandPath(), utf8.RuneCountInString(line), line)
			}
		}
		for _, inner := range cmd.Commands() {
			if !inner.Hidden {
				visit(inner)
			}
		}
	}
	visit(rootCommand())
}

func TestReflow(t *testing.T) {
	text := "one two\nthree four five\n\nList:\n  kept   as it is\nand on"
	want := "one two three\nfour five\n\nList:\n  kept   as it is\nand on"
	if got := reflow(text, 13); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := fold("a verylongword b", 5); got != "a\nverylongword\nb" {
		t.Errorf("got %q", got)
	}
}
