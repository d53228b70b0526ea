package local_test

import (
	"fmt"
	"testing"

	"github.com/ormosproject/ormos/local"
)

// fatal is a test that is ended by a panic with what it was told.
type fatal struct{ testing.TB }

func (fatal) Fatal(args ...any) { panic(fmt.Sprintln(args...)) }

func TestRunTTakesOptionsOnce(t *testing.T) {
	const want = "cannot start a local cluster: it takes one Options, not 2\n"
	defer func() {
		if got := recover(); got != want {
			t.Errorf("with two Options: %v", got)
		}
	}()
	local.RunT(fatal{t}, local.Options{Agents: -1}, local.Options{Agents: 2})
}
