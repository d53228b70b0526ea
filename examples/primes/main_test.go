package main

import (
	"testing"

	"github.com/ormosproject/ormos/examples/internal/program"
	"github.com/ormosproject/ormos/local"
)

func TestMain(m *testing.M) { program.Main(m, main) }

func TestStrayArgument(t *testing.T) { program.Refuses(t, "--below", "10") }

// A thousand tasks run in two executors.
func TestPrimes(t *testing.T) {
	cluster := local.RunT(t, local.Options{Agents: 2, Resources: []string{"cpus:6;mem:700;disk:10;ports:[]"}})
	p := program.Start(t, program.Self(t, "--master", cluster.Master(), "--below", "100000"))
	p.Line(`^there are 9592 primes below 100000$`)
	if err := p.Wait(); err != nil {
		t.Error(err)
	}
}
