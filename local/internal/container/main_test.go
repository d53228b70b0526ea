package container

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/ormosproject/ormos/mesos"
)

// The test binary plays an agent that is killed when this variable names what it is to do (see TestRecover).
const roleEnv = "ORMOS_CONTAINER_TEST_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleEnv); role != "" {
		os.Exit(playAgent(role))
	}
	goleak.VerifyTestMain(m)
}

// playAgent launches a container, says so on stdout, and waits to be killed.
func playAgent(role string) int {
	sandbox, checkpoint, id := os.Args[1], os.Args[2], os.Args[3]
	p, err := NewProcesses(Options{})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	s := Spec{ID: id, Sandbox: sandbox, Checkpoint: checkpoint, Command: shell(os.Args[4]), Env: os.Environ()}
	switch role {
	case "launch":
		_, err = p.Launch(background(), s)
	case "start": // dies before it writes the checkpoint
		_, _, err = start(s, nil)
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("launched")
	select {} // until kill -9; stdin is the parent's
}

func shell(command string) mesos.CommandInfo { return mesos.CommandInfo{Value: &command} }
