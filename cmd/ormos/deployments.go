package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ormosproject/ormos/app"
)

// deploymentsCommand is `ormos deployments`: the changes under way.
func deploymentsCommand() *cobra.Command {
	var o deploymentsOptions
	cmd := &cobra.Command{
		Use:   "deployments",
		Short: "List the deployments under way, or cancel one",
		Example: `  ormos deployments
  ormos deployments cancel 3f2a1b9c`,
		Args: cobra.NoArgs,
	}
	o.format.flag(cmd)
	o.watching.flag(cmd)
	cmd = o.verb(cmd, func(ctx context.Context, s *session, _ []string) error {
		return o.watching.run(ctx, s.screen, func(screen *screen) error { return o.list(ctx, &session{screen, s.client}) })
	})
	var listing deploymentsOptions
	list := &cobra.Command{Use: "list", Short: "List the deployments under way", Args: cobra.NoArgs}
	listing.format.flag(list)
	listing.watching.flag(list)
	cmd.AddCommand(listing.verb(list, func(ctx context.Context, s *session, _ []string) error {
		return listing.watching.run(ctx, s.screen, func(screen *screen) error { return listing.list(ctx, &session{screen, s.client}) })
	}), cancelCommand())
	return cmd
}

type deploymentsOptions struct {
	connection
	watching
	format format
}

func (o *deploymentsOptions) list(ctx context.Context, s *session) error {
	all, err := s.client.Deployments(ctx)
	if err != nil {
		return err
	}
	if o.format.data() {
		return o.format.print(s.out, append([]app.Deployment{}, all...))
	}
	if len(all) == 0 {
		fmt.Fprintln(s.out, "No deployment is under way.")
		return nil
	}
	t := newTable("DEPLOYMENT", "STEP", "NOW", "APPS")
	if t.whole = o.format.wide(); t.whole {
		t.header = append(t.header, "VERSION")
	}
	for _, d := range all {
		var actions, apps []string
		for _, a := range d.CurrentActions {
			actions = append(actions, fmt.Sprintf("%s %s", actionWord(a.Action.Action), a.App))
		}
		for _, id := range d.AffectedApps {
			apps = append(apps, string(id))
		}
		id := shortID(d.ID)
		row := []any{id, fmt.Sprintf("%d/%d", d.CurrentStep, d.TotalSteps), strings.Join(actions, ", "), strings.Join(apps, ", ")}
		if o.format.wide() {
			row[0] = d.ID
			row = append(row, d.Version)
		}
		t.add(row...)
	}
	t.print(s.screen)
	return nil
}

// cancelCommand is `ormos deployments cancel`.
func cancelCommand() *cobra.Command {
	var o cancelOptions
	cmd := &cobra.Command{
		Use:   "cancel DEPLOYMENT",
		Short: "Undo a deployment that is under way, or stop it where it stands",
		Example: `  ormos deployments cancel 3f2a1b9c
  ormos deployments cancel --keep 3f2a1b9c`,
		Args: cobra.ExactArgs(1),
	}
	cmd.Flags().BoolVar(&o.keep, "keep", false, "stop where it stands, and undo nothing")
	cmd.Flags().BoolVarP(&o.detach, "detach", "d", false, "do not wait until it is undone")
	return o.verb(cmd, o.run)
}

type cancelOptions struct {
	connection
	keep, detach bool
}

func (o *cancelOptions) run(ctx context.Context, s *session, args []string) error {
	all, err := s.client.Deployments(ctx)
	if err != nil {
		return err
	}
	var found []string
	for _, d := range all {
		if strings.HasPrefix(d.ID, args[0]) {
			found = append(found, d.ID)
		}
	}
	switch {
	case len(found) == 0:
		return fmt.Errorf("there is no deployment %q under way; 'ormos deployments' lists them", args[0])
	case len(found) > 1:
		return fmt.Errorf("%q may be any of %s; say more of it", args[0], some(found))
	}
	id := found[0]
	if o.keep {
		if err := s.client.StopDeployment(ctx, id); err != nil {
			return err
		}
		fmt.Fprintf(s.out, "Deployment %s is stopped where it stood.\n", id)
		return nil
	}
	c := &change{client: s.client, screen: s.screen, detach: o.detach}
	result, err := c.run(ctx, func() (app.DeploymentResult, error) { return s.client.CancelDeployment(ctx, id) })
	if err != nil {
		return err
	}
	if o.detach {
		fmt.Fprintf(s.out, "Deployment %s is undone by deployment %s.\n", id, result.DeploymentID)
		return nil
	}
	fmt.Fprintf(s.out, "Deployment %s is undone.\n", id)
	return nil
}
