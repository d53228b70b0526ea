package main

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/ormosproject/ormos/examples/internal/program"
)

const want = "Hello from Server"

// serving waits until hello tells where a page is, and asks for it.
func serving(t *testing.T, p *program.Process) string {
	t.Helper()
	url := p.Line(`^serving +curl (http://\S+)`)[1]
	if got := page(url); got != want {
		t.Fatalf("%s answers %q, want %q", url, got, want)
	}
	return url
}

// TestAlone is make hello: everything in one process, which leaves nothing behind however it is told to end.
func TestAlone(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			p := start(t, dir, "hello")
			p.Line(`^registered +with master@127\.0\.0\.1:\d+ as framework \S+-0000`)
			p.Line(`^accepted +an offer of 127\.0\.0\.1: cpus:\d.*mem:\d.*ports:\[\d+`)
			p.Line(`^launching +\S+ at 127\.0\.0\.1 with port \d+`)
			task := p.Line(`^update +TASK_RUNNING of ([^:,]+)`)[1] // a second one, if somebody had the first one's port
			url := serving(t, p)
			p.Has(": nothing to launch")
			if err := p.End(sig); err != nil {
				t.Errorf("hello ended with %v", err)
			}
			p.Line(`^update +TASK_KILLED of ` + task)
			p.Line(`^ended `)
			if page(url) != "" {
				t.Error("the web server still answers")
			}
			if left := processesWith(dir); len(left) > 0 {
				t.Errorf("processes are left: %v", left)
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("files are left: %v", left)
			}
		})
	}
}

// TestKilledAlone kills everything at once but the executor, which has to end by itself.
func TestKilledAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := start(t, dir, "hello")
	url := serving(t, p)
	p.End(syscall.SIGKILL)
	eventually(t, "the executor ends", func() bool { return len(processesWith(dir)) == 0 })
	if page(url) != "" {
		t.Error("the web server still answers")
	}
}

// oneServer waits until one task runs, and returns its id.
func (c *cluster) oneServer() (id string) {
	c.t.Helper()
	eventually(c.t, "one task runs", func() bool {
		running := c.active()
		if len(running) == 1 {
			id = running[0]
		}
		return len(running) == 1
	})
	return id
}

// executors are the pids of the running executors.
func (c *cluster) executors() []string {
	return slices.DeleteFunc(processesWith(filepath.Join(c.dir, "work")), func(pid string) bool {
		cmdline, _ := os.ReadFile("/proc/" + pid + "/cmdline")
		return string(cmdline) != "hello\x00execute\x00"
	})
}

func TestSchedulerKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := startCluster(t, dir)
	first := start(t, dir, "hello", "--master", c.master)
	framework := first.Line(`as framework (\S+)`)[1]
	url := serving(t, first)
	task := c.oneServer()
	first.End(syscall.SIGKILL)

	second := start(t, dir, "hello", "--master", c.master)
	if again := serving(t, second); again != url { // as it is recorded
		t.Errorf("the server at %s came back at %s", url, again)
	}
	if again := second.Line(`as framework (\S+)`)[1]; again != framework {
		t.Errorf("framework %s came back as %s", framework, again)
	}
	if again := c.oneServer(); again != task {
		t.Errorf("task %s came back as %s", task, again)
	}
	if err := second.End(syscall.SIGTERM); err != nil {
		t.Errorf("hello ended with %v", err)
	}
	if page(url) != "" {
		t.Error("the web server still answers")
	}
	eventually(t, "the executor exits", func() bool { return len(c.executors()) == 0 })
}

func TestClusterKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := startCluster(t, dir)
	p := start(t, dir, "hello", "--master", c.master)
	url := serving(t, p)
	task, executors := c.oneServer(), c.executors()
	c.End(syscall.SIGKILL)
	p.Line(`^waiting +disconnected`)
	if got := page(url); got != want {
		t.Errorf("without its cluster the page is %q", got)
	}
	c.start()
	p.Line(`^registered `)
	if again := c.oneServer(); again != task {
		t.Errorf("task %s came back as %s", task, again)
	}
	if got := page(url); got != want {
		t.Errorf("then the page is %q", got)
	}
	if again := c.executors(); !slices.Equal(again, executors) {
		t.Errorf("executor %v came back as %v", executors, again)
	}
	if err := p.End(syscall.SIGTERM); err != nil {
		t.Errorf("hello ended with %v", err)
	}
}

func TestExecutorKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := startCluster(t, dir)
	p := start(t, dir, "hello", "--master", c.master)
	serving(t, p)
	task := c.oneServer()
	pid, _ := strconv.Atoi(c.executors()[0])
	syscall.Kill(pid, syscall.SIGKILL)
	p.Line(`^update +TASK_FAILED of ` + task + `, REASON_EXECUTOR_TERMINATED`)
	p.Line(`^retrying `)
	serving(t, p)
	if again := c.oneServer(); again == task {
		t.Error("the failed task runs")
	}
	if len(c.executors()) != 1 {
		t.Errorf("executors: %v", c.executors())
	}
}

func TestInstances(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := startCluster(t, dir)
	p := start(t, dir, "hello", "--master", "http://"+c.master, "--instances", "3", "--cpus", "0.5", "--mem", "64", "--data", "Hi")
	for range 3 {
		if got := page(p.Line(`^serving +curl (http://\S+)`)[1]); got != "Hi" {
			t.Errorf("the page is %q", got)
		}
	}
	p.Has(": nothing to launch")
	if n := len(c.active()); n != 3 {
		t.Errorf("%d tasks run", n)
	}
}
