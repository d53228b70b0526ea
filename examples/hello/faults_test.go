package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ormosproject/ormos/internal/porttest"
	"github.com/ormosproject/ormos/zk/zktest"
)

func TestZooKeeper(t *testing.T) {
	t.Parallel()
	server := zktest.Start(t)
	dir := t.TempDir()
	url := server.URL("/mesos")
	p := start(t, dir, "hello", "--master", url) // before there is a master
	p.Line(`^waiting `)
	c := startCluster(t, dir, "--zk", url)
	at := serving(t, p)
	c.End(syscall.SIGKILL)
	p.Line(`^waiting +disconnected`)
	c.start() // the registration of before expires in ZooKeeper; then this one leads
	p.Line(`^registered `)
	if got := page(at); got != want {
		t.Errorf("then the page is %q", got)
	}
	c.oneServer() // the agent is back
	if err := p.End(syscall.SIGTERM); err != nil {
		t.Errorf("hello ended with %v", err)
	}
}

func TestStrayArgument(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir(), "hello", "stray")
	p.Line("takes no arguments")
	if err := p.Wait(); err == nil {
		t.Error("it takes an argument that has no meaning")
	}
}

func TestAuthentication(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secret, credentials := filepath.Join(dir, "secret"), filepath.Join(dir, "credentials")
	os.WriteFile(secret, []byte("open sesame\n"), 0o600)
	os.WriteFile(credentials, []byte(`{"credentials":[{"principal":"ali","secret":"open sesame"}]}`), 0o600)
	c := startCluster(t, dir, "--credentials", credentials)
	refused := start(t, dir, "hello", "--master", c.master)
	refused.Line(`^hello: .*401 Unauthorized`)
	p := start(t, dir, "hello", "--master", c.master, "--principal", "ali", "--secret-file", secret)
	serving(t, p)
	if strings.Contains(p.Output()+c.Output(), "sesame") {
		t.Error("the secret was printed")
	}
	if err := p.End(syscall.SIGTERM); err != nil {
		t.Errorf("hello ended with %v", err)
	}
}

// TestPortTaken has one port only, which somebody else has. Once it is free, a further try succeeds.
func TestPortTaken(t *testing.T) {
	t.Parallel()
	dir, port := t.TempDir(), porttest.Free(t, 200)
	taken, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+2))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	c := startClusterAt(t, dir, port, "--resources", fmt.Sprintf("cpus:2;mem:1024;disk:10;ports:[%d-%d]", port+2, port+2))
	p := start(t, dir, "hello", "--master", c.master)
	p.Line(fmt.Sprintf(`^update +TASK_FAILED of [^:]+: cannot serve 127\.0\.0\.1:%d: .*address already in use`, port+2))
	p.Line(`^retrying +in `)
	taken.Close()
	serving(t, p)
}

// TestUnfitOffers offers too little of one thing each time.
func TestUnfitOffers(t *testing.T) {
	t.Parallel()
	for resources, reason := range map[string]string{
		"cpus:2;mem:1024;disk:10;ports:[]":              "no fit for hello-0: 1 ports more",
		"cpus:0.1;mem:1024;disk:10;ports:[31000-31001]": "no fit for hello-0: 0.01 cpus more",
		"cpus:2;mem:60;disk:10;ports:[31000-31001]":     "no fit for hello-0: 4 mem more",
	} {
		t.Run(resources, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			c := startClusterAt(t, dir, porttest.Free(t, 200), "--resources", resources)
			p := start(t, dir, "hello", "--master", c.master)
			p.Line(`^declined .*: ` + reason)
			if err := p.End(syscall.SIGTERM); err != nil {
				t.Errorf("hello ended with %v", err)
			}
			if strings.Contains(p.Output(), "launching") {
				t.Error("it launched on an offer that has not enough")
			}
		})
	}
}

// TestSuppressed looks at whether the master goes on making offers that nobody wants.
func TestSuppressed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := startCluster(t, dir)
	p := start(t, dir, "hello", "--master", c.master)
	id := p.Line(`as framework (\S+)`)[1]
	p.Line(`nothing to launch`)
	eventually(t, "the role is suppressed", func() bool { return c.metrics()["master/frameworks/hello/"+id+"/roles/*/suppressed"] == 1 })
	if n := c.metrics()["master/frameworks/hello/"+id+"/offers/declined"]; n == 0 {
		t.Error("no offer was declined")
	}
}

// metrics is /metrics/snapshot.
func (c *cluster) metrics() (all map[string]float64) {
	answer, err := http.Get("http://" + c.master + "/metrics/snapshot")
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(&all); err != nil {
		c.t.Fatal(err)
	}
	return all
}
