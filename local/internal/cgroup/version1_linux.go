package cgroup

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/ormosproject/ormos/mesos"
)

// version1 has a hierarchy of directories for each controller.
type version1 struct {
	o                    Options
	memory, cpu, cpuacct base // "" if it is not used
}

func newVersion1(o Options) (*version1, error) {
	v := &version1{o: o}
	var wanted []struct {
		name string
		base *base
	}
	add := func(name string, b *base) {
		wanted = append(wanted, struct {
			name string
			base *base
		}{name, b})
	}
	if o.Memory {
		add("memory", &v.memory)
	}
	if o.CPU || !o.Memory {
		add("cpu", &v.cpu)
		add("cpuacct", &v.cpuacct)
	}
	for _, w := range wanted {
		// Controllers that are mounted together have one directory, and links to it.
		dir, err := filepath.EvalSymlinks(filepath.Join(o.Hierarchy, w.name))
		if err == nil {
			_, err = os.Stat(filepath.Join(dir, "tasks"))
		}
		if err != nil {
			return nil, fmt.Errorf("controller %s: %w", w.name, err)
		}
		*w.base = base(dir)
	}
	if o.Swap && o.Memory {
		if _, err := os.Stat(filepath.Join(string(v.memory), "memory.memsw.limit_in_bytes")); err != nil {
			return nil, fmt.Errorf("swap is not accounted for: %w", err)
		}
	}
	return v, nil
}

func (v *version1) directories(name string) (all []string) {
	seen := map[base]bool{"": true}
	for _, b := range []base{v.memory, v.cpu, v.cpuacct} {
		if !seen[b] {
			seen[b] = true
			all = append(all, b.of(v.o.Root, name))
		}
	}
	return all
}

func (v *version1) make(name string) error {
	for _, dir := range v.directories(name) {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	return nil
}

const sharesPerCPU, minShares = 1024, 2

func (v *version1) limit(name string, l Limits, before bool) error {
	if v.cpu != "" {
		dir := v.cpu.of(v.o.Root, name)
		if err := write(dir, "cpu.shares", whole(max(math.Floor(sharesPerCPU*l.CPUs), minShares))); err != nil {
			return err
		}
		if quota, ok := l.quota(v.o.CFS); ok {
			if err := errors.Join(write(dir, "cpu.cfs_period_us", strconv.Itoa(period)), write(dir, "cpu.cfs_quota_us", whole(quota))); err != nil {
				return err
			}
		}
	}
	if v.memory == "" {
		return nil
	}
	dir := v.memory.of(v.o.Root, name)
	soft, hard := l.memory()
	if err := write(dir, "memory.soft_limit_in_bytes", whole(soft)); err != nil {
		return err
	}
	files := []string{"memory.limit_in_bytes"}
	if v.o.Swap {
		files = append(files, "memory.memsw.limit_in_bytes")
	}
	if before {
		if hard <= float64(number(dir, "memory.limit_in_bytes")) {
			return nil
		}
		// The limit of both together is never to be the lower one.
		files = []string{files[len(files)-1], files[0]}[2-len(files):]
	}
	for _, file := range files {
		if err := write(dir, file, whole(hard)); err != nil {
			return err
		}
	}
	return nil
}

// whole is a number as version 1 reads it; infinity is -1.
func whole(n float64) string {
	if math.IsInf(n, 0) || n >= math.MaxInt64 {
		return "-1"
	}
	return strconv.FormatInt(int64(n), 10)
}

// start has the thread that forks enter the groups: what it makes is born there. Writing 0 moves the one that writes; nobody has to
// wait for the others to stand still, as for a whole process.
func (v *version1) start(name string, _ *syscall.SysProcAttr, f func() error) (err error) {
	onOwnThread(func() {
		for _, dir := range v.directories(name) {
			if err = write(dir, "tasks", "0"); err != nil {
				err = fmt.Errorf("cannot enter the group %s: %w", dir, err)
				return
			}
		}
		err = f()
	})
	return err
}

// watch registers an event of the kernel's for the group.
func (v *version1) watch(name string) (event *os.File, certain bool, err error) {
	dir := v.memory.of(v.o.Root, name)
	control, err := os.Open(filepath.Join(dir, "memory.oom_control"))
	if err != nil {
		return nil, false, err
	}
	defer control.Close()
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, false, os.NewSyscallError("eventfd", err)
	}
	event = os.NewFile(uintptr(fd), "eventfd")
	if err := write(dir, "cgroup.event_control", fmt.Sprintf("%d %d", fd, control.Fd())); err != nil {
		return nil, false, errors.Join(err, event.Close())
	}
	return event, true, nil
}

func (v *version1) ranOut(name string) bool {
	t := readTable(v.memory.of(v.o.Root, name), "memory.oom_control")
	return t["oom_kill"] > 0 || t["under_oom"] > 0
}

func (v *version1) excess(name string) Excess {
	dir := v.memory.of(v.o.Root, name)
	statistics, _ := os.ReadFile(filepath.Join(dir, "memory.stat"))
	return Excess{Limit: number(dir, "memory.limit_in_bytes"), Used: number(dir, "memory.max_usage_in_bytes"), Statistics: string(statistics)}
}

func (v *version1) measure(name string, s *mesos.ResourceStatistics) {
	if v.cpuacct != "" {
		if t := readTable(v.cpuacct.of(v.o.Root, name), "cpuacct.stat"); t != nil {
			const ticks = 100 // in a second, on all architectures that Go runs on
			s.CPUsUserTimeSecs, s.CPUsSystemTimeSecs = new(float64(t["user"])/ticks), new(float64(t["system"])/ticks)
		}
	}
	if v.cpu != "" && v.o.CFS {
		if t := readTable(v.cpu.of(v.o.Root, name), "cpu.stat"); t != nil {
			s.CPUsNrPeriods, s.CPUsNrThrottled = new(uint32(t["nr_periods"])), new(uint32(t["nr_throttled"]))
			s.CPUsThrottledTimeSecs = new(float64(t["throttled_time"]) / 1e9)
		}
	}
	if v.memory == "" {
		return
	}
	dir := v.memory.of(v.o.Root, name)
	setNumber(&s.MemTotalBytes, dir, "memory.usage_in_bytes")
	setNumber(&s.MemKmemUsageBytes, dir, "memory.kmem.usage_in_bytes")
	setNumber(&s.MemKmemTCPUsageBytes, dir, "memory.kmem.tcp.usage_in_bytes")
	if v.o.Swap {
		setNumber(&s.MemTotalMemswBytes, dir, "memory.memsw.usage_in_bytes")
	}
	t := readTable(dir, "memory.stat")
	t.set(&s.MemFileBytes, "total_cache")
	t.set(&s.MemCacheBytes, "total_cache")
	t.set(&s.MemAnonBytes, "total_rss")
	t.set(&s.MemRSSBytes, "total_rss")
	t.set(&s.MemMappedFileBytes, "total_mapped_file")
	t.set(&s.MemSwapBytes, "total_swap")
	t.set(&s.MemUnevictableBytes, "total_unevictable")
}
