package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ormosproject/ormos/app"
)

// historyCommand is `ormos history`: the versions of an app.
func historyCommand() *cobra.Command {
	var o historyOptions
	cmd := &cobra.Command{
		Use:   "history APP",
		Short: "List the versions of an app and what each has changed",
		Example: `  ormos history web
  ormos history web -o json`,
		Args: cobra.ExactArgs(1),
	}
	cmd.ValidArgsFunction = o.completeApp
	o.format.flag(cmd)
	cmd.Flags().IntVarP(&o.limit, "limit", "n", 10, "how many versions, the newest first; 0 is all")
	return o.verb(cmd, o.run)
}

type historyOptions struct {
	connection
	format format
	limit  int
}

// revision is one version of an app.
type revision struct {
	Version app.Timestamp `json:"version"`
	Current bool          `json:"current"`
	Changes []fieldChange `json:"changes"`
	app     *app.App
	first   bool // there is none to compare with
}

func (o *historyOptions) run(ctx context.Context, s *session, args []string) error {
	id, err := findApp(ctx, s.client, args[0])
	if err != nil {
		return err
	}
	all, err := revisions(ctx, s.client, id, o.limit)
	if err != nil {
		return err
	}
	if o.format.data() {
		return o.format.print(s.out, all)
	}
	now := time.Now()
	t := newTable("VERSION", "AGE", "", "CHANGED")
	for _, one := range all {
		mark := ""
		if one.Current {
			mark = "current"
		}
		changed := summary(one.Changes)
		if one.first {
			changed = "(the first that is kept)"
		}
		t.add(one.Version, ago(one.Version.Time(), now), mark, changed)
	}
	t.print(s.screen)
	return nil
}

// revisions gives the newest versions of an app with what each has changed.
func revisions(ctx context.Context, client *app.Client, id app.ID, limit int) ([]revision, error) {
	info, err := client.App(ctx, id)
	if err != nil {
		return nil, err
	}
	versions, err := client.Versions(ctx, id)
	if err != nil {
		return nil, err
	}
	var all []revision
	for i, version := range versions {
		if limit > 0 && i > limit { // one more, to compare with
			break
		}
		definition, err := client.Version(ctx, id, version)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			all[i-1].Changes = difference(definition, all[i-1].app)
		}
		all = append(all, revision{Version: version, Current: version == info.Version, app: definition})
	}
	if len(all) > 0 {
		all[len(all)-1].first = true
	}
	if limit > 0 && len(all) > limit {
		all = all[:limit]
	}
	return all, nil
}

// summary tells changes in one line.
func summary(changes []fieldChange) string {
	var parts []string
	for _, f := range changes {
		parts = append(parts, fmt.Sprintf("%s: %s -> %s", f.Path, shown(f.Old), shown(f.New)))
	}
	return strings.Join(parts, ", ")
}
