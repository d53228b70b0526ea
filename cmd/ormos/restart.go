package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ormosproject/ormos/app"
)

// restartCommand is `ormos restart`: new instances of the same definition.
func restartCommand() *cobra.Command {
	var o restartOptions
	cmd := &cobra.Command{
		Use:   "restart APP...",
		Short: "Replace an app's instances by new ones, within the bounds of its upgrade strategy",
		Example: `  ormos restart web
  ormos restart --detach /shop/web /shop/api`,
		Args: cobra.MinimumNArgs(1),
	}
	cmd.ValidArgsFunction = o.completeApps
	o.waiting.flags(cmd)
	return o.verb(cmd, o.run)
}

type restartOptions struct {
	connection
	waiting
}

func (o *restartOptions) run(ctx context.Context, s *session, words []string) error {
	for _, word := range words {
		id, err := findApp(ctx, s.client, word)
		if err != nil {
			return err
		}
		err = o.deploy(ctx, s, id, fmt.Sprint("ormos restart ", id), func() (app.DeploymentResult, error) { return s.client.RestartApp(ctx, id, o.force) })
		if err != nil {
			return err
		}
	}
	return nil
}
