package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ormosproject/ormos/app"
)

// removeCommand is `ormos rm`: the app is gone.
func removeCommand() *cobra.Command {
	var o removeOptions
	cmd := &cobra.Command{
		Use:     "rm APP...",
		Aliases: []string{"remove"},
		Short:   "Remove apps, or whole groups, with their instances and history",
		Example: `  ormos rm web
  ormos rm --recursive /shop`,
		Args: cobra.MinimumNArgs(1),
	}
	cmd.ValidArgsFunction = o.completeApps
	cmd.Flags().BoolVarP(&o.recursive, "recursive", "r", false, "remove groups with all that is in them")
	o.waiting.flags(cmd)
	return o.verb(cmd, o.run)
}

type removeOptions struct {
	connection
	waiting
	recursive bool
}

func (o *removeOptions) run(ctx context.Context, s *session, words []string) error {
	for _, word := range words {
		if err := o.remove(ctx, s, word); err != nil {
			return err
		}
	}
	return nil
}

// remove takes the name at its word: what is not meant must not be lost.
func (o *removeOptions) remove(ctx context.Context, s *session, word string) error {
	names, err := appNames(ctx, s.client)
	if err != nil {
		return err
	}
	id := app.ID(word).Under(app.Root)
	var inside []string
	for _, name := range names {
		if app.ID(name) == id {
			return o.end(ctx, s, string(id), func() (app.DeploymentResult, error) { return s.client.RemoveApp(ctx, id, o.force) })
		}
		if app.ID(name).In(id) {
			inside = append(inside, name)
		}
	}
	switch {
	case len(inside) == 0:
		if found, err := choose("app", word, names); err == nil {
			return fmt.Errorf("there is no app %s; did you mean %s? rm wants the whole id", id, found)
		}
		return unknown("app", word, names)
	case !o.recursive:
		return fmt.Errorf("%s is a group with %s: %s; 'ormos rm --recursive %s' removes all", id, plural(len(inside), "app"), some(inside), strings.Trim(word, "/"))
	}
	return o.end(ctx, s, string(id), func() (app.DeploymentResult, error) { return s.client.RemoveGroup(ctx, id, o.force) })
}

func (o *removeOptions) end(ctx context.Context, s *session, id string, do func() (app.DeploymentResult, error)) error {
	result, err := o.change(s, "ormos rm "+id).run(ctx, do)
	switch {
	case err != nil:
		return err
	case o.detach:
		fmt.Fprintf(s.out, "Deployment %s removes %s; 'ormos deployments' shows it.\n", result.DeploymentID, id)
		return nil
	}
	fmt.Fprintf(s.out, "%s is gone.\n", id)
	return nil
}
