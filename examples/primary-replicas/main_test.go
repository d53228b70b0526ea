package main

import (
	"fmt"
	"io"
	"net"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ormosproject/ormos/examples/internal/program"
	"github.com/ormosproject/ormos/internal/porttest"
	"github.com/ormosproject/ormos/local"
)

func TestMain(m *testing.M) { program.Main(m, main) }

func TestStrayArgument(t *testing.T) { program.Refuses(t, "--master", "127.0.0.1:1") }

// What is written to the primary arrives at its replicas, also after the first primary was killed, and then the scheduler, and another primary
// while there is none.
func TestFailover(t *testing.T) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip(err)
	}
	records := t.TempDir() + "/records"
	port := porttest.Free(t, 20)
	cluster := local.RunT(t, local.Options{Agents: 2, Resources: []string{
		fmt.Sprintf("cpus:1;mem:512;disk:10;ports:[%d-%d]", port, port+9),
		fmt.Sprintf("cpus:1;mem:512;disk:10;ports:[%d-%d]", port+10, port+19),
	}})
	start := func() *program.Process {
		return program.Start(t, program.Self(t, "--master", cluster.Master(), "--records", records))
	}
	p := start()
	told := map[string]string{}
	first, replicas := follow(p, told, "")
	ask(t, first, "SET key before")
	for _, replica := range replicas {
		eventually(t, replica, "before")
	}
	kill(t, first)
	second, replicas := follow(p, told, first)
	eventually(t, second, "before")
	ask(t, second, "SET key after")
	for _, replica := range replicas {
		eventually(t, replica, "after")
	}
	_ = p.End(syscall.SIGKILL)
	p = start()
	if again, _ := follow(p, map[string]string{}, ""); again != second || strings.Contains(p.Output(), "TASK_STAGING") {
		t.Errorf("the scheduler was killed, and the primary is %s, not %s; it prints\n%s", again, second, p.Output())
	}
	_ = p.End(syscall.SIGKILL)
	kill(t, second)
	p = start()
	third, replicas := follow(p, map[string]string{}, second)
	ask(t, third, "SET key last")
	for _, replica := range replicas {
		eventually(t, replica, "last")
	}
	if err := p.End(syscall.SIGINT); err != nil {
		t.Error(err)
	}
}

// follow reads on until there are a primary that is not the one before and three replicas of it. told is what the servers at addresses have told.
func follow(p *program.Process, told map[string]string, before string) (primary string, replicas []string) {
	for {
		line := p.Line(`^redis-\S+ at (\S+): TASK_[A-Z]+ (?:REPLICAOF (\S+) (\S+))?`)
		told[line[1]] = line[2] + ":" + line[3]
		primary, replicas = "", nil
		for address, of := range told {
			if of == "NO:ONE" {
				primary = address
			}
		}
		for address, of := range told {
			if of == primary {
				replicas = append(replicas, address)
			}
		}
		if primary != "" && primary != before && len(replicas) == 3 {
			return primary, replicas
		}
	}
}

// kill kills the server at an address.
func kill(t *testing.T, address string) {
	t.Helper()
	found := regexp.MustCompile(`process_id:(\d+)`).FindStringSubmatch(ask(t, address, "INFO server"))
	if found == nil {
		t.Fatalf("%s does not tell its pid", address)
	}
	pid, _ := strconv.Atoi(found[1])
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// eventually waits until a server has a value.
func eventually(t *testing.T, address, want string) {
	t.Helper()
	deadline, tick := time.NewTimer(program.Patience), time.NewTicker(20*time.Millisecond)
	defer deadline.Stop()
	defer tick.Stop()
	for ask(t, address, "GET key") != "$"+fmt.Sprint(len(want))+"\r\n"+want+"\r\n" {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("%s never has %q", address, want)
		}
	}
}

// ask makes a call to a Redis server and gives all of its answer.
func ask(t *testing.T, address, call string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "%s\r\nQUIT\r\n", call)
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(string(answer), "+OK\r\n")
}
