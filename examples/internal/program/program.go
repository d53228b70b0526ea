// Package program lets a test run a command as a user does: as a process of its own, which is read line by line.
//
//	func TestMain(m *testing.M) { program.Main(m, main) } // the test's own program is the command too
//
//	func TestBatch(t *testing.T) {
//		cluster := local.RunT(t)
//		p := program.Start(t, program.Self(t, "--master", cluster.Master()))
//		p.Line(`^done .*`)
//		if err := p.Wait(); err != nil {
//			t.Error(err)
//		}
//	}
//
// Whatever still runs at the end of the test is killed, and what it has printed is shown if the test has failed.
package program

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// Patience is how long a test waits for what should take a moment, on a machine that may be busy.
const Patience = 60 * time.Second

// Main runs the tests, which leave no goroutine behind; or main, if the program was started by [Self] or by an agent.
func Main(m *testing.M, main func()) {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-test.") {
		main()
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// Self is the command whose test this is, with one argument at least.
func Self(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=10") // or it would take a second to end
	return cmd
}

// Refuses runs the command whose test this is with an argument that it does not take, and sees it say so and fail.
func Refuses(t *testing.T, args ...string) {
	t.Helper()
	p := Start(t, Self(t, append(args, "stray")...))
	p.Has("stray")
	if err := p.Wait(); err == nil {
		t.Error("it takes an argument that has no meaning")
	}
}

// Process is a program that runs.
type Process struct {
	t     testing.TB
	cmd   *exec.Cmd
	mu    sync.Mutex
	lines []string
	next  int           // the first line that no wait has seen
	more  chan struct{} // holds a token when there are further lines, or the end
	ended chan struct{}
	err   error
}

// Start starts a command in a process group of its own. Nobody else may wait for it.
func Start(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	p := &Process{t: t, cmd: cmd, more: make(chan struct{}, 1), ended: make(chan struct{})}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = writer, writer
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = writer.Close()
	go func() {
		p.read(reader) // to the end, so that nothing is missed
		p.err = cmd.Wait()
		close(p.ended)
		p.signal()
	}()
	t.Cleanup(p.clean)
	return p
}

func (p *Process) clean() {
	_ = p.cmd.Process.Kill()
	<-p.ended
	if p.t.Failed() {
		p.t.Logf("%s printed:\n%s", strings.Join(p.cmd.Args, " "), p.Output())
	}
}

func (p *Process) read(r io.ReadCloser) {
	defer r.Close()
	for scanner := bufio.NewScanner(r); scanner.Scan(); {
		p.mu.Lock()
		p.lines = append(p.lines, scanner.Text())
		p.mu.Unlock()
		p.signal()
	}
}

func (p *Process) signal() {
	select {
	case p.more <- struct{}{}:
	default:
	}
}

// Line waits for the next line that matches, and returns its submatches.
func (p *Process) Line(pattern string) []string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	return p.await(fmt.Sprintf("a line like %q", pattern), func() []string {
		for p.next < len(p.lines) {
			found := re.FindStringSubmatch(p.lines[p.next])
			p.next++
			if found != nil {
				return found
			}
		}
		return nil
	})
}

// Has waits until text was printed, before or after what the lines waited for.
func (p *Process) Has(text string) {
	p.t.Helper()
	p.await(text, func() []string {
		if strings.Contains(strings.Join(p.lines, "\n"), text) {
			return []string{text}
		}
		return nil
	})
}

// await waits until scan finds something in the lines.
func (p *Process) await(what string, scan func() []string) []string {
	p.t.Helper()
	locked := func() []string {
		p.mu.Lock()
		defer p.mu.Unlock()
		return scan()
	}
	deadline := time.NewTimer(Patience)
	defer deadline.Stop()
	for {
		if found := locked(); found != nil {
			return found
		}
		select {
		case <-p.more:
		case <-deadline.C:
			p.t.Fatalf("%s never printed %s", p.cmd.Path, what)
		case <-p.ended:
			if found := locked(); found != nil {
				return found
			}
			p.t.Fatalf("%s ended (%v) and has not printed %s", p.cmd.Path, p.err, what)
		}
	}
}

// Output is all that was printed.
func (p *Process) Output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n")
}

// End sends a signal and waits for the end.
func (p *Process) End(sig syscall.Signal) error {
	p.t.Helper()
	_ = p.cmd.Process.Signal(sig) // it may have ended
	return p.Wait()
}

// Wait waits for the end and tells how it was.
func (p *Process) Wait() error {
	p.t.Helper()
	deadline := time.NewTimer(Patience)
	defer deadline.Stop()
	select {
	case <-p.ended:
	case <-deadline.C:
		p.t.Fatalf("%s does not end", p.cmd.Path)
	}
	return p.err
}
