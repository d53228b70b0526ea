package master

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

func dynamic(r mesos.Resource, role string) mesos.Resource {
	r.Reservations = []mesos.ResourceReservationInfo{{Type: new(mesos.ResourceReservationInfoTypeDynamic), Role: &role}}
	return r
}

func TestAgentComesBackWithReservationsVolumesAndExecutors(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		info := frameworkInfo(mesos.FrameworkInfoCapabilityTypeReservationRefinement)
		info.ID = &mesos.FrameworkID{Value: "f"}
		volume := dynamic(mesos.Disk(64), "r")
		volume.Disk = &mesos.ResourceDiskInfo{
			Persistence: &mesos.ResourceDiskInfoPersistence{ID: "v"}, Volume: &mesos.Volume{ContainerPath: "data", Mode: mesos.VolumeModeRw},
		}
		executor := customExecutor()
		executor.FrameworkID = info.ID
		executor.Resources = mesos.Resources(executor.Resources).AllocatedTo("r")
		a := w.reregister("agent", link.Reregister{
			CheckpointedResources: []mesos.Resource{dynamic(mesos.CPUs(1), "r"), volume},
			Frameworks:            []mesos.FrameworkInfo{*info}, Executors: []mesos.ExecutorInfo{*executor},
		})
		f := w.subscribe(info)
		o := f.offer()
		want := mesos.Resources{mesos.CPUs(2.9), dynamic(mesos.CPUs(1), "r"), volume, mesos.Disk(10240 - 64 - 1), mesos.Mem(4096 - 32), mesos.PortRange(31000, 31099)}
		if got := mesos.Resources(o.Resources).Unallocated(); !got.Equal(want) {
			t.Errorf("offered %v, expected %v", got, want)
		}
		if len(o.ExecutorIDs) != 1 {
			t.Errorf("executors: %v", o.ExecutorIDs)
		}
		f.decline(o, &mesos.Filters{RefuseSeconds: new(0.0)})
		a.hangUp()
		w.reregister("agent", link.Reregister{CheckpointedResources: []mesos.Resource{dynamic(mesos.CPUs(1), "r"), volume}, Frameworks: []mesos.FrameworkInfo{*info}})
		if o := f.offer(); o.ExecutorIDs != nil || mesos.Resources(o.Resources).CPUs() != 4 || mesos.Resources(o.Resources).Disk() != 10240 {
			t.Errorf("offered after the executor's end: %v", mesos.Resources(o.Resources))
		}
	})
}

func TestRecoveredFrameworkThatDoesNotComeBack(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		info := aware()
		info.ID = &mesos.FrameworkID{Value: "f"}
		f := &client{w: w, id: "f", info: info}
		a := w.reregister("agent", link.Reregister{Frameworks: []mesos.FrameworkInfo{*info}, Tasks: []mesos.Task{recordOf(f, &fakeAgent{id: "agent"}, "t")}})
		if got := f.states("tasks"); got != "TASK_RUNNING" {
			t.Fatalf("recovered tasks: %q", got)
		}
		pass(defaultReregisterTimeout + time.Second)
		if got := f.states("completed_tasks"); got != "TASK_KILLED" {
			t.Errorf("tasks: %q", got)
		}
		if got := heard[link.ShutdownFramework](a); len(got) != 1 {
			t.Errorf("the agent was told %v", got)
		}
	})
}

func TestMessagesBothWays(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		a := w.agent()
		f := w.subscribe(aware(), "r")
		f.call(202, &scheduler.Call{Type: new(scheduler.CallTypeMessage), Message: &scheduler.CallMessage{
			AgentID: mesos.AgentID{Value: a.id}, ExecutorID: mesos.ExecutorID{Value: "e"}, Data: []byte("down"),
		}})
		if got := heard[link.SchedulerMessage](a); len(got) != 1 || string(got[0].Data) != "down" {
			t.Errorf("the agent got %v", got)
		}
		f.call(202, &scheduler.Call{Type: new(scheduler.CallTypeShutdown), Shutdown: &scheduler.CallShutdown{
			AgentID: mesos.AgentID{Value: a.id}, ExecutorID: mesos.ExecutorID{Value: "e"},
		}})
		if got := heard[link.ShutdownExecutor](a); len(got) != 1 {
			t.Errorf("the agent got %v", got)
		}
		a.master.Send(link.ExecutorMessage{FrameworkID: mesos.FrameworkID{Value: f.id}, ExecutorID: mesos.ExecutorID{Value: "e"}, Data: []byte("up")})
		events := f.read()
		if len(events) != 1 || events[0].Message == nil || string(events[0].Message.Data) != "up" {
			t.Errorf("the framework got %v", events)
		}
	})
}

// TestWhatToolsRead launches a task with everything that is shown of tasks, and reads it.
func TestWhatToolsRead(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		a := w.agent()
		f := w.subscribe(aware())
		o := f.offer()
		i := command("t", o, "cpus:1;mem:64;ports:[31000-31001]")
		i.Command, i.Executor = nil, customExecutor()
		i.Executor.Labels = &mesos.Labels{Labels: []mesos.Label{{Key: "x", Value: new("y")}}}
		i.Labels = &mesos.Labels{Labels: []mesos.Label{{Key: "k", Value: new("v")}, {Key: "bare"}}}
		i.Limits = map[string]mesos.ValueScalar{"cpus": {Value: 2}}
		f.accept(o, 3600, i)
		u := link.StatusUpdate{FrameworkID: mesos.FrameworkID{Value: f.id}, LatestState: mesos.TaskRunning, Status: mesos.TaskStatus{
			TaskID: mesos.TaskID{Value: "t"}, State: mesos.TaskRunning, AgentID: &mesos.AgentID{Value: a.id}, UUID: []byte("0123456789abcdef"),
			Timestamp: new(7.0), Healthy: new(true), Data: []byte("gone"),
			ContainerStatus: &mesos.ContainerStatus{ContainerID: &mesos.ContainerID{Value: "c"}, ExecutorPID: new(uint32(5))},
		}}
		a.master.Send(u)
		synctest.Wait()
		entry := f.entry()
		task := entry["tasks"].([]any)[0].(map[string]any)
		want := map[string]any{
			"id": "t", "name": "t", "framework_id": f.id, "executor_id": "e", "slave_id": a.id, "state": "TASK_RUNNING", "role": "r",
			"resources": map[string]any{"cpus": 1.0, "mem": 64.0, "disk": 0.0, "gpus": 0.0, "ports": "[31000-31001]"},
			"limits":    map[string]any{"cpus": 2.0},
			"labels":    []any{map[string]any{"key": "k", "value": "v"}, map[string]any{"key": "bare"}},
			"statuses": []any{map[string]any{
				"state": "TASK_RUNNING", "timestamp": 7.0, "healthy": true, "container_status": map[string]any{"container_id": map[string]any{"value": "c"}},
			}},
		}
		if diff := cmp.Diff(want, task); diff != "" {
			t.Errorf("the task: %s", diff)
		}
		executor := entry["executors"].([]any)[0].(map[string]any)
		if diff := cmp.Diff(map[string]any{"shell": true, "value": "x", "argv": []any{}, "uris": []any{}}, executor["command"]); diff != "" {
			t.Errorf("the executor's command: %s", diff)
		}
		role := w.get("/roles")["roles"].([]any)[0].(map[string]any)
		if diff := cmp.Diff(map[string]any{"cpus": 1.1, "disk": 1.0, "mem": 96.0, "ports": 2.0}, role["allocated"]); diff != "" {
			t.Errorf("the role's resources: %s", diff)
		}
		summary := w.get("/state-summary")["slaves"].([]any)[0].(map[string]any)
		if summary["TASK_RUNNING"] != 1.0 {
			t.Errorf("running tasks of the agent: %v", summary["TASK_RUNNING"])
		}
		metrics := w.get("/metrics/snapshot")
		for name, value := range map[string]float64{
			"master/tasks_running": 1, "master/cpus_used": 1.1, "master/slaves_active": 1, "master/elected": 1, "master/messages_status_update": 1,
			"master/frameworks/f/" + f.id + "/subscribed": 1, "master/frameworks/f/" + f.id + "/tasks/active/task_running": 1,
			"master/frameworks/f/" + f.id + "/offers/accepted": 1,
		} {
			if metrics[name] != value {
				t.Errorf("%s: expected %v, got %v", name, value, metrics[name])
			}
		}
		text := w.request("GET", "/state", nil).Body.String()
		if !strings.Contains(text, `"activated_slaves":1.0`) || !json.Valid([]byte(text)) {
			t.Errorf("/state: %s", text)
		}
		answer := w.post("/api/v1", map[string]string{"type": "GET_TASKS"}).Body.String()
		if !strings.Contains(answer, `"task_id":{"value":"t"}`) {
			t.Errorf("GET_TASKS: %s", answer)
		}
		if answer := w.post("/api/v1", map[string]string{"type": "GET_ROLES"}).Body.String(); !strings.Contains(answer, `"name":"r"`) {
			t.Errorf("GET_ROLES: %s", answer)
		}
	})
}

func TestLimitsAndOrderOfTasks(t *testing.T) {
	inWorld(t, Options{Flags: Flags{MaxCompletedTasksPerFramework: 2}}, func(w *world) {
		a := w.agent()
		f := w.subscribe(aware())
		o := f.offer()
		f.accept(o, 3600, command("one", o, "cpus:1"), command("two", o, "cpus:1"), command("three", o, "cpus:1"))
		for i, id := range []string{"one", "two", "three"} {
			u := link.StatusUpdate{FrameworkID: mesos.FrameworkID{Value: f.id}, LatestState: mesos.TaskFinished, Status: mesos.TaskStatus{
				TaskID: mesos.TaskID{Value: id}, State: mesos.TaskFinished, AgentID: &mesos.AgentID{Value: a.id}, UUID: []byte("0123456789abcdef"),
				Timestamp: new(float64(i)),
			}}
			a.master.Send(u)
			f.call(202, &scheduler.Call{Type: new(scheduler.CallTypeAcknowledge), Acknowledge: &scheduler.CallAcknowledge{
				AgentID: mesos.AgentID{Value: a.id}, TaskID: mesos.TaskID{Value: id}, UUID: u.Status.UUID,
			}})
		}
		for query, want := range map[string]string{"": "three two", "?order=asc": "two three", "?limit=1": "three", "?offset=1": "two", "?task_id=two": "two", "?framework_id=x": ""} {
			var ids []string
			for _, one := range w.get("/tasks" + query)["tasks"].([]any) {
				ids = append(ids, one.(map[string]any)["id"].(string))
			}
			if got := strings.Join(ids, " "); got != want {
				t.Errorf("/tasks%s: %q", query, got)
			}
		}
	})
}
