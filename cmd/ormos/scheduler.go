package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/ormosproject/ormos/internal/framework"
	"github.com/ormosproject/ormos/store"
)

// schedulerCommand is `ormos scheduler`: the framework on a cluster that is there.
func schedulerCommand() *cobra.Command {
	var o schedulerOptions
	cmd := &cobra.Command{
		Use:   "scheduler --master MASTER",
		Short: "Run the scheduler and its API on a Mesos cluster",
		Long: `Run the scheduler and its API on a Mesos cluster, until Ctrl-C or SIGTERM. What it knows is kept in a directory: started again with it, it
takes its tasks back, which run on meanwhile, for the failover timeout. One process at a time may use the directory.`,
		Example: `  ormos scheduler --master zk://10.0.0.1:2181,10.0.0.2:2181/mesos --state /var/lib/ormos --listen :8080 --credentials api.secret
  ormos scheduler --master https://mesos.example:5050 --ca-file ca.pem --principal ormos --secret-file mesos.secret`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.master == "" {
				return &exitError{exitCalled, errors.New("name the masters with --master, or run a cluster of your own with 'ormos up'")}
			}
			return o.run(cmd)
		},
	}
	o.flags(cmd)
	return cmd
}

// schedulerOptions are how the framework runs, whatever cluster it is on.
type schedulerOptions struct {
	master, state     string
	listen, advertise string
	credentials       string
	certFile, keyFile string
	hostname          string
	verbose           bool
	framework.Options
}

func (o *schedulerOptions) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&o.master, "master", "", "where the masters are: host:port, http(s)://host:port or zk://host:port,.../path")
	flags.StringVar(&o.state, "state", "", "directory that keeps all that is known (default: one below the user's state directory, for each master)")
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8080", "address of the API, host:port; :8080 is all addresses")
	flags.StringVar(&o.credentials, "credentials", "", "file with USER:PASSWORD that the API asks for")
	flags.StringVar(&o.certFile, "tls-cert", "", "file of the API's certificate (PEM); makes it speak https")
	flags.StringVar(&o.keyFile, "tls-key", "", "file of the certificate's key (PEM)")
	flags.StringVar(&o.hostname, "hostname", "", "name under which agents and clients reach this machine (default: its own)")
	flags.StringVar(&o.advertise, "advertise", "", "host or host:port under which agents fetch Ormos' executor (default: the hostname and any free port)")
	info, mesos, engine := &o.Scheduler.Framework, &o.Scheduler.Security, &o.Engine
	flags.StringVar(&info.Name, "name", framework.DefaultName, "name of the framework")
	flags.StringVar(&engine.Role, "role", "*", "Mesos role of apps that have none")
	flags.StringVar(&info.User, "user", "", "user that tasks run as (default: the one that this runs as)")
	flags.Var(seconds{&info.FailoverTimeout}, "failover-timeout", "for how long tasks run on while no scheduler does (default 168h)")
	flags.Var(optional{&info.WebUIURL}, "webui-url", "URL that Mesos' web UI links to (default: the API's)")
	flags.StringVar(&mesos.Principal, "principal", "", "name to authenticate at the masters and agents with")
	flags.StringVar(&mesos.SecretFile, "secret-file", "", "file that holds the principal's secret")
	flags.StringVar(&mesos.TLS.CAFile, "ca-file", "", "file of the authority (PEM) that the masters' and agents' certificates are from")
	flags.StringVar(&mesos.TLS.CertFile, "client-cert", "", "file of the certificate (PEM) to show to masters and agents")
	flags.StringVar(&mesos.TLS.KeyFile, "client-key", "", "file of that certificate's key (PEM)")
	flags.BoolVar(&o.GPUs, "gpus", false, "take offers of agents with GPUs")
	flags.StringVar(&engine.Defaults.NetworkName, "default-network", "", "container network of apps that name none")
	flags.StringVar(&engine.EnvPrefix, "env-prefix", "", "what stands before the names of the variables HOST and PORT...")
	flags.DurationVar(&engine.Draining, "drain-before", 0, "how long before an agent's maintenance it gets no more tasks")
	flags.DurationVar(&engine.Deadline, "deployment-deadline", 0, "after how long a deployment is rolled back whose apps do not say (default: never)")
	flags.IntVar(&engine.MaxDeployments, "max-deployments", 100, "how many deployments may be under way at once")
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "log what goes on")
}

// run is the scheduler by itself.
func (o *schedulerOptions) run(cmd *cobra.Command) error {
	records, err := o.open()
	if err != nil {
		return err
	}
	defer records.Close()
	if err := o.prepare(cmd); err != nil {
		return err
	}
	o.Store = records
	out := cmd.OutOrStdout()
	o.Ready = func(s *framework.Server) {
		fmt.Fprintf(out, "API       %s\nstate     %s\n", s.URL, o.state)
	}
	return o.unusable(framework.Run(cmd.Context(), o.Options))
}

// open opens the records in the state directory.
func (o *schedulerOptions) open() (*store.File, error) {
	if o.state == "" {
		o.state = stateAt(o.master)
	}
	if err := os.MkdirAll(o.state, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the directory of the state: %w", err)
	}
	records, err := store.OpenFile(filepath.Join(o.state, recordsFile))
	if errors.Is(err, store.ErrInUse) {
		return nil, fmt.Errorf("another ormos runs with the state in %s; 'ormos apply' changes what it runs; or end it first, or name another directory with --state", o.state)
	}
	return records, o.unusable(err)
}

// unusable tells what to do about records that cannot be read.
func (o *schedulerOptions) unusable(err error) error {
	switch {
	case framework.IsNewer(err):
		return fmt.Errorf("%w; or go back to a backup from before the upgrade with 'ormos restore --force --state %s FILE'", err, o.state)
	case errors.Is(err, store.ErrDamaged):
		return fmt.Errorf("%w; nothing was changed: 'ormos restore --force --state %s FILE' puts a backup in their place", err, o.state)
	}
	return err
}

// prepare makes of flags what the framework takes.
func (o *schedulerOptions) prepare(cmd *cobra.Command) error {
	level := new(slog.LevelVar)
	level.Set(slog.LevelWarn)
	if o.verbose {
		level.Set(slog.LevelDebug)
	}
	o.Logger = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: level}))
	o.API.Level, o.API.Server.Version = level, versionText()
	if o.credentials != "" {
		user, secret, err := readCredentials(o.credentials, o.Logger)
		if err != nil {
			return err
		}
		o.API.Principal, o.API.Secret = user, secret
	}
	o.Listen.Address, o.Listen.CertFile, o.Listen.KeyFile = o.listen, o.certFile, o.keyFile
	o.Scheduler.Master = o.master
	if o.hostname != "" {
		o.Scheduler.Framework.Hostname = &o.hostname
	}
	o.BackupDir = o.state
	o.Artifact.Advertise = o.advertise
	if o.advertise == "" {
		o.Artifact.Advertise = o.hostname
	}
	if o.Artifact.Advertise == "" && o.master != "" && !isLocal(o.master) { // without a master the cluster is on this machine
		name, err := os.Hostname()
		if err != nil {
			return fmt.Errorf("cannot tell how agents reach this machine: %w; name it with --hostname", err)
		}
		o.Artifact.Advertise = name
	}
	return nil
}
