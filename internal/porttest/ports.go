// Package porttest finds ports for tests that have to name one before anybody listens.
//
//	port := porttest.Free(t, 2) // this one and the next
//
// Nobody holds them: another program may take one meanwhile, hardly ever one of the machine's own. Where port 0 will do, use that.
package porttest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// Free finds n ports in a row that are free, and gives the first. They lie below those that the system gives to outgoing connections, so
// that they stay free.
func Free(t testing.TB, n int) int {
	t.Helper()
	for range 1000 {
		first := 10000 + rand.N(20000-n)
		for i := 0; free(first + i); i++ {
			if i == n-1 {
				return first
			}
		}
	}
	t.Fatalf("no %d free ports", n)
	return 0
}

func free(port int) bool {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err == nil {
		_ = listener.Close()
	}
	return err == nil
}
