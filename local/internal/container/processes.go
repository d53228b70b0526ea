package container

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

// marker names the variable by which the processes of a container are known, wherever they went.
const marker = "ORMOS_CONTAINER"

var errClosed = errors.New("the containerizer is closed")

// Options of Processes. The zero value works.
type Options struct {
	// Logger gets what goes wrong behind the caller's back; nil is silence.
	Logger *slog.Logger
	// Keeper keeps the ends of those containers whose Spec asks for it; nil keeps none. It is to be closed after the Processes.
	Keeper *Keeper
	// CacheDir is where the fetcher keeps URIs with cache set, in a directory for each user that NewProcesses empties;
	// "" means that nothing is kept (Mesos' --fetcher_cache_dir).
	CacheDir string
	// CacheSize limits the cache, in bytes; 0 is 2 GB (Mesos' --fetcher_cache_size).
	CacheSize int64
	// StallTimeout ends a download of which nothing came for so long; 0 is a minute (Mesos' --fetcher_stall_timeout).
	StallTimeout time.Duration
	// MaxExtractedBytes and MaxExtractedEntries limit what the archives of one launch may hold; 0 is 64 GB and a million.
	MaxExtractedBytes   int64
	MaxExtractedEntries int
}

// Processes launches containers as processes.
type Processes struct {
	log     *slog.Logger
	walker  walker
	keeper  *Keeper
	boot    string // this run of the machine
	fetcher *fetcher

	mu      sync.Mutex
	closed  bool
	stop    chan struct{}
	running map[int][]*Container // by pid: several when one of them was recovered while the first is still watched
	watches sync.WaitGroup
}

// NewProcesses makes a launcher. An error means that the cache's directory is not usable.
func NewProcesses(o Options) (*Processes, error) {
	log := o.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	fetcher, err := newFetcher(o)
	if err != nil {
		return nil, err
	}
	return &Processes{log: log, keeper: o.Keeper, boot: bootID(), fetcher: fetcher, stop: make(chan struct{}), running: map[int][]*Container{}}, nil
}

// Close stops watching the containers, which run on: their Done is not closed any more, and nothing is written to their
// checkpoints. What Close leaves, other Processes may Recover, in this process or in another.
func (p *Processes) Close() {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.stop)
		for _, all := range p.running {
			for _, c := range all {
				c.system.close()
			}
		}
	}
	p.mu.Unlock()
	p.watches.Wait()
	p.fetcher.close()
}

// Launch fetches the command's URIs into the sandbox and starts the command there, its output appended to the files
// stdout and stderr. ctx ends the fetching. Errors are a *FetchError, a *LaunchError, or of the file system.
func (p *Processes) Launch(ctx context.Context, s Spec) (*Container, error) {
	who, err := credential(s.User)
	if err != nil {
		return nil, &LaunchError{Command: s.Command.GetValue(), Err: err}
	}
	if err := p.prepare(ctx, s, who); err != nil {
		return nil, err
	}
	if s.Fetched != nil {
		s.Fetched()
	}
	pid, sys, err := start(s, who)
	if err != nil {
		return nil, err
	}
	c := p.container(s.ID, pid, sys, true)
	c.start = startTime(pid)
	c.checkpoint = s.Checkpoint
	var failed error
	if s.Checkpoint != "" {
		failed = p.checkpoint(c, s.Keep)
	}
	if err := p.adopt(c); err != nil {
		failed = err
	}
	if failed != nil {
		c.Destroy()
		return nil, fmt.Errorf("cannot launch container %s: %w", s.ID, failed)
	}
	return c, nil
}

// checkpoint writes down what Recover needs of a container that was launched.
func (p *Processes) checkpoint(c *Container, keep bool) error {
	i := identity{PID: c.pid, Start: c.start, Boot: p.boot}
	if keep {
		keeper, err := p.keeper.hold(c.checkpoint, i, c.system)
		p.logFailure(err, c)
		i.Keeper, c.kept = keeper, keeper != keeperID{}
	}
	return writeIdentity(c.checkpoint, i)
}

func (p *Processes) container(id string, pid int, sys system, child bool) *Container {
	return &Container{
		processes: p, id: id, pid: pid, system: sys, child: child,
		stop: p.stop, done: make(chan struct{}),
	}
}

// prepare makes the sandbox ready for the command.
func (p *Processes) prepare(ctx context.Context, s Spec, who *syscall.Credential) error {
	p.mu.Lock()
	closed := p.closed
	p.mu.Unlock()
	if closed {
		return errClosed
	}
	if who != nil {
		if err := os.Lchown(s.Sandbox, int(who.Uid), int(who.Gid)); err != nil {
			return fmt.Errorf("cannot give the sandbox to its user: %w", err)
		}
	}
	if err := p.fetcher.fetchAll(ctx, s, who); err != nil {
		return err
	}
	return ctx.Err()
}

// adopt starts to watch c.
func (p *Processes) adopt(c *Container) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running[c.pid] = append(p.running[c.pid], c)
	p.watches.Add(1)
	go func() {
		defer p.watches.Done()
		c.watch()
		c.system.close()
		p.mu.Lock()
		others := slices.DeleteFunc(p.running[c.pid], func(other *Container) bool { return other == c })
		if p.running[c.pid] = others; len(others) == 0 {
			delete(p.running, c.pid)
		}
		p.mu.Unlock()
	}()
	if p.closed {
		return errClosed
	}
	return nil
}

func (p *Processes) logFailure(err error, c *Container) {
	if err != nil {
		p.log.Error("container", "container", c.id, "error", err)
	}
}
