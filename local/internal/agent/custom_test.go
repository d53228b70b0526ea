package agent

import (
	"testing"

	api "github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
)

func TestCustomExecutor(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	c.launch(testFramework(), customTask("one"))
	container := c.containers.next(t)
	x := c.play()
	subscribed := x.must()
	if subscribed.ContainerID.Value != container.spec.ID || subscribed.AgentInfo.ID.Value != "m-S0" ||
		subscribed.ExecutorInfo.FrameworkID.Value != frameworkID {
		t.Errorf("SUBSCRIBED: %v", subscribed)
	}
	if got := x.event(api.EventTypeLaunch).Launch.Task.TaskID.Value; got != "one" {
		t.Errorf("launched %s", got)
	}
	sent := update("one", mesos.TaskRunning)
	if err := x.update(sent); err != nil {
		t.Fatal(err)
	}
	if got := x.event(api.EventTypeAcknowledged).Acknowledged; string(got.UUID) != string(sent.UUID) || got.TaskID.Value != "one" {
		t.Errorf("ACKNOWLEDGED: %v", got)
	}
	s := c.acknowledged(mesos.TaskRunning)
	if string(s.UUID) != string(sent.UUID) || s.GetSource() != mesos.SourceExecutor || s.ExecutorID.Value != executorID ||
		s.ContainerStatus.ContainerID.Value != container.spec.ID || s.ContainerStatus.GetExecutorPID() == 0 &&
		s.ContainerStatus.NetworkInfos[0].IPAddresses[0].GetIPAddress() != "127.0.0.1" {
		t.Errorf("status: %s", &s)
	}
	container.end(256)
	s = c.acknowledged(mesos.TaskFailed)
	if s.GetSource() != mesos.SourceAgent || s.GetReason() != mesos.ReasonExecutorTerminated || s.GetMessage() != "Executor terminated" {
		t.Errorf("status: %s", &s)
	}
	if got := hear[link.ExitedExecutor](t, c.master); got.Status != 256 || got.ExecutorID.Value != executorID {
		t.Errorf("ExitedExecutor: %v", got)
	}
	c.until("the framework is completed", func(a *Agent) bool { return len(a.frameworks) == 0 && len(a.completed) == 1 })
}
