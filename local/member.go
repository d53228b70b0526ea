package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"

	"github.com/ormosproject/ormos/local/internal/agent"
	"github.com/ormosproject/ormos/local/internal/container"
)

// member is an agent's place in the cluster: where Mesos runs, the agent is a process of its own, which can be ended and started again.
// Its methods are called by one at a time, those of the Containerizer apart.
//
//	prepared -> running <-> frozen
//	   ^           |          |
//	   +--------- ended <-----+
type member struct {
	cluster  *Cluster
	index    int
	listener net.Listener // also while the agent is ended: nobody else shall be given its port
	server   *server
	agent    *agent.Agent
	serving  atomic.Pointer[agent.Agent] // who answers requests; nil while it is ended
	stop     context.CancelFunc
	done     chan struct{} // closed when the agent's Run has returned; nil before it was started

	containers agent.Containerizer
	letGo      func()                      // of containers
	fetched    func() container.FetchStats // nil where nothing is fetched

	fault string                        // what was done to it, "" for nothing
	thaw  func()                        // nil unless it is frozen
	gate  atomic.Pointer[chan struct{}] // at which requests wait while it is frozen
	full  atomic.Bool                   // its disk, it believes
}

var _ agent.Containerizer = (*member)(nil)

// alive tells whether the agent runs.
func (m *member) alive() bool {
	if m.done == nil {
		return false
	}
	select {
	case <-m.done:
		return false
	default:
		return true
	}
}

// prepare acquires what an agent needs of its work dir.
func (m *member) prepare() error {
	c := m.cluster
	if err := os.MkdirAll(m.workDir(), 0o755); err != nil {
		return fmt.Errorf("cannot make the work dir of agent %d: %w", m.index, err)
	}
	resources, err := agent.Detect(c.resources[m.index], m.workDir())
	if err != nil {
		return err
	}
	if err := m.newContainers(); err != nil {
		return err
	}
	m.agent, err = agent.New(agent.Options{
		Address: c.location(m.listener), WorkDir: m.workDir(), Resources: resources, Attributes: c.attributes[m.index],
		Master: dialer{c}, Containerizer: m, FetchStats: m.fetched, Credentials: c.credentials, CAFile: c.encryption.ca, DiskFull: m.full.Load,
		DestroyOnStop: c.ephemeral, Flags: c.agentFlags, Logger: c.Logger.With("daemon", "agent"+strconv.Itoa(m.index)),
	})
	return err
}

func (m *member) workDir() string {
	return filepath.Join(m.cluster.WorkDir(), "agent"+strconv.Itoa(m.index))
}

// newContainers makes what runs the agent's containers: as processes, or as values. Each start has its own: of two that watch one process
// only one would hear how it ended.
func (m *member) newContainers() error {
	c := m.cluster
	if c.simulation != nil {
		m.containers, m.letGo = c.simulation, func() {}
		return nil
	}
	cache := filepath.Join(c.WorkDir(), "fetch", "agent"+strconv.Itoa(m.index))
	p, err := container.NewProcesses(container.Options{Logger: c.Logger, CacheDir: cache, Keeper: c.keeper})
	if err != nil {
		return err
	}
	m.containers, m.letGo, m.fetched = agent.NewContainerizer(p), p.Close, p.FetchStats
	return nil
}

// Launch launches a container, where there is room for its sandbox.
func (m *member) Launch(ctx context.Context, s container.Spec) (agent.Container, error) {
	if m.full.Load() {
		return nil, fmt.Errorf("cannot make the sandbox: %w", syscall.ENOSPC)
	}
	return m.containers.Launch(ctx, s)
}

// Recover adopts a container of before.
func (m *member) Recover(id, checkpoint string) (agent.Container, error) {
	return m.containers.Recover(id, checkpoint)
}

// start runs what was prepared.
func (m *member) start() {
	ctx, stop := context.WithCancel(context.Background())
	a, done := m.agent, make(chan struct{})
	m.stop, m.done, m.fault = stop, done, ""
	m.serving.Store(a)
	go func() {
		defer close(done)
		err := a.Run(ctx)
		if errors.Is(err, agent.ErrShutdown) {
			// One that the master removes ends for itself, as its process would; its address goes on answering.
			m.cluster.Logger.Warn("an agent has ended", "agent", m.index, "error", err)
			return
		}
		m.cluster.fail(err)
	}()
}

// serveHTTP serves the agent's address. Where it is ended connections are cut off.
func (m *member) serveHTTP(w http.ResponseWriter, r *http.Request) {
	m.wait(r)
	if a := m.serving.Load(); a != nil {
		a.ServeHTTP(w, r)
		return
	}
	sever(connectionOf(r)) // what net/http answers now nobody hears
}

// wait holds a request back while the agent is frozen.
func (m *member) wait(r *http.Request) {
	if gate := m.gate.Load(); gate != nil {
		select {
		case <-*gate:
		case <-r.Context().Done():
		}
	}
}

// freeze stops the agent as SIGSTOP does.
func (m *member) freeze() {
	gate := make(chan struct{})
	m.gate.Store(&gate)
	wake := m.agent.Freeze()
	m.thaw = func() {
		wake()
		m.gate.Store(nil)
		close(gate)
		m.thaw = nil
	}
}

// end has the agent end in the way that how starts, waits for that, and lets go of everything.
func (m *member) end(how func()) {
	how()
	if m.thaw != nil {
		m.thaw()
	}
	<-m.done
	m.release()
}

// kill ends the agent as SIGKILL does.
func (m *member) kill() {
	m.end(func() {
		m.disconnect()
		m.agent.Kill()
	})
}

// disconnect ends all that the agent is connected to.
func (m *member) disconnect() {
	m.serving.Store(nil)
	m.server.cut(func(net.Conn, string) bool { return true })
}

// release lets go of what an agent had that does not run any more.
func (m *member) release() {
	if m.done != nil {
		m.stop()
		m.disconnect()
	}
	if m.letGo != nil {
		m.letGo()
	}
	m.letGo, m.done = nil, nil
}

// destroyLeftovers ends what runs yet of an agent that was ended before its cluster.
func (m *member) destroyLeftovers() error {
	if err := m.newContainers(); err != nil {
		return err
	}
	defer m.letGo()
	return agent.DestroyLeftovers(m.workDir(), m.containers, m.cluster.agentFlags)
}
