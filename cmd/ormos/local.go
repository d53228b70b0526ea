package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ormosproject/ormos/local"
)

// localCommand is `ormos local`: the local cluster by itself, for any framework.
func localCommand() *cobra.Command {
	var options local.Options
	var verbose bool
	cmd := &cobra.Command{
		Use:   "local",
		Short: "Run a Mesos-compatible cluster on this machine",
		Long: `Run a Mesos-compatible master and its agents in this process, until Ctrl-C.

With --work-dir the cluster can be ended (even by kill -9) and started again: executors of checkpointing
frameworks live on and are taken back. Without it everything lives in a temporary directory and ends with the cluster.`,
		Example: `  ormos local
  ormos local --agents 3 --resources 'cpus:4;mem:2048;ports:[31000-31999]' --work-dir /var/lib/ormos
  ormos local --zk zk://127.0.0.1:2181/mesos`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if options.Agents < 0 {
				return fmt.Errorf("cannot run %d agents", options.Agents)
			}
			if options.Agents == 0 {
				options.Agents = -1
			}
			level := slog.LevelWarn
			if verbose {
				level = slog.LevelDebug
			}
			if self, err := os.Executable(); err == nil {
				options.Keeper = []string{self, "local", "keep"}
			}
			options.Logger = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: level}))
			cluster, err := local.Start(cmd.Context(), options)
			if err != nil {
				return err
			}
			defer cluster.Stop()
			show(cmd.OutOrStdout(), cluster, options)
			return cluster.Wait()
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&options.IP, "ip", "127.0.0.1", "address that master and agents listen on")
	flags.IntVar(&options.Port, "port", 5050, "port of the master; 0 takes a free one")
	flags.IntVar(&options.Agents, "agents", 1, "number of agents")
	flags.IntVar(&options.AgentPort, "agent-port", 5051, "port of the first agent, agent K listens on it + K; 0 takes free ones")
	flags.StringArrayVar(&options.Resources, "resources", nil, "resources as 'cpus:4;mem:2048', once for all agents or once for each (default: the machine's own)")
	flags.StringArrayVar(&options.Attributes, "attributes", nil, "attributes as 'rack:a;level:10', once for all agents or once for each")
	flags.StringVar(&options.Hostname, "hostname", "", "name that master and agents give themselves (default: the ip)")
	flags.StringVar(&options.WorkDir, "work-dir", "", "directory of registry, sandboxes and checkpoints (default: a temporary one)")
	flags.StringVar(&options.ZK, "zk", "", "zk://host:port,.../path under which the master stands for election")
	flags.StringVar(&options.Credentials, "credentials", "", "file of principals and secrets; requires HTTP authentication")
	flags.StringVar(&options.ACLs, "acls", "", "file of access control lists (JSON)")
	flags.StringVar(&options.TLSCert, "tls-cert", "", "file of a certificate (PEM) for the ip and hostname; makes master and agents speak https")
	flags.StringVar(&options.TLSKey, "tls-key", "", "file of the certificate's key (PEM)")
	flags.StringVar(&options.TLSCA, "tls-ca", "", "file of the authority that executors are to believe (default: the certificate)")
	flags.Var(settings{&options.MasterFlags}, "master-flag", "a flag of mesos-master, such as offer_timeout=5secs; may be given several times")
	flags.Var(settings{&options.AgentFlags}, "agent-flag", "a flag of mesos-agent, such as recovery_timeout=1mins; may be given several times")
	flags.BoolVarP(&verbose, "verbose", "v", false, "log what master and agents do")
	cmd.AddCommand(faultCommand(), keepCommand())
	return cmd
}

// keepCommand is what a cluster starts to keep the ends of commands while it is killed.
func keepCommand() *cobra.Command {
	return &cobra.Command{Use: "keep", Hidden: true, Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error { return local.Keep() }}
}

// show prints where everything is.
func show(out io.Writer, cluster *local.Cluster, options local.Options) {
	scheme := "http"
	if options.TLSCert != "" {
		scheme = "https"
	}
	fmt.Fprintf(out, "master   %s://%s\n", scheme, cluster.Master())
	for i, agent := range cluster.Agents() {
		fmt.Fprintf(out, "%-8s %s://%s\n", fmt.Sprint("agent ", i), scheme, agent)
	}
	fmt.Fprintf(out, "work dir %s\nPress Ctrl-C to end it.\n", cluster.WorkDir())
}

// settings collects NAME=VALUE of a flag that may be given several times.
type settings struct{ values *map[string]string }

func (s settings) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return fmt.Errorf("%q is not NAME=VALUE", text)
	}
	if *s.values == nil {
		*s.values = map[string]string{}
	}
	(*s.values)[name] = value
	return nil
}

func (s settings) String() string { return "" }
func (s settings) Type() string   { return "NAME=VALUE" }
