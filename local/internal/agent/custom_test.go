package agent

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

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

// subscribed starts an agent with a played executor that has read LAUNCH for the tasks.
func subscribed(t *testing.T, f mesos.FrameworkInfo, tasks []string, change ...func(*Options)) (*cluster, *played, *fakeContainer) {
	t.Helper()
	c := start(t, change...)
	hear[link.Register](t, c.master)
	for _, id := range tasks {
		c.launch(f, customTask(id))
	}
	container := c.containers.next(t)
	x := c.play()
	x.must()
	for _, id := range tasks {
		if got := x.event(api.EventTypeLaunch).Launch.Task.TaskID.Value; got != id {
			t.Fatalf("LAUNCH of %s, want %s", got, id)
		}
	}
	return c, x, container
}

// running is subscribed, with all tasks told to run.
func (p *played) running(tasks ...string) {
	p.c.t.Helper()
	for _, id := range tasks {
		if err := p.update(update(id, mesos.TaskRunning)); err != nil {
			p.c.t.Fatal(err)
		}
		p.event(api.EventTypeAcknowledged)
		p.c.acknowledged(mesos.TaskRunning)
	}
}

func TestRepeatedUpdate(t *testing.T) {
	c, x, _ := subscribed(t, testFramework(), []string{"t"})
	sent := update("t", mesos.TaskRunning)
	for range 2 {
		if err := x.update(sent); err != nil {
			t.Fatal(err)
		}
		if got := x.event(api.EventTypeAcknowledged).Acknowledged.UUID; string(got) != string(sent.UUID) {
			t.Errorf("uuid: %x", got)
		}
	}
	c.acknowledged(mesos.TaskRunning)
	silentAbout[link.StatusUpdate](t, c.master)
}

// An update after the end of its task is delivered but not acknowledged to the executor.
func TestLateUpdate(t *testing.T) {
	c, x, _ := subscribed(t, testFramework(), []string{"t", "other"})
	x.running("t", "other")
	if err := x.update(update("t", mesos.TaskFinished)); err != nil {
		t.Fatal(err)
	}
	x.event(api.EventTypeAcknowledged)
	c.acknowledged(mesos.TaskFinished)
	c.until("the task is completed", func(a *Agent) bool { return !a.frameworks[frameworkID].knows("t") })
	for _, s := range []mesos.TaskStatus{update("t", mesos.TaskRunning), update("other", mesos.TaskRunning)} {
		if err := x.update(s); err != nil {
			t.Fatal(err)
		}
		c.acknowledged(mesos.TaskRunning)
	}
	if got := x.event(api.EventTypeAcknowledged).Acknowledged.TaskID.Value; got != "other" {
		t.Errorf("ACKNOWLEDGED of %s", got)
	}
}

func TestSecondSubscription(t *testing.T) {
	c, x, _ := subscribed(t, testFramework(), []string{"t"})
	x.running("t")
	y := c.play()
	y.must()
	var e api.Event
	if err := x.stream.Next(&e); err == nil {
		t.Errorf("the first stream goes on: %s", &e)
	}
	c.master.say(kill("t"))
	if got := y.event(api.EventTypeKill).Kill.TaskID.Value; got != "t" {
		t.Errorf("KILL of %s", got)
	}
}

func TestResubscription(t *testing.T) {
	c, x, _ := subscribed(t, testFramework(), []string{"silent", "named", "handed", "told"})
	x.running("told")
	handed := update("handed", mesos.TaskRunning)
	y := c.play()
	if err := y.subscribe(api.CallSubscribe{
		UnacknowledgedTasks: []mesos.TaskInfo{customTask("named"), customTask("handed")}, UnacknowledgedUpdates: []api.CallUpdate{{Status: handed}},
	}); err != nil {
		t.Fatal(err)
	}
	y.event(api.EventTypeSubscribed)
	y.event(api.EventTypeAcknowledged)
	if s := c.acknowledged(mesos.TaskRunning); string(s.UUID) != string(handed.UUID) {
		t.Errorf("handed over: %s", &s)
	}
	if s := c.acknowledged(mesos.TaskDropped); s.TaskID.Value != "silent" || s.GetReason() != mesos.ReasonAgentRestarted {
		t.Errorf("dropped: %s", &s)
	}
	y.running("named")
}

func TestSubscriptionWithoutTasks(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	c.launch(testFramework(), customTask("t"))
	container := c.containers.next(t)
	c.master.say(kill("t"))
	if s := c.acknowledged(mesos.TaskKilled); s.GetReason() != mesos.ReasonTaskKilledDuringLaunch {
		t.Errorf("status: %s", &s)
	}
	x := c.play()
	if err := x.subscribe(api.CallSubscribe{}); err != nil {
		t.Fatal(err)
	}
	x.event(api.EventTypeShutdown)
	container.end(0)
	if got := hear[link.ExitedExecutor](t, c.master); got.Status != 0 {
		t.Errorf("ExitedExecutor: %v", got)
	}
	c.completed()
}

// An executor that subscribes before the agent knows that its container runs must not confuse it.
func TestSubscriptionBeforeLaunch(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	c.containers.hold = make(chan struct{})
	c.launch(testFramework(), customTask("t"))
	c.until("the executor is known", func(a *Agent) bool { return a.frameworks[frameworkID] != nil })
	x := c.play()
	x.must()
	x.event(api.EventTypeLaunch)
	x.running("t")
	close(c.containers.hold)
	c.containers.next(t).end(0)
	c.acknowledged(mesos.TaskFailed)
	c.completed()
}

// One that is told to shut down before the agent knows that its container runs is given its time all the same.
func TestShutdownBeforeLaunch(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	c.containers.hold = make(chan struct{})
	c.launch(testFramework(), customTask("t"))
	c.until("the executor is known", func(a *Agent) bool { return a.frameworks[frameworkID] != nil })
	x := c.play()
	x.must()
	x.event(api.EventTypeLaunch)
	x.running("t")
	c.master.say(link.ShutdownExecutor{FrameworkID: mesos.FrameworkID{Value: frameworkID}, ExecutorID: mesos.ExecutorID{Value: executorID}})
	x.event(api.EventTypeShutdown)
	close(c.containers.hold)
	container := c.containers.next(t)
	c.until("the agent knows of the container", func(a *Agent) bool {
		return a.frameworks[frameworkID].executors[executorID].container != nil
	})
	if err := x.update(update("t", mesos.TaskKilled)); err != nil {
		t.Fatal(err)
	}
	container.end(0)
	if s := c.acknowledged(mesos.TaskKilled); s.GetSource() != mesos.SourceExecutor {
		t.Errorf("status: %s", &s)
	}
	if got := hear[link.ExitedExecutor](t, c.master); got.Status != 0 {
		t.Errorf("it ended with %d", got.Status)
	}
}

func TestHeartbeat(t *testing.T) {
	c, x, _ := subscribed(t, testFramework(), []string{"t"})
	c.agent.ask(t.Context(), c.agent.beat)
	x.event(api.EventTypeHeartbeat)
}

func TestTaskGroup(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	group := mesos.TaskGroupInfo{Tasks: []mesos.TaskInfo{customTask("one"), customTask("two")}}
	c.master.say(link.RunTaskGroup{Framework: testFramework(), Executor: *customTask("x").Executor, Group: group})
	c.containers.next(t)
	x := c.play()
	x.must()
	if got := x.event(api.EventTypeLaunchGroup).LaunchGroup.TaskGroup.Tasks; len(got) != 2 {
		t.Errorf("LAUNCH_GROUP of %d tasks", len(got))
	}
	x.running("one", "two")
}

func TestKillOfQueuedGroup(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	group := mesos.TaskGroupInfo{Tasks: []mesos.TaskInfo{customTask("one"), customTask("two")}}
	c.master.say(link.RunTaskGroup{Framework: testFramework(), Executor: *customTask("x").Executor, Group: group})
	c.containers.next(t)
	c.master.say(kill("two"))
	for _, id := range []string{"one", "two"} {
		if s := c.acknowledged(mesos.TaskKilled); s.TaskID.Value != id || s.GetReason() != mesos.ReasonTaskKilledDuringLaunch {
			t.Errorf("status: %s", &s)
		}
	}
}

func TestDockerInGroupIsRefused(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	docker := groupTask("one", func(t *mesos.TaskInfo) { t.Container = &mesos.ContainerInfo{Type: mesos.ContainerInfoTypeDocker} })
	c.launchGroup(testFramework(), docker)
	if s := c.acknowledged(mesos.TaskFailed); s.GetReason() != mesos.ReasonContainerLaunchFailed || s.ExecutorID.Value != executorID {
		t.Errorf("status: %s", &s)
	}
	hear[link.ExitedExecutor](t, c.master)
	c.until("the framework is gone", func(a *Agent) bool { return len(a.frameworks) == 0 })
}

func TestUnsupportedTasksAreRefused(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	docker := &mesos.ContainerInfo{Type: mesos.ContainerInfoTypeDocker, Docker: &mesos.ContainerInfoDockerInfo{Image: "nginx"}}
	image := &mesos.ContainerInfo{Type: mesos.ContainerInfoTypeMesos, Mesos: &mesos.ContainerInfoMesosInfo{Image: &mesos.Image{Type: mesos.ImageTypeDocker}}}
	custom := customTask("executor")
	custom.Executor.Container = docker
	for what, task := range map[string]mesos.TaskInfo{
		"Docker containers": commandTask("docker", func(t *mesos.TaskInfo) { t.Container = docker }),
		"Container images":  commandTask("image", func(t *mesos.TaskInfo) { t.Container = image }),
		"Docker":            custom,
	} {
		c.launch(testFramework(), task)
		if s := c.acknowledged(mesos.TaskFailed); s.GetReason() != mesos.ReasonContainerLaunchFailed || !strings.HasPrefix(s.GetMessage(), what) {
			t.Errorf("%s: %s", what, &s)
		}
	}
	hear[link.ExitedExecutor](t, c.master)
	c.until("the framework is gone", func(a *Agent) bool { return len(a.frameworks) == 0 })
}

func TestMessages(t *testing.T) {
	c, x, _ := subscribed(t, testFramework(), []string{"t"})
	fw, ex := mesos.FrameworkID{Value: frameworkID}, mesos.ExecutorID{Value: executorID}
	c.master.say(link.SchedulerMessage{FrameworkID: fw, ExecutorID: ex, Data: []byte("down")})
	if got := x.event(api.EventTypeMessage).Message.Data; string(got) != "down" {
		t.Errorf("MESSAGE: %q", got)
	}
	call := x.wrap(&api.Call{Type: new(api.CallTypeMessage), Message: &api.CallMessage{Data: []byte("up")}})
	if err := x.client.Call(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	if got := hear[link.ExecutorMessage](t, c.master); string(got.Data) != "up" || got.ExecutorID.Value != executorID {
		t.Errorf("ExecutorMessage: %v", got)
	}
}

func TestShutdownExecutor(t *testing.T) {
	c, x, container := subscribed(t, testFramework(), []string{"t"})
	x.running("t")
	m := link.ShutdownExecutor{FrameworkID: mesos.FrameworkID{Value: frameworkID}, ExecutorID: mesos.ExecutorID{Value: executorID}}
	c.master.say(m)
	c.master.say(m)
	x.event(api.EventTypeShutdown)
	c.launch(testFramework(), customTask("late"))
	if s := c.acknowledged(mesos.TaskDropped); s.TaskID.Value != "late" || s.GetReason() != mesos.ReasonExecutorTerminated {
		t.Errorf("late: %s", &s)
	}
	if err := x.update(update("t", mesos.TaskKilled)); err != nil {
		t.Fatal(err)
	}
	container.end(0)
	if s := c.acknowledged(mesos.TaskKilled); s.GetSource() != mesos.SourceExecutor {
		t.Errorf("status: %s", &s)
	}
	if got := hear[link.ExitedExecutor](t, c.master); got.Status != 0 {
		t.Errorf("ExitedExecutor: %v", got)
	}
}

func TestShutdownIsIgnored(t *testing.T) {
	c, x, _ := subscribed(t, testFramework(), []string{"t"}, func(o *Options) { o.Flags.ExecutorShutdownGracePeriod = time.Millisecond })
	x.running("t")
	c.master.say(link.ShutdownExecutor{FrameworkID: mesos.FrameworkID{Value: frameworkID}, ExecutorID: mesos.ExecutorID{Value: executorID}})
	x.event(api.EventTypeShutdown)
	if s := c.acknowledged(mesos.TaskFailed); s.GetReason() != mesos.ReasonExecutorTerminated {
		t.Errorf("status: %s", &s)
	}
	if got := hear[link.ExitedExecutor](t, c.master); got.Status != 9 {
		t.Errorf("ExitedExecutor: %v", got)
	}
}

func TestShutdownFramework(t *testing.T) {
	c, x, container := subscribed(t, testFramework(), []string{"t"})
	x.running("t")
	c.master.say(link.ShutdownFramework{FrameworkID: mesos.FrameworkID{Value: frameworkID}})
	x.event(api.EventTypeShutdown)
	if err := x.update(update("t", mesos.TaskKilled)); err != nil {
		t.Fatal(err)
	}
	container.end(0)
	c.completed()
	silentAbout[link.StatusUpdate](t, c.master)
}

func TestRegistrationTimeout(t *testing.T) {
	c := start(t, func(o *Options) { o.Flags.ExecutorRegistrationTimeout = time.Millisecond })
	hear[link.Register](t, c.master)
	c.launch(testFramework(), customTask("t"))
	c.containers.next(t)
	if s := c.acknowledged(mesos.TaskFailed); s.GetReason() != mesos.ReasonExecutorRegistrationTimeout || s.GetSource() != mesos.SourceAgent {
		t.Errorf("status: %s", &s)
	}
	hear[link.ExitedExecutor](t, c.master)
	c.completed()
}

// Fetching counts as registering: it is given up.
func TestRegistrationTimeoutWhileFetching(t *testing.T) {
	c := start(t, func(o *Options) {
		o.Flags.ExecutorRegistrationTimeout = time.Millisecond
		o.Containerizer.(*fakeContainers).hold = make(chan struct{})
	})
	hear[link.Register](t, c.master)
	c.launch(testFramework(), customTask("t"))
	if s := c.acknowledged(mesos.TaskFailed); s.GetReason() != mesos.ReasonExecutorRegistrationTimeout {
		t.Errorf("status: %s", &s)
	}
	c.completed()
}

func TestExecutorCalls(t *testing.T) {
	c, x, _ := subscribed(t, testFramework(), []string{"t"})
	c.launch(testFramework(func(f *mesos.FrameworkInfo) { f.ID = &mesos.FrameworkID{Value: "other"} }), customTask("t"))
	c.containers.next(t)
	x.running("t")
	post := func(contentType, accept, body string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.server.URL+"/slave(1)/api/v1/executor", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if contentType != "" {
			r.Header.Set("Content-Type", contentType)
		}
		if accept != "" {
			r.Header.Set("Accept", accept)
		}
		return c.answer(r).StatusCode
	}
	call := func(framework, executor, rest string) string {
		return `{"framework_id":{"value":"` + framework + `"},"executor_id":{"value":"` + executor + `"},` + rest + `}`
	}
	const uuid = `"uuid":"AAAAAAAAAAAAAAAAAAAAAA=="`
	message := `"type":"MESSAGE","message":{"data":"eA=="}`
	of := func(status string) string {
		return call(frameworkID, executorID, `"type":"UPDATE","update":{"status":`+status+`}`)
	}
	for _, test := range []struct {
		name, contentType, accept, body string
		want                            int
	}{
		{"no type of content", "", "", "{}", 400},
		{"strange type of content", "text/plain", "", "{}", 415},
		{"no JSON", "application/json", "", "{", 400},
		{"no type", "application/json", "", call(frameworkID, executorID, `"x":1`), 400},
		{"no ids", "application/json", "", `{` + message + `}`, 400},
		{"strange accept", "application/json", "text/html", call(frameworkID, executorID, `"type":"SUBSCRIBE","subscribe":{}`), 406},
		{"no member", "application/json", "", call(frameworkID, executorID, `"type":"SUBSCRIBE"`), 400},
		{"heartbeat of nobody", "application/json", "", call("no", "no", `"type":"HEARTBEAT"`), 202},
		{"unknown framework", "application/json", "", call("no", executorID, message), 400},
		{"unknown executor", "application/json", "", call(frameworkID, "no", message), 400},
		{"not subscribed", "application/json", "", call("other", executorID, message), 403},
		{"unknown call", "application/json", "", call(frameworkID, executorID, `"type":"UNKNOWN"`), 501},
		{"no uuid", "application/json", "", of(`{"task_id":{"value":"t"},"state":"TASK_RUNNING","source":"SOURCE_EXECUTOR"}`), 400},
		{"short uuid", "application/json", "", of(`{"task_id":{"value":"t"},"state":"TASK_RUNNING","source":"SOURCE_EXECUTOR","uuid":"AAAA"}`), 400},
		{"no source", "application/json", "", of(`{"task_id":{"value":"t"},"state":"TASK_RUNNING",` + uuid + `}`), 400},
		{"staging", "application/json", "", of(`{"task_id":{"value":"t"},"state":"TASK_STAGING","source":"SOURCE_EXECUTOR",` + uuid + `}`), 400},
		{"other executor", "application/json", "", of(`{"task_id":{"value":"t"},"state":"TASK_RUNNING","source":"SOURCE_EXECUTOR","executor_id":{"value":"y"},` + uuid + `}`), 400},
		{"bad check", "application/json", "", of(`{"task_id":{"value":"t"},"state":"TASK_RUNNING","source":"SOURCE_EXECUTOR","check_status":{"type":"HTTP"},` + uuid + `}`), 400},
		{"good", "application/json", "text/html", of(`{"task_id":{"value":"t"},"state":"TASK_RUNNING","source":"SOURCE_EXECUTOR",` + uuid + `}`), 202},
	} {
		if got := post(test.contentType, test.accept, test.body); got != test.want {
			t.Errorf("%s: got %d, want %d", test.name, got, test.want)
		}
	}
}

// answer makes a request and reads the whole answer.
func (c *cluster) answer(r *http.Request) *http.Response {
	c.t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	answer.Body = io.NopCloser(strings.NewReader(string(body)))
	return answer
}
