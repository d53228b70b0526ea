package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ormosproject/ormos/app"
)

// stopCommand is `ormos stop`: no instances, but the app stays.
func stopCommand() *cobra.Command {
	var o stopOptions
	cmd := &cobra.Command{
		Use:   "stop APP...",
		Short: "End all instances of an app, whose definition and history stay",
		Long:  "End all instances of an app. It is the same as 'ormos scale APP 0': 'ormos scale APP N' or 'ormos rollback APP' start it again; 'ormos rm' removes it.",
		Example: `  ormos stop web
  ormos stop /shop/web /shop/api`,
		Args: cobra.MinimumNArgs(1),
	}
	cmd.ValidArgsFunction = o.completeApps
	o.waiting.flags(cmd)
	return o.verb(cmd, o.run)
}

type stopOptions struct {
	connection
	waiting
}

func (o *stopOptions) run(ctx context.Context, s *session, words []string) error {
	none, err := json.Marshal(map[string]int{"instances": 0})
	if err != nil {
		return err
	}
	for _, word := range words {
		id, err := findApp(ctx, s.client, word)
		if err != nil {
			return err
		}
		info, err := s.client.App(ctx, id)
		if err != nil {
			return err
		}
		if info.Instances == 0 && len(info.Deployments) == 0 {
			fmt.Fprintf(s.out, "%s is stopped already.\n", id)
			continue
		}
		err = o.deploy(ctx, s, id, fmt.Sprint("ormos stop ", id), func() (app.DeploymentResult, error) { return s.client.UpdateApp(ctx, id, none, o.force) })
		if err != nil {
			return err
		}
	}
	return nil
}
