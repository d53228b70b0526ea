package trial

import (
	"os"
	"strconv"
	"testing"
	"testing/synctest"
)

// Seeds runs a test for each seed from 1 to n, in virtual time. The variable SEEDS says another n, and SEED names the only one to be
// tried.
func Seeds(t *testing.T, n uint64, test func(t *testing.T, seed uint64)) {
	t.Helper()
	first := uint64(1)
	if one, ok := number(t, "SEED"); ok {
		first, n = one, one
	} else if many, ok := number(t, "SEEDS"); ok {
		n = many
	}
	for seed := first; seed <= n; seed++ {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { test(t, seed) })
		})
	}
}

// number reads a variable.
func number(t *testing.T, name string) (uint64, bool) {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return 0, false
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("cannot read %s: %v", name, err)
	}
	return n, true
}
