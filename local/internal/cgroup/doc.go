// Package cgroup limits what groups of processes use of memory and CPU time, by control groups of Linux, in either version, as
// Mesos' isolators cgroups/mem and cgroups/cpu do.
//
//	groups, err := cgroup.Open(cgroup.Options{Memory: true})
//	g := groups.Group(id)
//	g.Limit(cgroup.Limits{Mem: 64 << 20})
//	err = g.Start(attributes, func() error { ... syscall.ForkExec ... })
//	if excess, over := g.AwaitExcess(); over { ... kill the processes ... }
//	err = g.Remove()
//
// The caller's duties: a Group is in the end either removed, or closed if its processes are to run on; it is then there again by the same
// id, also for another process. Nobody else makes groups below the same root.
//
// A process is in its group before it executes its program. In version 2 the kernel does that as it makes the process. In
// version 1 the thread that forks enters the group first, alone among the threads of this process, and ends thereafter.
//
// The ready modules for this (opencontainers/cgroups, containerd/cgroups) know many more controllers, systemd and D-Bus, bring some ten modules
// along, and in version 1 move a process only after it was made: what it has forked by then has escaped.
package cgroup

import "math"

// Options of Open. The zero value limits nothing.
type Options struct {
	// Hierarchy is where the file systems of control groups are mounted: a directory for each controller in version 1, or the one
	// of version 2; "" is /sys/fs/cgroup (Mesos' --cgroups_hierarchy).
	Hierarchy string
	// Root is the group below which all others are made, "" is mesos (Mesos' --cgroups_root).
	Root string
	// Memory and CPU tell what is to be limited and measured.
	Memory, CPU bool
	// CFS limits CPU time to what was requested, also while nobody else wants it (Mesos' --cgroups_enable_cfs).
	CFS bool
	// Swap limits memory and swap together (Mesos' --cgroups_limit_swap). Version 1 only, as in Mesos.
	Swap bool
}

// Limits of a group. What was requested is what it gets when others want more as well; without a limit that is also the most
// memory it may use.
type Limits struct {
	// CPUs is the request, in CPUs.
	CPUs float64
	// Mem is the request in bytes; less than 32 MB counts as that, as in Mesos.
	Mem float64
	// CPULimit and MemLimit are the most that it may use, in the same units; 0 says nothing, and infinity allows everything.
	CPULimit, MemLimit float64
}

// What Mesos gives at least, and the scales of Linux.
const (
	megabyte  = 1 << 20
	minMemory = 32 * megabyte
	period    = 100_000 // microseconds in which a quota of CPU time is to be used
	minQuota  = 1_000
)

// memory gives the soft and the hard limit in bytes; hard is infinite where there is none.
func (l Limits) memory() (soft, hard float64) {
	soft = max(math.Floor(l.Mem), minMemory)
	if l.MemLimit == 0 {
		return soft, soft
	}
	return soft, max(math.Floor(l.MemLimit), minMemory)
}

// quota gives the microseconds of CPU time in each period, infinite for as many as there are; false when nothing is to be set.
func (l Limits) quota(cfs bool) (float64, bool) {
	switch {
	case l.CPULimit != 0:
		return max(math.Floor(l.CPULimit*period), minQuota), true
	case cfs:
		return max(math.Floor(l.CPUs*period), minQuota), true
	}
	return 0, false
}

// Excess is what a group has used when it wanted more memory than its limit and the kernel killed one of its processes for it.
type Excess struct {
	// Limit and Used are in bytes. Used is what was in use at most, and Limit where the kernel does not tell that.
	Limit, Used uint64
	// Statistics is the kernel's account of what the memory is used for.
	Statistics string
}
