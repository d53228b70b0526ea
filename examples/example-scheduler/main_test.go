package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/ormosproject/ormos/examples/internal/program"
	"github.com/ormosproject/ormos/local"
)

func TestMain(m *testing.M) { program.Main(m, main) }

func TestStrayArgument(t *testing.T) { program.Refuses(t, "-tasks", "1") }

// Five tasks are launched on two agents that have room for two each, with a password and in a role.
func TestExample(t *testing.T) {
	dir := t.TempDir()
	credentials, password := filepath.Join(dir, "credentials"), filepath.Join(dir, "password")
	write(t, credentials, `{"credentials":[{"principal":"ali","secret":"open sesame"}]}`)
	write(t, password, "open sesame\n")
	cluster := local.RunT(t, local.Options{Agents: 2, Resources: []string{"cpus:2.1;mem:512;disk:10;ports:[]"}, Credentials: credentials})
	p := program.Start(t, program.Self(t, "-url", "http://"+cluster.Master(), "-role", "web", "-tasks", "5",
		"-credentials.username", "ali", "-credentials.passwordFile", password))
	p.Line(`summary: 5 tasks launched, 5 finished, `)
	if err := p.Wait(); err != nil {
		t.Error(err)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
