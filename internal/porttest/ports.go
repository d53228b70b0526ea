// Package porttest finds ports for tests that have to name one before anybody listens.
//
//	port := porttest.Free(t, 2) // this one and the next
//
// Tests of several processes run side by side, so each takes a block of ports of its own until it ends. Another program may still take
// one of them, hardly ever one of the machine's own. Where port 0 will do, use that.
package porttest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// The ports lie below those that the system gives to outgoing connections, so that they stay free.
const (
	lowest = 10000
	blocks = 80
	block  = 250
)

// Free gives the first of n ports in a row, at most 249, that are free and that no other test is given until this one ends.
func Free(t testing.TB, n int) int {
	t.Helper()
	if n < 1 || n >= block {
		t.Fatalf("%d ports in a row, not 1 to %d", n, block-1)
	}
	for _, b := range rand.Perm(blocks) {
		first := lowest + b*block
		held, err := listen(first) // who listens at a block's first port has the block
		if err != nil {
			continue
		}
		if allFree(first+1, n) {
			t.Cleanup(func() { _ = held.Close() })
			return first + 1
		}
		_ = held.Close()
	}
	t.Fatalf("no %d free ports", n)
	return 0
}

func allFree(first, n int) bool {
	for port := first; port < first+n; port++ {
		listener, err := listen(port)
		if err != nil {
			return false
		}
		_ = listener.Close()
	}
	return true
}

func listen(port int) (net.Listener, error) {
	return net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
}
