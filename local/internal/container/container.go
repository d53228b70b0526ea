package container

import (
	"os"
	"sync"
	"syscall"

	"github.com/ormosproject/ormos/local/internal/cgroup"
	"github.com/ormosproject/ormos/mesos"
)

// Spec is what Launch needs to know of a container.
type Spec struct {
	// ID is the container's id, which no other container on the machine has: a UUID, or several joined by dots.
	ID string
	// Sandbox is the directory in which the command runs. It exists already.
	Sandbox string
	// Command says what to fetch and what to run. Its Environment and User are not looked at: Env and User hold.
	Command mesos.CommandInfo
	// User is the name of the user that owns the sandbox and runs the command; "" is the agent's own. An agent that is
	// not root runs everything as itself, as a Mesos agent with --no-switch_user.
	User string
	// Env is the complete environment, each entry KEY=VALUE. Launch adds ORMOS_CONTAINER.
	Env []string
	// Group is the control group in which the command is started, nil for none.
	Group *cgroup.Group
	// Within is the id of the container whose processes these count among as well, for what has no life of its own; "" for none.
	Within string
	// ToStderr sends what the command prints on stdout to the file stderr, too.
	ToStderr bool
	// Streams are stdin, stdout and stderr in place of files in the sandbox, open; nil for those. They stay the caller's to close.
	Streams []*os.File
	// Terminal says that Streams are a terminal, which becomes the command's own.
	Terminal bool
	// Fetched, if set, is called once when everything is there that the command needs, just before it is started.
	Fetched func()
	// Checkpoint is "" or a directory (made when it is missing) where Launch writes what Recover needs.
	Checkpoint string
	// Keep says that the end of the container is to be known although nobody runs then who would Recover it, see Keeper.
	Keep bool
}

// Exit is how a container ended.
type Exit struct {
	// Status is the raw status of wait(2): 15 for a command that SIGTERM killed, 256 for one that exited with 1;
	// -1 when nobody could know it (see the package's comment).
	Status int32
}

// Container is a running process and its descendants. All methods may be called from any goroutine.
type Container struct {
	processes  *Processes
	id         string
	pid        int
	start      uint64 // in clock ticks since boot; 0 where the system does not tell
	child      bool   // whether we can wait for the process
	checkpoint string
	kept       bool // by the keeper, of which one tells it when the end is known
	stop       chan struct{}
	system     system // what waiting needs on this system

	mu       sync.Mutex
	released bool // the pid may by now be another's
	done     chan struct{}
	exit     Exit
}

// PID is the process id of the command itself, which is its session and its process group too.
func (c *Container) PID() int { return c.pid }

// ID is the container's id.
func (c *Container) ID() string { return c.id }

// Done is closed when the command has ended and nothing of what descends from it is left.
func (c *Container) Done() <-chan struct{} { return c.done }

// Exit tells how the command ended. It may be called after Done was closed.
func (c *Container) Exit() Exit { return c.exit }

// Signal sends sig to every process of the container, once to each. It is nil when the container has ended already.
func (c *Container) Signal(sig syscall.Signal) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.released {
		return nil
	}
	return c.signalTree(sig)
}

// Destroy kills every process of the container with SIGKILL and returns when none is left and Done is closed, also after
// the Processes were closed.
func (c *Container) Destroy() {
	c.mu.Lock()
	if !c.released {
		c.killTree()
	}
	c.mu.Unlock()
	select {
	case <-c.done:
	case <-c.stop: // nobody watches any more
		c.mu.Lock()
		defer c.mu.Unlock()
		c.finish()
	}
}

// watch waits for the end of the command, and tells it.
func (c *Container) watch() {
	if !c.awaitEnd() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.finish()
}

// finish kills what the ended command left behind, and tells the end. The caller has locked c.
func (c *Container) finish() {
	if c.released {
		return
	}
	c.sweep()
	c.exit = Exit{Status: c.reap()}
	c.released = true
	if c.checkpoint != "" && c.exit.Status >= 0 {
		c.processes.logFailure(writeExit(c.checkpoint, c.exit), c)
	}
	if c.kept {
		c.processes.keeper.drop(c.checkpoint, identity{PID: c.pid, Start: c.start})
	}
	close(c.done)
}
