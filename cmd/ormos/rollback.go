package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ormosproject/ormos/app"
)

// rollbackCommand is `ormos rollback`: an earlier version of an app.
func rollbackCommand() *cobra.Command {
	var o rollbackOptions
	cmd := &cobra.Command{
		Use:   "rollback APP",
		Short: "Go back to an earlier version of an app",
		Long: `Go back to an earlier version of an app: the last one that differs in more than the number of instances, or the one that --to names, by its beginning.
It becomes a new version. 'ormos history APP' lists them.`,
		Example: `  ormos rollback web
  ormos rollback web --to 2026-11-26T01:02:03.450Z`,
		Args: cobra.ExactArgs(1),
	}
	cmd.ValidArgsFunction = o.completeApp
	cmd.Flags().StringVar(&o.to, "to", "", "the version to go back to, or its beginning")
	o.waiting.flags(cmd)
	return o.verb(cmd, o.run)
}

type rollbackOptions struct {
	connection
	waiting
	to string
}

func (o *rollbackOptions) run(ctx context.Context, s *session, args []string) error {
	id, err := findApp(ctx, s.client, args[0])
	if err != nil {
		return err
	}
	all, err := revisions(ctx, s.client, id, 0)
	if err != nil {
		return err
	}
	target, err := o.target(id, all)
	if err != nil {
		return err
	}
	update, err := json.Marshal(map[string]app.Timestamp{"version": target.Version})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.err, "%s goes back to version %s.\n", id, target.Version)
	again := fmt.Sprintf("ormos rollback %s --to %s", id, target.Version)
	return o.deploy(ctx, s, id, again, func() (app.DeploymentResult, error) { return s.client.UpdateApp(ctx, id, update, o.force) })
}

// target chooses the version.
func (o *rollbackOptions) target(id app.ID, all []revision) (*revision, error) {
	var current *app.App
	for i := range all {
		if all[i].Current {
			current = all[i].app
		}
	}
	var found []*revision
	for i := range all {
		if o.to != "" && strings.HasPrefix(all[i].Version.String(), o.to) {
			found = append(found, &all[i])
		}
		if o.to == "" && current != nil && all[i].Version.Before(current.Version) && app.Compare(all[i].app, current) == app.Changed {
			return &all[i], nil
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return nil, fmt.Errorf("%d versions of %s begin with %s; say more of it", len(found), id, o.to)
	case o.to != "":
		return nil, fmt.Errorf("%s has no version %s; 'ormos history %s' lists them", id, o.to, id)
	}
	return nil, fmt.Errorf("%s has no earlier version that differs; 'ormos history %s' lists those that are kept", id, id)
}
