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

// statusCommand is `ormos status`: how everything stands, or one app.
func statusCommand() *cobra.Command {
	var o statusOptions
	cmd := &cobra.Command{
		Use:   "status [APP]",
		Short: "Show how all apps stand, or one in detail",
		Example: `  ormos status
  ormos status web --watch
  ormos status -o json`,
		Args: cobra.MaximumNArgs(1),
	}
	cmd.ValidArgsFunction = o.completeApp
	o.format.flag(cmd)
	o.watching.flag(cmd)
	return o.verb(cmd, func(ctx context.Context, s *session, args []string) error {
		return o.watching.run(ctx, s.screen, func(screen *screen) error {
			if len(args) > 0 {
				return o.one(ctx, &session{screen, s.client}, args[0])
			}
			return o.all(ctx, &session{screen, s.client})
		})
	})
}

type statusOptions struct {
	connection
	watching
	format format
}

// all shows a line for each app.
func (o *statusOptions) all(ctx context.Context, s *session) error {
	apps, err := s.client.Apps(ctx)
	if err != nil {
		return err
	}
	if o.format.data() {
		return o.format.print(s.out, append([]app.Info{}, apps...))
	}
	if len(apps) == 0 {
		fmt.Fprintf(s.out, "No apps at %s. 'ormos init' writes a file for one, 'ormos apply FILE' runs it.\n", s.client.URL())
		return nil
	}
	queue, err := s.client.Queue(ctx)
	if err != nil {
		return err
	}
	slices.SortFunc(apps, func(a, b app.Info) int { return cmp.Compare(a.ID, b.ID) })
	t := newTable("APP", "STATE", "RUNNING", "HEALTHY", "AGE", "NOTE")
	if o.format.wide() {
		t.header = append(t.header, "CPUS", "MEM", "VERSION", "RUNS")
	}
	t.state, t.whole = 1, o.format.wide()
	now := time.Now()
	for i := range apps {
		info := &apps[i]
		row := []any{info.ID, stateOfApp(info, queue), fmt.Sprintf("%d/%d", info.TasksRunning, info.Instances), healthOfApp(info), ago(info.Version.Time(), now), note(info, queue)}
		if o.format.wide() {
			row = append(row, info.CPUs, info.Mem, info.Version, does(&info.App))
		}
		t.add(row...)
	}
	t.print(s.screen)
	return nil
}

// stateOfApp is how an app stands, in a word.
func stateOfApp(info *app.Info, queue []app.QueueItem) string {
	item := queued(info.ID, queue)
	switch {
	case item != nil && !item.Delay.Overdue:
		return "delayed"
	case item != nil && item.Count > 0 && info.TasksStaged == 0:
		return "waiting"
	case len(info.Deployments) > 0:
		return "deploying"
	case info.TasksUnhealthy > 0:
		return "unhealthy"
	case info.Instances == 0:
		return "stopped"
	case info.TasksRunning < info.Instances:
		return "starting"
	}
	return "running"
}

func queued(id app.ID, queue []app.QueueItem) *app.QueueItem {
	for i := range queue {
		if queue[i].App != nil && queue[i].App.ID == id {
			return &queue[i]
		}
	}
	return nil
}

func healthOfApp(info *app.Info) string {
	if len(info.HealthChecks) == 0 {
		return "-"
	}
	return fmt.Sprintf("%d/%d", info.TasksHealthy, info.Instances)
}

// note says what stands in an app's way.
func note(info *app.Info, queue []app.QueueItem) string {
	if item := queued(info.ID, queue); item != nil {
		return waitsFor(item)
	}
	if len(info.Deployments) > 0 {
		return "deployment " + shortID(info.Deployments[0].ID)
	}
	return ""
}

// one shows an app in detail.
func (o *statusOptions) one(ctx context.Context, s *session, word string) error {
	id, err := findApp(ctx, s.client, word)
	if err != nil {
		return err
	}
	info, err := s.client.App(ctx, id)
	if err != nil {
		return err
	}
	if o.format.data() {
		return o.format.print(s.out, info)
	}
	queue, err := s.client.Queue(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	state := stateOfApp(info, queue)
	fmt.Fprintf(s.out, "%s is %s\n", id, s.paint(stateColor(state), state))
	for _, line := range details(info, queue, now) {
		fmt.Fprintf(s.out, "  %-12s %s\n", line[0], strings.ReplaceAll(severalLines(strings.TrimSpace(line[1])), "\n", "\n"+strings.Repeat(" ", 15)))
	}
	if len(info.Tasks) > 0 {
		fmt.Fprintln(s.out)
		printTasks(s.screen, info.Tasks, o.format.wide(), now)
	}
	return nil
}

// details are what is worth knowing of an app, each with its name.
func details(info *app.Info, queue []app.QueueItem, now time.Time) [][2]string {
	lines := [][2]string{{"instances", fmt.Sprintf("%d of %d running", info.TasksRunning, info.Instances)}}
	if len(info.HealthChecks) > 0 {
		lines[0][1] += fmt.Sprintf(", %d healthy, %d unhealthy", info.TasksHealthy, info.TasksUnhealthy)
	}
	lines = append(
		lines, [2]string{"runs", does(&info.App)},
		[2]string{"needs", fmt.Sprintf("%g cpus, %g MiB of memory, %g MiB of disk for each", info.CPUs, info.Mem, info.Disk)},
		[2]string{"version", fmt.Sprintf("%s, %s ago", info.Version, ago(info.Version.Time(), now))},
	)
	if len(info.Dependencies) > 0 {
		lines = append(lines, [2]string{"after", strings.Trim(fmt.Sprint(info.Dependencies), "[]")})
	}
	for _, d := range info.Deployments {
		lines = append(lines, [2]string{"deployment", d.ID})
	}
	if item := queued(info.ID, queue); item != nil {
		lines = append(lines, [2]string{"waits", fmt.Sprintf("%s; 'ormos explain %s' tells more", waitsFor(item), info.ID)})
	}
	if f := info.LastTaskFailure; f != nil {
		text := fmt.Sprintf("%s ago on %s: %s: %s", ago(f.Timestamp.Time(), now), f.Host, strings.TrimPrefix(f.State, "TASK_"), f.Message)
		lines = append(lines, [2]string{"last failure", text})
	}
	return lines
}
