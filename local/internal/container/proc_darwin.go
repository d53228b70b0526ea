package container

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// On macOS a container is its process group: a descendant that leaves the group escapes.

type walker struct{}

// system is what waiting needs beside the pid.
type system struct {
	status int32 // of a child that was waited for
	ended  bool
}

func sysProcAttr(who *syscall.Credential, terminal bool, _ *int) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Setctty: terminal, Credential: who}
}

func newSystem(int) system { return system{} }

// startTime is in microseconds since 1970; 0 when there is no such process.
func startTime(pid int) uint64 {
	info, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return 0
	}
	at := info.Proc.P_starttime
	return uint64(at.Sec)*1e6 + uint64(at.Usec)
}

func bootID() string {
	id, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil || id == "" {
		return "-"
	}
	return id
}

func findMain(string) (identity, bool) { return identity{}, false }

func (p *Processes) killLeftovers(string) {}

func (system) close() {}

func (c *Container) awaitEnd() bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		c.mu.Lock()
		ended := c.ended()
		c.mu.Unlock()
		if ended {
			return true
		}
		select {
		case <-tick.C:
		case <-c.stop:
			return false
		}
	}
}

// ended waits for the process without blocking, and keeps its status.
func (c *Container) ended() bool {
	if c.system.ended || !c.child {
		return c.system.ended || startTime(c.pid) != c.start
	}
	var status syscall.WaitStatus
	pid, err := syscall.Wait4(c.pid, &status, syscall.WNOHANG, nil)
	switch {
	case pid == c.pid:
		c.system = system{int32(status), true}
		return true
	case errors.Is(err, syscall.ECHILD):
		c.system = system{-1, true}
		return true
	}
	return false
}

func (c *Container) reap() int32 {
	if !c.child {
		return -1
	}
	if !c.ended() {
		var status syscall.WaitStatus
		if _, err := syscall.Wait4(c.pid, &status, 0, nil); err == nil {
			c.system.status = int32(status)
		}
	}
	return c.system.status
}

func (c *Container) signalTree(sig syscall.Signal) error {
	if err := syscall.Kill(-c.pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("cannot signal container %s: %w", c.id, err)
	}
	return nil
}

func (c *Container) sweep() { c.killTree() }

func (c *Container) killTree() { _ = syscall.Kill(-c.pid, syscall.SIGKILL) }

func (p *Processes) reopen(id string, i identity) *Container {
	if i.Boot != bootID() || i.Start == 0 || startTime(i.PID) != i.Start {
		return nil
	}
	var status syscall.WaitStatus
	pid, err := syscall.Wait4(i.PID, &status, syscall.WNOHANG, nil)
	if pid == i.PID {
		return p.ended(id, Exit{Status: int32(status)})
	}
	c := p.container(id, i.PID, system{}, err == nil)
	c.start = i.Start
	return c
}

// Usage is always zero here.
func (c *Container) Usage() Usage { return Usage{} }
