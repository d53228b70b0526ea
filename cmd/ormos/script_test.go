package main

import (
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"github.com/ormosproject/ormos/internal/tlstest"
)

// patience is how long a story waits for what should take a moment, on a machine that may be busy.
const patience = 60 * time.Second

// The stories call ormos, which is this program, and go by what it prints.
func TestMain(m *testing.M) {
	testscript.Main(leakless{m}, map[string]func(){"ormos": main})
}

// leakless are tests that leave no goroutine behind.
type leakless struct{ *testing.M }

func (m leakless) Run() int {
	code := m.M.Run()
	if code != 0 {
		return code
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func TestStories(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("TMPDIR", e.Cd)                 // where a cluster without a work dir keeps its state
			e.Setenv("GORACE", "atexit_sleep_ms=10") // with the race detector each command would take a second to end
			e.Defer(func() { killLeft(e.WorkDir) })
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"certificate": certificate, "await": await, "status": status, "ports": ports, "listen": listen, "fetch": fetch,
		},
	})
}

// killLeft ends what outlives `ormos up` below a directory, and returns when nothing runs there any more: what writes down the ends of the
// executors, too, would be in the way of the directory's removal.
func killLeft(dir string) {
	_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, _ error) error {
		if filepath.Base(path) != "forked" {
			return nil
		}
		if text, err := os.ReadFile(path); err == nil {
			first, _, _ := strings.Cut(string(text), " ")
			if pid, err := strconv.Atoi(first); err == nil && pid > 1 {
				_ = syscall.Kill(-pid, syscall.SIGKILL)
			}
		}
		return nil
	})
	here, _ := filepath.Glob("/proc/[0-9]*/cwd") // of commands nothing is written; elsewhere than on Linux they stay
	for _, link := range here {
		if at, err := os.Readlink(link); err != nil || at != dir && !strings.HasPrefix(at, dir+"/") {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link))); err == nil && pid > 1 && pid != os.Getpid() {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(patience); runsIn(dir); {
		select {
		case <-tick.C:
		case <-late:
			return // the removal tells
		}
	}
}

// runsIn tells whether a process has the directory in its environment.
func runsIn(dir string) bool {
	all, _ := filepath.Glob("/proc/[0-9]*/environ")
	return slices.ContainsFunc(all, func(path string) bool {
		environment, _ := os.ReadFile(path)
		return strings.Contains(string(environment), "="+dir)
	})
}

// certificate writes cert.pem and key.pem, for 127.0.0.1.
func certificate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: certificate")
	}
	ts.Check(tlstest.Write(ts.MkAbs("cert.pem"), ts.MkAbs("key.pem")))
}

// await FILE TEXT waits until a file that is being written holds a text.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await FILE TEXT")
	}
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		text, _ := os.ReadFile(ts.MkAbs(args[0]))
		if strings.Contains(string(text), args[1]) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			ts.Fatalf("%s never held %q; it holds:\n%s", args[0], args[1], text)
		}
	}
}

// status N COMMAND ARG... runs a command that is to end with this status.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N COMMAND ARG...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "exit status 0"
	if err != nil {
		got = err.Error()
	}
	if want := "exit status " + args[0]; got != want {
		ts.Fatalf("%s ended with %s, want %s", args[1], got, want)
	}
}

// ports NAME N sets $NAME0, $NAME1 ... to N free ports in a row.
func ports(ts *testscript.TestScript, neg bool, args []string) {
	var n int
	if _, err := fmt.Sscan(args[1], &n); neg || len(args) != 2 || err != nil {
		ts.Fatalf("usage: ports NAME N")
	}
	story := fnv.New32() // stories run at the same time
	io.WriteString(story, ts.Name())
	for base := 20000 + (os.Getpid()+int(story.Sum32()%10000))%10000; base < 32000; base += n {
		if allFree(base, n) {
			for i := range n {
				ts.Setenv(fmt.Sprint(args[0], i), fmt.Sprint(base+i))
			}
			return
		}
	}
	ts.Fatalf("there are no free ports")
}

func allFree(base, n int) bool {
	for port := base; port < base+n; port++ {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return false
		}
		l.Close()
	}
	return true
}

// listen NAME listens on a free port until the story ends, and sets $NAME to it.
func listen(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: listen NAME")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	ts.Setenv(args[0], fmt.Sprint(l.Addr().(*net.TCPAddr).Port))
}

// fetch URL FILE waits until a URL answers and writes the body to a file.
func fetch(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fetch URL FILE")
	}
	answer, err := http.Get(args[0])
	ts.Check(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), body, 0o600))
}
