package container

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// crash lets another process launch a container, and kills that process.
func crash(t *testing.T, role, id, command string) (sandbox, checkpoint string) {
	t.Helper()
	sandbox, checkpoint = t.TempDir(), t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	agent := exec.Command(self, sandbox, checkpoint, id, command)
	agent.Env = append(os.Environ(), roleEnv+"="+role)
	out, err := agent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	_ = agent.Process.Kill()
	_ = agent.Wait()
	if line != "launched\n" {
		t.Fatalf("the agent said %q", line)
	}
	return sandbox, checkpoint
}

// knowsForeignStatus tells whether the kernel gives away the status of others' children.
func knowsForeignStatus(t *testing.T) bool {
	t.Helper()
	data, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return false
	}
	var major, minor int
	_, _ = fmt.Sscanf(string(data), "%d.%d", &major, &minor)
	return major > 6 || major == 6 && minor >= 15
}

func TestRecover(t *testing.T) {
	for _, role := range []string{"launch", "start"} {
		t.Run(role, func(t *testing.T) {
			id := rand.Text()
			sandbox, checkpoint := crash(t, role, id, "setsid sleep 1000 & echo $! > child; env -i sleep 1000 & echo $! > bare; while [ ! -e go ]; do sleep 0.02; done; exit 7")
			child, bare := pidIn(t, sandbox+"/child"), pidIn(t, sandbox+"/bare")
			p := processes(t, Options{})
			c, err := p.Recover(id, checkpoint)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Destroy()
			if pid := fmt.Sprint(c.PID()); role == "launch" && !strings.HasPrefix(read(t, filepath.Join(checkpoint, startFile)), pid+" ") {
				t.Errorf("pid %s is not the one in %s", pid, startFile)
			}
			if err := os.WriteFile(sandbox+"/go", nil, 0o644); err != nil {
				t.Fatal(err)
			}
			want := int32(-1)
			if knowsForeignStatus(t) {
				want = 7 << 8
			}
			if e := wait(t, c); e.Status != want {
				t.Errorf("status %d, want %d", e.Status, want)
			}
			if alive(child) {
				t.Error("its child is alive")
			}
			if alive(bare) {
				t.Error("its child without an environment is alive")
			}
			if want < 0 {
				return
			}
			again, err := p.Recover(id, checkpoint)
			if err != nil {
				t.Fatal(err)
			}
			if e := wait(t, again); e.Status != want {
				t.Errorf("status on second recovery %d, want %d", e.Status, want)
			}
		})
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestDestroyRecovered(t *testing.T) {
	id := rand.Text()
	sandbox, checkpoint := crash(t, "launch", id, forest+"while :; do sleep 0.05; done")
	var pids []int
	for _, name := range []string{"session", "daemon", "bare", "child"} {
		pids = append(pids, pidIn(t, filepath.Join(sandbox, name)))
	}
	c, err := processes(t, Options{}).Recover(id, checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	until(t, "all signalled", func() bool {
		data, _ := os.ReadFile(sandbox + "/trapped")
		return len(strings.Fields(string(data))) == 5
	})
	c.Destroy()
	for _, pid := range append(pids, c.PID()) {
		if alive(pid) {
			t.Errorf("%d is alive", pid)
		}
	}
}

func TestRecoverGone(t *testing.T) {
	p := processes(t, Options{})
	gone := func(t *testing.T, id, dir string) {
		t.Helper()
		if c, err := p.Recover(id, dir); !errors.Is(err, ErrGone) {
			t.Errorf("got %v, %v, want ErrGone", c, err)
		}
	}
	t.Run("never started", func(t *testing.T) { gone(t, "never-started", t.TempDir()) })
	t.Run("ended while no agent ran", func(t *testing.T) {
		id := rand.Text()
		sandbox, checkpoint := crash(t, "launch", id, "setsid sleep 1000 & echo $! > child; while [ ! -e go ]; do sleep 0.02; done")
		child := pidIn(t, sandbox+"/child")
		i, _, _ := readIdentity(checkpoint)
		if err := os.WriteFile(sandbox+"/go", nil, 0o644); err != nil {
			t.Fatal(err)
		}
		until(t, "ended", func() bool { return startTime(i.PID) != i.Start })
		gone(t, id, checkpoint)
		if alive(child) {
			t.Error("its child is alive")
		}
	})
	t.Run("the pid is another's", func(t *testing.T) {
		other := launch(t, p, Spec{Command: shell("sleep 1000")})
		for _, i := range []identity{
			{PID: other.PID(), Start: startTime(other.PID()) - 1, Boot: bootID()},
			{PID: other.PID(), Start: startTime(other.PID()), Boot: "an-earlier-boot"},
		} {
			dir := t.TempDir()
			if err := writeIdentity(dir, i); err != nil {
				t.Fatal(err)
			}
			gone(t, "reused", dir)
		}
		if !alive(other.PID()) {
			t.Error("the other process was killed")
		}
	})
	t.Run("damaged", func(t *testing.T) {
		for _, text := range []string{"x", "1 2 3", "-5 2 3", "10 x y", "99999999999 1 x"} {
			dir := t.TempDir()
			if err := errors.Join(os.Mkdir(dir+"/pids", 0o755), os.WriteFile(dir+"/"+startFile, []byte(text), 0o644)); err != nil {
				t.Fatal(err)
			}
			if _, err := p.Recover("damaged", dir); err == nil || errors.Is(err, ErrGone) {
				t.Errorf("%q: error %v", text, err)
			}
		}
	})
}
