package framework

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"golang.org/x/sync/errgroup"

	"github.com/ormosproject/ormos/internal/api"
	"github.com/ormosproject/ormos/internal/engine"
	"github.com/ormosproject/ormos/operator"
	"github.com/ormosproject/ormos/scheduler"
	"github.com/ormosproject/ormos/store"
)

// ErrAbdicated is how Run ends when the API was asked to end the process (DELETE /v2/leader).
var ErrAbdicated = errors.New("the API was asked to have this process end")

// Server is a framework that runs.
type Server struct {
	// URL is the API's.
	URL string
	// Hub is where events can be read in this process.
	Hub *api.Hub
	*loop
}

// Run runs the framework until ctx ends, which is no error. The tasks run on then, for the failover timeout.
func Run(ctx context.Context, o Options) error {
	f, err := open(ctx, o.complete())
	if err != nil {
		return err
	}
	return f.run(ctx)
}

// A framework is all that Run runs.
type framework struct {
	opts     Options
	loop     *loop
	link     *link
	prober   *prober
	tails    *tails
	artifact *scheduler.Artifact
	api      *api.HTTPServer
	hub      *api.Hub
	url      string // of the API
	abdicate chan struct{}
}

// open prepares everything. When it fails nothing is left open.
func open(ctx context.Context, o Options) (*framework, error) {
	records, err := (&upgrader{o.Store, o.BackupDir, engine.Upgrade, o.Logger}).load(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot begin: %w", err)
	}
	f := &framework{opts: o, abdicate: make(chan struct{}, 1)}
	if f.artifact, err = scheduler.OpenArtifact(o.Artifact); err != nil {
		return nil, err
	}
	if err := f.assemble(records); err != nil {
		closed, cancel := context.WithCancel(ctx)
		cancel()
		return nil, errors.Join(err, f.artifact.Run(closed))
	}
	return f, nil
}

// assemble makes the parts and connects them.
func (f *framework) assemble(records map[string][]byte) error {
	o := &f.opts
	o.Engine.Serve = f.artifact.Command("executor")
	e, err := engine.New(records, o.Engine)
	if err != nil {
		return fmt.Errorf("cannot begin with what is stored: %w", err)
	}
	f.loop = newLoop(e, o.Store)
	metrics, peers := api.NewMetrics(), operator.Options{
		Address: o.Scheduler.Master, Security: o.Scheduler.Security, Logger: o.Logger, Dial: o.Scheduler.Dial,
	}
	if err := f.listen(metrics); err != nil {
		return err
	}
	agents := newAddresses(peers)
	o.Scheduler.FrameworkID = &identity{store: o.Store, id: string(records[idKey])}
	f.link = newLink(o.Scheduler, e.Roles(), o.Engine.BaseRole(), f.loop, agents, metrics, f.hub)
	f.link.artifact = f.artifact.URL()
	f.prober = newProber(f.loop.tell, o.Scheduler.Dial)
	f.tails = &tails{
		options: peers, agents: agents, framework: func() string { return f.loop.View().FrameworkID }, tell: f.loop.tell, log: o.Logger,
		waiting: make(chan engine.Tail, maxTails),
	}
	f.loop.world = world{describe: f.link.update, call: f.link.call, probe: f.prober.order, tail: f.tails.order, publish: f.hub.Publish}
	return nil
}

// listen opens the API's address and makes the API.
func (f *framework) listen(metrics *api.Metrics) error {
	o := &f.opts
	listener, err := listenAt(cmp.Or(o.Listen.Address, api.DefaultAddress), o.AnyPort)
	if err != nil {
		return err
	}
	info := &o.Scheduler.Framework
	f.url = urlOf(listener.Addr(), info.GetHostname(), o.Listen.CertFile != "")
	if info.WebUIURL == nil {
		info.WebUIURL = &f.url
	}
	f.hub = api.NewHub(api.HubOptions{})
	o.API.Framework, o.API.Hub, o.API.Metrics = f.loop, f.hub, metrics
	o.API.Server.URL, o.API.Server.Config = f.url, o.config(info)
	o.API.Backup, o.API.Abdicate = f.backup, f.leave
	if ip := addressOf(listener); ip.IsLoopback() {
		o.API.Names = append([]string{}, info.GetHostname())
	}
	o.Listen.Listener = listener
	handler, err := api.New(o.API)
	if err == nil {
		f.api, err = api.Listen(handler, o.Listen)
	}
	if err != nil {
		_ = listener.Close()
	}
	return err
}

// listenAt opens an address, or with anyPort, where that is taken, another port of its host.
func listenAt(address string, anyPort bool) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if host, _, _ := net.SplitHostPort(address); anyPort && errors.Is(err, syscall.EADDRINUSE) {
		listener, err = net.Listen("tcp", net.JoinHostPort(host, "0"))
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen for the API: %w", err)
	}
	return listener, nil
}

// addressOf is the IP address that is listened on; nil of another kind of network.
func addressOf(l net.Listener) net.IP {
	if at, ok := l.Addr().(*net.TCPAddr); ok {
		return at.IP
	}
	return nil
}

// urlOf is where others reach what listens at an address. One that listens on all addresses is reached by the machine's name.
func urlOf(at net.Addr, hostname string, encrypted bool) string {
	host, port, _ := net.SplitHostPort(at.String())
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() && hostname != "" {
		host = hostname
	}
	scheme := "http://"
	if encrypted {
		scheme = "https://"
	}
	return scheme + net.JoinHostPort(host, port)
}

// backup writes all records as they are at one moment.
func (f *framework) backup(ctx context.Context, w io.Writer) error {
	records, err := f.opts.Store.Load(ctx)
	if err != nil {
		return err
	}
	return store.WriteBackup(w, records)
}

// leave has the process end.
func (f *framework) leave() {
	select {
	case f.abdicate <- struct{}{}:
	default: // it does already
	}
}

// run runs all parts. The API ends first, so that who has asked is answered yet; then the loop; last the session, which acknowledges what was saved.
func (f *framework) run(ctx context.Context) error {
	lasting, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group, inner := errgroup.WithContext(lasting)
	group.Go(func() error { return f.link.run(inner) })
	group.Go(func() error { return f.loop.run(inner) })
	group.Go(func() error { return f.prober.run(inner) })
	group.Go(func() error { return f.tails.run(inner) })
	group.Go(func() error { return f.artifact.Run(inner) })
	group.Go(func() error {
		defer stop()
		return f.serve(ctx, inner)
	})
	if f.opts.Ready != nil {
		f.opts.Ready(&Server{URL: f.url, Hub: f.hub, loop: f.loop})
	}
	return group.Wait()
}

// serve answers requests until one of the contexts ends, or it is asked to.
func (f *framework) serve(ctx, inner context.Context) error {
	serving, end := context.WithCancelCause(ctx)
	defer end(nil)
	defer context.AfterFunc(inner, func() { end(nil) })()
	go func() {
		select {
		case <-f.abdicate:
			end(ErrAbdicated)
		case <-serving.Done():
		}
	}()
	err := f.api.Run(serving)
	if errors.Is(context.Cause(serving), ErrAbdicated) {
		return errors.Join(ErrAbdicated, err)
	}
	return err
}
