package local_test

import (
	"context"
	"net"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
)

// TestTask takes a task through its life, and looks at what is left afterwards: nothing. It shares the process's environment and goroutines,
// so it is not parallel.
func TestTask(t *testing.T) {
	for name, checkpoint := range map[string]bool{"checkpointing": true, "not checkpointing": false} {
		t.Run(name, func(t *testing.T) {
			dir, before := t.TempDir(), goleak.IgnoreCurrent()
			t.Setenv("TMPDIR", dir)
			cluster, err := local.Start(context.Background(), local.Options{Resources: []string{resources}})
			if err != nil {
				t.Fatal(err)
			}
			f := subscribe(t, cluster.Master(), named("test", checkpoint))
			f.launch(f.offer(), sleepTask("killed"), sleepTask("left"))
			f.until("killed", mesos.TaskRunning)
			f.until("left", mesos.TaskRunning)
			if n := len(processesIn(cluster.WorkDir())); n != 2 {
				t.Errorf("%d processes run", n)
			}
			f.kill("killed")
			f.until("killed", mesos.TaskKilled)
			if err := cluster.Stop(); err != nil {
				t.Errorf("the cluster ended with %v", err)
			}
			f.close()
			if left := processesIn(dir); len(left) > 0 {
				t.Errorf("processes are left: %v", left)
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("files are left: %v", left)
			}
			for _, address := range append(cluster.Agents(), cluster.Master()) {
				if !free(address) {
					t.Errorf("somebody still listens on %s", address)
				}
			}
			if err := goleak.Find(before); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestContext ends a cluster by its context.
func TestContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cluster, err := local.Start(ctx, local.Options{Agents: 2, Resources: []string{resources}})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := cluster.Wait(); err != nil {
		t.Errorf("the cluster ended with %v", err)
	}
	if err := cluster.Stop(); err != nil {
		t.Errorf("ended once more: %v", err)
	}
}

// TestAgents gives each agent resources and attributes of its own.
func TestAgents(t *testing.T) {
	t.Parallel()
	base := freePorts(t, 4)
	cluster := local.RunT(t, local.Options{
		Port: base, AgentPort: base + 1, Agents: 3,
		Resources:  []string{"cpus:1;mem:100;disk:10;ports:[]", "cpus:2;mem:200;disk:10;ports:[]", "cpus:3;mem:300;disk:10;ports:[]"},
		Attributes: []string{"rack:a", "rack:b", "rack:c"},
	})
	f := subscribe(t, cluster.Master())
	for _, o := range f.offers(3) {
		k := int(mesos.Resources(o.Resources).CPUs()) - 1
		if got, want := o.Attributes[0].Text.Value, string("abc"[k]); got != want {
			t.Errorf("agent %d is in rack %s, want %s", k, got, want)
		}
		if got, want := int(o.URL.Address.Port), base+1+k; got != want {
			t.Errorf("agent %d listens on port %d, want %d", k, got, want)
		}
	}
}

// TestRefused starts clusters that cannot be.
func TestRefused(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	file := write(t, "file", "x")
	for name, c := range map[string]struct {
		o    local.Options
		want string
	}{
		"master's port":   {local.Options{Port: port}, "address already in use"},
		"agent's port":    {local.Options{AgentPort: port}, "choose another agent port"},
		"port":            {local.Options{Port: 65536}, "invalid port"},
		"port of agent":   {local.Options{Agents: 2, AgentPort: 65535}, "invalid port"},
		"ip":              {local.Options{IP: "localhost"}, `"localhost": it is not an IP address`},
		"resources":       {local.Options{Resources: []string{"cpus:4;mem:x"}}, "mem:x"},
		"attributes":      {local.Options{Attributes: []string{"rack"}}, "rack"},
		"resources count": {local.Options{Agents: 3, Resources: []string{"cpus:1", "cpus:2"}}, "given 2 times for 3 agents"},
		"master flag":     {local.Options{MasterFlags: map[string]string{"offer_time": "1secs"}}, "offer_timeout"},
		"master flag's":   {local.Options{MasterFlags: map[string]string{"offer_timeout": "1 fortnight"}}, "offer_timeout"},
		"agent flag":      {local.Options{AgentFlags: map[string]string{"x": "1"}}, "recovery_timeout"},
		"agent flag's":    {local.Options{AgentFlags: map[string]string{"recovery_timeout": "x"}}, "recovery_timeout"},
		"work dir":        {local.Options{WorkDir: file}, file},
		"credentials":     {local.Options{Credentials: file + "s"}, file + "s"},
		"credentials'":    {local.Options{Credentials: file}, file},
		"acls":            {local.Options{ACLs: file}, file},
		"zk":              {local.Options{ZK: "http://127.0.0.1/"}, "zk://"},
	} {
		t.Run(name, func(t *testing.T) {
			cluster, err := local.Start(t.Context(), c.o)
			if err == nil {
				cluster.Stop()
				t.Fatal("it started")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error %q does not tell of %q", err, c.want)
			}
		})
	}
}
