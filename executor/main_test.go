package executor_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/ormosproject/ormos/executor"
)

// beExecutor makes the test's own program an executor that an agent starts.
const beExecutor = "be-executor"

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == beExecutor {
		if err := executor.Run(context.Background(), executor.RunOptions{}, obey); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}
