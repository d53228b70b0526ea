package agent

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// gcHeadroom is the share of the disk that garbage collection keeps free.
const gcHeadroom = 0.1

// garbage is sandboxes of ended executors, oldest first. They are kept for a week, less when the disk fills up.
type garbage struct {
	runs            []oldRun
	removed, failed int
}

// oldRun is a run of an executor that is over.
type oldRun struct {
	framework, executor string   // "" after a restart: nothing is attached
	paths               []string // sandbox first, and checkpoint
	ended               time.Time
}

func (g *garbage) add(e *executor) {
	paths := []string{e.directory}
	if e.meta != "" {
		paths = append(paths, e.meta)
	}
	g.runs = append(g.runs, oldRun{e.framework.id, e.id, paths, time.Now()})
}

// scheduleLeftovers makes garbage of the sandboxes of earlier agents and executors.
func (a *Agent) scheduleLeftovers() {
	live := map[string]bool{}
	for _, e := range a.executors() {
		live[e.directory] = true
	}
	runs, err := filepath.Glob(filepath.Join(a.o.WorkDir, "slaves", "*", "frameworks", "*", "executors", "*", "runs", "*"))
	if err != nil {
		return
	}
	for _, run := range runs {
		info, err := os.Lstat(run)
		if err != nil || !info.IsDir() || live[run] {
			continue
		}
		below, _ := filepath.Rel(filepath.Join(a.o.WorkDir, "slaves"), run)
		a.garbage.runs = append(a.garbage.runs, oldRun{"", "", []string{run, filepath.Join(a.layout.agents(), below)}, info.ModTime()})
	}
}

// watchDisk looks for garbage again and again.
func (a *Agent) watchDisk() {
	a.collect()
	timer := a.after(a.flags.DiskWatchInterval, a.watchDisk)
	a.garbageTimer = timer
}

// maxAge is how old a sandbox may become.
func (a *Agent) maxAge() time.Duration {
	return time.Duration(float64(a.flags.GCDelay) * max(0, 1-gcHeadroom-a.o.diskUsage()))
}

// diskUsage is the used share of the agent's disk.
func (o *Options) diskUsage() float64 {
	if o.DiskFull != nil && o.DiskFull() {
		return 1
	}
	return usage(o.WorkDir)
}

// usage is the used share of the disk on which path is; 0 when that cannot be told.
func usage(path string) float64 {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil || s.Blocks == 0 {
		return 0
	}
	return float64(s.Blocks-s.Bfree) / float64(s.Blocks)
}

// collect removes what is too old.
func (a *Agent) collect() {
	oldest := time.Now().Add(-a.maxAge())
	kept := a.garbage.runs[:0:0]
	for _, run := range a.garbage.runs {
		if run.ended.After(oldest) {
			kept = append(kept, run)
			continue
		}
		if run.executor != "" {
			a.detach(run.framework, run.executor, run.paths[0])
		}
		a.goDo(func() { a.remove(run) })
	}
	a.garbage.runs = kept
}

// remove deletes a run.
func (a *Agent) remove(run oldRun) {
	var failure error
	for _, path := range run.paths {
		failure = errors.Join(failure, os.RemoveAll(path))
	}
	a.post(func() {
		if failure != nil {
			a.garbage.failed++
			a.log.Warn("cannot remove a sandbox", "error", failure)
			return
		}
		for _, path := range run.paths {
			tidy(path)
		}
		a.garbage.removed++
	})
}

// tidy removes what is left of an executor above its last run. It runs where new runs are made, so that none comes in between.
func tidy(path string) {
	runs := filepath.Dir(path)
	latest := filepath.Join(runs, "latest")
	if target, err := os.Readlink(latest); err == nil && target == path {
		os.Remove(latest)
	}
	if os.Remove(runs) != nil {
		return // there are other runs
	}
	executor := filepath.Dir(runs)
	os.Remove(filepath.Join(executor, "executor.info"))
	for _, dir := range []string{executor, filepath.Dir(executor), filepath.Dir(filepath.Dir(executor))} {
		if os.Remove(dir) != nil {
			return
		}
	}
}
