package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/ormosproject/ormos/app"
)

// versionCommand is `ormos version`: this program's, and a server's on request.
func versionCommand() *cobra.Command {
	var o versionOptions
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Example: `  ormos version
  ormos version --server http://127.0.0.1:8080 -o json`,
		Args: cobra.NoArgs,
	}
	o.format.flag(cmd)
	o.connection.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if o.server == "" {
			return o.run(cmd.Context(), screenOf(cmd), nil)
		}
		client, err := o.client(warnings(cmd))
		if err != nil {
			return err
		}
		return unreachable(o.run(cmd.Context(), screenOf(cmd), client))
	}
	return cmd
}

type versionOptions struct {
	connection
	format format
}

// versions are this program's and, where one was asked, the server's.
type versions struct {
	Version string `json:"version"`
	Go      string `json:"go"`
	System  string `json:"system"`
	Server  string `json:"server,omitempty"`
}

func (o *versionOptions) run(ctx context.Context, s *screen, client *app.Client) error {
	v := versions{Version: versionText(), Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH}
	if client != nil {
		server, err := client.Server(ctx)
		if err != nil {
			return err
		}
		v.Server = server.Version
	}
	if o.format.data() {
		return o.format.print(s.out, v)
	}
	fmt.Fprintf(s.out, "ormos %s (%s, %s)\n", v.Version, v.Go, v.System)
	if v.Server != "" {
		fmt.Fprintf(s.out, "server %s\n", printable(v.Server))
	}
	return nil
}

// versionText is this program's version.
func versionText() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
