package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for what should take a moment, on a machine that may be busy.
const patience = 60 * time.Second

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
	code := m.Run()
	if dir, err := programs(); err == nil {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// process is a program whose output is read line by line.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	mu    sync.Mutex
	lines []string
	next  int           // the first line that no wait has seen
	more  chan struct{} // holds a token when there are further lines, or the end
	ended chan struct{}
	err   error
}

// start starts one of our programs with TMPDIR and the state's directory in dir.
func start(t *testing.T, dir, name string, args ...string) *process {
	t.Helper()
	bin, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.Command(filepath.Join(bin, name), args...), more: make(chan struct{}, 1), ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), "TMPDIR="+dir, "HOME="+dir, "XDG_STATE_HOME="+filepath.Join(dir, "state"))
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = writer, writer
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	go func() {
		p.read(reader) // to the end, so that nothing is missed
		p.err = p.cmd.Wait()
		close(p.ended)
		p.signalMore()
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.ended
		if t.Failed() {
			p.mu.Lock()
			defer p.mu.Unlock()
			t.Logf("%s %s printed:\n%s", name, strings.Join(args, " "), strings.Join(p.lines, "\n"))
		}
	})
	return p
}

func (p *process) read(r io.ReadCloser) {
	defer r.Close()
	for scanner := bufio.NewScanner(r); scanner.Scan(); {
		p.mu.Lock()
		p.lines = append(p.lines, scanner.Text())
		p.mu.Unlock()
		p.signalMore()
	}
}

func (p *process) signalMore() {
	select {
	case p.more <- struct{}{}:
	default:
	}
}

// line waits for the next line that matches, and returns its submatches.
func (p *process) line(pattern string) []string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	deadline := time.After(patience)
	for {
		if found := p.scan(re); found != nil {
			return found
		}
		select {
		case <-p.more:
		case <-deadline:
			p.t.Fatalf("%s never printed a line like %q", p.cmd.Path, pattern)
		case <-p.ended:
			if found := p.scan(re); found != nil {
				return found
			}
			p.t.Fatalf("%s ended (%v) without a line like %q", p.cmd.Path, p.err, pattern)
		}
	}
}

func (p *process) scan(re *regexp.Regexp) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.next < len(p.lines) {
		found := re.FindStringSubmatch(p.lines[p.next])
		p.next++
		if found != nil {
			return found
		}
	}
	return nil
}

// has waits until text was printed, before or after what the lines waited for.
func (p *process) has(text string) {
	p.t.Helper()
	eventually(p.t, "printed: "+text, func() bool { return strings.Contains(p.output(), text) })
}

// output is all that was printed.
func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n")
}

// end sends a signal and waits for the end.
func (p *process) end(sig syscall.Signal) error {
	p.t.Helper()
	p.cmd.Process.Signal(sig)
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatalf("%s did not end upon %v", p.cmd.Path, sig)
	}
	return p.err
}

// cluster is an `ormos local` that can be killed and started again.
type cluster struct {
	*process
	t      *testing.T
	dir    string
	args   []string
	master string
}

// freePorts finds 200 ports in a row of which at least those of master and agent are free. They lie below those that the system
// gives to outgoing connections, so that they are still free after a kill -9.
func freePorts(t *testing.T) int {
	t.Helper()
	for range 100 {
		if port := 10000 + rand.N(100)*200; free(port) && free(port+1) {
			return port
		}
	}
	t.Fatal("no free ports")
	return 0
}

// startCluster starts `ormos local` with a work dir in dir and ports of its own: the master's, the agent's, and those that it offers.
func startCluster(t *testing.T, dir string, args ...string) *cluster {
	t.Helper()
	port := freePorts(t)
	return startClusterAt(t, dir, port, append(args, "--resources", fmt.Sprintf("cpus:4;mem:4096;disk:1024;ports:[%d-%d]", port+2, port+199))...)
}

func startClusterAt(t *testing.T, dir string, port int, args ...string) *cluster {
	t.Helper()
	c := &cluster{t: t, dir: dir, master: fmt.Sprintf("127.0.0.1:%d", port)}
	t.Cleanup(func() { // executors outlive the cluster
		for _, pid := range c.executors() {
			n, _ := strconv.Atoi(pid)
			syscall.Kill(n, syscall.SIGKILL)
		}
	})
	c.args = append([]string{"local", "-v", "--port", fmt.Sprint(port), "--agent-port", fmt.Sprint(port + 1), "--work-dir", filepath.Join(dir, "work")}, args...)
	c.start()
	return c
}

func (c *cluster) start() {
	c.t.Helper()
	c.process = start(c.t, c.dir, "ormos", c.args...)
	c.line("Ctrl-C")
}

func free(port int) bool {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err == nil {
		l.Close()
	}
	return err == nil
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
	ctx, stop := context.WithTimeout(context.Background(), patience)
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
