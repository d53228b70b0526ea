// Package zktest gives a test a real ZooKeeper server of its own, on the local machine, with ways to break it.
//
//	server := zktest.Start(t)
//	url := server.URL("/mesos")
//	...
//	server.Kill() // connections break, and none is taken until
//	server.Restart()
//
// It needs Java and ZooKeeper as Debian's package "zookeeper" installs them. Without them the test is skipped, or
// fails where the environment variable CI is set.
//
// Clients talk to ZooKeeper through a [Gate], a listener of the test's own process. So the address stays the same and
// nobody else's while the server is down, and one client can be cut off while others are not.
package zktest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// jar is where Debian's zookeeper package puts the server; it names the jars that it needs itself.
const jar = "/usr/share/java/zookeeper.jar"

// patience is how long a server may take to start on a busy machine.
const patience = 2 * time.Minute

// Server is a ZooKeeper server with a gate, which it shares its methods with. They are to be called from the test's goroutine. It is
// stopped when the test ends.
type Server struct {
	*Gate

	t       testing.TB
	dir     string
	java    string
	gates   []*Gate
	process *process // nil while killed
}

// Start starts a server with empty data and waits until it serves. It takes sessions with time-outs from 200 ms to 60 s.
func Start(t testing.TB) *Server {
	t.Helper()
	java, err := find()
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("no ZooKeeper to test with: %v", err)
		}
		t.Skipf("no ZooKeeper to test with: %v", err)
	}
	s := &Server{t: t, dir: t.TempDir(), java: java}
	t.Cleanup(s.stop)
	s.Gate = s.NewGate()
	s.Restart()
	return s
}

// NewGate gives the server a further address, to be shut and opened by itself.
func (s *Server) NewGate() *Gate {
	s.t.Helper()
	g, err := newGate()
	if err != nil {
		s.t.Fatalf("cannot listen for ZooKeeper's clients: %v", err)
	}
	s.gates = append(s.gates, g)
	if s.process != nil {
		g.lead(s.process.addr)
	}
	return g
}

// find looks for what Debian's package installs.
func find() (java string, err error) {
	const hint = "install it with: apt-get install zookeeper"
	if java, err = exec.LookPath("java"); err != nil {
		return "", fmt.Errorf("there is no java (%s)", hint)
	}
	if _, err := os.Stat(jar); err != nil {
		return "", fmt.Errorf("there is no %s (%s)", jar, hint)
	}
	return java, nil
}

// Kill ends the server as kill -9 does: its data stays, connections break at all gates and new ones are closed at once.
func (s *Server) Kill() {
	s.t.Helper()
	for _, g := range s.gates {
		g.lead("")
	}
	s.process.kill()
	s.process = nil
}

// Restart starts a killed server on the same address and data, and waits until it serves. Sessions go on if they
// were not silent for longer than their time-out; the time that the server was down does not count.
func (s *Server) Restart() {
	s.t.Helper()
	var failure error
	for range 5 { // the port may be taken by somebody before ZooKeeper has it
		var port int
		if port, failure = freePort(); failure != nil {
			break
		}
		if s.process, failure = s.launch(port); failure == nil {
			for _, g := range s.gates {
				g.lead(s.process.addr)
			}
			return
		}
	}
	s.t.Fatalf("cannot start ZooKeeper: %v", failure)
}

// ExpireSessions ends all sessions that came through these gates, or any where none is named, as ZooKeeper itself does with a client that it did not
// hear of in time. What they registered is gone when it returns; their clients find out when they connect again.
func (s *Server) ExpireSessions(gates ...*Gate) {
	s.t.Helper()
	if len(gates) == 0 {
		gates = s.gates
	}
	for _, g := range gates {
		g.lead("") // so that no client resumes its session first
	}
	for _, g := range gates {
		for _, id := range g.sessions() {
			if err := end(s.process.addr, id, patience); err != nil {
				s.t.Fatalf("cannot expire a ZooKeeper session: %v", err)
			}
		}
	}
	for _, g := range gates {
		g.lead(s.process.addr)
	}
}

func (s *Server) stop() {
	for _, g := range s.gates {
		g.close()
	}
	if s.process != nil {
		s.process.kill()
	}
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// launch starts ZooKeeper and waits until it serves.
func (s *Server) launch(port int) (*process, error) {
	config := filepath.Join(s.dir, "zoo.cfg")
	err := os.WriteFile(config, fmt.Appendf(nil, `dataDir=%s
clientPort=%d
clientPortAddress=127.0.0.1
tickTime=100
minSessionTimeout=200
maxSessionTimeout=60000
maxClientCnxns=0
admin.enableServer=false
`, filepath.Join(s.dir, "data"), port), 0o600)
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(s.dir, "zookeeper.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(s.java, "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m",
		"-Dzookeeper.jmx.log4j.disable=true", "-cp", strings.Join([]string{jar, "/usr/share/java/slf4j-simple.jar"}, ":"),
		"org.apache.zookeeper.server.ZooKeeperServerMain", config)
	cmd.Stdout, cmd.Stderr = log, log
	p := &process{addr: fmt.Sprintf("127.0.0.1:%d", port), cmd: cmd}
	if err := p.start(); err != nil {
		return nil, err
	}
	if err := p.await(); err != nil {
		p.kill()
		text, _ := os.ReadFile(log.Name())
		return nil, fmt.Errorf("%w; it printed:\n%s", err, tail(string(text), 2000))
	}
	return p, nil
}

func tail(text string, n int) string { return text[max(0, len(text)-n):] }

// process is a running server.
type process struct {
	addr   string
	cmd    *exec.Cmd
	exited chan struct{}
	guard  *exec.Cmd // kills the server when this process has died without a word, as when a test times out
}

func (p *process) start() error {
	if err := p.cmd.Start(); err != nil {
		return err
	}
	p.exited = make(chan struct{})
	go func() {
		_ = p.cmd.Wait() // always an error, since it is killed
		close(p.exited)
	}()
	p.guard = exec.Command("sh", "-c", fmt.Sprintf("read nothing; kill -9 %d", p.cmd.Process.Pid))
	if _, err := p.guard.StdinPipe(); err != nil { // its end breaks with this process
		return err
	}
	return p.guard.Start()
}

// await tries until the server gives a session.
func (p *process) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := end(p.addr, session{timeout: 1000}, time.Second); err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-p.exited:
			return fmt.Errorf("it ended: %v", p.cmd.ProcessState)
		case <-ctx.Done():
			return fmt.Errorf("it does not serve after %v", patience)
		}
	}
}

func (p *process) kill() {
	if p.guard != nil && p.guard.Process != nil {
		_ = p.guard.Process.Kill()
		_ = p.guard.Wait()
	}
	_ = p.cmd.Process.Kill()
	<-p.exited
}
