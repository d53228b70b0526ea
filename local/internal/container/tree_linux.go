package container

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// table reads the process table. What started before all running containers is in none of them, and sessions of running
// containers need no look at the environments in them.
func (p *Processes) table() *table { return p.walker.take(p.unknown) }

// unknown returns a filter of processes whose container, if they are in one, only their environment tells.
func (p *Processes) unknown() func(proc) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	oldest := ^uint64(0)
	for _, all := range p.running {
		oldest = min(oldest, all[0].start)
	}
	return func(q proc) bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return q.start >= oldest && p.running[q.session] == nil
	}
}

// members returns the processes of c that live. Its number is nobody else's for as long as somebody is in its session or group, also
// without the process itself.
func (c *Container) members(t *table) []proc {
	root := c.pid
	if p, ok := t.procs[c.pid]; ok && p.start != c.start {
		root = 0 // the number is another's by now
	}
	return t.tree(root, c.id)
}

// held tells whether the pid, and with it the number of the group, cannot be another's: it is our child and nobody has
// waited for it (other Processes do, when they have recovered it).
func (c *Container) held() bool { return c.child && startTime(c.pid) == c.start }

// signalTree sends sig to the group at once, and then to whoever left it.
func (c *Container) signalTree(sig syscall.Signal) error {
	var failed error
	told, held := map[int]uint64{}, c.held()
	if held {
		if err := syscall.Kill(-c.pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			failed = err
		}
	}
	for {
		news := 0
		for _, p := range c.members(c.processes.table()) {
			if held && p.group == c.pid || told[p.pid] == p.start {
				continue
			}
			told[p.pid] = p.start
			news++
			if err := kill(p, sig); err != nil {
				failed = err
			}
		}
		if news == 0 {
			break
		}
	}
	if failed != nil {
		return fmt.Errorf("cannot signal container %s: %w", c.id, failed)
	}
	return nil
}

// sweep kills what an ended command left behind.
func (c *Container) sweep() {
	if c.held() {
		_ = syscall.Kill(-c.pid, syscall.SIGKILL)
	}
	left := killAll(func() []proc {
		t := c.processes.table()
		return append(c.members(t), t.living(c.system.killed)...)
	})
	if left > 0 {
		c.processes.logFailure(fmt.Errorf("cannot kill %d processes", left), c)
	}
}

// killTree kills all processes; sweep kills what they could start in the meantime. While the command's group stands
// still, whoever left it is still known by its parent; once the group is dead, only by the marker.
func (c *Container) killTree() {
	held := c.held()
	if held {
		_ = syscall.Kill(-c.pid, syscall.SIGSTOP)
	}
	c.system.killed = c.members(c.processes.table())
	for _, p := range c.system.killed {
		if !held || p.group != c.pid {
			_ = kill(p, syscall.SIGKILL)
		}
	}
	if held {
		_ = syscall.Kill(-c.pid, syscall.SIGKILL)
	}
}

// killLeftovers kills what a container that has ended left behind.
func (p *Processes) killLeftovers(id string) {
	everything := func(proc) bool { return true } // it is not among the running ones
	killAll(func() []proc { return readTable(everything).tree(0, id) })
}

// killAll kills what members returns until it returns none. Whoever forks must be found again, and a killed process
// takes a moment to die: the youngest is killed first, which is the one that forks where each makes the next and waits, and while there are
// new ones nothing is waited for. It gives up after some 10 s (a process in uninterruptible sleep), and skips those that belong
// to somebody else; it returns how many remain.
func killAll(members func() []proc) int {
	const first = 500 * time.Microsecond
	pause, youngest := first, uint64(0)
	for range 400 {
		left := members()
		slices.SortFunc(left, func(a, b proc) int { return cmp.Or(cmp.Compare(b.start, a.start), cmp.Compare(b.pid, a.pid)) })
		mine := 0
		if len(left) > 0 && left[0].start > youngest {
			youngest, pause = left[0].start, first
		}
		for _, p := range left {
			if !errors.Is(kill(p, syscall.SIGKILL), syscall.EPERM) {
				mine++
			}
		}
		if mine == 0 {
			return len(left)
		}
		time.Sleep(pause)
		pause = min(2*pause, 25*time.Millisecond)
	}
	return len(members())
}

// kill sends sig to p, and never to another process that got its pid. A process that has ended is no error.
func kill(p proc, sig syscall.Signal) error {
	fd, err := unix.PidfdOpen(p.pid, 0)
	switch {
	case errors.Is(err, unix.ENOSYS):
		if startTime(p.pid) == p.start {
			err = syscall.Kill(p.pid, sig)
		}
	case err == nil:
		if startTime(p.pid) == p.start {
			err = unix.PidfdSendSignal(fd, sig, nil, 0)
		}
		_ = unix.Close(fd)
	}
	if errors.Is(err, syscall.ESRCH) || errors.Is(err, syscall.EINVAL) && startTime(p.pid) != p.start {
		return nil
	}
	return err
}
