package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ormosproject/ormos/examples/internal/program"
	"github.com/ormosproject/ormos/local"
)

func TestMain(m *testing.M) { program.Main(m, main) }

func TestStrayArgument(t *testing.T) { program.Refuses(t, "--retries", "1") }

// start runs the commands with one retry.
func start(t *testing.T, master, records string, commands ...string) *program.Process {
	cmd := program.Self(t, "--master", master, "--retries", "1", "--records", records)
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n"))
	return program.Start(t, cmd)
}

// More commands than the cluster has room for are run, and those that fail as often as they may.
func TestBatch(t *testing.T) {
	cluster := local.RunT(t, local.Options{Agents: 2, Resources: []string{"cpus:0.2;mem:128;disk:10;ports:[]"}})
	flaky, records := t.TempDir()+"/tried", filepath.Join(t.TempDir(), "records") // flaky fails once
	p := start(t, cluster.Master(), records, "true", "exit 3", "! mkdir "+flaky, "true", "true", "true", "true")
	p.Line(`^done: 6 of 7 commands have finished`)
	if err := p.Wait(); err == nil {
		t.Error("it succeeds though a command has failed")
	}
	for text, times := range map[string]int{"TASK_FINISHED": 6, "TASK_FAILED of 1.": 2, "TASK_FAILED of 2.": 1, "status 3": 2} {
		if n := strings.Count(p.Output(), text); n != times {
			t.Errorf("%q was printed %d times, want %d", text, n, times)
		}
	}
	if _, err := os.Stat(records); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the records are still there: %v", err)
	}
}

// A scheduler that was killed takes up where it was: what has ended is not run again, what runs is not run twice, and tries count.
func TestKilledScheduler(t *testing.T) {
	cluster := local.RunT(t, local.Options{Resources: []string{"cpus:0.3;mem:128;disk:10;ports:[]"}})
	dir := t.TempDir()
	commands := []string{"echo >> once", "echo >> failed; exit 3", "echo >> long; until [ -e go ]; do sleep 0.02; done", "echo >> once"}
	for i := range commands {
		commands[i] = "cd " + dir + "; " + commands[i]
	}
	p := start(t, cluster.Master(), dir+"/records", commands...)
	for range 4 {
		p.Line(`^TASK_(FINISHED|FAILED) of [013]\.`)
	}
	_ = p.End(syscall.SIGKILL)
	p = start(t, cluster.Master(), dir+"/records", commands...)
	write(t, dir+"/go")
	p.Line(`^done: 3 of 4 commands have finished`)
	if err := p.Wait(); err == nil {
		t.Error("it succeeds though a command has failed")
	}
	for file, times := range map[string]int{"once": 2, "failed": 2, "long": 1} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil || len(text) != times {
			t.Errorf("%s was run %d times, want %d: %v", file, len(text), times, err)
		}
	}
}

func write(t *testing.T, file string) {
	t.Helper()
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}
