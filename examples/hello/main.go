// Command hello is a small Mesos framework: a scheduler that keeps web servers running, and the executor that is such a web server, in
// one program. Without --master it brings a local cluster along. docs/tutorial.md explains it line by line.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
	"github.com/ormosproject/ormos/scheduler"
	"github.com/ormosproject/ormos/store"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // whoever reads our output may leave first
	run := schedule
	if len(os.Args) == 2 && os.Args[1] == "execute" {
		run = func(ctx context.Context) error { return executor.Run(ctx, executor.RunOptions{}, serve) }
	}
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "hello:", err)
		os.Exit(1)
	}
}

// schedule runs the scheduler until ctx ends, with a cluster of its own if no master is named.
func schedule(ctx context.Context) error {
	o := scheduler.FrameworkOptions{Options: scheduler.Options{Logger: slog.New(teller{slog.NewTextHandler(io.Discard, nil)})}}
	flag.StringVar(&o.Master, "master", "", "`address` of the master: host:port, http(s)://host:port or zk://host:port,.../path; none starts a local cluster")
	data := flag.String("data", "Hello from Server", "the page")
	cpus, mem := flag.Float64("cpus", 0.1, "cpus of each web server"), flag.Float64("mem", 32, "memory of each web server, in MB")
	instances := flag.Int("instances", 1, "number of web servers")
	flag.StringVar(&o.Security.Principal, "principal", "", "name to authenticate with")
	flag.StringVar(&o.Security.SecretFile, "secret-file", "", "`file` that holds the principal's secret")
	flag.StringVar(&o.Security.TLS.CAFile, "ca-file", "", "`file` that holds the certificate authority of a master with https")
	advertise := flag.String("advertise", "", "`address` (host or host:port) under which agents fetch the executor from this process (default: loopback)")
	state := flag.String("state", "hello.state", "`file` that keeps the framework's id and tasks")
	if flag.Parse(); flag.NArg() > 0 || *cpus <= 0 || *mem <= 0 || *instances < 1 {
		return errors.New("needs positive --cpus, --mem and --instances, and takes no arguments; --help tells more")
	}
	if o.Master == "" {
		cluster, err := local.Start(context.WithoutCancel(ctx), local.Options{})
		if err != nil {
			return err
		}
		defer cluster.Stop()
		o.Master, *state = cluster.Master(), filepath.Join(cluster.WorkDir(), "hello.state")
		say("local", "cluster with master %s and agent %s", cluster.Master(), strings.Join(cluster.Agents(), ", "))
	}
	records, err := store.OpenFile(*state)
	if err != nil {
		return err
	}
	defer records.Close()
	artifact, err := scheduler.OpenArtifact(scheduler.ArtifactOptions{Advertise: *advertise})
	if err != nil {
		return err
	}
	o.Store = records
	o.Framework = mesos.FrameworkInfo{
		Name: "hello", Checkpoint: new(true), FailoverTimeout: new((24 * time.Hour).Seconds()),
		Capabilities: scheduler.Capabilities{PartitionAware: true}.List(),
	}
	task := mesos.TaskInfo{Name: "hello", Data: []byte(*data), Resources: mesos.Resources{mesos.CPUs(*cpus), mesos.Mem(*mem)}}
	h := &hello{framework: scheduler.NewFramework(o), instances: *instances, server: scheduler.Need{Need: offer.Need{
		Tasks: []offer.Task{{Info: task, Ports: []offer.Port{{}}}},
		Executor: &mesos.ExecutorInfo{
			Type: new(mesos.ExecutorInfoTypeCustom), Resources: mesos.Resources{mesos.CPUs(0.01), mesos.Mem(32)}, Command: artifact.Command("execute"),
		},
	}}}
	return artifact.While(ctx, h.keep)
}

// say prints a line: what happens, and to what.
func say(what, format string, args ...any) {
	fmt.Printf("%-10s  %s\n", what, fmt.Sprintf(format, args...))
}

// A teller prints what the framework logs of offers.
type teller struct{ slog.Handler }

func (teller) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "accepted" || r.Message == "declined" {
		line := "an offer of"
		r.Attrs(func(a slog.Attr) bool {
			if a.Key != "offer" { // a long id
				line += " " + a.Value.String() + ":"
			}
			return true
		})
		say(r.Message, "%s", strings.TrimSuffix(line, ":"))
	}
	return nil
}
