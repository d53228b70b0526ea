package local_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
)

// place is a command task that runs, with its agent, for an operator to look at.
type place struct {
	agent     *operator.Agent
	master    *operator.Master
	container *mesos.ContainerID
}

func runningTask(t *testing.T) place {
	t.Helper()
	cluster := local.RunT(t, local.Options{Resources: []string{resources}})
	f := subscribe(t, cluster.Master())
	f.launch(f.offer(), sleepTask("beside"))
	p := place{container: f.until("beside", mesos.TaskRunning).ContainerStatus.ContainerID}
	var err error
	if p.master, err = operator.NewMaster(operator.Options{Address: cluster.Master()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.master.Close)
	if p.agent, err = operator.NewAgent(operator.Options{Address: cluster.Agents()[0]}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.agent.Close)
	return p
}

// inside is the id of a container in the task's.
func (p place) inside(id string) mesos.ContainerID {
	return mesos.ContainerID{Value: id, Parent: p.container}
}

// look launches a session and gives its output.
func (p place) look(t *testing.T, id, command string, container *mesos.ContainerInfo) *operator.Output {
	t.Helper()
	o, err := p.agent.LaunchNestedContainerSession(t.Context(), operator.AgentCallLaunchNestedContainerSession{
		ContainerID: p.inside(id), Command: &mesos.CommandInfo{Value: &command}, Container: container,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close() })
	return o
}

func (p place) exitStatus(t *testing.T, id string) int32 {
	t.Helper()
	ended, err := p.agent.WaitNestedContainer(t.Context(), p.inside(id))
	if err != nil || ended.ExitStatus == nil {
		t.Fatalf("got %v, %v", ended, err)
	}
	return *ended.ExitStatus
}

func (p place) input(t *testing.T, id string) *operator.Input {
	t.Helper()
	in, err := p.agent.AttachContainerInput(t.Context(), p.inside(id))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// screen keeps what is shown, for a test that waits for some of it.
type screen struct {
	mu    sync.Mutex
	text  bytes.Buffer
	ended bool
	err   error
	more  chan struct{}
}

func show(o *operator.Output) *screen {
	s := &screen{more: make(chan struct{}, 1)}
	go func() {
		err := o.Copy(s, io.Discard)
		s.mu.Lock()
		s.ended, s.err = true, err
		s.mu.Unlock()
		s.tell()
	}()
	return s
}

func (s *screen) tell() {
	select {
	case s.more <- struct{}{}:
	default:
	}
}

// Write adds to it.
func (s *screen) Write(p []byte) (int, error) {
	defer s.tell()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// until waits until text is shown, or, for "", until the output's end, and gives all that is.
func (s *screen) until(t *testing.T, text string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		s.mu.Lock()
		shown, ended, err := s.text.String(), s.ended, s.err
		s.mu.Unlock()
		if ended && text == "" && err == nil || text != "" && strings.Contains(shown, text) {
			return shown
		}
		if ended || ctx.Err() != nil {
			t.Fatalf("shows %q, %v, and no %q", shown, err, text)
		}
		select {
		case <-s.more:
		case <-ctx.Done():
		}
	}
}

// A shell beside a task, typed into through a pipe: a second one who looks on sees the same, and how it has ended is known afterwards.
func TestShellBesideATask(t *testing.T) {
	p := runningTask(t)
	first := show(p.look(t, "shell", "exec sh", nil)) // it says nothing until it is told to
	beside, err := p.agent.AttachContainerOutput(t.Context(), p.inside("shell"))
	if err != nil {
		t.Fatal(err)
	}
	defer beside.Close()
	second := show(beside)
	in := p.input(t, "shell")
	for _, line := range []string{"echo one-$((1+1))\n", "pwd\n", "exit 3\n"} {
		if _, err := io.WriteString(in, line); err != nil {
			t.Fatal(err)
		}
	}
	got := first.until(t, "")
	if !strings.HasPrefix(got, "one-2\n") || second.until(t, "") != got {
		t.Errorf("shows %q and %q", got, second.until(t, ""))
	}
	if status := p.exitStatus(t, "shell"); status != 3<<8 {
		t.Errorf("ended with %d", status)
	}
	if err := in.Close(); err != nil {
		t.Errorf("the input ended with %v", err)
	}
	if !strings.Contains(got, "/"+p.container.Value+"\n") {
		t.Errorf("the shell ran in %q, not in the task's sandbox", got)
	}
}

// With a terminal keys are echoed, its size is the user's, and Ctrl-C interrupts.
func TestTerminalBesideATask(t *testing.T) {
	p := runningTask(t)
	tty := &mesos.ContainerInfo{Type: mesos.ContainerInfoTypeMesos, TTYInfo: &mesos.TTYInfo{WindowSize: &mesos.TTYInfoWindowSize{Rows: 24, Columns: 80}}}
	s := show(p.look(t, "shell", "trap 'echo in''terrupted' INT; exec 2>&1; stty size; while :; do if read line; then $line; fi; done", tty))
	s.until(t, "24 80\r\n")
	in := p.input(t, "shell")
	if err := in.Resize(50, 132); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ key, shown string }{{"stty size\n", "50 132\r\n"}, {"\x03", "interrupted\r\n"}, {"exit 7\n", ""}} {
		if _, err := io.WriteString(in, step.key); err != nil {
			t.Fatal(err)
		}
		s.until(t, step.shown)
	}
	if status := p.exitStatus(t, "shell"); status != 7<<8 {
		t.Errorf("ended with %d", status)
	}
	if err := in.Close(); err != nil {
		t.Errorf("the input ended with %v", err)
	}
}

// The end of what is piped ends the command.
func TestPipeBesideATask(t *testing.T) {
	p := runningTask(t)
	s := show(p.look(t, "cat", "cat; exit 1", nil))
	in := p.input(t, "cat")
	long := strings.Repeat("0123456789abcdef\n", 20_000)
	if _, err := io.WriteString(in, long); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(in.CloseWrite(), in.Close()); err != nil {
		t.Fatal(err)
	}
	if got := s.until(t, ""); got != long {
		t.Errorf("%d bytes of %d came", len(got), len(long))
	}
	if status := p.exitStatus(t, "cat"); status != 1<<8 {
		t.Errorf("ended with %d", status)
	}
}

// A nested container has a sandbox in the task's; it is killed, and removed with it.
func TestKillNestedContainer(t *testing.T) {
	p := runningTask(t)
	ctx, id := t.Context(), p.inside("n")
	err := p.agent.LaunchNestedContainer(ctx, operator.AgentCallLaunchNestedContainer{
		ContainerID: id, Command: &mesos.CommandInfo{Value: new("echo here > file; echo said; exec sleep 1000")},
	})
	if err != nil {
		t.Fatal(err)
	}
	sandbox, err := p.master.Sandbox(ctx, operator.TaskKey{Task: "beside"})
	if err != nil {
		t.Fatal(err)
	}
	defer sandbox.Close()
	var said bytes.Buffer
	eventually(t, "the container says something", func() bool {
		said.Reset()
		_ = sandbox.Copy(ctx, &said, "containers/n/stdout") // it may not be there yet
		return said.Len() > 0
	})
	var file bytes.Buffer
	if err := sandbox.Copy(ctx, &file, "containers/n/file"); err != nil || file.String() != "here\n" || said.String() != "said\n" {
		t.Errorf("the file has %q, stdout %q, %v", &file, &said, err)
	}
	if _, err := p.agent.AttachContainerOutput(ctx, id); err == nil {
		t.Error("attached to what has nothing to attach to")
	}
	if err := p.agent.KillNestedContainer(ctx, operator.AgentCallKillNestedContainer{ContainerID: id, Signal: new(int32(15))}); err != nil {
		t.Fatal(err)
	}
	if status := p.exitStatus(t, "n"); status != 15 {
		t.Errorf("ended with %d", status)
	}
	if err := p.agent.RemoveNestedContainer(ctx, id); err != nil {
		t.Fatal(err)
	}
	if _, err := p.agent.WaitNestedContainer(ctx, id); status(err) != http.StatusNotFound {
		t.Errorf("after it was removed: %v", err)
	}
}

func status(err error) int {
	if refusal, ok := errors.AsType[*operator.Error](err); ok {
		return refusal.Status
	}
	return 0
}

// An input is answered although it has not ended: where there is no such container, and where the container has ended.
func TestInputIsAnsweredBeforeItsEnd(t *testing.T) {
	p := runningTask(t)
	in := p.input(t, "none")
	eventually(t, "an input that nobody reads fails", func() bool {
		_, err := io.WriteString(in, "x")
		return err != nil
	})
	if err := in.Close(); status(err) != http.StatusNotFound {
		t.Errorf("got %v", err)
	}
	s := show(p.look(t, "short", "read line; exit 2", nil))
	in = p.input(t, "short")
	if _, err := io.WriteString(in, "\n"); err != nil {
		t.Fatal(err)
	}
	s.until(t, "")
	eventually(t, "the input of a container that has ended is answered", func() bool { return in.Resize(1, 1) != nil })
	if err := in.Close(); err != nil {
		t.Errorf("got %v", err)
	}
}
