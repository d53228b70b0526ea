package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/ormosproject/ormos/local/internal/agent"
	"github.com/ormosproject/ormos/local/internal/container"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/local/internal/master"
)

// Cluster is a running master with its agents.
//
//	Start -> running -> Stop, the end of Start's context, or a failure -> ended (Wait returns)
type Cluster struct {
	settings
	lock            *os.File
	listeners       []net.Listener // the master's, then each agent's
	master          atomic.Pointer[master.Master]
	agents          []*agent.Agent
	containers      agent.Containerizer
	closeContainers func()
	cancel          context.CancelFunc
	done            chan struct{}
	err             error // what Wait returns; set before done is closed
}

// Start starts a cluster that lives until Stop is called or ctx ends. When it returns, master and agents answer
// requests; agents may still be about to recover (until then they answer 503, as Mesos' do) and to register. It fails when a port is taken, a text of resources or attributes
// cannot be read, or the WorkDir cannot be used or is used by another cluster.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	s, err := o.read()
	if err != nil {
		return nil, err
	}
	c := &Cluster{settings: s, done: make(chan struct{})}
	if err := c.prepare(); err != nil {
		c.release()
		return nil, err
	}
	ctx, c.cancel = context.WithCancel(ctx)
	go func() {
		defer close(c.done)
		c.err = c.run(ctx)
		c.release()
	}()
	return c, nil
}

// Stop ends the cluster and waits for its end: executors of an ephemeral cluster are shut down first.
func (c *Cluster) Stop() error {
	c.cancel()
	return c.Wait()
}

// Wait waits for the cluster's end. The error is nil after Stop or the end of Start's context.
func (c *Cluster) Wait() error {
	<-c.done
	return c.err
}

// Master is the master's address, host:port.
func (c *Cluster) Master() string { return c.listeners[0].Addr().String() }

// Agents are the agents' addresses, host:port.
func (c *Cluster) Agents() []string {
	var all []string
	for _, l := range c.listeners[1:] {
		all = append(all, l.Addr().String())
	}
	return all
}

// WorkDir is where registry, sandboxes and checkpoints are.
func (c *Cluster) WorkDir() string { return c.settings.WorkDir }

// prepare acquires what can be refused: the work dir, the ports and what master and agents need of them.
func (c *Cluster) prepare() (err error) {
	if c.lock, err = c.openWorkDir(); err != nil {
		return err
	}
	if err := c.listen(); err != nil {
		return err
	}
	if err := c.newMaster(); err != nil {
		return err
	}
	if err := c.newContainers(); err != nil {
		return err
	}
	for i := range c.settings.Agents {
		if err := c.newAgent(i); err != nil {
			return err
		}
	}
	return nil
}

// newContainers makes what runs all agents' containers: as processes, or as values.
func (c *Cluster) newContainers() error {
	if c.Simulate != nil {
		s := newSimulation(c.Simulate, c.Network)
		c.containers, c.closeContainers = s, s.Close
		return nil
	}
	p, err := container.NewProcesses(container.Options{Logger: c.Logger, CacheDir: filepath.Join(c.WorkDir(), "fetch")})
	if err != nil {
		return err
	}
	c.containers, c.closeContainers = agent.NewContainerizer(p), p.Close
	return nil
}

func (c *Cluster) listen() error {
	for i := range 1 + c.settings.Agents {
		port, option := c.Port, "another port"
		if i > 0 {
			port, option = c.AgentPort, "another agent port"
			if port != 0 {
				port += i - 1
			}
		}
		listener, err := c.Network.Listen(context.Background(), "tcp", net.JoinHostPort(c.IP, strconv.Itoa(port)))
		if err != nil {
			return fmt.Errorf("cannot listen (choose %s, or 0 for any): %w", option, err)
		}
		c.listeners = append(c.listeners, listener)
	}
	return nil
}

func (c *Cluster) address(listener net.Listener) link.Address {
	return link.Address{Hostname: c.Hostname, IP: c.IP, Port: listener.Addr().(*net.TCPAddr).Port}
}

func (c *Cluster) newMaster() error {
	o := master.Options{
		Address: c.address(c.listeners[0]), Credentials: c.Credentials, ACLs: c.ACLs, Contend: c.election != nil,
		Logger: c.Logger.With("daemon", "master"), Flags: c.masterFlags,
	}
	if !c.ephemeral {
		o.WorkDir = filepath.Join(c.WorkDir(), "master")
	}
	m, err := master.New(o)
	if err != nil {
		return err
	}
	c.master.Store(m)
	return nil
}

func (c *Cluster) newAgent(i int) error {
	dir := filepath.Join(c.WorkDir(), "agent"+strconv.Itoa(i))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("cannot make the work dir of agent %d: %w", i, err)
	}
	resources, err := agent.Detect(c.resources[i], dir)
	if err != nil {
		return err
	}
	a, err := agent.New(agent.Options{
		Address: c.address(c.listeners[1+i]), WorkDir: dir, Resources: resources, Attributes: c.attributes[i],
		Master: dialer{c}, Containerizer: c.containers, Credentials: c.master.Load().Credentials(),
		DestroyOnStop: c.ephemeral, Flags: c.agentFlags, Logger: c.Logger.With("daemon", "agent"+strconv.Itoa(i)),
	})
	c.agents = append(c.agents, a)
	return err
}

// dialer connects agents to whichever master the cluster has at the time.
type dialer struct{ *Cluster }

func (d dialer) Dial(peer link.Peer, gone func()) (link.Peer, func(), error) {
	return d.master.Load().Dial(peer, gone)
}

// run runs everything until ctx ends or something fails: the agents end first, since executors speak to them and they
// to the master until their end.
func (c *Cluster) run(ctx context.Context) error {
	below, stopBelow := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBelow()
	services, failing := errgroup.WithContext(below)
	services.Go(func() error {
		return serve(failing, c.listeners[0], func(w http.ResponseWriter, r *http.Request) { c.master.Load().ServeHTTP(w, r) })
	})
	for i, a := range c.agents {
		services.Go(func() error { return serve(failing, c.listeners[1+i], a.ServeHTTP) })
	}
	services.Go(func() error { return c.runMaster(failing) })

	above, stopAbove := context.WithCancel(ctx)
	defer context.AfterFunc(failing, stopAbove)()
	agents, ending := errgroup.WithContext(above)
	for _, a := range c.agents {
		agents.Go(func() error { return c.runAgent(ending, a) })
	}
	<-ending.Done()
	err := agents.Wait()
	stopAbove()
	stopBelow()
	return errors.Join(err, services.Wait())
}

// runAgent runs an agent. One that the master removes ends for itself, as its process would; its address goes on answering.
func (c *Cluster) runAgent(ctx context.Context, a *agent.Agent) error {
	err := a.Run(ctx)
	if errors.Is(err, agent.ErrShutdown) {
		c.Logger.Warn("an agent has ended", "error", err)
		return nil
	}
	return err
}

// serve serves HTTP until ctx ends. There is no limit of the time until a request comes: frameworks and executors keep a connection at
// hand for their calls, and take its end for that of the master or agent.
func serve(ctx context.Context, listener net.Listener, handler http.HandlerFunc) error {
	var connections sync.WaitGroup
	defer connections.Wait()
	server := &http.Server{Handler: handler, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	server.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			connections.Add(1)
		case http.StateClosed, http.StateHijacked:
			connections.Done()
		}
	}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("cannot serve %s: %w", listener.Addr(), err)
	}
	return nil
}

// release gives back what prepare acquired.
func (c *Cluster) release() {
	for _, l := range c.listeners {
		l.Close()
	}
	if c.closeContainers != nil {
		c.closeContainers()
	}
	if c.lock == nil {
		return
	}
	if c.ephemeral {
		if err := os.RemoveAll(c.WorkDir()); err != nil {
			c.Logger.Warn("cannot remove the work dir", "error", err)
		}
	}
	c.lock.Close()
}
