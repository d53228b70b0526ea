package container

import (
	"bytes"
	"os"
	"strconv"
	"time"
)

// tick is the unit of the times that /proc tells, on all architectures that Go runs on.
const tick = 10 * time.Millisecond

// Usage measures now; it is zero for a container that has ended, and on other systems than Linux. It reads the process
// table, which calls that meet share.
func (c *Container) Usage() Usage {
	c.mu.Lock()
	released := c.released
	c.mu.Unlock()
	if released {
		return Usage{}
	}
	var u Usage
	for _, p := range c.members(c.processes.table()) {
		u.User += time.Duration(p.user) * tick
		u.System += time.Duration(p.system) * tick
		u.RSS += uint64(max(0, p.rss)) * uint64(os.Getpagesize())
		u.Unreclaimable += unreclaimable(p)
		u.Processes++
	}
	return u
}

// unreclaimable reads what a process has in memory that is not the content of files; all that it has, where that is not told.
func unreclaimable(p proc) uint64 {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(p.pid) + "/status")
	if err != nil {
		return 0 // it has ended
	}
	anonymous, ok := kilobytes(data, "RssAnon:")
	if !ok {
		return uint64(max(0, p.rss)) * uint64(os.Getpagesize())
	}
	shared, _ := kilobytes(data, "RssShmem:")
	return (anonymous + shared) << 10
}

// kilobytes finds a line of /proc/PID/status.
func kilobytes(status []byte, name string) (uint64, bool) {
	for line := range bytes.SplitSeq(status, []byte("\n")) {
		if rest, ok := bytes.CutPrefix(line, []byte(name)); ok {
			n, err := strconv.ParseUint(string(bytes.TrimSuffix(bytes.TrimSpace(rest), []byte(" kB"))), 10, 40)
			return n, err == nil
		}
	}
	return 0, false
}
