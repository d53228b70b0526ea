package local_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/ormosproject/ormos/local"
)

// child is a cluster in a process of its own, which can be killed and started again.
type child struct {
	t       testing.TB
	options local.Options
	cmd     *exec.Cmd
	log     buffer
}

// buffer keeps what a process prints.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// startChild starts a cluster with a work dir and ports that it keeps over restarts. Whatever runs in its sandboxes is killed in the end.
func startChild(t testing.TB, o local.Options) *child {
	t.Helper()
	o = durable(t, o)
	c := &child{t: t, options: o}
	t.Cleanup(func() {
		for _, pid := range processesIn(o.WorkDir) {
			n, _ := strconv.Atoi(pid)
			syscall.Kill(n, syscall.SIGKILL)
		}
		if t.Failed() {
			t.Log(c.log.String())
		}
	})
	t.Cleanup(c.kill)
	c.start()
	return c
}

// durable gives a cluster a work dir and ports.
func durable(t testing.TB, o local.Options) local.Options {
	t.Helper()
	if o.WorkDir == "" {
		o.WorkDir = t.TempDir()
	}
	if len(o.Resources) == 0 {
		o.Resources = []string{resources}
	}
	o.Port = freePorts(t, 1+max(1, o.Agents))
	o.AgentPort = o.Port + 1
	return o
}

func (c *child) start() {
	c.t.Helper()
	self, err := os.Executable()
	if err != nil {
		c.t.Fatal(err)
	}
	text, err := json.Marshal(c.options)
	if err != nil {
		c.t.Fatal(err)
	}
	c.cmd = exec.Command(self, roleCluster, string(text))
	c.cmd.Stderr = &c.log
	if _, err := c.cmd.StdinPipe(); err != nil { // its end tells the child that the test has died
		c.t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		c.t.Fatalf("the cluster did not start: %v", err)
	}
	if got := strings.TrimSpace(line); got != c.master() {
		c.t.Errorf("the master listens on %s, want %s", got, c.master())
	}
}

func (c *child) master() string { return "127.0.0.1:" + strconv.Itoa(c.options.Port) }

// kill is kill -9, and waits for the end.
func (c *child) kill() {
	if c.cmd.ProcessState == nil {
		c.cmd.Process.Kill()
		c.cmd.Wait()
	}
}
