package docs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestCommands runs the blocks sh and console of every document, one document in one copy
// of the repository, in their order, with bash -e. Blocks of the language console hold
// commands behind "$ " and below what they print, where "..." is any number of lines.
// The note above a block may say otherwise:
//
//	dry: why                      only make's targets are checked to exist
//	serves "regexp" as example    runs until the document ends; it is ready when it has printed what
//	                              the regexp matches, and whatever its group matched takes the
//	                              place of the example in the blocks that follow
//	serves "..." as example on 1 2 has free ports take the place of these, here and in what follows
//	prints "regexp"               above text: what one of those that run is to print next, maybe "as example"
func TestCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs commands")
	}
	for _, doc := range documents(t) {
		t.Run(doc.name, func(t *testing.T) {
			commands := slices.DeleteFunc(doc.blocks, func(one block) bool { return !one.checked() })
			if len(commands) == 0 {
				return
			}
			s := &session{t: t, doc: doc.name, dir: t.TempDir()}
			t.Cleanup(s.stop)
			copyTree(t, s.dir)
			for _, one := range commands {
				s.run(one)
			}
		})
	}
}

// patience bounds a command; builds on a busy machine take their time.
const patience = 5 * time.Minute

// session runs the blocks of one document.
type session struct {
	t       *testing.T
	doc     string
	dir     string // the copy of the repository
	serving []*server
	example []string // pairs of what stands in the document and what takes its place, the youngest first
}

var (
	serves = regexp.MustCompile(`^serves "(.+)" as (\S+?)(?: on ([\d ]+))?$`)
	prints = regexp.MustCompile(`^prints "(.+)"(?: as (\S+))?$`)
)

// checked tells whether a block is run, or compared with what runs.
func (one block) checked() bool {
	return one.language == "sh" || one.language == "console" || one.language == "text" && strings.HasPrefix(one.note, "prints ")
}

func (s *session) run(one block) {
	s.t.Helper()
	where := fmt.Sprintf("%s:%d", s.doc, one.line)
	note, why, _ := strings.Cut(one.note, ": ")
	match, printed := serves.FindStringSubmatch(one.note), prints.FindStringSubmatch(one.note)
	if match != nil {
		s.choosePorts(match[3])
	}
	commands, want := one.commands()
	commands = strings.NewReplacer(s.example...).Replace(commands)
	switch {
	case printed != nil && one.language == "text":
		s.await(where, printed[1], printed[2], s.serving)
	case note == "dry" && why != "":
		s.dryRun(where, commands)
	case match != nil:
		s.serve(where, commands, match[1], match[2])
	case one.note == "":
		s.execute(where, commands, want)
	default:
		s.t.Errorf("%s: cannot make sense of the note %q", where, one.note)
	}
}

// commands gives what is to be run, and what it is expected to print, nil for anything.
func (one block) commands() (script string, want []string) {
	if one.language == "sh" {
		return strings.Join(one.text, "\n"), nil
	}
	want = []string{}
	for _, line := range one.text {
		if command, found := strings.CutPrefix(line, "$ "); found {
			script += command + "\n"
		} else {
			want = append(want, line)
		}
	}
	return script, want
}

func (s *session) bash(ctx context.Context, script string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = s.dir
	// What was built in one copy serves in the next.
	cmd.Env = append(os.Environ(), "GOFLAGS=-trimpath", "XDG_STATE_HOME="+filepath.Join(s.dir, "state"), "ORMOS_URL=")
	// A group of its own, so that all of it can be interrupted as Ctrl-C does.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

func (s *session) execute(where, script string, want []string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	output, err := s.bash(ctx, script).CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s: %v\n%s\n%s", where, err, script, output)
	}
	got := strings.Split(strings.TrimRight(string(output), "\n"), "\n")
	if want != nil && !printed(got, want) {
		s.t.Errorf("%s: it printed\n%s\nand not\n%s", where, output, strings.Join(want, "\n"))
	}
}

// printed compares lines with the wanted ones, where "..." is any number of lines.
func printed(got, want []string) bool {
	for len(want) > 0 && want[0] != "..." {
		if len(got) == 0 || got[0] != want[0] {
			return false
		}
		got, want = got[1:], want[1:]
	}
	if len(want) == 0 {
		return len(got) == 0
	}
	for skipped := range len(got) + 1 {
		if printed(got[skipped:], want[1:]) {
			return true
		}
	}
	return false
}

// dryRun checks commands that take too long, or would end in running themselves.
func (s *session) dryRun(where, script string) {
	s.t.Helper()
	for command := range strings.Lines(script) {
		if !strings.HasPrefix(command, "make ") {
			s.t.Errorf("%s: only commands of make can be run dry, not %q", where, command)
			continue
		}
		s.execute(where, "make -n "+strings.TrimPrefix(command, "make "), nil)
	}
}

// server is a command that runs until it is interrupted.
type server struct {
	where  string
	cmd    *exec.Cmd
	output *watched
	ended  chan error
}

// choosePorts has free ports, which no outgoing connection will be given, take the place of those named.
func (s *session) choosePorts(named string) {
	s.t.Helper()
	for name := range strings.FieldsSeq(named) {
		for tries := 0; ; tries++ {
			port := strconv.Itoa(10000 + rand.N(20000))
			listener, err := net.Listen("tcp", "127.0.0.1:"+port)
			if err == nil {
				listener.Close()
				s.example = append([]string{name, port}, s.example...)
				break
			}
			if tries == 100 {
				s.t.Fatalf("no free port: %v", err)
			}
		}
	}
}

// serve starts a command and waits until it has printed what the pattern matches.
func (s *session) serve(where, script, pattern, example string) {
	s.t.Helper()
	one := &server{where: where, output: &watched{}, ended: make(chan error, 1)}
	one.cmd = s.bash(context.WithoutCancel(s.t.Context()), script)
	one.cmd.Stdout, one.cmd.Stderr = one.output, one.output
	if err := one.cmd.Start(); err != nil {
		s.t.Fatalf("%s: %v", where, err)
	}
	go func() { one.ended <- one.cmd.Wait() }()
	s.serving = append(s.serving, one)
	s.await(where, pattern, example, []*server{one})
}

// await waits until one of the servers has printed what the pattern matches, after what was awaited of it before. What
// the group matched takes the place of the example, if there is one.
func (s *session) await(where, pattern, example string, servers []*server) {
	s.t.Helper()
	ready, err := regexp.Compile(pattern)
	if err != nil || example != "" && ready.NumSubexp() != 1 {
		s.t.Fatalf("%s: %q is no regular expression, or has not one group: %v", where, pattern, err)
	}
	deadline, tick := time.After(patience), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for {
		alive := false
		for _, one := range servers {
			alive = alive || len(one.ended) == 0 // what it printed is complete once it has ended
			if found := one.output.next(ready); found != nil {
				if example != "" {
					s.example = append([]string{example, found[1]}, s.example...)
				}
				return
			}
		}
		if !alive {
			s.t.Fatalf("%s: nothing that would print %q runs\n%s", where, pattern, outputs(servers))
		}
		select {
		case <-tick.C:
		case <-deadline:
			s.t.Fatalf("%s: nothing has printed %q but\n%s", where, pattern, outputs(servers))
		}
	}
}

func outputs(servers []*server) string {
	var all strings.Builder
	for _, one := range servers {
		fmt.Fprintf(&all, "%s:\n%s\n", one.where, one.output)
	}
	return all.String()
}

// stop interrupts what still runs, the youngest first, and waits for it.
func (s *session) stop() {
	s.t.Helper()
	for _, one := range slices.Backward(s.serving) {
		_ = syscall.Kill(-one.cmd.Process.Pid, syscall.SIGINT)
		select {
		case <-one.ended:
		case <-time.After(time.Minute):
			_ = syscall.Kill(-one.cmd.Process.Pid, syscall.SIGKILL)
			s.t.Errorf("%s: it does not end when interrupted\n%s", one.where, one.output)
			<-one.ended
		}
	}
	s.serving = nil
	s.down()
}

// down ends what `ormos up` leaves running.
func (s *session) down() {
	s.t.Helper()
	if _, err := os.Stat(filepath.Join(s.dir, "state", "ormos", "up")); err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), patience)
	defer cancel()
	if out, err := s.bash(ctx, "./bin/ormos down").CombinedOutput(); err != nil {
		s.t.Errorf("ormos down: %v\n%s", err, out)
	}
}

// watched keeps what a command prints.
type watched struct {
	mu   sync.Mutex
	all  bytes.Buffer
	seen int // where the last match ends
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all.Write(p)
}

// next finds the pattern in the lines after the last match; nil if it is not there.
func (w *watched) next(pattern *regexp.Regexp) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	complete := w.all.Bytes()[:bytes.LastIndexByte(w.all.Bytes(), '\n')+1]
	at := pattern.FindSubmatchIndex(complete[w.seen:])
	if at == nil {
		return nil
	}
	match := make([]string, len(at)/2)
	for i := range match {
		if at[2*i] >= 0 {
			match[i] = string(complete[w.seen+at[2*i] : w.seen+at[2*i+1]])
		}
	}
	w.seen += at[1]
	return match
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all.String()
}

// copyTree copies the repository as a clone would have it, without what was built.
func copyTree(t *testing.T, to string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // the work of a test that runs beside this one
		}
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (relative == ".git" || relative == "bin"):
			return fs.SkipDir
		case relative == ".git": // a file in a work tree of its own
			return nil
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(to, relative), 0o755)
		case entry.Type().IsRegular():
			return copyFile(path, filepath.Join(to, relative))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, info.Mode().Perm())
}

func TestPrinted(t *testing.T) {
	for _, tt := range []struct {
		got, want string
		same      bool
	}{
		{"a b c", "a b c", true},
		{"a b c", "a b", false},
		{"a b", "a b c", false},
		{"a b c", "...", true},
		{"a b c", "a ... c", true},
		{"a b c", "... c", true},
		{"a b c", "... b", false},
		{"a b", "a b ...", true},
	} {
		if printed(strings.Fields(tt.got), strings.Fields(tt.want)) != tt.same {
			t.Errorf("%q printed where %q is wanted: not %v", tt.got, tt.want, tt.same)
		}
	}
}

// TestSession runs a document that shows all kinds of blocks.
func TestSession(t *testing.T) {
	s := &session{t: t, doc: "x.md", dir: t.TempDir()}
	t.Cleanup(s.stop)
	s.run(block{language: "sh", note: `serves "at (\S+)" as http://example`, text: []string{
		"mkfifo stop", "trap 'exit 0' INT", "echo at home", "echo then away", "read <>stop",
	}})
	s.run(block{language: "console", text: []string{"$ echo http://example", "$ pwd", "home", "..."}})
	s.run(block{language: "text", note: `prints "then (\w+)" as http://example`})
	s.run(block{language: "console", text: []string{"$ echo http://example", "away"}})
	s.run(block{language: "sh", text: []string{"test -p stop"}})
	s.stop()
}
