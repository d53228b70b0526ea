package attach

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs a shell command in the session.
func start(t *testing.T, s *Session, command string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", command)
	files := s.Files()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = files[0], files[1], files[2]
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: s.IsTerminal()}
	err := cmd.Start()
	s.Started()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return cmd
}

func all(f *Follower) (stdout, stderr string) {
	for c := range f.Chunks() {
		if c.Stderr {
			stderr += string(c.Data)
		} else {
			stdout += string(c.Data)
		}
	}
	return stdout, stderr
}

func pipes(t *testing.T) *Session {
	t.Helper()
	s, err := Pipes()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

type builder struct {
	strings.Builder
	closed bool
}

func (b *builder) Close() error {
	b.closed = true
	return nil
}

func TestPipes(t *testing.T) {
	s := pipes(t)
	one, two := s.Follow(), s.Follow()
	two.Stop()
	var log builder
	s.LogTo(&log)
	cmd := start(t, s, "cat; echo e >&2")
	if err := s.Write(context.Background(), []byte("in")); err != nil {
		t.Fatal(err)
	}
	if err := s.EndInput(context.Background()); err != nil {
		t.Fatal(err)
	}
	if out, err := all(one); out != "in" || err != "e\n" {
		t.Errorf("got %q and %q", out, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if out, err := all(s.Follow()); out+err != "" {
		t.Errorf("after the end: %q, %q", out, err)
	}
	s.Close()
	if log.Len() != len("ine\n") || !log.closed {
		t.Errorf("log: %q", log.String())
	}
}

func TestTerminal(t *testing.T) {
	s, err := Terminal(7, 33)
	if err != nil {
		t.Skip(err)
	}
	f := s.Follow()
	cmd := start(t, s, "stty size; cat; stty size; tty >&2")
	if err := s.Write(context.Background(), []byte("in\n")); err != nil {
		t.Fatal(err)
	}
	if err := s.EndInput(context.Background()); err != nil {
		t.Fatal(err)
	}
	out, stderr := all(f)
	if !strings.Contains(out, "7 33\r\n") || !strings.Contains(out, "in\r\n") || !strings.Contains(out, "/dev/pts/") || stderr != "" {
		t.Errorf("got %q and %q", out, stderr)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestResize(t *testing.T) {
	s, err := Terminal(0, 0)
	if err != nil {
		t.Skip(err)
	}
	f := s.Follow()
	cmd := start(t, s, "read line; stty size")
	if err := errors.Join(s.Resize(12, 34), s.Write(context.Background(), []byte("\n"))); err != nil {
		t.Fatal(err)
	}
	if out, _ := all(f); !strings.Contains(out, "12 34") {
		t.Errorf("got %q", out)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// What the command does not read does not hold up whoever writes once that one is gone.
func TestWriteEndsWithItsContext(t *testing.T) {
	s := pipes(t)
	defer s.Close()
	ctx, cancel := context.WithCancel(context.Background())
	written := make(chan error)
	go func() { written <- s.Write(ctx, make([]byte, 1<<20)) }()
	cancel()
	if err := <-written; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	s.Started()
}

// Close ends what is read and told, even while a follower does not read.
func TestCloseWhileTelling(t *testing.T) {
	for _, s := range []func() (*Session, error){Pipes, func() (*Session, error) { return Terminal(0, 0) }} {
		s, err := s()
		if err != nil {
			t.Skip(err)
		}
		s.Follow()
		cmd := start(t, s, "yes")
		s.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}
