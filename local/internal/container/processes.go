package container

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// marker names the variable by which the processes of a container are known, wherever they went.
const marker = "ORMOS_CONTAINER"

var errClosed = errors.New("the containerizer is closed")

// Options of Processes. The zero value works.
type Options struct {
	// Logger gets what goes wrong behind the caller's back; nil is silence.
	Logger *slog.Logger
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
	fetcher *fetcher

	mu      sync.Mutex
	closed  bool
	stop    chan struct{}
	running map[int]*Container // by pid
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
	return &Processes{log: log, fetcher: fetcher, stop: make(chan struct{}), running: map[int]*Container{}}, nil
}

// Close stops watching the containers, which run on: their Done is not closed any more, and nothing is written to their
// checkpoints. What Close leaves, other Processes may Recover, in this process or in another.
func (p *Processes) Close() {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.stop)
		for _, c := range p.running {
			c.system.close()
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
	pid, sys, err := start(s, who)
	if err != nil {
		return nil, err
	}
	c := p.container(s.ID, pid, sys, true)
	c.start = startTime(pid)
	c.checkpoint = s.Checkpoint
	var failed error
	if s.Checkpoint != "" {
		failed = writeIdentity(s.Checkpoint, identity{PID: pid, Start: c.start, Boot: bootID()})
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
	p.running[c.pid] = c
	p.watches.Add(1)
	go func() {
		defer p.watches.Done()
		c.watch()
		c.system.close()
		p.mu.Lock()
		if p.running[c.pid] == c {
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

// start forks and executes the command of s.
func start(s Spec, who *syscall.Credential) (int, system, error) {
	files, err := openStreams(s.Sandbox, who)
	if err != nil {
		return 0, system{}, err
	}
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	env := withMarker(s.Env, s.ID)
	path, argv, err := commandLine(s.Command, s.Sandbox, env)
	if err != nil {
		return 0, system{}, &LaunchError{Command: s.Command.GetValue(), Err: err}
	}
	pidfd := -1
	attr := syscall.ProcAttr{
		Dir:   s.Sandbox,
		Env:   env,
		Files: []uintptr{files[0].Fd(), files[1].Fd(), files[2].Fd()},
		Sys:   sysProcAttr(who, &pidfd),
	}
	pid, err := syscall.ForkExec(path, argv, &attr)
	if errors.Is(err, syscall.ENOEXEC) && isText(path, s.Sandbox) {
		// As execvp does, and so Mesos: a script that does not name its interpreter is the shell's.
		pid, err = syscall.ForkExec("/bin/sh", append([]string{"sh", path}, argv[1:]...), &attr)
	}
	if err != nil {
		return 0, system{}, &LaunchError{Command: path, URI: fetchedFrom(s.Command.URIs, path), Err: err}
	}
	return pid, newSystem(pidfd), nil
}

// fetchedFrom is the URI that brought an executable; "" when none did.
func fetchedFrom(uris []mesos.CommandInfoURI, executable string) string {
	for _, uri := range uris {
		if name, err := target(uri); err == nil && name == filepath.Clean(executable) {
			return redact(uri.Value)
		}
	}
	return ""
}

// commandLine is what to execute: the shell with the value, or the value with the arguments as its whole argv.
func commandLine(c mesos.CommandInfo, sandbox string, env []string) (path string, argv []string, err error) {
	if c.GetShell() {
		return "/bin/sh", []string{"sh", "-c", c.GetValue()}, nil
	}
	argv = c.Arguments
	if len(argv) == 0 {
		argv = []string{c.GetValue()}
	}
	path, err = lookPath(c.GetValue(), sandbox, env)
	return path, argv, err
}

// lookPath finds an executable in the PATH of env, as execvp does; names with a slash are taken as they are.
func lookPath(name, sandbox string, env []string) (string, error) {
	if strings.Contains(name, "/") || name == "" {
		return name, nil
	}
	path := "/usr/local/bin:/usr/bin:/bin"
	for _, e := range env {
		if v, ok := strings.CutPrefix(e, "PATH="); ok {
			path = v
		}
	}
	for _, dir := range filepath.SplitList(path) {
		file := filepath.Join(dir, name)
		if !filepath.IsAbs(file) {
			file = filepath.Join(sandbox, file)
		}
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", exec.ErrNotFound
}

// withMarker is a copy of env that tells id, and nothing else, as the container's.
func withMarker(env []string, id string) []string {
	out := make([]string, 1, len(env)+1)
	out[0] = marker + "=" + id
	for _, e := range env {
		if !strings.HasPrefix(e, marker+"=") {
			out = append(out, e)
		}
	}
	return out
}

// isText tells whether a file's beginning may be a script.
func isText(path, sandbox string) bool {
	if !filepath.IsAbs(path) {
		path = filepath.Join(sandbox, path)
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var head [512]byte
	n, err := f.Read(head[:])
	return err == nil && !strings.Contains(string(head[:n]), "\x00")
}

// openStreams opens stdin, stdout and stderr of a command.
func openStreams(sandbox string, who *syscall.Credential) (files []*os.File, err error) {
	defer func() {
		if err != nil {
			for _, f := range files {
				f.Close()
			}
			err = fmt.Errorf("cannot open the command's output: %w", err)
		}
	}()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	files = append(files, null)
	for _, name := range []string{"stdout", "stderr"} {
		// NOFOLLOW: what was fetched must not lead the output elsewhere.
		f, err := os.OpenFile(filepath.Join(sandbox, name), os.O_WRONLY|os.O_CREATE|os.O_APPEND|syscall.O_NOFOLLOW, 0o644)
		if err != nil {
			return files, err
		}
		files = append(files, f)
		if who != nil {
			if err := f.Chown(int(who.Uid), int(who.Gid)); err != nil {
				return files, err
			}
		}
	}
	return files, nil
}
