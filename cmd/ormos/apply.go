package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ormosproject/ormos/app"
)

// applyCommand is `ormos apply`: have what files define.
func applyCommand() *cobra.Command {
	var o applyOptions
	cmd := &cobra.Command{
		Use:               "apply FILE...",
		ValidArgsFunction: completeFiles,
		Short:             "Have what files of apps and groups define, and wait until it runs",
		Long: `Have apps and groups be as files define them, JSON or YAML, "-" being the standard input. An app's file is its whole definition: what it
does not say gets its default. All apps and groups of one call are changed together or not at all, in the order of their dependencies; apps that are missing in a
group's file are removed.

It waits until all runs and is healthy. A second apply of the same files does nothing.`,
		Example: `  ormos apply app.yaml
  ormos apply --detach web.json api.json
  ormos plan shop.yaml; ormos apply shop.yaml`,
		Args: cobra.MinimumNArgs(1),
	}
	o.waiting.flags(cmd)
	o.format.flag(cmd)
	return o.verb(cmd, func(ctx context.Context, s *session, files []string) error {
		o.stdin = cmd.InOrStdin()
		return o.run(ctx, s, files)
	})
}

type applyOptions struct {
	connection
	waiting
	format format
	stdin  io.Reader
}

// waiting are the flags of what makes a deployment.
type waiting struct{ detach, force bool }

func (w *waiting) flags(cmd *cobra.Command) {
	cmd.Flags().SortFlags = false
	cmd.Flags().BoolVarP(&w.detach, "detach", "d", false, "do not wait until it is done")
	cmd.Flags().BoolVar(&w.force, "force", false, "take the place of a deployment of the same apps that is under way")
}

// change prepares a change of the session's server.
func (w *waiting) change(s *session, again string) *change {
	return &change{client: s.client, screen: s.screen, detach: w.detach, retry: again}
}

// applied is what apply prints for programs.
type applied struct {
	Changes     []appChange            `json:"changes"`
	Deployments []app.DeploymentResult `json:"deployments"`
}

func (o *applyOptions) run(ctx context.Context, s *session, files []string) error {
	d, err := wanted(ctx, s.client, files, o.stdin)
	if err != nil {
		return err
	}
	result := applied{Changes: d.changes}
	if !o.format.data() {
		showChanges(s.screen, d.changes)
	}
	if len(d.changes) > 0 {
		if result.Deployments, err = o.apply(ctx, s, d, files); err != nil {
			return err
		}
	}
	if len(d.changes) == 0 && !o.detach {
		if err := o.await(ctx, s, d); err != nil {
			return err
		}
	}
	switch {
	case o.format.data():
		return o.format.print(s.out, result)
	case len(d.changes) == 0:
		fmt.Fprintln(s.out, "Nothing to change: all is as the files define it.")
		return nil
	}
	return o.tell(ctx, s, d, result.Deployments)
}

// await waits for deployments under way that lead to what the files define.
func (o *applyOptions) await(ctx context.Context, s *session, d *desired) error {
	c := o.change(s, "")
	listening, stop := context.WithCancel(ctx)
	defer stop()
	w, err := hearEnds(listening, s.client)
	if err != nil {
		return err
	}
	all, err := s.client.Deployments(ctx)
	if err != nil {
		return err
	}
	for _, one := range all {
		if slices.ContainsFunc(one.AffectedApps, d.has) {
			if err := c.follow(ctx, w, one.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// has tells whether an app is one of the files', or in one of their groups.
func (d *desired) has(id app.ID) bool {
	return slices.ContainsFunc(d.parts, func(part app.Part) bool {
		whole := part.ID().Under(app.Root)
		return id == whole || part.Group != nil && id.In(whole)
	})
}

// apply sends all parts as one change.
func (o *applyOptions) apply(ctx context.Context, s *session, d *desired, files []string) ([]app.DeploymentResult, error) {
	c := o.change(s, "ormos apply "+strings.Join(files, " "))
	result, err := c.run(ctx, func() (app.DeploymentResult, error) { return send(ctx, s.client, d, o.force) })
	return []app.DeploymentResult{result}, err
}

// send makes one request of all parts. Marathon has requests for one app, for several, and for one group; the rest is ours.
func send(ctx context.Context, client *app.Client, d *desired, force bool) (app.DeploymentResult, error) {
	groups := 0
	for _, part := range d.parts {
		if part.Group != nil {
			groups++
		}
	}
	switch {
	case len(d.parts) == 1 && groups == 1:
		return client.UpdateGroup(ctx, app.Root, d.body(), force)
	case len(d.parts) == 1:
		return client.ReplaceApp(ctx, d.parts[0].ID().Under(app.Root), d.body(), force)
	case groups == 0:
		return client.ReplaceApps(ctx, d.body(), force)
	}
	result, err := client.Apply(ctx, d.body(), force)
	if isMissing(err) {
		err = errors.New("this server changes several apps at once, or one group, but not both; apply the files one after the other")
	}
	return result, err
}

// tell prints what became of the apps.
func (o *applyOptions) tell(ctx context.Context, s *session, d *desired, results []app.DeploymentResult) error {
	if o.detach {
		for _, result := range results {
			fmt.Fprintf(s.out, "Deployment %s has begun; 'ormos deployments' shows it.\n", result.DeploymentID)
		}
		return nil
	}
	for _, one := range d.changes {
		if one.Kind == "remove" {
			fmt.Fprintf(s.out, "%s is gone.\n", one.ID)
			continue
		}
		if err := tellApp(ctx, s, one.ID); err != nil {
			return err
		}
	}
	return nil
}

// tellApp prints how an app stands and where it is reached.
func tellApp(ctx context.Context, s *session, id app.ID) error {
	info, err := s.client.App(ctx, id)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%s: %d of %d running", id, info.TasksRunning, info.Instances)
	if len(info.HealthChecks) > 0 {
		text += fmt.Sprintf(", %d healthy", info.TasksHealthy)
	}
	if where := addresses(info); len(where) > 0 {
		text += ", at " + some(where)
	}
	fmt.Fprintln(s.out, printable(text))
	return nil
}

// addresses are where the running tasks of an app are reached by their first ports.
func addresses(info *app.Info) []string {
	var all []string
	for _, task := range info.Tasks {
		if task.State != "TASK_RUNNING" || len(task.Ports) == 0 {
			continue
		}
		all = append(all, fmt.Sprintf("%s:%d", task.Host, task.Ports[0]))
	}
	return all
}
