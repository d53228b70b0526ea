package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ormosproject/ormos/app"
)

// planCommand is `ormos plan`: what apply would do.
func planCommand() *cobra.Command {
	var o planOptions
	cmd := &cobra.Command{
		Use:               "plan FILE...",
		ValidArgsFunction: completeFiles,
		Short:             "Show what 'ormos apply' would change, its steps, and where instances would go now",
		Long: `Show what 'ormos apply' of the same files would do; nothing happens: which fields of which apps change, in which steps, and where each new instance would
go by the offers at hand, or why nowhere.

Exit status: 0 when nothing would change, 2 when something would, 1 when it went wrong, also when it was called wrongly.`,
		Example: `  ormos plan app.yaml
  ormos plan shop.yaml -o json`,
		Args: cobra.MinimumNArgs(1),
	}
	o.format.flag(cmd)
	return o.verb(cmd, func(ctx context.Context, s *session, files []string) error {
		o.stdin = cmd.InOrStdin()
		return o.run(ctx, s, files)
	})
}

type planOptions struct {
	connection
	format format
	stdin  io.Reader
}

// planned is what plan prints for programs.
type planned struct {
	Changes []appChange `json:"changes"`
	app.Plan
}

func (o *planOptions) run(ctx context.Context, s *session, files []string) error {
	d, err := wanted(ctx, s.client, files, o.stdin)
	if err != nil {
		return err
	}
	result := planned{Changes: d.changes}
	if len(d.changes) > 0 {
		if result.Plan, err = s.client.Plan(ctx, d.body()); err != nil {
			return err
		}
	}
	if o.format.data() {
		err = o.format.print(s.out, result)
	} else {
		result.show(s)
	}
	if err == nil && len(d.changes) > 0 {
		return &exitError{status: exitCalled}
	}
	return err
}

// show prints the plan for people.
func (p *planned) show(s *session) {
	if len(p.Changes) == 0 {
		fmt.Fprintln(s.out, "Nothing to change: all is as the files define it.")
		return
	}
	showChanges(s.screen, p.Changes)
	for i, step := range p.Steps {
		var actions []string
		for _, a := range step.Actions {
			actions = append(actions, fmt.Sprintf("%s %s", actionWord(a.Action), a.App))
		}
		fmt.Fprintf(s.out, "step %d of %d: %s\n", i+1, len(p.Steps), strings.Join(actions, ", "))
	}
	showPlaces(s, p.Placements)
}

// showPlaces tells of each app how many of its instances would go where, in the order of the placements.
func showPlaces(s *session, places []app.Placement) {
	count, nowhere := map[app.Placement]int{}, 0
	for _, one := range places {
		count[one]++
		if one.Host == "" {
			nowhere++
		}
	}
	for _, one := range places {
		n := count[one]
		if n == 0 {
			continue // was told with the first of its like
		}
		delete(count, one)
		some := "an instance"
		if n > 1 {
			some = plural(n, "instance")
		}
		line := fmt.Sprintf("%s: %s would go to %s", one.App, some, one.Host)
		if one.Host == "" {
			line = fmt.Sprintf("%s: %s would fit nowhere now: %s", one.App, some, one.Why)
			fmt.Fprintln(s.out, s.paint(yellow, printable(line)))
			continue
		}
		fmt.Fprintln(s.out, printable(line))
	}
	if nowhere > 0 {
		fmt.Fprintf(s.out, "%s would wait for offers.\n", plural(nowhere, "instance"))
	}
}

// actionWord is what an action is called among people.
func actionWord(name app.ActionName) string {
	switch name {
	case app.StartApplication:
		return "start"
	case app.StopApplication:
		return "stop"
	case app.ScaleApplication:
		return "scale"
	case app.RestartApplication:
		return "replace the instances of"
	}
	return string(name)
}
