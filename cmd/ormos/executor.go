package main

import (
	"github.com/spf13/cobra"

	"github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/internal/serve"
)

// executorCommand is `ormos executor`: this program as agents start it, to serve the pages of an app with serve.
func executorCommand() *cobra.Command {
	return &cobra.Command{
		Use: "executor", Hidden: true, Args: cobra.NoArgs,
		Short: "Serve an app's pages; agents start it",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serve.Run(cmd.Context(), executor.RunOptions{Options: executor.Options{Logger: warnings(cmd)}})
		},
	}
}
