package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/ormosproject/ormos/app"
)

// scaleCommand is `ormos scale`: run so many instances.
func scaleCommand() *cobra.Command {
	var o scaleOptions
	cmd := &cobra.Command{
		Use:   "scale APP INSTANCES",
		Short: "Have an app run so many instances",
		Example: `  ormos scale web 5
  ormos scale --detach /shop/web 0`,
		Args: cobra.ExactArgs(2),
	}
	cmd.ValidArgsFunction = o.completeApp
	o.flags(cmd)
	return o.verb(cmd, func(ctx context.Context, s *session, args []string) error {
		instances, err := strconv.Atoi(args[1])
		if err != nil || instances < 0 {
			return &exitError{exitCalled, fmt.Errorf("%q is no number of instances; use 'ormos scale APP 3'", args[1])}
		}
		return o.run(ctx, s, args[0], instances)
	})
}

type scaleOptions struct {
	connection
	waiting
}

func (o *scaleOptions) flags(cmd *cobra.Command) { o.waiting.flags(cmd) }

func (o *scaleOptions) run(ctx context.Context, s *session, word string, instances int) error {
	id, err := findApp(ctx, s.client, word)
	if err != nil {
		return err
	}
	info, err := s.client.App(ctx, id)
	if err != nil {
		return err
	}
	if info.Instances == instances && len(info.Deployments) == 0 {
		fmt.Fprintf(s.out, "%s is to run %s already.\n", id, plural(instances, "instance"))
		return nil
	}
	update, err := json.Marshal(map[string]int{"instances": instances})
	if err != nil {
		return err
	}
	again := fmt.Sprintf("ormos scale %s %d", id, instances)
	return o.deploy(ctx, s, id, again, func() (app.DeploymentResult, error) { return s.client.UpdateApp(ctx, id, update, o.force) })
}

// deploy makes a change of one app, waits for it, and tells how the app stands.
func (w *waiting) deploy(ctx context.Context, s *session, id app.ID, again string, do func() (app.DeploymentResult, error)) error {
	result, err := w.change(s, again).run(ctx, do)
	switch {
	case err != nil:
		return err
	case w.detach:
		fmt.Fprintf(s.out, "Deployment %s of %s has begun; 'ormos deployments' shows it.\n", result.DeploymentID, id)
		return nil
	}
	return tellApp(ctx, s, id)
}
