package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ormosproject/ormos/app"
)

// validateCommand is `ormos validate`: whether files are right, as far as that can be told without a server.
func validateCommand() *cobra.Command {
	var o validateOptions
	cmd := &cobra.Command{
		Use:               "validate FILE...",
		ValidArgsFunction: completeFiles,
		Short:             "Check app files; needs no server",
		Long: `Check files of apps and groups, JSON or YAML: unknown fields, wrong types, rules of Marathon that are broken, with line and column.
It needs no server, and so knows neither what is there already nor whether there is room: 'ormos plan' tells.`,
		Example: `  ormos validate app.yaml
  ormos validate - < group.json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			o.files, o.stdin = files, cmd.InOrStdin()
			return o.run(screenOf(cmd))
		},
	}
	cmd.Flags().StringVar(&o.defaults.NetworkName, "default-network", "", "the server's default container network, if it has one")
	cmd.Flags().StringVar(&o.defaults.Role, "role", "", "the server's Mesos role, if it is not *")
	return cmd
}

type validateOptions struct {
	files    []string
	stdin    io.Reader
	defaults app.Defaults
}

func (o *validateOptions) run(s *screen) error {
	var all []error
	for _, file := range o.files {
		if err := o.check(s, file); err != nil {
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}

// check prints what a file defines.
func (o *validateOptions) check(s *screen, file string) error {
	doc, err := readDocument(file, o.stdin)
	if err != nil {
		return err
	}
	if err := doc.Check(o.defaults); err != nil { // everything at once
		return inFile(file, err)
	}
	parts, err := partsOf(file, doc)
	if err != nil {
		return err
	}
	for _, part := range parts {
		if part.Group != nil {
			group, err := part.Group.Apply(&app.Group{ID: part.ID().Under(app.Root)}, o.defaults)
			if err != nil {
				return inFile(file, err)
			}
			fmt.Fprintf(s.out, "%s: group %s with %s is valid\n", file, group.ID, plural(len(appsIn(group)), "app"))
			continue
		}
		a, err := part.App.ApplyFull(nil, app.Root, o.defaults)
		if err != nil {
			return inFile(file, err)
		}
		fmt.Fprintf(s.out, "%s: app %s is valid\n", file, a.ID)
	}
	return nil
}

// appsIn lists all apps of a group and its groups.
func appsIn(group *app.Group) []*app.App {
	apps := group.Apps
	for _, inner := range group.Groups {
		apps = append(apps[:len(apps):len(apps)], appsIn(inner)...)
	}
	return apps
}
