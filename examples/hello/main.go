// Command hello is a small Mesos framework: a scheduler that keeps web servers running, and the executor that is such a web server, in
// one program. Without --master it brings a local cluster along. docs/tutorial.md explains it line by line.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
	"github.com/ormosproject/ormos/security"
)

// options are the command line.
type options struct {
	template
	instances                int
	master, advertise, state string
	security                 security.Options
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // whoever reads our output may leave first
	var err error
	if len(os.Args) == 2 && os.Args[1] == "execute" {
		err = execute(ctx)
	} else {
		err = schedule(ctx, readFlags())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "hello:", err)
		os.Exit(1)
	}
}

func readFlags() (o options) {
	flag.StringVar(&o.master, "master", "", "`address` of the master: host:port, http(s)://host:port or zk://host:port,.../path; none starts a local cluster")
	flag.StringVar(&o.data, "data", "Hello from Server", "the page")
	flag.Float64Var(&o.cpus, "cpus", 0.1, "cpus of each web server")
	flag.Float64Var(&o.mem, "mem", 32, "memory of each web server, in MB")
	flag.IntVar(&o.instances, "instances", 1, "number of web servers")
	flag.StringVar(&o.security.Principal, "principal", "", "name to authenticate with")
	flag.StringVar(&o.security.SecretFile, "secret-file", "", "`file` that holds the principal's secret")
	flag.StringVar(&o.security.TLS.CAFile, "ca-file", "", "`file` that holds the certificate authority of a master with https")
	flag.StringVar(&o.advertise, "advertise", "", "`address` (host or host:port) under which agents fetch the executor from this process (default: loopback)")
	flag.StringVar(&o.state, "state", "", "`file` that keeps the framework's id and tasks (default: one for each master, in the user's state directory)")
	flag.Parse()
	if flag.NArg() > 0 || o.cpus <= 0 || o.mem <= 0 || o.instances < 1 {
		fmt.Fprintln(os.Stderr, "hello: needs positive --cpus, --mem and --instances, and takes no arguments")
		flag.Usage()
		os.Exit(2)
	}
	return o
}

// schedule runs the scheduler until ctx ends, with a cluster of its own if no master is named.
func schedule(ctx context.Context, o options) error {
	if o.master == "" {
		cluster, err := local.Start(context.WithoutCancel(ctx), local.Options{})
		if err != nil {
			return err
		}
		defer cluster.Stop()
		o.master, o.state = cluster.Master(), filepath.Join(cluster.WorkDir(), "hello.json")
		say("local", "cluster with master %s and agent %s", cluster.Master(), strings.Join(cluster.Agents(), ", "))
	}
	artifact, err := scheduler.OpenArtifact(scheduler.ArtifactOptions{Advertise: o.advertise})
	if err != nil {
		return err
	}
	o.artifact = artifact.URI()
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	var group errgroup.Group
	group.Go(func() error { return artifact.Run(serving) })
	err = keep(ctx, o)
	stop()
	return errors.Join(err, group.Wait())
}

// keep keeps the web servers running until ctx ends, and then ends them.
func keep(ctx context.Context, o options) error {
	h, err := newHello(o)
	if err != nil {
		return err
	}
	err = h.follow(ctx)
	if removed, ok := errors.AsType[*scheduler.Error](err); ok && removed.Reason == scheduler.ReasonRemoved {
		say("starting", "anew: %v", removed.Err)
		if err = h.record.Save(""); err == nil {
			return keep(ctx, o)
		}
	}
	if err != nil {
		return err
	}
	say("stopping", "the framework; tasks to end: %d", len(h.record.Tasks))
	h.stopping = true
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := h.follow(ctx); err != nil {
		return err
	}
	if left := len(h.record.Tasks); left > 0 {
		return fmt.Errorf("gave up waiting for the end of the tasks: %d may run on; start hello again to take them back", left)
	}
	say("ended", "nothing is left running")
	return nil
}

func newHello(o options) (*hello, error) {
	path, err := o.statePath()
	if err != nil {
		return nil, err
	}
	record, err := readRecord(path)
	if err != nil {
		return nil, err
	}
	session := scheduler.New(scheduler.Options{
		Master: o.master, FrameworkID: record, Security: o.security,
		Framework: mesos.FrameworkInfo{
			Name: "hello", Checkpoint: new(true), FailoverTimeout: new((24 * time.Hour).Seconds()),
			Capabilities: []mesos.FrameworkInfoCapability{{Type: new(mesos.FrameworkInfoCapabilityTypePartitionAware)}},
		},
	})
	return &hello{template: o.template, instances: o.instances, session: session, record: record, backoff: scheduler.Backoff{Min: time.Second, Max: time.Minute}}, nil
}

// statePath is the record's file. The master's address is hashed: it may hold a password.
func (o options) statePath() (string, error) {
	if o.state != "" {
		return o.state, nil
	}
	dir := os.Getenv("XDG_STATE_HOME")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("cannot tell where to keep the state, name it with --state: %w", err)
		}
		dir = filepath.Join(home, ".local", "state")
	}
	sum := sha256.Sum256([]byte(o.master))
	return filepath.Join(dir, "ormos", "hello-"+hex.EncodeToString(sum[:6])+".json"), nil
}

// say prints a line: what happens, and to what.
func say(what, format string, args ...any) {
	fmt.Printf("%-10s  %s\n", what, fmt.Sprintf(format, args...))
}

// describe tells what an offer holds and where. Of its id, the end is enough: before it stands the master's.
func describe(o *mesos.Offer) string {
	has := mesos.Resources(o.Resources)
	id := o.ID.Value[strings.LastIndex(o.ID.Value, "-")+1:]
	return fmt.Sprintf("offer %s at %s: cpus %g, mem %g MB, ports %v", id, o.Hostname, has.CPUs(), has.Mem(), has.Ports())
}

// describeStatus tells a status update.
func describeStatus(s *mesos.TaskStatus) string {
	text := fmt.Sprintf("%s of %s from %s", s.State, s.TaskID.Value, strings.ToLower(strings.TrimPrefix(s.GetSource().String(), "SOURCE_")))
	if s.Reason != nil {
		text += ", " + s.Reason.String()
	}
	if s.GetMessage() != "" {
		text += ": " + s.GetMessage()
	}
	return text
}
