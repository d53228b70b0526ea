package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
)

// format is how a command prints what it was asked for.
type format string

// formats are what -o takes; the first is the default.
var formats = []string{"table", "wide", "json", "yaml"}

func (f *format) Set(text string) error {
	if !slices.Contains(formats, text) {
		return fmt.Errorf("it is one of %s", strings.Join(formats, ", "))
	}
	*f = format(text)
	return nil
}

func (f *format) String() string { return string(*f) }
func (f *format) Type() string   { return "FORMAT" }

// flag adds -o.
func (f *format) flag(cmd *cobra.Command) {
	*f = "table"
	cmd.Flags().VarP(f, "output", "o", strings.Join(formats, ", "))
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(slices.Clone(formats), cobra.ShellCompDirectiveNoFileComp))
}

// data tells whether the output is for programs.
func (f *format) data() bool { return *f == "json" || *f == "yaml" }

// wide tells whether tables have all columns.
func (f *format) wide() bool { return *f == "wide" }

// print writes v as JSON or YAML.
func (f *format) print(w io.Writer, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot print the answer: %w", err)
	}
	text = append(text, '\n')
	if *f == "yaml" {
		return printYAML(w, text)
	}
	_, err = w.Write(text)
	return err
}

// printYAML writes JSON as YAML, its fields in the same order.
func printYAML(w io.Writer, text []byte) error {
	var n yaml.Node // JSON is YAML in another style
	if err := yaml.Unmarshal(text, &n); err != nil {
		return fmt.Errorf("cannot print the answer as YAML: %w", err)
	}
	unstyle(&n)
	e := yaml.NewEncoder(w)
	e.SetIndent(2)
	return errors.Join(e.Encode(&n), e.Close())
}

// unstyle has a value be written as people write YAML. Texts that would be read as something else keep their quotes.
func unstyle(n *yaml.Node) {
	n.Style = 0
	for _, inner := range n.Content {
		unstyle(inner)
	}
}

// ago says how long something is past, in the largest unit that makes sense.
func ago(t, now time.Time) string {
	d := max(now.Sub(t), 0)
	switch {
	case t.IsZero():
		return "-"
	case d < 2*time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

// plural counts things.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
