package framework

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain is also the process that TestUpgradeThatIsKilled has killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("ORMOS_UPGRADE_IN"); dir != "" {
		upgradeAndDie(dir, os.Getenv("ORMOS_UPGRADE_DIES"))
		return
	}
	goleak.VerifyTestMain(m)
}
