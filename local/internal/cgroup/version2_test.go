//go:build linux

package cgroup

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ormosproject/ormos/mesos"
)

// fake is a tree of plain files that looks like version 2.
func fake(t *testing.T, o Options) (*Groups, string) {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{
		"cgroup.controllers": "cpu io memory", "cgroup.subtree_control": "", "cgroup.procs": "", "cpu.weight": "100", "cpu.max": "max 100000",
		"memory.low": "0", "memory.max": "max", "memory.current": "4096", "memory.peak": "8192",
		"memory.events": "low 0\noom 1\n", "memory.events.local": "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n",
		"memory.stat": "anon 100\nfile 200\nkernel 300\nsock 400\nfile_mapped 500\nunevictable 600\n",
		"cpu.stat":    "usage_usec 3000000\nuser_usec 2000000\nsystem_usec 1000000\nnr_periods 5\nnr_throttled 2\nthrottled_usec 500000\n",
	}
	fill := func(dir string) error {
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				return err
			}
		}
		return nil
	}
	if err := fill(dir); err != nil {
		t.Fatal(err)
	}
	o.Hierarchy, o.Root = dir, "a/b"
	k, err := newVersion2(o)
	if err != nil {
		t.Fatal(err)
	}
	k.mkdir = func(dir string) error {
		err := os.Mkdir(dir, 0o755)
		if err == nil {
			err = fill(dir)
		}
		return err
	}
	return &Groups{o: o, kernel: k}, dir
}

// holds checks what control files say.
func holds(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	for name, text := range want {
		got, err := os.ReadFile(filepath.Join(dir, name))
		// A plain file keeps the end of what was longer.
		if err != nil || !strings.HasPrefix(string(got), text) {
			t.Errorf("%s holds %q (%v), want %q", name, got, err, text)
		}
	}
}

func TestVersion2(t *testing.T) {
	g, dir := fake(t, Options{Memory: true, CPU: true})
	one := g.Group("one")
	defer one.Close()
	if err := one.Limit(Limits{CPUs: 2.5, Mem: 64 * megabyte, CPULimit: 3, MemLimit: 128 * megabyte}); err != nil {
		t.Fatal(err)
	}
	if err := one.make(); err != nil {
		t.Fatal(err)
	}
	group := filepath.Join(dir, "a/b/one")
	holds(t, group, map[string]string{"cpu.weight": "250", "cpu.max": "300000 100000", "memory.low": "67108864", "memory.max": "134217728"})
	for _, above := range []string{"", "a", "a/b"} {
		holds(t, filepath.Join(dir, above), map[string]string{"cgroup.subtree_control": "+"})
	}
	if entries, err := os.ReadDir(filepath.Join(group, leaf)); err != nil || len(entries) == 0 {
		t.Errorf("there is no leaf: %v", err)
	}
	// Lower is not taken, higher and infinite is.
	if err := one.Limit(Limits{CPUs: 1000, Mem: 64 * megabyte}); err != nil {
		t.Fatal(err)
	}
	holds(t, group, map[string]string{"cpu.weight": "10000", "memory.max": "134217728"})
	if err := one.Limit(Limits{Mem: 64 * megabyte, MemLimit: math.Inf(1), CPULimit: math.Inf(1)}); err != nil {
		t.Fatal(err)
	}
	holds(t, group, map[string]string{"cpu.weight": "1", "memory.max": "max", "cpu.max": "max 100000"})
}

func TestVersion2Excess(t *testing.T) {
	g, dir := fake(t, Options{Memory: true})
	one := g.Group("one")
	defer one.Close()
	if err := one.make(); err != nil {
		t.Fatal(err)
	}
	if _, over := one.Excess(); over { // those of the group within do not count
		t.Error("nothing has happened")
	}
	told := make(chan Excess)
	go func() {
		excess, _ := one.AwaitExcess()
		told <- excess
	}()
	events := filepath.Join(dir, "a/b/one/memory.events.local")
	if err := errors.Join(write(filepath.Dir(events), "memory.max", "33554432\n"), os.WriteFile(events, []byte("oom 1\noom_kill 1\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	if e := <-told; e.Limit != 32*megabyte || e.Used != 8192 || !strings.Contains(e.Statistics, "anon 100") {
		t.Errorf("excess: %+v", e)
	}
	// Without the newer files.
	if err := errors.Join(os.Remove(events), os.Remove(filepath.Join(filepath.Dir(events), "memory.peak"))); err != nil {
		t.Fatal(err)
	}
	if e, over := one.Excess(); !over || e.Used != e.Limit {
		t.Errorf("excess: %+v, %v", e, over)
	}
}

func TestVersion2Statistics(t *testing.T) {
	g, _ := fake(t, Options{Memory: true, CPU: true, CFS: true})
	one := g.Group("one")
	defer one.Close()
	if err := one.make(); err != nil {
		t.Fatal(err)
	}
	var s mesos.ResourceStatistics
	one.Measure(&s)
	want := mesos.ResourceStatistics{
		CPUsUserTimeSecs: new(2.0), CPUsSystemTimeSecs: new(1.0), CPUsNrPeriods: new(uint32(5)), CPUsNrThrottled: new(uint32(2)),
		CPUsThrottledTimeSecs: new(0.5), MemTotalBytes: new(uint64(4096)), MemKmemUsageBytes: new(uint64(300)), MemKmemTCPUsageBytes: new(uint64(400)),
		MemFileBytes: new(uint64(200)), MemCacheBytes: new(uint64(200)), MemAnonBytes: new(uint64(100)), MemRSSBytes: new(uint64(100)),
		MemMappedFileBytes: new(uint64(500)), MemUnevictableBytes: new(uint64(600)),
	}
	if s.String() != want.String() {
		t.Errorf("%v\nwant %v", &s, &want)
	}
}

func TestVersion2Refuses(t *testing.T) {
	_, dir := fake(t, Options{})
	if err := os.WriteFile(filepath.Join(dir, "cgroup.controllers"), []byte("io pids\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, o := range []Options{{Hierarchy: dir, Memory: true}, {Hierarchy: dir, CPU: true}, {Hierarchy: dir, Swap: true}} {
		if _, err := newVersion2(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}

// TestVersion2Birth has the kernel make a process in a group of the real version 2, wherever it is mounted, with or without controllers.
func TestVersion2Birth(t *testing.T) {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Skip(err)
	}
	var at string
	for line := range strings.SplitSeq(string(mounts), "\n") {
		if f := strings.Fields(line); len(f) > 2 && f[2] == "cgroup2" {
			at = f[1]
		}
	}
	o := Options{Hierarchy: at, Root: "ormos-test-birth"}
	k, err := newVersion2(o)
	if err == nil {
		err = k.make("")
	}
	if err != nil {
		t.Skip("no version 2: ", err)
	}
	g := &Groups{o: o, kernel: k}
	defer removeEmpty(g.kernel.directories("")[0])
	one := g.Group("one")
	text, _ := run(t, one, "cat /proc/self/cgroup").wait(t)
	if !strings.Contains(text, "0::/ormos-test-birth/one/leaf\n") {
		t.Errorf("it is born in %s", text)
	}
	if err := one.Remove(); err != nil {
		t.Error(err)
	}
}

func FuzzParseTable(f *testing.F) {
	f.Add("total_rss 4096\noom_kill_disable 0\n")
	f.Add("a\n1 2 3\nb -1\n\x00 9")
	f.Fuzz(func(t *testing.T, text string) {
		for name := range parseTable(text) {
			if name == "" || !slices.Contains(strings.Fields(text), name) {
				t.Errorf("%q is not in %q", name, text)
			}
		}
	})
}
