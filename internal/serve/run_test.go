package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/internal/engine"
	"github.com/ormosproject/ormos/internal/porttest"
	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// launch runs one task on a cluster whose executor is this process, and yields its updates. act may do something about them.
func launch(t *testing.T, served any, change func(*mesos.TaskInfo), act func(*scheduler.Session, mesos.TaskStatus)) {
	t.Helper()
	o := local.Simulated(func(*local.Process) local.Life {
		return local.Life{Executor: func(ctx context.Context, o executor.Options) error { return Run(ctx, executor.RunOptions{Options: o}) }}
	})
	cluster := local.RunT(t, o)
	data, err := json.Marshal(served)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := scheduler.New(scheduler.Options{Master: cluster.Master(), Dial: cluster.Dial, Framework: mesos.FrameworkInfo{
		Name: "test", Capabilities: scheduler.Capabilities{TaskKillingState: true}.List(),
	}})
	launched := false
	for event, err := range s.Events(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		switch e := event.(type) {
		case *scheduler.EventOffers:
			if launched {
				break
			}
			launched = true
			task := mesos.TaskInfo{
				Name: "page", TaskID: mesos.TaskID{Value: "page"}, AgentID: e.Offers[0].AgentID, Data: data,
				Resources: mesos.Resources{mesos.CPUs(0.1), mesos.Mem(32)},
				Executor: &mesos.ExecutorInfo{
					ExecutorID: mesos.ExecutorID{Value: "page"}, Command: &mesos.CommandInfo{Value: new("unused")},
					Resources: mesos.Resources{mesos.CPUs(0.1), mesos.Mem(32)},
				},
			}
			if change != nil {
				change(&task)
			}
			err := s.Accept(ctx, scheduler.CallAccept{OfferIDs: []mesos.OfferID{e.Offers[0].ID}, Operations: []mesos.OfferOperation{
				{Type: new(mesos.OfferOperationTypeLaunch), Launch: &mesos.OfferOperationLaunch{TaskInfos: []mesos.TaskInfo{task}}},
			}})
			if err != nil {
				t.Error(err)
			}
		case *scheduler.EventUpdate:
			act(s, e.Status)
			if e.Status.State.Terminal() {
				cancel()
			}
		}
	}
}

// RUNNING means that it answers, and a task that is to end says so while it still does.
func TestATaskAnswersAsLongAsItIsThere(t *testing.T) {
	port := porttest.Free(t, 1)
	page := func() string {
		answer, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", port))
		if err != nil {
			return err.Error()
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		return string(text)
	}
	defer http.DefaultClient.CloseIdleConnections()
	var states []mesos.TaskState
	launch(t, engine.Served{Port: port, Body: new("Hello from Server")}, func(task *mesos.TaskInfo) {
		task.KillPolicy = &mesos.KillPolicy{GracePeriod: &mesos.DurationInfo{Nanoseconds: 30e9}} // so that it serves on for 5 s
	}, func(s *scheduler.Session, status mesos.TaskStatus) {
		states = append(states, status.State)
		switch status.State {
		case mesos.TaskRunning:
			if got := page(); got != "Hello from Server" {
				t.Errorf("a running task answers %q", got)
			}
			if err := s.Kill(t.Context(), scheduler.CallKill{TaskID: status.TaskID}); err != nil {
				t.Error(err)
			}
		case mesos.TaskKilling:
			if got := page(); got != "Hello from Server" {
				t.Errorf("a task that is about to end answers %q", got)
			}
		case mesos.TaskKilled:
			if got := page(); got == "Hello from Server" {
				t.Error("a task that has ended answers")
			}
		}
	})
	if want := []mesos.TaskState{mesos.TaskRunning, mesos.TaskKilling, mesos.TaskKilled}; fmt.Sprint(states) != fmt.Sprint(want) {
		t.Errorf("the states are %v", states)
	}
}

// The health check is made here, where it is a custom executor's duty.
func TestTheHealthCheckIsMade(t *testing.T) {
	for path, want := range map[string]string{"/": "TASK_RUNNING TASK_RUNNING+ TASK_KILLING+ TASK_KILLED+", "/none": "TASK_RUNNING TASK_RUNNING- TASK_KILLED-"} {
		port, got := porttest.Free(t, 1), ""
		t.Chdir(site(t))
		launch(t, engine.Served{Port: port, Directory: "."}, func(task *mesos.TaskInfo) {
			task.HealthCheck = &mesos.HealthCheck{
				Type: new(mesos.HealthCheckTypeHTTP), HTTP: &mesos.HealthCheckHTTPCheckInfo{Port: uint32(port), Path: new(path), Scheme: new("http")},
				DelaySeconds: new(0.0), IntervalSeconds: new(0.01), GracePeriodSeconds: new(0.0), ConsecutiveFailures: new(uint32(1)),
			}
		}, func(s *scheduler.Session, status mesos.TaskStatus) {
			got += " " + status.State.String()
			if status.Healthy != nil {
				got += map[bool]string{true: "+", false: "-"}[*status.Healthy]
			}
			if status.State == mesos.TaskRunning && status.Healthy != nil && *status.Healthy {
				if err := s.Kill(t.Context(), scheduler.CallKill{TaskID: status.TaskID}); err != nil {
					t.Error(err)
				}
			}
		})
		if got != " "+want {
			t.Errorf("%s: got%s, want %s", path, got, want)
		}
	}
}

func TestATaskThatCannotServeFails(t *testing.T) {
	launch(t, "?", nil, func(_ *scheduler.Session, status mesos.TaskStatus) {
		if status.State != mesos.TaskFailed || status.GetMessage() == "" {
			t.Errorf("got %v", status)
		}
	})
}
