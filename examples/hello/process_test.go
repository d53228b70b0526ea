package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ormosproject/ormos/examples/internal/program"
	"github.com/ormosproject/ormos/internal/porttest"
)

// programs builds the two commands once for all tests.
var programs = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "hello-test-")
	if err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-o", dir+"/", "github.com/ormosproject/ormos/cmd/ormos", "github.com/ormosproject/ormos/examples/hello").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if dir, err := programs(); err == nil {
			os.RemoveAll(dir)
		}
		os.Exit(code)
	}))
}

// start starts one of our programs in dir, which is its TMPDIR too.
func start(t *testing.T, dir, name string, args ...string) *program.Process {
	t.Helper()
	bin, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(bin, name), args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	return program.Start(t, cmd)
}

// cluster is an `ormos local` that can be killed and started again.
type cluster struct {
	*program.Process
	t      *testing.T
	dir    string
	args   []string
	master string
}

// startCluster starts `ormos local` with a work dir in dir and ports of its own: the master's, the agent's, and those that it offers.
func startCluster(t *testing.T, dir string, args ...string) *cluster {
	t.Helper()
	port := porttest.Free(t, 200)
	return startClusterAt(t, dir, port, append(args, "--resources", fmt.Sprintf("cpus:4;mem:4096;disk:1024;ports:[%d-%d]", port+2, port+199))...)
}

func startClusterAt(t *testing.T, dir string, port int, args ...string) *cluster {
	t.Helper()
	c := &cluster{t: t, dir: dir, master: fmt.Sprintf("127.0.0.1:%d", port)}
	t.Cleanup(func() { // executors outlive the cluster, and what writes down their ends outlives them
		for _, pid := range c.executors() {
			n, _ := strconv.Atoi(pid)
			syscall.Kill(n, syscall.SIGKILL)
		}
		eventually(t, "nothing runs in "+dir, func() bool { return len(processesWith(dir)) == 0 })
	})
	c.args = append([]string{"local", "-v", "--port", fmt.Sprint(port), "--agent-port", fmt.Sprint(port + 1), "--work-dir", filepath.Join(dir, "work")}, args...)
	c.start()
	return c
}

func (c *cluster) start() {
	c.t.Helper()
	c.Process = start(c.t, c.dir, "ormos", c.args...)
	c.Line("Ctrl-C")
}

// page is what the server at url answers, and who: "" while nobody does.
func page(url string) string {
	client := http.Client{Timeout: 5 * time.Second}
	answer, err := client.Get(url)
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	return string(body)
}

// active is the framework's tasks that are not terminal, as /state tells.
func (c *cluster) active() (ids []string) {
	answer, err := http.Get("http://" + c.master + "/state")
	if err != nil {
		return nil
	}
	defer answer.Body.Close()
	var state struct {
		Frameworks []struct {
			Tasks []struct{ ID, State string }
		}
	}
	if err := json.NewDecoder(answer.Body).Decode(&state); err != nil {
		c.t.Error(err)
	}
	for _, f := range state.Frameworks {
		for _, task := range f.Tasks {
			if task.State == "TASK_RUNNING" {
				ids = append(ids, task.ID)
			}
		}
	}
	return ids
}

// eventually waits until a condition that nobody announces holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), program.Patience)
	defer stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatal("never: " + what)
		case <-tick.C:
		}
	}
}

// processesWith are the pids of processes whose command line or environment holds text.
func processesWith(text string) (pids []string) {
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range all {
		cmdline, _ := os.ReadFile(dir + "/cmdline")
		environ, _ := os.ReadFile(dir + "/environ")
		if bytes.Contains(cmdline, []byte(text)) || bytes.Contains(environ, []byte(text)) {
			pids = append(pids, filepath.Base(dir))
		}
	}
	return pids
}
