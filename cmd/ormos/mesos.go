package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/operator"
	"github.com/ormosproject/ormos/security"
)

// mesosAccess says how a command asks Mesos itself, for what only agents can tell.
type mesosAccess struct {
	master   string
	security security.Options
}

func (m *mesosAccess) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&m.master, "master", "", "the Mesos master, host:port or zk:// (default: the server says)")
	flags.StringVar(&m.security.Principal, "mesos-principal", "", "who we are for Mesos")
	flags.StringVar(&m.security.SecretFile, "mesos-secret-file", "", "file of the principal's secret")
	flags.StringVar(&m.security.TLS.CAFile, "mesos-ca-file", "", "file of the authority (PEM) that Mesos' certificates are from")
}

// clusterOf is the cluster that a server works with.
type clusterOf struct {
	master *operator.Master
	// address is the master's, framework the server's id.
	address, framework string
}

// open finds the master of the server's cluster.
func (m *mesosAccess) open(ctx context.Context, client *app.Client, log *slog.Logger) (*clusterOf, error) {
	server, err := client.Server(ctx)
	if err != nil {
		return nil, err
	}
	address := cmp.Or(m.master, server.Config.Master)
	if m.master == "" && (strings.Contains(address, "xxxxxxxx") || address == "") {
		address = strings.TrimSuffix(server.Config.MesosLeaderUIURL, "/") // the credentials of ZooKeeper are not shown
	}
	if address == "" {
		return nil, errors.New("the server does not say where the Mesos master is; name it with --master")
	}
	master, err := operator.NewMaster(operator.Options{Address: address, Security: m.security, Logger: log})
	if err != nil {
		return nil, err
	}
	return &clusterOf{master, address, server.FrameworkID}, nil
}

// sandbox finds where a task runs.
func (m *clusterOf) sandbox(ctx context.Context, task string) (*operator.Sandbox, error) {
	return m.master.Sandbox(ctx, operator.TaskKey{Framework: m.framework, Task: task})
}

// withoutUser leaves away what stands before the @ of an address, which is a secret.
func withoutUser(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		scheme, rest = "", address
	} else {
		scheme += "://"
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = rest[at+1:]
	}
	return scheme + rest
}
