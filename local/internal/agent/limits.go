package agent

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

const (
	// memoryInterval is how often it is looked what containers use of memory.
	memoryInterval = time.Second
	// looksShare bounds what the looking costs: so many times as long as it took there is a pause.
	looksShare = 50
)

// isolates tells whether one of the isolators is among those of the flag.
func (f *Flags) isolates(names ...string) bool {
	for one := range strings.SplitSeq(f.Isolation, ",") {
		for _, name := range names {
			if strings.TrimSpace(one) == name {
				return true
			}
		}
	}
	return false
}

// limit is what an executor with its tasks may use of one thing, in bytes.
type limit struct {
	e        *executor
	measured []Container
	sandbox  string
	bytes    uint64
	used     uint64
}

// watch looks again and again for executors that are above a limit.
type watch struct {
	interval time.Duration
	limits   func() []limit
	measure  func(*limit) // blocks
	ended    func(*limit) termination
	timer    *time.Timer
}

// watchLimits begins to look for what the isolators in use limit.
func (a *Agent) watchLimits() {
	if a.groups == nil && a.flags.isolates("cgroups/mem", "cgroups/all") {
		a.watches = append(a.watches, &watch{interval: memoryInterval, limits: a.memoryLimits, measure: measureMemory, ended: tooMuchMemory})
	}
	if a.flags.isolates("disk/du", "posix/disk") && a.flags.EnforceContainerDiskQuota {
		a.watches = append(a.watches, &watch{
			interval: a.flags.ContainerDiskWatchInterval, limits: a.diskLimits, measure: measureDisk, ended: tooMuchDisk,
		})
	}
	for _, w := range a.watches {
		a.look(w, w.interval)
	}
}

func tooMuchMemory(l *limit) termination {
	return termination{
		mesos.TaskFailed, mesos.ReasonContainerLimitationMemory,
		fmt.Sprintf("Memory limit exceeded: Requested: %s Maximum Used: %s", megabytes(l.bytes), megabytes(l.used)),
		limitation(mesos.Mem(float64(l.used) / megabyte)),
	}
}

func tooMuchDisk(l *limit) termination {
	return termination{
		mesos.TaskFailed, mesos.ReasonContainerLimitationDisk,
		fmt.Sprintf("Disk usage (%s) exceeds quota (%s)", megabytes(l.used), megabytes(l.bytes)),
		limitation(mesos.Disk(float64(l.bytes) / megabyte)),
	}
}

func megabytes(n uint64) string { return fmt.Sprintf("%dMB", (n+megabyte-1)/megabyte) }

func limitation(r mesos.Resource) *mesos.TaskResourceLimitation {
	return &mesos.TaskResourceLimitation{Resources: []mesos.Resource{r}}
}

// look measures after a pause, ends what is above its limit, and looks again.
func (a *Agent) look(w *watch, pause time.Duration) {
	w.timer = a.after(pause, func() {
		list := w.limits()
		a.goDo(func() {
			start := time.Now()
			var measuring sync.WaitGroup
			for i := range list { // at once, since they share looks at the table of processes
				measuring.Go(func() { w.measure(&list[i]) })
			}
			measuring.Wait()
			took := time.Since(start)
			a.post(func() {
				for i := range list {
					if list[i].used > list[i].bytes {
						a.exceed(list[i].e, w.ended(&list[i]))
					}
				}
				a.look(w, max(w.interval, looksShare*took))
			})
		})
	})
}

// exceed ends an executor for the use of too much.
func (a *Agent) exceed(e *executor, t termination) {
	if e.state >= terminating {
		return
	}
	a.log.Warn("an executor exceeds a limit", "framework", e.framework.id, "executor", e.id, "limit", t.message)
	e.state, e.exit = terminating, &t
	if e.command != nil {
		e.command.over() // the agent tells the end
	}
	a.destroy(e)
}

// memoryLimits are those of all executors that run.
func (a *Agent) memoryLimits() []limit {
	var all []limit
	for _, e := range a.executors() {
		if mem := e.resources().Mem(); mem > 0 && e.state == running {
			all = append(all, limit{e: e, measured: e.measured(), bytes: uint64(mem * megabyte)})
		}
	}
	return all
}

func measureMemory(l *limit) {
	for _, c := range l.measured {
		l.used += c.Usage().Unreclaimable
	}
}

// diskLimits are those of all executors that run and were given disk; volumes are not in the sandbox.
func (a *Agent) diskLimits() []limit {
	var all []limit
	for _, e := range a.executors() {
		plain := e.resources().Filter(func(r *mesos.Resource) bool { return r.Disk == nil })
		if disk := plain.Disk(); disk > 0 && e.state == running {
			all = append(all, limit{e: e, sandbox: e.directory, bytes: uint64(disk * megabyte)})
		}
	}
	return all
}

// measureDisk sums what files take; what disappears meanwhile takes nothing. Links are not followed.
func measureDisk(l *limit) {
	_ = filepath.WalkDir(l.sandbox, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if info, err := d.Info(); err == nil {
			if s, ok := info.Sys().(*syscall.Stat_t); ok {
				l.used += uint64(s.Blocks) * 512
			}
		}
		return nil
	})
}
