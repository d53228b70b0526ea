package container

import (
	"os"
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
		u.Processes++
	}
	return u
}
