package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ormosproject/ormos/app"
)

// psCommand is `ormos ps`: the tasks that there are.
func psCommand() *cobra.Command {
	var o psOptions
	cmd := &cobra.Command{
		Use:   "ps [APP|GROUP|TASK...]",
		Short: "List tasks: where they run, since when, how they are",
		Example: `  ormos ps
  ormos ps web --watch
  ormos ps /shop
  ormos ps -o json`,
	}
	cmd.ValidArgsFunction = o.completeApps
	o.format.flag(cmd)
	o.watching.flag(cmd)
	return o.verb(cmd, func(ctx context.Context, s *session, words []string) error {
		return o.watching.run(ctx, s.screen, func(screen *screen) error { return o.run(ctx, &session{screen, s.client}, words) })
	})
}

type psOptions struct {
	connection
	watching
	format format
}

func (o *psOptions) run(ctx context.Context, s *session, words []string) error {
	tasks, err := findTasks(ctx, s.client, words...)
	if len(words) == 0 {
		tasks, err = s.client.Tasks(ctx)
	}
	if err != nil {
		return err
	}
	if o.format.data() {
		return o.format.print(s.out, append([]app.Task{}, tasks...))
	}
	if len(tasks) == 0 {
		fmt.Fprintln(s.out, "No tasks. 'ormos status' lists the apps, 'ormos explain APP' tells what one waits for.")
		return nil
	}
	printTasks(s.screen, tasks, o.format.wide(), time.Now())
	return nil
}

// printTasks prints a table of tasks, in the order of apps and then of age.
func printTasks(s *screen, tasks []app.Task, wide bool, now time.Time) {
	slices.SortStableFunc(tasks, func(a, b app.Task) int {
		return cmp.Or(cmp.Compare(a.AppID, b.AppID), since(a).Compare(since(b)), cmp.Compare(a.ID, b.ID))
	})
	t := newTable("TASK", "STATE", "HEALTH", "HOST", "PORTS", "AGE")
	if wide {
		t.header = append(t.header, "AGENT", "VERSION", "ROLE", "ID")
	}
	t.state, t.whole = 1, wide
	for _, task := range tasks {
		row := []any{shortTask(task.ID), stateOf(task), healthOf(task), task.Host, joined(task.Ports), ago(since(task), now)}
		if wide {
			row = append(row, task.AgentID, task.Version, task.Role, task.ID)
		}
		t.add(row...)
	}
	t.print(s)
}

// since is when a task was started, or at least launched.
func since(t app.Task) time.Time {
	switch {
	case t.StartedAt != nil:
		return t.StartedAt.Time()
	case t.StagedAt != nil:
		return t.StagedAt.Time()
	}
	return time.Time{}
}

// stateOf is a task's state in small letters.
func stateOf(t app.Task) string { return strings.ToLower(strings.TrimPrefix(t.State, "TASK_")) }

// healthOf sums up what the health checks say.
func healthOf(t app.Task) string {
	if len(t.HealthCheckResults) == 0 {
		return "-"
	}
	for _, h := range t.HealthCheckResults {
		if !h.Alive {
			return "unhealthy"
		}
	}
	return "healthy"
}

func joined(ports []int) string {
	if len(ports) == 0 {
		return "-"
	}
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(ports), " ", ","), "[]")
}
