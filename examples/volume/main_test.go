package main

import (
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/ormosproject/ormos/examples/internal/program"
	"github.com/ormosproject/ormos/internal/porttest"
	"github.com/ormosproject/ormos/local"
)

func TestMain(m *testing.M) { program.Main(m, main) }

func TestStrayArgument(t *testing.T) { program.Refuses(t, "--size", "1") }

// What the command has written is there again: after its own end, after kill -9 of the scheduler, and after a restart of the cluster.
func TestDataOutliveRestarts(t *testing.T) {
	port := porttest.Free(t, 2)
	o := local.Options{
		Port: port, AgentPort: port + 1, WorkDir: t.TempDir(),
		Resources: []string{"cpus:1;mem:256;disk:100;ports:[]"},
	}
	cluster, err := local.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	records := t.TempDir()
	start := func() *program.Process {
		// Each run adds a byte, and tells how many there are.
		return program.Start(t, program.Self(t, "--master", cluster.Master(), "--records", records,
			"--command", "printf x >> data/starts; exit $(wc -c < data/starts)"))
	}
	p := start()
	runs := more(t, p, more(t, p, 0))
	_ = p.End(syscall.SIGKILL)
	p = start()
	runs = more(t, p, runs)
	if err := cluster.Stop(); err != nil {
		t.Error(err)
	}
	p.Line(`^waiting: `)
	if cluster, err = local.Start(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	defer cluster.Stop()
	more(t, p, runs)
	if err := p.End(syscall.SIGINT); err != nil {
		t.Error(err)
	}
	if strings.Contains(p.Output(), "TASK_ERROR") {
		t.Error("a launch was refused")
	}
}

// more waits until the command has been run more often than so many times, and gives the count. Nothing of it was lost meanwhile.
func more(t *testing.T, p *program.Process, before int) int {
	t.Helper()
	for {
		n, _ := strconv.Atoi(p.Line(`^TASK_FAILED of \S+: .* status (\d+)$`)[1])
		switch {
		case n < before:
			t.Fatalf("the data are those of %d runs, after %d", n, before)
		case n > before:
			return n
		}
	}
}
