package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/ormosproject/ormos/local/internal/container"
	"github.com/ormosproject/ormos/local/internal/daemon"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/local/internal/master"
)

// Cluster is a running master with its agents.
//
//	Start -> running -> Stop, the end of Start's context, or a failure -> ended (Wait returns)
type Cluster struct {
	settings
	lock        *os.File
	listener    net.Listener // the master's
	server      *server
	master      atomic.Pointer[master.Master] // nil while it is killed
	lastMaster  *master.Master                // the last that there was
	stopMaster  context.CancelFunc
	masterDone  chan struct{}
	credentials daemon.Credentials
	simulation  *simulation // nil where containers are processes
	updates     updates
	keeper      *container.Keeper // nil where nothing is kept

	turn   turn // of whoever does something to daemons
	agents []*member
	ending bool

	cancel   context.CancelFunc
	done     chan struct{}
	failures failures
	err      error // what Wait returns; set before done is closed
}

// failures are why the cluster cannot go on.
type failures struct {
	mu  sync.Mutex
	all []error
}

// Start starts a cluster that lives until Stop is called or ctx ends. When it returns, master and agents answer
// requests; agents may still be about to recover (until then they answer 503, as Mesos' do) and to register. It fails when a port is taken, a text of resources or attributes
// cannot be read, or the WorkDir cannot be used or is used by another cluster.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	s, err := o.read()
	if err != nil {
		return nil, err
	}
	c := &Cluster{settings: s, turn: newTurn(), done: make(chan struct{})}
	if err := c.prepare(); err != nil {
		c.release()
		return nil, err
	}
	ctx, c.cancel = context.WithCancel(ctx)
	c.start()
	go func() {
		defer close(c.done)
		<-ctx.Done()
		c.err = c.end()
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
func (c *Cluster) Master() string { return c.listener.Addr().String() }

// Agents are the agents' addresses, host:port.
func (c *Cluster) Agents() []string {
	var all []string
	for _, m := range c.agents {
		all = append(all, m.listener.Addr().String())
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
	if c.listener, err = c.listen(c.Port, "another port"); err != nil {
		return err
	}
	m, err := c.newMaster()
	if err != nil {
		return err
	}
	c.credentials = m.Credentials()
	if c.Simulate != nil {
		c.simulation = newSimulation(c.Simulate, c.Network)
	}
	if len(c.Keeper) > 0 && !c.ephemeral {
		c.keeper = container.NewKeeper(c.Keeper...)
	}
	for i := range c.settings.Agents {
		m := &member{cluster: c, index: i}
		c.agents = append(c.agents, m)
		if m.listener, err = c.listen(c.agentPort(i), "another agent port"); err != nil {
			return err
		}
		if err := m.prepare(); err != nil {
			return err
		}
	}
	return nil
}

// agentPort is the port that agent i asks for, 0 for any.
func (c *Cluster) agentPort(i int) int {
	if c.AgentPort == 0 {
		return 0
	}
	return c.AgentPort + i
}

func (c *Cluster) listen(port int, option string) (net.Listener, error) {
	listener, err := c.Network.Listen(context.Background(), "tcp", net.JoinHostPort(c.IP, strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("cannot listen (choose %s, or 0 for any): %w", option, err)
	}
	return listener, nil
}

func (c *Cluster) location(listener net.Listener) link.Address {
	return link.Address{Hostname: c.Hostname, IP: c.IP, Port: listener.Addr().(*net.TCPAddr).Port, TLS: c.encryption.config != nil}
}

// newMaster makes the master that the cluster has from now on.
func (c *Cluster) newMaster() (*master.Master, error) {
	o := master.Options{
		Address: c.location(c.listener), Credentials: c.Credentials, ACLs: c.ACLs, Contend: c.election != nil, After: c.lastMaster,
		Logger: c.Logger.With("daemon", "master"), Flags: c.masterFlags,
	}
	if !c.ephemeral {
		o.WorkDir = filepath.Join(c.WorkDir(), "master")
	}
	m, err := master.New(o)
	if err != nil {
		return nil, err
	}
	c.master.Store(m)
	c.lastMaster = m
	return m, nil
}

// errNoMaster is what an agent gets that dials a master which was killed.
var errNoMaster = errors.New("cannot connect: there is no master")

// dialer connects agents to whichever master the cluster has at the time.
type dialer struct{ *Cluster }

func (d dialer) Dial(peer link.Peer, gone func()) (link.Peer, func(), error) {
	m := d.master.Load()
	if m == nil {
		return nil, nil, errNoMaster
	}
	to, hangUp, err := m.Dial(peer, gone)
	if err != nil {
		return nil, nil, err
	}
	return tapped{to, &d.updates}, hangUp, nil
}

// start starts what was prepared.
func (c *Cluster) start() {
	c.server = serve(c.encryption.over(c.listener), c.serveHTTP, c.fail)
	c.startMaster(c.master.Load())
	for _, m := range c.agents {
		m.server = serve(c.encryption.over(m.listener), m.serveHTTP, c.fail)
		m.start()
	}
}

// fail ends the cluster because of an error, if it is one.
func (c *Cluster) fail(err error) {
	if err == nil {
		return
	}
	c.failures.mu.Lock()
	c.failures.all = append(c.failures.all, err)
	c.failures.mu.Unlock()
	c.cancel()
}

// end ends everything: the agents first, since executors speak to them and they to the master until their end.
func (c *Cluster) end() error {
	c.turn.Lock()
	defer c.turn.Unlock()
	c.ending = true
	var stopping sync.WaitGroup
	for _, m := range c.agents {
		if m.done != nil {
			stopping.Go(func() { m.end(m.stop) })
		} else if c.ephemeral {
			stopping.Go(func() { c.fail(m.destroyLeftovers()) })
		}
	}
	stopping.Wait()
	for _, m := range c.agents {
		m.server.close()
	}
	c.endMaster()
	c.server.close()
	c.failures.mu.Lock()
	defer c.failures.mu.Unlock()
	return errors.Join(c.failures.all...)
}

// release gives back what prepare acquired.
func (c *Cluster) release() {
	c.updates.set(rule{})
	for _, m := range c.agents {
		m.release()
		if m.listener != nil {
			m.listener.Close()
		}
	}
	if c.keeper != nil {
		c.keeper.Close()
	}
	if c.listener != nil {
		c.listener.Close()
	}
	if c.simulation != nil {
		c.simulation.Close()
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
