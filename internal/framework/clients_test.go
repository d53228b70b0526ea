package framework

import (
	"os"
	"os/exec"
	"testing"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/store"
)

// A real client of Marathon, Debian's python3-marathon, does with us what it did with Marathon: apps, scaling, versions, kills, groups, deployments,
// the queue, events and refusals.
func TestPythonMarathon(t *testing.T) {
	const python = "/usr/bin/python3" // Debian's, which has Debian's packages
	if err := exec.Command(python, "-c", "import marathon").Run(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("there is no python3-marathon: tools/install installs it: ", err)
		}
		t.Skip("there is no python3-marathon")
	}
	p := start(t, local.RunT(t, local.Simulated(nil)), new(store.Memory))
	c := exec.CommandContext(t.Context(), python, "testdata/marathon_client.py", p.URL)
	if out, err := c.CombinedOutput(); err != nil || string(out) != "ok\n" {
		t.Errorf("%v: %s", err, out)
	}
}
