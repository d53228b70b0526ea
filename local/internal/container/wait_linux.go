package container

import (
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// system is what waiting needs beside the pid.
type system struct {
	pidfd  *os.File // nil where the kernel has none
	killed []proc   // what may be dying, and is not found by its relations any more
}

func sysProcAttr(who *syscall.Credential, terminal bool, pidfd *int) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Setctty: terminal, Credential: who, PidFD: pidfd}
}

func newSystem(pidfd int) system { return system{pidfd: pollable(pidfd)} }

// pollable makes a pidfd a file that the runtime's poller waits for, so that a container costs no thread. nil when the
// kernel has none.
func pollable(fd int) *os.File {
	if fd < 0 {
		return nil
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return nil
	}
	return os.NewFile(uintptr(fd), "pidfd")
}

// close ends awaitEnd.
func (s system) close() {
	if s.pidfd != nil {
		_ = s.pidfd.Close()
	}
}

// awaitEnd returns true when the command's process has ended, false when the containerizer was closed before.
func (c *Container) awaitEnd() bool {
	if c.system.pidfd == nil {
		return c.pollEnd()
	}
	conn, err := c.system.pidfd.SyscallConn()
	if err != nil {
		return false
	}
	err = conn.Read(func(fd uintptr) bool {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		return err == nil && n > 0
	})
	return err == nil
}

// pollEnd is awaitEnd for kernels before 5.3.
func (c *Container) pollEnd() bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if p, ok := readProc(c.pid); !ok || p.start != c.start || p.dead {
			return true
		}
		select {
		case <-tick.C:
		case <-c.stop:
			return false
		}
	}
}

// reap waits for the process that has ended and returns its status.
func (c *Container) reap() int32 {
	if !c.child {
		return c.foreignStatus()
	}
	for {
		var status syscall.WaitStatus
		_, err := syscall.Wait4(c.pid, &status, 0, nil)
		switch {
		case err == nil:
			return int32(status)
		case !errors.Is(err, syscall.EINTR):
			return -1 // another part of this program has waited for it
		}
	}
}

// foreignStatus finds the status of a process that is not our child.
func (c *Container) foreignStatus() int32 {
	if c.system.pidfd == nil {
		return exitOf(c.pid, c.start, -1)
	}
	conn, err := c.system.pidfd.SyscallConn()
	if err != nil {
		return -1
	}
	status := int32(-1)
	if err := conn.Control(func(fd uintptr) { status = exitOf(c.pid, c.start, int(fd)) }); err != nil {
		return -1
	}
	return status
}

// exitOf is the status of somebody's process that has ended, -1 when it cannot be known. As long as its parent has not waited for it, the
// process table shows it; after that, Linux 6.15 and newer tell it to those who hold a pidfd.
func exitOf(pid int, start uint64, pidfd int) int32 {
	if status, ok := zombieStatus(pid, start); ok {
		return status
	}
	info := unix.PidfdInfo{Mask: unix.PIDFD_INFO_EXIT}
	if err := unix.IoctlPidfdInfo(pidfd, &info); err != nil || info.Mask&unix.PIDFD_INFO_EXIT == 0 {
		return -1
	}
	return info.Exit_code
}

// reopen returns the container of a process that lives, or is a zombie yet; nil when it is gone.
func (p *Processes) reopen(id string, i identity) *Container {
	if i.Boot != bootID() || startTime(i.PID) != i.Start || i.Start == 0 {
		return nil
	}
	fd, err := unix.PidfdOpen(i.PID, 0)
	if err != nil && !errors.Is(err, unix.ENOSYS) {
		return nil
	}
	if err != nil {
		fd = -1
	}
	sys := newSystem(fd)
	if startTime(i.PID) != i.Start { // reused between the look and the open
		sys.close()
		return nil
	}
	c := p.container(id, i.PID, sys, isChild(i.PID))
	c.start = i.Start
	return c
}

// isChild tells whether we can wait for pid: after a restart of the agent within one program.
func isChild(pid int) bool {
	return unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil) == nil
}

// findMain finds the first process of a container by its environment.
func findMain(id string) (identity, bool) {
	t := readTable(func(proc) bool { return true })
	found := proc{}
	for _, pid := range t.container[id] {
		p := t.procs[pid]
		if p.pid == p.session && (found.pid == 0 || p.start < found.start) {
			found = p
		}
	}
	return identity{PID: found.pid, Start: found.start, Boot: bootID()}, found.pid != 0
}
