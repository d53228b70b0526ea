package container

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/mesos"
)

func background() context.Context { return context.Background() }

func processes(t *testing.T, o Options) *Processes {
	t.Helper()
	p, err := NewProcesses(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func launch(t *testing.T, p *Processes, s Spec) *Container {
	t.Helper()
	if s.Sandbox == "" {
		s.Sandbox = t.TempDir()
	}
	if s.ID == "" {
		s.ID = rand.Text()
	}
	if s.Env == nil {
		s.Env = []string{"PATH=" + os.Getenv("PATH")}
	}
	c, err := p.Launch(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Destroy)
	return c
}

func wait(t *testing.T, c *Container) Exit {
	t.Helper()
	select {
	case <-c.Done():
	case <-time.After(30 * time.Second):
		t.Fatalf("container %s did not end", c.ID())
	}
	return c.Exit()
}

// until polls a condition that no event tells.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not %s", what)
		}
	}
}

// content waits until a file has a line, and returns it without the line's end.
func content(t *testing.T, path string) string {
	t.Helper()
	var text string
	until(t, path+" written", func() bool {
		data, _ := os.ReadFile(path)
		text = string(data)
		return strings.HasSuffix(text, "\n")
	})
	return strings.TrimSuffix(text, "\n")
}

func TestStatus(t *testing.T) {
	p := processes(t, Options{})
	for command, want := range map[string]int32{
		"exit 0":                      0,
		"exit 3":                      3 << 8,
		"exit 143":                    143 << 8,
		"kill -TERM $$":               15,
		"kill -KILL $$":               9,
		"sleep 0 & wait; no-such-one": 127 << 8,
	} {
		t.Run(command, func(t *testing.T) {
			if got := wait(t, launch(t, p, Spec{Command: shell(command)})).Status; got != want {
				t.Errorf("status %d, want %d", got, want)
			}
		})
	}
}

func TestSurroundings(t *testing.T) {
	p := processes(t, Options{})
	sandbox := t.TempDir()
	if err := os.WriteFile(sandbox+"/stdout", []byte("before\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	id := rand.Text()
	c := launch(t, p, Spec{
		ID: id, Sandbox: sandbox, Env: []string{"A=b", "ORMOS_CONTAINER=other"},
		Command: shell("pwd; echo $A $ORMOS_CONTAINER; cat; echo $$ $(ps -o pgid=,sid= -p $$ 2>/dev/null); echo err >&2"),
	})
	wait(t, c)
	out, _ := os.ReadFile(sandbox + "/stdout")
	lines := strings.Split(string(out), "\n")
	real, _ := filepath.EvalSymlinks(sandbox)
	if diff := cmp.Diff([]string{"before", real, "b " + id}, lines[:3]); diff != "" {
		t.Error(diff)
	}
	pid := strconv.Itoa(c.PID())
	if ids := strings.Fields(lines[3]); ids[0] != pid || len(ids) == 3 && (ids[1] != pid || ids[2] != pid) {
		t.Errorf("pid, group and session %v, want %s", ids, pid)
	}
	if got := content(t, sandbox+"/stderr"); got != "err" {
		t.Errorf("stderr %q", got)
	}
}

func TestArguments(t *testing.T) {
	p := processes(t, Options{})
	argv := func(value string, args ...string) mesos.CommandInfo {
		return mesos.CommandInfo{Shell: new(false), Value: &value, Arguments: args}
	}
	sandbox := t.TempDir()
	script := func(name, text string) {
		if err := os.WriteFile(filepath.Join(sandbox, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	script("plain", "echo plain $1\n")
	script("shebang", "#!/bin/sh\necho shebang $1\n")
	for _, one := range []struct {
		name    string
		command mesos.CommandInfo
		want    string
	}{
		{"argv[0] is an argument", argv("/bin/sh", "called", "-c", "echo $0 $1", "a", "b"), "a b"},
		{"PATH", argv("echo", "echo", "x y"), "x y"},
		{"no arguments", argv("./shebang"), "shebang"},
		{"sandbox", argv("./shebang", "shebang", "1"), "shebang 1"},
		{"a script without interpreter", argv("./plain", "plain", "1"), "plain 1"},
	} {
		t.Run(one.name, func(t *testing.T) {
			_ = os.Remove(sandbox + "/stdout")
			c := launch(t, p, Spec{Sandbox: sandbox, Command: one.command})
			if e := wait(t, c); e.Status != 0 {
				t.Errorf("status %d", e.Status)
			}
			if got := content(t, sandbox+"/stdout"); got != one.want {
				t.Errorf("output %q, want %q", got, one.want)
			}
		})
	}
}

func TestLaunchError(t *testing.T) {
	p := processes(t, Options{})
	sandbox := t.TempDir()
	for name, mode := range map[string]os.FileMode{"corrupt": 0o755, "plain": 0o644} {
		if err := os.WriteFile(filepath.Join(sandbox, name), []byte("\x7fEL\x00\x01garbage"), mode); err != nil {
			t.Fatal(err)
		}
	}
	for value, want := range map[string]error{
		"./corrupt":   syscall.ENOEXEC,
		"./plain":     syscall.EACCES,
		"./no-such":   syscall.ENOENT,
		"no-such-one": exec.ErrNotFound,
	} {
		_, err := p.Launch(t.Context(), Spec{ID: rand.Text(), Sandbox: sandbox, Command: mesos.CommandInfo{Shell: new(false), Value: &value}})
		var launch *LaunchError
		if !errors.As(err, &launch) || !errors.Is(err, want) || !strings.Contains(err.Error(), value) {
			t.Errorf("%s: error %v, want a LaunchError of %v", value, err, want)
		}
	}
}

func TestUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can switch users")
	}
	p := processes(t, Options{})
	_, err := p.Launch(t.Context(), Spec{ID: rand.Text(), Sandbox: t.TempDir(), User: "no-such-user", Command: shell("true")})
	var unknown user.UnknownUserError
	if !errors.As(err, &unknown) {
		t.Errorf("error %v, want an UnknownUserError", err)
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Skip(err)
	}
	sandbox, err := os.MkdirTemp("", "sandbox")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(sandbox)
	c := launch(t, p, Spec{Sandbox: sandbox, User: "nobody", Command: shell("id -u; echo done > mine")})
	if e := wait(t, c); e.Status != 0 {
		t.Errorf("status %d", e.Status)
	}
	if got := content(t, sandbox+"/stdout"); got != nobody.Uid {
		t.Errorf("uid %s, want %s", got, nobody.Uid)
	}
	for _, path := range []string{sandbox, sandbox + "/stdout", sandbox + "/stderr", sandbox + "/mine"} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(info.Sys().(*syscall.Stat_t).Uid); got != nobody.Uid {
			t.Errorf("%s belongs to %s, want %s", path, got, nobody.Uid)
		}
	}
}

// A user who may not even enter the sandbox is told why nothing starts.
func TestClosedDirectory(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can switch users")
	}
	if _, err := user.Lookup("nobody"); err != nil {
		t.Skip(err)
	}
	closed, err := os.MkdirTemp("", "closed")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(closed)
	sandbox := filepath.Join(closed, "below", "sandbox")
	if err := os.MkdirAll(sandbox, 0o755); err != nil {
		t.Fatal(err)
	}
	p := processes(t, Options{})
	_, err = p.Launch(t.Context(), Spec{ID: rand.Text(), Sandbox: sandbox, User: "nobody", Command: shell("true")})
	if want := `user "nobody" cannot enter the sandbox, which is below ` + closed; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
	if err := os.Chmod(closed, 0o711); err != nil {
		t.Fatal(err)
	}
	if e := wait(t, launch(t, p, Spec{Sandbox: sandbox, User: "nobody", Command: shell("true")})); e.Status != 0 {
		t.Errorf("status %d once it is open", e.Status)
	}
}

// What was fetched a moment ago is still open for writing in whatever this process forked meanwhile. That does not last.
func TestExecutableBusy(t *testing.T) {
	program, err := os.ReadFile("/bin/true")
	if err != nil {
		t.Skip(err)
	}
	sandbox := t.TempDir()
	file, err := os.OpenFile(filepath.Join(sandbox, "program"), os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(program); err != nil {
		t.Fatal(err)
	}
	closing := time.AfterFunc(20*time.Millisecond, func() { file.Close() })
	defer closing.Stop()
	p := processes(t, Options{})
	c := launch(t, p, Spec{Sandbox: sandbox, Command: mesos.CommandInfo{Shell: new(false), Value: new("./program")}})
	if exit := wait(t, c); exit.Status != 0 {
		t.Errorf("it ended with %v", exit)
	}
}
