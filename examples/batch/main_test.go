package main

import (
	"strings"
	"testing"

	"github.com/ormosproject/ormos/examples/internal/program"
	"github.com/ormosproject/ormos/local"
)

func TestMain(m *testing.M) { program.Main(m, main) }

// More commands than the cluster has room for are run, and those that fail as often as they may.
func TestBatch(t *testing.T) {
	cluster := local.RunT(t, local.Options{Agents: 2, Resources: []string{"cpus:0.2;mem:128;disk:10;ports:[]"}})
	flaky := t.TempDir() + "/tried" // fails once
	commands := []string{"true", "exit 3", "! mkdir " + flaky, "true", "true", "true", "true"}
	cmd := program.Self(t, "--master", cluster.Master(), "--retries", "1")
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n"))
	p := program.Start(t, cmd)
	p.Line(`^done: 6 of 7 commands have finished`)
	if err := p.Wait(); err == nil {
		t.Error("it succeeds though a command has failed")
	}
	for text, times := range map[string]int{"TASK_FINISHED": 6, "TASK_FAILED 2.": 2, "TASK_FAILED 3.": 1, "status 3": 2} {
		if n := strings.Count(p.Output(), text); n != times {
			t.Errorf("%q was printed %d times, want %d", text, n, times)
		}
	}
}
