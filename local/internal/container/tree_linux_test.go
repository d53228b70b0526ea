package container

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func pidIn(t *testing.T, path string) int {
	t.Helper()
	pid, err := strconv.Atoi(content(t, path))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func alive(pid int) bool {
	p, ok := readProc(pid)
	return ok && !p.dead
}

// A tree with a child of its own session, one that became a daemon, and one that cleared its environment.
const forest = `
trap 'echo main >> trapped' TERM
setsid sh -c 'trap "echo session >> trapped" TERM; echo $$ > session; while :; do sleep 0.05; done' &
(setsid sh -c 'trap "echo daemon >> trapped" TERM; echo $$ > daemon; while :; do sleep 0.05; done' &)
setsid env -i PATH="$PATH" sh -c 'trap "echo bare >> trapped" TERM; echo $$ > bare; while :; do sleep 0.05; done' &
sh -c 'trap "echo child >> trapped" TERM; echo $$ > child; while :; do sleep 0.05; done' &
`

func grow(t *testing.T, p *Processes, end string) (*Container, string, []int) {
	t.Helper()
	sandbox := t.TempDir()
	c := launch(t, p, Spec{Sandbox: sandbox, Command: shell(forest + end)})
	var pids []int
	for _, name := range []string{"session", "daemon", "bare", "child"} {
		pids = append(pids, pidIn(t, filepath.Join(sandbox, name)))
	}
	return c, sandbox, pids
}

func TestSignalTree(t *testing.T) {
	p := processes(t, Options{})
	c, sandbox, _ := grow(t, p, "while :; do sleep 0.05; done")
	if err := c.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	var got []string
	until(t, "all signalled", func() bool {
		data, _ := os.ReadFile(sandbox + "/trapped")
		got = strings.Fields(string(data))
		return len(got) >= 5
	})
	slices.Sort(got)
	if diff := cmp.Diff([]string{"bare", "child", "daemon", "main", "session"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestDestroyTree(t *testing.T) {
	p := processes(t, Options{})
	c, _, pids := grow(t, p, "while :; do sleep 0.05; done")
	c.Destroy()
	if e := c.Exit(); e.Status != 9 {
		t.Errorf("status %d, want 9", e.Status)
	}
	for _, pid := range append(pids, c.PID()) {
		if alive(pid) {
			t.Errorf("%d is alive", pid)
		}
	}
	if err := syscall.Kill(c.PID(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("a zombie is left: %v", err)
	}
	c.Destroy()
	if err := c.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("signal after the end: %v", err)
	}
}

func TestEndOfMainEndsTheTree(t *testing.T) {
	p := processes(t, Options{})
	c, _, pids := grow(t, p, "while [ ! -e go ]; do sleep 0.02; done; exit 4")
	dir, _ := os.Readlink(fmt.Sprintf("/proc/%d/cwd", c.PID()))
	// What both left the session and cleared its environment is known by its parent only, and that ends.
	bare := pids[2]
	t.Cleanup(func() { _ = syscall.Kill(bare, syscall.SIGKILL) })
	if err := os.WriteFile(dir+"/go", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if e := wait(t, c); e.Status != 4<<8 {
		t.Errorf("status %d, want %d", e.Status, 4<<8)
	}
	for _, pid := range pids {
		if pid != bare && alive(pid) {
			t.Errorf("%d is alive", pid)
		}
	}
}

// Processes that fork into new sessions as quickly as they can do not outrun Destroy. Their number has an end, lest they take the whole machine
// should this test be ended before it has ended them.
func TestDestroyForkers(t *testing.T) {
	p := processes(t, Options{})
	sandbox := t.TempDir()
	c := launch(t, p, Spec{Sandbox: sandbox, Command: shell(`
echo '[ $1 = 0 ] && exit; echo x > running; setsid sh ./next $(($1-1)) & wait' > next
sh ./next 5000 & sh ./next 5000 & wait`)})
	until(t, "running", func() bool { _, err := os.Stat(sandbox + "/running"); return err == nil })
	c.Destroy()
	if left := readTable(func(proc) bool { return true }).tree(0, c.ID()); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestCloseLeavesContainers(t *testing.T) {
	p, err := NewProcesses(Options{})
	if err != nil {
		t.Fatal(err)
	}
	checkpoint := t.TempDir()
	id := rand.Text()
	c := launch(t, p, Spec{ID: id, Checkpoint: checkpoint, Command: shell("read x < /dev/null; sleep 1000; exit 1")})
	p.Close()
	p.Close()
	if !alive(c.PID()) {
		t.Fatal("the container ended with the containerizer")
	}
	if _, err := p.Launch(t.Context(), Spec{ID: "late", Sandbox: t.TempDir(), Command: shell("true")}); err == nil {
		t.Error("a closed containerizer launches")
	}
	again, err := processes(t, Options{}).Recover(id, checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if e := wait(t, again); e.Status != 15 {
		t.Errorf("status %d, want 15", e.Status)
	}
}

func TestDestroyAfterClose(t *testing.T) {
	p, err := NewProcesses(Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := launch(t, p, Spec{Command: shell("sleep 1000")})
	p.Close()
	c.Destroy()
	if e := wait(t, c); e.Status != 9 {
		t.Errorf("status %d, want 9", e.Status)
	}
	if err := syscall.Kill(c.PID(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("a zombie is left: %v", err)
	}
}

func TestUsage(t *testing.T) {
	p := processes(t, Options{})
	c := launch(t, p, Spec{Command: shell("setsid sh -c 'while :; do :; done' & wait")})
	var u Usage
	until(t, "measured", func() bool {
		u = c.Usage()
		return u.User+u.System > 0 && u.Processes == 2 && u.RSS > 0
	})
	if u.RSS > 1<<30 || u.User+u.System > time.Hour {
		t.Errorf("usage %+v", u)
	}
	c.Destroy()
	if u := c.Usage(); u != (Usage{}) {
		t.Errorf("usage after the end %+v", u)
	}
}
