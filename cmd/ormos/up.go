package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/internal/framework"
	"github.com/ormosproject/ormos/local"
)

// hello is what runs when no file says what.
const hello = `{
  "id": "/hello",
  "serve": {"body": "Hello from Server\n"},
  "cpus": 0.1, "mem": 32,
  "portDefinitions": [{"name": "http"}],
  "healthChecks": [{
    "protocol": "MESOS_HTTP", "path": "/", "portIndex": 0,
    "delaySeconds": 0, "gracePeriodSeconds": 30, "intervalSeconds": 5, "timeoutSeconds": 5
  }]
}`

// upCommand is `ormos up`: everything in one process.
func upCommand() *cobra.Command {
	var o upOptions
	cmd := &cobra.Command{
		Use:               "up [FILE...]",
		ValidArgsFunction: completeFiles,
		Short:             "Run apps on this machine: cluster, scheduler and API in one process",
		Long: `Run apps: a Mesos cluster of its own, the scheduler and its API, in one process on this machine, until Ctrl-C. With --master it is the scheduler
and the API on a cluster that is there.

FILES define apps and groups, JSON or YAML, as for 'ormos apply'. Without one, and where nothing runs yet, it runs a web server that says hello.

Ctrl-C ends cluster and scheduler, and leaves the tasks running: the next 'ormos up' takes them back, as it does after kill -9. 'ormos down' ends
them. 'ormos up --fresh' does that first, and begins with nothing.`,
		Example: `  ormos up
  ormos up app.yaml
  ormos up --agents 3 --resources 'cpus:2;mem:2048;ports:[31000-31099]' shop.yaml`,
		RunE: func(cmd *cobra.Command, files []string) error {
			o.files = files
			return o.run(cmd)
		},
	}
	cmd.Flags().BoolVar(&o.fresh, "fresh", false, "end what ran before, and begin with nothing")
	o.schedulerOptions.flags(cmd)
	o.cluster.flags(cmd)
	return cmd
}

type upOptions struct {
	schedulerOptions
	cluster brought
	files   []string
	fresh   bool
}

func (o *upOptions) run(cmd *cobra.Command) error {
	for _, file := range o.files { // a mistake is told before anything begins
		if file == "-" {
			continue
		}
		if _, err := readParts(file, nil); err != nil {
			return err
		}
	}
	if o.state == "" && o.master == "" {
		o.state = filepath.Join(stateDir(), "up")
	}
	if o.fresh {
		if err := o.down(cmd.Context(), cmd.ErrOrStderr()); err != nil {
			return err
		}
	}
	records, err := o.open()
	if err != nil {
		return err
	}
	defer records.Close()
	o.Store = records
	if err := o.prepare(cmd); err != nil {
		return err
	}
	o.AnyPort = !cmd.Flags().Changed("listen")
	if o.master != "" {
		return o.serve(cmd, nil)
	}
	// The cluster ends after the framework.
	running, err := o.cluster.start(context.WithoutCancel(cmd.Context()), o.state, o.Logger)
	if err != nil {
		return err
	}
	o.Scheduler.Master = running.Master()
	return errors.Join(o.serve(cmd, running), running.Stop())
}

// serve runs the framework, and does for the user what is to be done meanwhile.
func (o *upOptions) serve(cmd *cobra.Command, running *local.Cluster) error {
	group, ctx := errgroup.WithContext(cmd.Context())
	ready := make(chan *framework.Server, 1)
	o.Ready = func(s *framework.Server) { ready <- s }
	ended, stop := context.WithCancel(context.WithoutCancel(ctx))
	if running != nil {
		group.Go(func() error {
			return clusterEnds(ended, running)
		})
	}
	group.Go(func() error {
		defer stop()
		return o.unusable(framework.Run(ctx, o.Options))
	})
	group.Go(func() error {
		select {
		case s := <-ready:
			return o.attend(ctx, cmd, s, running)
		case <-ctx.Done():
			return nil
		}
	})
	err := group.Wait()
	if cmd.Context().Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
		o.farewell(cmd.ErrOrStderr())
		return nil
	}
	return err
}

// clusterEnds waits for the cluster's failure, until ctx ends.
func clusterEnds(ctx context.Context, running *local.Cluster) error {
	failed := make(chan error, 1)
	go func() { failed <- running.Wait() }() // ends with the cluster, which is stopped in any case
	select {
	case err := <-failed:
		if err == nil {
			err = errors.New("it was stopped")
		}
		return fmt.Errorf("the local cluster has ended: %w", err)
	case <-ctx.Done():
		return nil
	}
}

// attend brings up what is wanted, and then tells what happens.
func (o *upOptions) attend(ctx context.Context, cmd *cobra.Command, s *framework.Server, running *local.Cluster) error {
	remove, err := writeAPI(s.URL)
	if err != nil {
		return err
	}
	defer remove()
	c := connection{server: s.URL, credentials: o.credentials, caFile: o.certFile}
	client, err := c.client(o.Logger)
	if err != nil {
		return err
	}
	user := &session{screenOf(cmd), client}
	if running != nil {
		fmt.Fprintf(user.out, "cluster   master %s, %s %s\n", running.Master(), plural(len(running.Agents()), "agent"), strings.Join(running.Agents(), " "))
	}
	fmt.Fprintf(user.out, "API       %s\n", s.URL)
	fmt.Fprintf(user.out, "state     %s\n", o.state)
	err = o.bringUp(ctx, cmd, user)
	if refused, ok := errors.AsType[*app.Error](err); ok {
		return refused
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil: // a deployment that failed: what runs, runs
		fmt.Fprintln(user.err, "ormos: "+printed(err))
	default:
		if err := o.tell(ctx, user); err != nil {
			return err
		}
	}
	fmt.Fprintln(user.out, "Press Ctrl-C to end Ormos; what happens until then:")
	return followEvents(ctx, user, app.EventsOptions{Types: told}, func(e app.StreamEvent) error {
		_, err := fmt.Fprintln(user.out, printable(eventLine(e)))
		return err
	})
}

// told are the events that people want to see.
var told = []app.EventType{
	app.EventStatusUpdate, app.EventInstanceHealth, app.EventUnhealthyKill, app.EventAppTerminated, app.EventGroupChangeFailed,
	app.EventDeploymentSuccess, app.EventDeploymentFailed, app.EventSchedulerLost, app.EventSchedulerAgain, app.EventSchedulerRegistered,
}

// bringUp deploys what the files define, or hello where there is nothing.
func (o *upOptions) bringUp(ctx context.Context, cmd *cobra.Command, user *session) error {
	files, stdin := o.files, cmd.InOrStdin()
	if len(files) == 0 {
		there, err := user.client.Apps(ctx)
		if err != nil || len(there) > 0 {
			return err
		}
		files, stdin = []string{"-"}, strings.NewReader(hello)
	}
	d, err := wanted(ctx, user.client, files, stdin)
	if err != nil || len(d.changes) == 0 {
		return err
	}
	showChanges(user.screen, d.changes)
	apply := applyOptions{waiting: waiting{force: true}} // what was under way when it was ended is no reason to wait
	_, err = apply.apply(ctx, user, d, files)
	return err
}

// tell prints where the apps are reached.
func (o *upOptions) tell(ctx context.Context, user *session) error {
	all, err := user.client.Apps(ctx)
	if err != nil {
		return err
	}
	for i := range all {
		info, err := user.client.App(ctx, all[i].ID)
		if isMissing(err) {
			continue
		}
		if err != nil {
			return err
		}
		fmt.Fprintln(user.out, printable(reached(info)))
	}
	return nil
}

// reached says in one line how an app stands and where its page is.
func reached(info *app.Info) string {
	line := fmt.Sprintf("%s  %d of %d running", info.ID, info.TasksRunning, info.Instances)
	if len(info.HealthChecks) > 0 {
		line += fmt.Sprintf(", %d healthy", info.TasksHealthy)
	}
	if where := addresses(info); len(where) > 0 {
		line += ": curl http://" + where[0]
	}
	return line
}

// farewell says what is left.
func (o *upOptions) farewell(out io.Writer) {
	if o.master == "" {
		fmt.Fprintln(out, "Ormos has ended; what ran, runs on. 'ormos up' takes it back, 'ormos down' ends it.")
		return
	}
	fmt.Fprintln(out, "Ormos has ended; what ran, runs on. The same command takes it back.")
}
