package porttest_test

import (
	"testing"

	"github.com/ormosproject/ormos/internal/porttest"
)

// Whoever asks gets ports of its own, for as long as its test runs.
func TestFree(t *testing.T) {
	taken := map[int]bool{}
	for range 20 {
		first := porttest.Free(t, 200)
		for port := first; port < first+200; port++ {
			if taken[port] {
				t.Fatalf("%d was given out twice", port)
			}
			taken[port] = true
		}
	}
}
