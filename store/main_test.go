package store

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain is also the process that TestKillNine kills.
func TestMain(m *testing.M) {
	if path := os.Getenv("ORMOS_STORE_WRITER"); path != "" {
		write(path)
		return
	}
	goleak.VerifyTestMain(m)
}
