package executor_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// obey asks a test, whose address is the task's data, when to go on.
func obey(ctx context.Context, task *executor.Task) error {
	if err := task.Running(); err != nil {
		return err
	}
	if err := ask(ctx, string(task.Info.Data)+"/gone"); err != nil {
		return err
	}
	if err := task.Update(mesos.TaskStatus{State: mesos.TaskRunning, Message: new("meanwhile")}); err != nil {
		return err
	}
	return ask(ctx, string(task.Info.Data)+"/told")
}

func ask(ctx context.Context, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}

// A real executor outlives its agent. What it tells meanwhile arrives when the agent has returned, once and in order.
func TestAgentRestart(t *testing.T) {
	t.Parallel()
	gone, told := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/gone" {
			<-gone
		} else {
			close(told)
		}
	}))
	defer server.Close()
	o := local.Options{
		WorkDir: t.TempDir(), Resources: []string{"cpus:1;mem:512;disk:100"},
		AgentFlags: map[string]string{"executor_reregistration_timeout": "5secs"},
	}
	o.Port = freePorts(t)
	o.AgentPort = o.Port + 1
	cluster := start(t, o)
	f := subscribe(t, scheduler.Options{
		Master: cluster.Master(), Framework: mesos.FrameworkInfo{Name: "test", FailoverTimeout: new(3600.0), Checkpoint: new(true)},
	})
	info := ours(t)
	info.Data = []byte(server.URL)
	f.launch(info)
	f.until("a", mesos.TaskRunning)
	if err := cluster.Stop(); err != nil {
		t.Fatal(err)
	}
	close(gone)
	<-told
	start(t, o)
	var states []string
	for len(states) == 0 || states[len(states)-1] != "TASK_FINISHED " {
		s := receive(f, "an update", f.updates)
		states = append(states, s.State.String()+" "+s.GetMessage())
	}
	if diff := cmp.Diff([]string{"TASK_RUNNING meanwhile", "TASK_FINISHED "}, states); diff != "" {
		t.Error(diff)
	}
}

func start(t *testing.T, o local.Options) *local.Cluster {
	t.Helper()
	cluster, err := local.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cluster.Stop() })
	return cluster
}

// freePorts finds two ports in a row that are free. They lie below those that the system gives to outgoing connections, so that they stay free
// while nobody listens.
func freePorts(t *testing.T) int {
	t.Helper()
	free := func(port int) bool {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = listener.Close()
		}
		return err == nil
	}
	for range 1000 {
		if port := 10000 + rand.N(20000); free(port) && free(port+1) {
			return port
		}
	}
	t.Fatal("no free ports")
	return 0
}

// ours is a task for this very program.
func ours(t *testing.T) mesos.TaskInfo {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	info := task("a")
	info.Executor.Command = &mesos.CommandInfo{
		Shell: new(false), Value: &self, Arguments: []string{self, beExecutor},
		Environment: &mesos.Environment{Variables: []mesos.EnvironmentVariable{
			{Name: "MESOS_SUBSCRIPTION_BACKOFF_MAX", Value: new("100ms")},
			{Name: "GORACE", Value: new("atexit_sleep_ms=10")}, // or it would take a second to end
		}},
	}
	return info
}
