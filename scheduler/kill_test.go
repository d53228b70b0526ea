package scheduler_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/scheduler"
	"github.com/ormosproject/ormos/store"
)

// childMaster and childRecords have the test's own program be a framework.
const (
	childMaster  = "ORMOS_TEST_MASTER"
	childRecords = "ORMOS_TEST_RECORDS"
)

// child keeps one task running, and prints what happens.
func child(master string) error {
	records, err := store.OpenFile(os.Getenv(childRecords))
	if err != nil {
		return err
	}
	defer records.Close()
	f := scheduler.NewFramework(frameworkOptions(master, records))
	need := command("web", "exec sleep 600")
	if err := f.Want(need); err != nil {
		return err
	}
	fmt.Println("begins")
	for event, err := range f.Events(context.Background()) {
		if err != nil {
			return err
		}
		if e, ok := event.(*scheduler.EventTask); ok {
			fmt.Println(e)
			if e.Task.Over() && !e.Dropped {
				if err := f.Want(need); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// startChild starts the framework and waits until it begins. The reader has what it prints then.
func startChild(t *testing.T, master, records string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childMaster+"="+master, childRecords+"="+records)
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(cmd) })
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); err != nil || line != "begins\n" {
		t.Fatalf("the framework printed %q: %v", line, err)
	}
	return cmd, lines
}

func kill(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // it was killed
}

// A framework's process is killed again and again, at any moment. In the end one task runs: none was forgotten, none launched beside another.
func TestFrameworkIsKilled(t *testing.T) {
	cluster := local.RunT(t, local.Options{Resources: []string{"cpus:2;mem:512;disk:1024"}})
	records := filepath.Join(t.TempDir(), "records")
	for range 12 {
		cmd, _ := startChild(t, cluster.Master(), records)
		<-time.After(rand.N(150 * time.Millisecond))
		kill(cmd)
		if tasks := active(t, cluster.Master()); len(tasks) > 1 {
			t.Fatalf("there are %v", tasks)
		}
	}
	_, lines := startChild(t, cluster.Master(), records)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		t.Log(strings.TrimSpace(line))
		if strings.HasPrefix(line, "TASK_RUNNING") {
			break
		}
	}
	if tasks := active(t, cluster.Master()); len(tasks) != 1 {
		t.Errorf("in the end there are %v", tasks)
	}
}

// active are the tasks that are not terminal, as the master's /state tells.
func active(t *testing.T, master string) (ids []string) {
	t.Helper()
	answer, err := http.Get("http://" + master + "/state")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var state struct {
		Frameworks []struct {
			Tasks []struct{ ID, State string }
		}
	}
	if err := json.Unmarshal(text, &state); err != nil {
		t.Fatal(err)
	}
	for _, f := range state.Frameworks {
		for _, task := range f.Tasks {
			switch task.State {
			case "TASK_STAGING", "TASK_STARTING", "TASK_RUNNING", "TASK_KILLING":
				ids = append(ids, task.ID)
			}
		}
	}
	return ids
}
