//go:build unix

package executor

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// What the grace period ends with is done to a process of its own, with a child that would outlive it.
func TestKill(t *testing.T) {
	if os.Getenv("ORMOS_TEST_KILL") != "" {
		child := exec.Command("sleep", "1000")
		child.Stdout = os.Stdout // which stays open as long as it lives
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		if syscall.Getpgrp() != os.Getpid() {
			_ = child.Process.Kill() // a stranger's group is left alone, so nobody else would
		}
		kill()
	}
	for name, leader := range map[string]bool{"leads its group": true, "is in our group": false} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestKill$")
			cmd.Env = append(os.Environ(), "ORMOS_TEST_KILL=1")
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: leader}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, out); err != nil { // ends when all of them have
				t.Error(err)
			}
			var exit *exec.ExitError
			if err := cmd.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Errorf("ended with %v", err)
			}
		})
	}
}
