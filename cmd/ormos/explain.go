package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// explainCommand is `ormos explain`: why instances wait.
func explainCommand() *cobra.Command {
	var o explainOptions
	cmd := &cobra.Command{
		Use:   "explain APP",
		Short: "Tell why instances of an app wait, and what would help",
		Long: `Tell for the instances of an app that are not launched yet why no offer serves, which came nearest, the smallest change that would make one fit,
and since when they wait.`,
		Example: `  ormos explain web
  ormos explain web --watch`,
		Args: cobra.ExactArgs(1),
	}
	cmd.ValidArgsFunction = o.completeApp
	o.format.flag(cmd)
	o.watching.flag(cmd)
	return o.verb(cmd, func(ctx context.Context, s *session, args []string) error {
		return o.watching.run(ctx, s.screen, func(screen *screen) error { return o.run(ctx, &session{screen, s.client}, args[0]) })
	})
}

type explainOptions struct {
	connection
	watching
	format format
}

func (o *explainOptions) run(ctx context.Context, s *session, word string) error {
	id, err := findApp(ctx, s.client, word)
	if err != nil {
		return err
	}
	e, err := s.client.Explain(ctx, id)
	if err != nil {
		return err
	}
	if o.format.data() {
		return o.format.print(s.out, e)
	}
	_, err = fmt.Fprintln(s.out, severalLines(strings.TrimSpace(e.String())))
	return err
}
