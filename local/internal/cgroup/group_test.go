//go:build linux

package cgroup

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/ormosproject/ormos/mesos"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open gives groups of this machine below a root of the test's own, which is removed in the end.
func open(t *testing.T, o Options) *Groups {
	t.Helper()
	o.Root = fmt.Sprintf("ormos-test-%d-%s", os.Getpid(), strings.ReplaceAll(t.Name(), "/", "-"))
	g, err := Open(o)
	if err != nil {
		t.Skip("this machine does not let us: ", err)
	}
	t.Cleanup(func() {
		for _, dir := range g.kernel.directories("") {
			if err := removeEmpty(dir); err != nil {
				t.Errorf("left behind: %v", err)
			}
		}
	})
	return g
}

// process is a command in a group.
type process struct {
	*syscall.WaitStatus
	pid int
	out *os.File
}

// run starts a shell in a group.
func run(t *testing.T, g *Group, script string) *process {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	p := &process{out: r}
	t.Cleanup(func() { r.Close() })
	attr := &syscall.ProcAttr{Files: []uintptr{0, w.Fd(), 2}, Sys: &syscall.SysProcAttr{Setsid: true}, Env: os.Environ()}
	err = g.Start(attr.Sys, func() (err error) {
		p.pid, err = syscall.ForkExec("/bin/sh", []string{"sh", "-c", script}, attr)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// wait gives what the command has printed, and how it ended.
func (p *process) wait(t *testing.T) (string, syscall.WaitStatus) {
	t.Helper()
	text, err := io.ReadAll(p.out)
	if err != nil {
		t.Fatal(err)
	}
	var status syscall.WaitStatus
	for {
		if _, err := syscall.Wait4(p.pid, &status, 0, nil); !errors.Is(err, syscall.EINTR) {
			return string(text), status
		}
	}
}

func TestProcessIsBornInItsGroup(t *testing.T) {
	g := open(t, Options{Memory: true, CPU: true})
	one := g.Group("one.two")
	if err := one.Limit(Limits{CPUs: 1.5, Mem: 64 << 20}); err != nil {
		t.Fatal(err)
	}
	text, _ := run(t, one, "cat /proc/self/cgroup").wait(t)
	for _, controller := range []string{":memory:", ":cpu:", ":cpuacct:"} {
		if _, v1 := g.kernel.(*version1); !v1 {
			controller = "0::"
		}
		if !strings.Contains(text, controller+"/"+g.o.Root+"/one/mesos/two") {
			t.Errorf("%s is missing in %s", controller, text)
		}
	}
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil || bytes.Contains(own, []byte(g.o.Root)) {
		t.Errorf("we are in the group ourselves: %s", own)
	}
	if err := one.Remove(); err != nil {
		t.Error(err)
	}
}

func TestMemoryRunsOut(t *testing.T) {
	g := open(t, Options{Memory: true})
	one := g.Group("one")
	defer one.Remove()
	if err := one.Limit(Limits{Mem: 1}); err != nil { // 32 MB at least
		t.Fatal(err)
	}
	p := run(t, one, "head -c 200000000 /dev/zero | tail >/dev/null; sleep 1000")
	excess, over := one.AwaitExcess() // the shell lives on
	if !over || excess.Limit != 32<<20 || excess.Used == 0 || excess.Statistics == "" {
		t.Errorf("excess: %+v, %v", excess, over)
	}
	var s mesos.ResourceStatistics
	one.Measure(&s)
	if s.GetMemTotalBytes() == 0 || s.MemRSSBytes == nil {
		t.Errorf("statistics: %v", &s)
	}
	// Another one finds the group again, and what happened before.
	again := g.Recover("one")
	if again == nil {
		t.Fatal("the group is gone")
	}
	defer again.Close()
	if _, over := again.AwaitExcess(); !over {
		t.Error("the excess was forgotten")
	}
	if err := one.Remove(); err != nil {
		t.Error(err)
	}
	if _, status := p.wait(t); !status.Signaled() {
		t.Errorf("the shell has ended with %v", status)
	}
	if g.Recover("one") != nil {
		t.Error("the group is still there")
	}
}

func TestLimitsAreRaisedNotLowered(t *testing.T) {
	g := open(t, Options{Memory: true, CPU: true, CFS: true})
	one := g.Group("one")
	defer one.Remove()
	hard := func() float64 {
		t.Helper()
		switch k := g.kernel.(type) {
		case *version1:
			return float64(number(k.memory.of(g.o.Root, "one"), "memory.limit_in_bytes"))
		default:
			return float64(number(one.String(), "memory.max"))
		}
	}
	run(t, one, "true").wait(t)
	for _, step := range []struct{ request, limit, want float64 }{
		{64, 0, 64}, {128, 0, 128}, {64, 0, 128}, {64, 256, 256}, {64, 96, 256},
	} {
		if err := one.Limit(Limits{CPUs: 0.5, Mem: step.request * megabyte, MemLimit: step.limit * megabyte}); err != nil {
			t.Fatal(err)
		}
		if got := hard(); got != step.want*megabyte {
			t.Errorf("after %v: %v", step, got/megabyte)
		}
	}
	if err := one.Limit(Limits{CPUs: 0.5, Mem: 64 * megabyte, MemLimit: math.Inf(1), CPULimit: math.Inf(1)}); err != nil {
		t.Error(err)
	}
	if got := hard(); got != 0 && got < 1<<60 {
		t.Errorf("without a limit: %v", got)
	}
}

func TestRemoveKillsWhatIsLeft(t *testing.T) {
	g := open(t, Options{Memory: true})
	one, inner := g.Group("one"), g.Group("one.inner")
	p := run(t, one, "sleep 1000 & sleep 1000 & wait")
	q := run(t, inner, "while :; do sleep 0.01 & done")
	if err := one.Remove(); err != nil {
		t.Fatal(err)
	}
	inner.Close()
	for _, x := range []*process{p, q} {
		if _, status := x.wait(t); status.Signal() != syscall.SIGKILL {
			t.Errorf("ended with %v", status)
		}
	}
}

func TestClosedGroupStays(t *testing.T) {
	g := open(t, Options{Memory: true})
	one := g.Group("one")
	p := run(t, one, "sleep 1000")
	ended := make(chan bool)
	go func() {
		_, over := one.AwaitExcess()
		ended <- over
	}()
	one.Close()
	if <-ended {
		t.Error("a closed group tells of an excess")
	}
	if err := one.Start(&syscall.SysProcAttr{}, func() error { return nil }); err == nil {
		// It is there, though nobody watches it.
		t.Error("a closed group takes processes")
	}
	again := g.Recover("one")
	if again == nil {
		t.Fatal("it is gone")
	}
	if err := again.Remove(); err != nil {
		t.Error(err)
	}
	p.wait(t)
}

func TestForgottenGroupsAreSwept(t *testing.T) {
	g := open(t, Options{Memory: true})
	run(t, g.Group("one.inner"), "true").wait(t)
	busy := g.Group("busy")
	p := run(t, busy, "sleep 1000")
	g.sweep()
	if g.Recover("one") == nil {
		t.Error("a young group was swept")
	}
	for _, dir := range g.kernel.directories("") {
		for _, name := range []string{"one", "busy"} {
			removeEmpty(filepath.Join(dir, name))
		}
	}
	if g.Recover("one") != nil || g.Recover("busy") == nil {
		t.Error("not the empty one was removed")
	}
	if err := busy.Remove(); err != nil {
		t.Error(err)
	}
	p.wait(t)
}

func TestNilGroupLimitsNothing(t *testing.T) {
	var groups *Groups
	g := groups.Group("x")
	if g != nil || groups.Recover("x") != nil {
		t.Fatal("there are groups")
	}
	started := false
	if err := errors.Join(g.Limit(Limits{}), g.Start(nil, func() error { started = true; return nil }), g.Remove()); err != nil || !started {
		t.Error(err, started)
	}
	if _, over := g.AwaitExcess(); over {
		t.Error("nothing is exceeded")
	}
	g.Measure(nil)
	g.Close()
}

func TestOpenRefuses(t *testing.T) {
	for name, o := range map[string]Options{
		"no hierarchy":     {Hierarchy: t.TempDir(), Memory: true},
		"a root elsewhere": {Root: "../x", Memory: true},
	} {
		if _, err := Open(o); err == nil || !strings.HasPrefix(err.Error(), "cannot use control groups: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
