package local_test

import (
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// freePorts finds n ports in a row for a cluster that is started more than once. Until the test ends they are bound on Linux, though nobody listens:
// the system gives them to nobody who does not ask for them. They lie below those that it gives to connections.
func freePorts(t testing.TB, n int) int {
	t.Helper()
	for range 200 {
		if base := 30000 + rand.N(2700); bindAll(t, base, n) {
			return base
		}
	}
	t.Fatal("there are no free ports")
	return 0
}

func bindAll(t testing.TB, base, n int) bool {
	var bound []int
	release := func() {
		for _, fd := range bound {
			syscall.Close(fd)
		}
	}
	for port := base; port < base+n; port++ {
		fd, err := bind(port)
		if err != nil {
			release()
			return false
		}
		bound = append(bound, fd)
	}
	if runtime.GOOS != "linux" {
		release()
		return true
	}
	t.Cleanup(release)
	return true
}

// bind binds a port that nobody else has bound, and allows others to listen there.
func bind(port int) (int, error) {
	syscall.ForkLock.RLock()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return 0, err
	}
	if err = syscall.Bind(fd, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); err == nil {
		err = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	}
	if err != nil {
		syscall.Close(fd)
	}
	return fd, err
}

// free tells whether nobody listens on an address.
func free(address string) bool {
	l, err := net.Listen("tcp", address)
	if err == nil {
		l.Close()
	}
	return err == nil
}

func portOf(t testing.TB, address string) int {
	t.Helper()
	a, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return a.Port
}

// write writes a file of this text to a directory of the test's own and gives its path.
func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// named changes a framework's name and whether it checkpoints.
func named(name string, checkpoint bool) func(*scheduler.Options) {
	return func(o *scheduler.Options) { o.Framework.Name, o.Framework.Checkpoint = name, new(checkpoint) }
}

// withRole puts a framework into a role.
func withRole(role string) func(*scheduler.Options) {
	return func(o *scheduler.Options) {
		o.Framework.Roles = []string{role}
		o.Framework.Capabilities = []mesos.FrameworkInfoCapability{{Type: new(mesos.FrameworkInfoCapabilityTypeMultiRole)}}
	}
}

// partitionAware lets a framework hear of the finer states.
func partitionAware(o *scheduler.Options) {
	o.Framework.Capabilities = append(o.Framework.Capabilities, mesos.FrameworkInfoCapability{Type: new(mesos.FrameworkInfoCapabilityTypePartitionAware)})
}
