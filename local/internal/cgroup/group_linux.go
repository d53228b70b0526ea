package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// separator is the directory between the group of a container and those of containers within it, as in Mesos.
const separator = "mesos"

// Groups are all groups below one root.
type Groups struct {
	o      Options
	kernel kernel
}

// kernel is a version of control groups. A name is a path below the root group.
type kernel interface {
	// directories gives all that a group has, the first being the one by which it is known.
	directories(name string) []string
	// make makes what is missing of a group.
	make(name string) error
	// limit sets limits. Where the hard limit of memory was set before, it is only raised.
	limit(name string, l Limits, before bool) error
	// start calls f so that processes which it makes with attr are in the group.
	start(name string, attr *syscall.SysProcAttr, f func() error) error
	// watch opens a file that can be read once memory has run out. Where that is not certain, it may be at other times, too, and what is counted
	// tells; where it is, it is told before it is counted.
	watch(name string) (event *os.File, certain bool, err error)
	// ranOut tells whether memory has run out, by what the kernel has counted.
	ranOut(name string) bool
	// excess tells about it.
	excess(name string) Excess
	// measure adds what the group has used.
	measure(name string, s *mesos.ResourceStatistics)
}

// Open finds the control groups of this machine and makes the root. An error means that they cannot be used: there are none, not
// with these controllers, or this process may not.
func Open(o Options) (*Groups, error) {
	if o.Hierarchy == "" {
		o.Hierarchy = "/sys/fs/cgroup"
	}
	if o.Root == "" {
		o.Root = "mesos"
	}
	if !filepath.IsLocal(o.Root) {
		return nil, fmt.Errorf("cannot use control groups: %q is no path below %s", o.Root, o.Hierarchy)
	}
	k, err := find(o)
	if err == nil {
		err = k.make("")
	}
	if err != nil {
		return nil, fmt.Errorf("cannot use control groups: %w", err)
	}
	g := &Groups{o: o, kernel: k}
	g.sweep()
	return g, nil
}

// find tells which version has the controllers that are wanted. Version 1 goes first: where both are, a controller is in one of them only.
func find(o Options) (kernel, error) {
	one, err1 := newVersion1(o)
	if err1 == nil {
		return one, nil
	}
	two, err2 := newVersion2(o)
	if err2 == nil {
		return two, nil
	}
	return nil, fmt.Errorf("neither version 1 (%w) nor version 2 (%w)", err1, err2)
}

// Group is the group of that id, which may exist or not: ids of containers, joined by dots. It is made with the first process.
func (g *Groups) Group(id string) *Group {
	if g == nil {
		return nil
	}
	name := strings.ReplaceAll(id, ".", "/"+separator+"/")
	return &Group{groups: g, name: name, made: make(chan struct{}), closed: make(chan struct{})}
}

// Recover is the group of that id if there is one, and nil otherwise.
func (g *Groups) Recover(id string) *Group {
	one := g.Group(id)
	if one == nil {
		return nil
	}
	if !exists(one.String()) {
		return nil
	}
	one.limited = true
	if one.ready() != nil {
		return nil
	}
	return one
}

// old is how long a group has to be empty before it counts as forgotten: who makes one puts a process into it at once.
const old = time.Minute

// sweep removes groups that nobody came back for.
func (g *Groups) sweep() {
	for _, root := range g.kernel.directories("") {
		entries, _ := os.ReadDir(root)
		for _, e := range entries {
			if info, err := e.Info(); err == nil && e.IsDir() && time.Since(info.ModTime()) > old {
				removeEmpty(filepath.Join(root, e.Name()))
			}
		}
	}
}

// removeEmpty removes a group with those within it, from the innermost on, until one has processes.
func removeEmpty(dir string) error {
	for _, inner := range within(dir) {
		if err := os.Remove(inner); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// within gives a directory and all below it, the innermost first.
func within(dir string) []string {
	var all []string
	_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			all = append([]string{p}, all...)
		}
		return nil
	})
	return all
}

// Group is a group of processes. Its methods may be called from any goroutine, and do nothing for a nil Group, which stands for no limits.
type Group struct {
	groups *Groups
	name   string

	mu      sync.Mutex
	limits  Limits
	limited bool // the hard limit of memory was set
	event   *os.File
	certain bool          // what the event says
	made    chan struct{} // closed when it is there
	closed  chan struct{} // closed when nobody watches it any more
}

// Limit sets limits, at once or when the group is made. The hard limit of memory is never lowered: that would kill.
func (g *Group) Limit(l Limits) error {
	if g == nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limits = l
	if !done(g.made) || done(g.closed) {
		return nil
	}
	return g.apply()
}

func (g *Group) apply() error {
	if err := g.groups.kernel.limit(g.name, g.limits, g.limited); err != nil {
		return fmt.Errorf("cannot limit the group %s: %w", g, err)
	}
	g.limited = true
	return nil
}

// Start calls start, in which processes that are made with attr belong to the group from their first moment on.
func (g *Group) Start(attr *syscall.SysProcAttr, start func() error) error {
	if g == nil {
		return start()
	}
	if err := g.make(); err != nil {
		return err
	}
	return g.groups.kernel.start(g.name, attr, start)
}

// make makes the group with its limits, once.
func (g *Group) make() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case done(g.closed):
		return fmt.Errorf("the group %s was given up", g)
	case done(g.made):
		return nil
	}
	err := g.groups.kernel.make(g.name)
	if err == nil {
		err = g.apply()
	}
	if err == nil {
		err = g.ready()
	}
	if err != nil {
		return fmt.Errorf("cannot make the group %s: %w", g, err)
	}
	return nil
}

// ready begins to watch a group that is there.
func (g *Group) ready() error {
	if g.groups.o.Memory {
		event, certain, err := g.groups.kernel.watch(g.name)
		if err != nil {
			return err
		}
		g.event, g.certain = event, certain
	}
	close(g.made)
	return nil
}

// AwaitExcess waits until memory has run out, or false when the group is closed or removed.
func (g *Group) AwaitExcess() (Excess, bool) {
	if g == nil || !g.groups.o.Memory {
		return Excess{}, false
	}
	select {
	case <-g.made:
	case <-g.closed:
		return Excess{}, false
	}
	for buffer := make([]byte, 4096); ; {
		if excess, over := g.Excess(); over {
			return excess, true
		}
		if _, err := g.event.Read(buffer); err != nil || done(g.closed) || !exists(g.String()) {
			return Excess{}, false // the end of a group is an event, too
		}
		if g.certain {
			return g.groups.kernel.excess(g.name), true
		}
	}
}

// Excess tells whether memory has run out so far.
func (g *Group) Excess() (Excess, bool) {
	if g == nil || !g.groups.o.Memory || !done(g.made) || !g.groups.kernel.ranOut(g.name) {
		return Excess{}, false
	}
	return g.groups.kernel.excess(g.name), true
}

// Measure adds what the group has used, in the words of Mesos' statistics; nothing of what cannot be read.
func (g *Group) Measure(s *mesos.ResourceStatistics) {
	if g != nil && done(g.made) {
		g.groups.kernel.measure(g.name, s)
	}
}

// String is the directory by which the group is known.
func (g *Group) String() string { return g.groups.kernel.directories(g.name)[0] }

// Close ends the watch. The group stays, with its processes.
func (g *Group) Close() {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if done(g.closed) {
		return
	}
	close(g.closed)
	if g.event != nil {
		_ = g.event.Close()
	}
}

// Remove kills every process of the group, and of those within it, and removes it. It gives up after some seconds, with an error.
func (g *Group) Remove() error {
	if g == nil {
		return nil
	}
	g.Close()
	const first, last = time.Millisecond, 100 * time.Millisecond
	var failed error
	for pause, tries := first, 0; tries < 100; tries++ {
		failed = nil
		for _, dir := range g.groups.kernel.directories(g.name) {
			if err := removeEmpty(dir); err != nil {
				failed = err
				killAll(dir)
			}
		}
		if failed == nil {
			return nil
		}
		time.Sleep(pause)
		pause = min(2*pause, last)
	}
	return fmt.Errorf("cannot remove the group %s: %w", g, failed)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func done(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// base is where a controller or version has its groups.
type base string

func (b base) of(root, name string) string { return path.Join(string(b), root, name) }
