package local

import (
	"context"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/local/internal/agent"
	"github.com/ormosproject/ormos/local/internal/container"
)

// Simulated are the options of a cluster in memory whose agents launch nothing: each container lives as simulate says, for ever where that is nil. Its
// agents have resources of their own instead of the machine's.
//
// It costs no process and no port, so that it may have thousands of agents and tasks, and it works in virtual time:
//
//	synctest.Test(t, func(t *testing.T) {
//		cluster := local.RunT(t, local.Simulated(nil))
//		session := scheduler.New(scheduler.Options{Master: cluster.Master(), Dial: cluster.Dial})
//		...
//	})
func Simulated(simulate func(*Process) Life) Options {
	if simulate == nil {
		simulate = func(*Process) Life { return Life{} }
	}
	return Options{
		Network: InMemory(), Simulate: simulate,
		Resources: []string{"cpus:8;mem:16384;disk:102400;ports:[31000-32000]"},
	}
}

// simulation runs containers that are values: nothing of them is on the machine. They outlive agents as processes do, but not the cluster.
type simulation struct {
	script  func(*Process) Life
	network Network

	mu         sync.Mutex
	containers map[string]*simulated // by id, with those that have ended: an agent may come back to ask
	pid        int
	running    sync.WaitGroup // executors
}

var (
	_ agent.Containerizer = (*simulation)(nil)
	_ agent.Container     = (*simulated)(nil)
)

func newSimulation(script func(*Process) Life, network Network) *simulation {
	return &simulation{script: script, network: network, containers: map[string]*simulated{}, pid: 1000}
}

// Launch starts a container's life.
func (s *simulation) Launch(ctx context.Context, spec container.Spec) (agent.Container, error) {
	process := &Process{Command: spec.Command, Environment: spec.Env}
	life := s.script(process)
	if life.Launch > 0 {
		select {
		case <-time.After(life.Launch):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if life.Refuse != nil {
		return nil, life.Refuse
	}
	c := s.add(spec.ID, life)
	if life.Executor != nil {
		c.play(process)
	} else if life.Run > 0 {
		c.endAfter(life.Run, int32(life.ExitCode)<<8)
	}
	return c, nil
}

func (s *simulation) add(id string, life Life) *simulated {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pid++
	c := &simulated{simulation: s, life: life, pid: s.pid, done: make(chan struct{})}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	s.containers[id] = c
	return c
}

// Recover finds a container again for an agent that was started again.
func (s *simulation) Recover(id, _ string) (agent.Container, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.containers[id]
	if c == nil {
		return nil, container.ErrGone
	}
	return c, nil
}

// Close ends all containers.
func (s *simulation) Close() {
	s.mu.Lock()
	for _, c := range s.containers {
		c.end(int32(syscall.SIGKILL))
	}
	s.mu.Unlock()
	s.running.Wait()
}

// simulated is a simulated container.
type simulated struct {
	*simulation
	life   Life
	pid    int
	ctx    context.Context // of its executor
	cancel context.CancelFunc

	mu    sync.Mutex
	timer *time.Timer // its end
	conns []net.Conn  // of its executor
	ended bool        // it was told to end, or has
	exit  container.Exit
	done  chan struct{}
}

// play runs the executor's function.
func (c *simulated) play(process *Process) {
	o := executor.Options{Dial: c.dial, Kill: func() { c.end(int32(syscall.SIGKILL)) }}
	environment, err := executor.ReadEnvironment(process.Getenv)
	o.Environment = &environment
	c.running.Go(func() {
		if err == nil {
			err = c.life.Executor(c.ctx, o)
		}
		status := int32(0)
		if err != nil {
			status = 1 << 8
		}
		c.end(status)
		close(c.done)
	})
}

// dial opens a connection that ends with the container.
func (c *simulated) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := c.network.Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		conn.Close()
		return nil, errors.New("the process has ended")
	}
	c.conns = append(c.conns, conn)
	return conn, nil
}

// end ends the container with this raw wait status, unless it has ended before. An executor is gone when its function has returned.
func (c *simulated) end(status int32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return
	}
	c.ended, c.exit = true, container.Exit{Status: status}
	if c.timer != nil {
		c.timer.Stop()
	}
	for _, conn := range c.conns {
		conn.Close()
	}
	c.conns = nil
	c.cancel()
	if c.life.Executor == nil {
		close(c.done)
	}
}

// endAfter ends the container when the time has passed, whatever was to end it before.
func (c *simulated) endAfter(d time.Duration, status int32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return
	}
	if c.timer != nil {
		c.timer.Stop()
	}
	c.timer = time.AfterFunc(d, func() { c.end(status) })
}

// PID is a number that no process has.
func (c *simulated) PID() int { return c.pid }

// Done is closed when it has ended.
func (c *simulated) Done() <-chan struct{} { return c.done }

// Exit tells how it ended.
func (c *simulated) Exit() container.Exit { return c.exit }

// Signal ends it.
func (c *simulated) Signal(sig syscall.Signal) error {
	if c.life.Die > 0 && sig != syscall.SIGKILL {
		c.endAfter(c.life.Die, int32(sig))
	} else {
		c.end(int32(sig))
	}
	return nil
}

// Destroy ends it at once and waits for that.
func (c *simulated) Destroy() {
	c.end(int32(syscall.SIGKILL))
	<-c.done
}

// Usage is nothing.
func (c *simulated) Usage() container.Usage { return container.Usage{} }
