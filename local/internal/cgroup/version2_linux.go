package cgroup

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/ormosproject/ormos/mesos"
)

// version2 has one hierarchy. Processes are only in groups that have none within them, so each group has one within it for its own: its leaf.
type version2 struct {
	o     Options
	base  base
	mkdir func(string) error // makes a group, with its control files
}

const leaf = "leaf"

func newVersion2(o Options) (*version2, error) {
	if o.Swap {
		return nil, errors.New("swap cannot be limited")
	}
	v := &version2{o: o, base: base(o.Hierarchy), mkdir: func(dir string) error { return os.Mkdir(dir, 0o755) }}
	text, err := os.ReadFile(filepath.Join(o.Hierarchy, "cgroup.controllers"))
	if err != nil {
		return nil, err
	}
	there := strings.Fields(string(text))
	for _, c := range v.controllers() {
		if !slices.Contains(there, c) {
			return nil, fmt.Errorf("there is no controller %s in %s", c, o.Hierarchy)
		}
	}
	return v, nil
}

func (v *version2) controllers() (names []string) {
	if v.o.Memory {
		names = append(names, "memory")
	}
	if v.o.CPU {
		names = append(names, "cpu")
	}
	return names
}

func (v *version2) of(name string) string { return v.base.of(v.o.Root, name) }

func (v *version2) directories(name string) []string { return []string{v.of(name)} }

// make makes a group and its leaf. Those above hand their controllers down; a leaf has none but what every group has.
func (v *version2) make(name string) error {
	dir := string(v.base)
	for part := range strings.SplitSeq(path.Join(v.o.Root, name), "/") {
		if err := v.handDown(dir); err != nil {
			return err
		}
		dir = path.Join(dir, part)
		if err := v.mkdir(dir); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	if name == "" {
		return nil
	}
	if err := v.mkdir(path.Join(dir, leaf)); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}

// handDown has the controllers in the groups within one.
func (v *version2) handDown(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, "cgroup.subtree_control"))
	if err != nil {
		return err
	}
	there := strings.Fields(string(text))
	for _, c := range v.controllers() {
		if !slices.Contains(there, c) {
			if err := write(dir, "cgroup.subtree_control", "+"+c); err != nil {
				return err
			}
		}
	}
	return nil
}

const weightPerCPU, minWeight, maxWeight = 100, 1, 10_000

func (v *version2) limit(name string, l Limits, before bool) error {
	dir := v.of(name)
	if v.o.CPU {
		weight := min(max(math.Floor(weightPerCPU*l.CPUs), minWeight), maxWeight)
		if err := write(dir, "cpu.weight", bounded(weight)); err != nil {
			return err
		}
		if quota, ok := l.quota(v.o.CFS); ok {
			if err := write(dir, "cpu.max", bounded(quota)+" "+strconv.Itoa(period)); err != nil {
				return err
			}
		}
	}
	if !v.o.Memory {
		return nil
	}
	soft, hard := l.memory()
	if err := write(dir, "memory.low", bounded(soft)); err != nil {
		return err
	}
	if before {
		now, finite := numberIn(dir, "memory.max")
		if !finite || hard <= float64(now) {
			return nil
		}
	}
	return write(dir, "memory.max", bounded(hard))
}

// bounded is a number as version 2 reads it; infinity is max.
func bounded(n float64) string {
	if math.IsInf(n, 0) || n >= math.MaxInt64 {
		return "max"
	}
	return strconv.FormatInt(int64(n), 10)
}

// start has the kernel make the process in the leaf.
func (v *version2) start(name string, attr *syscall.SysProcAttr, f func() error) error {
	dir, err := os.Open(path.Join(v.of(name), leaf))
	if err != nil {
		return fmt.Errorf("cannot enter the group: %w", err)
	}
	defer dir.Close()
	attr.UseCgroupFD, attr.CgroupFD = true, int(dir.Fd())
	return f()
}

// watch hears of changes of the file that counts events.
func (v *version2) watch(name string) (event *os.File, certain bool, err error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, false, os.NewSyscallError("inotify_init1", err)
	}
	event = os.NewFile(uintptr(fd), "inotify")
	if _, err := unix.InotifyAddWatch(fd, v.events(name), unix.IN_MODIFY); err != nil {
		return nil, false, errors.Join(os.NewSyscallError("inotify_add_watch", err), event.Close())
	}
	return event, false, nil
}

// events is the file that counts what happened at the limit of this very group; before Linux 5.2 those of groups within count as well.
func (v *version2) events(name string) string {
	local := filepath.Join(v.of(name), "memory.events.local")
	if _, err := os.Stat(local); err == nil {
		return local
	}
	return filepath.Join(v.of(name), "memory.events")
}

func (v *version2) ranOut(name string) bool {
	return readTable("", v.events(name))["oom"] > 0
}

func (v *version2) excess(name string) Excess {
	dir := v.of(name)
	statistics, _ := os.ReadFile(filepath.Join(dir, "memory.stat"))
	e := Excess{Limit: number(dir, "memory.max"), Used: number(dir, "memory.peak"), Statistics: string(statistics)}
	if e.Used == 0 { // before Linux 5.19
		e.Used = e.Limit
	}
	return e
}

func (v *version2) measure(name string, s *mesos.ResourceStatistics) {
	dir := v.of(name)
	if t := readTable(dir, "cpu.stat"); v.o.CPU && t != nil {
		s.CPUsUserTimeSecs, s.CPUsSystemTimeSecs = new(float64(t["user_usec"])/1e6), new(float64(t["system_usec"])/1e6)
		if v.o.CFS {
			s.CPUsNrPeriods, s.CPUsNrThrottled = new(uint32(t["nr_periods"])), new(uint32(t["nr_throttled"]))
			s.CPUsThrottledTimeSecs = new(float64(t["throttled_usec"]) / 1e6)
		}
	}
	if !v.o.Memory {
		return
	}
	setNumber(&s.MemTotalBytes, dir, "memory.current")
	t := readTable(dir, "memory.stat")
	t.set(&s.MemKmemUsageBytes, "kernel")
	t.set(&s.MemKmemTCPUsageBytes, "sock")
	t.set(&s.MemFileBytes, "file")
	t.set(&s.MemCacheBytes, "file")
	t.set(&s.MemAnonBytes, "anon")
	t.set(&s.MemRSSBytes, "anon")
	t.set(&s.MemMappedFileBytes, "file_mapped")
	t.set(&s.MemUnevictableBytes, "unevictable")
}
