package master

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// customExecutor is an executor that launches fine.
func customExecutor() *mesos.ExecutorInfo {
	return &mesos.ExecutorInfo{
		Type: new(mesos.ExecutorInfoTypeCustom), ExecutorID: mesos.ExecutorID{Value: "e"}, Command: &mesos.CommandInfo{Value: new("x")},
		Resources: mesos.Resources{mesos.CPUs(0.1), mesos.Mem(32), mesos.Disk(1)},
	}
}

func TestTasksThatAreRefused(t *testing.T) {
	negative := &mesos.DurationInfo{Nanoseconds: -1}
	variable := func(v mesos.EnvironmentVariable) func(*mesos.TaskInfo) {
		return func(i *mesos.TaskInfo) {
			i.Command.Environment = &mesos.Environment{Variables: []mesos.EnvironmentVariable{v}}
		}
	}
	executor := func(change func(*mesos.ExecutorInfo)) func(*mesos.TaskInfo) {
		return func(i *mesos.TaskInfo) {
			i.Command, i.Executor = nil, customExecutor()
			change(i.Executor)
		}
	}
	container := func(c mesos.ContainerInfo) func(*mesos.TaskInfo) { return func(i *mesos.TaskInfo) { i.Container = &c } }
	resource := func(r ...mesos.Resource) func(*mesos.TaskInfo) { return func(i *mesos.TaskInfo) { i.Resources = r } }
	cases := map[string]struct {
		change func(*mesos.TaskInfo)
		says   string
	}{
		"a bad id":                  {func(i *mesos.TaskInfo) { i.TaskID.Value = "a/b" }, "invalid"},
		"another agent":             {func(i *mesos.TaskInfo) { i.AgentID.Value = "other" }, "agent"},
		"negative grace":            {func(i *mesos.TaskInfo) { i.KillPolicy = &mesos.KillPolicy{GracePeriod: negative} }, "grace_period"},
		"negative completion":       {func(i *mesos.TaskInfo) { i.MaxCompletionTime = negative }, "max_completion_time"},
		"a check of no type":        {func(i *mesos.TaskInfo) { i.Check = &mesos.CheckInfo{} }, "type"},
		"a health check of no type": {func(i *mesos.TaskInfo) { i.HealthCheck = &mesos.HealthCheck{} }, "type"},
		"a health check over ftp": {func(i *mesos.TaskInfo) {
			i.HealthCheck = &mesos.HealthCheck{Type: new(mesos.HealthCheckTypeHTTP), HTTP: &mesos.HealthCheckHTTPCheckInfo{Scheme: new("ftp")}}
		}, "scheme"},
		"no resources":                         {resource(), "no resources"},
		"nothing of something":                 {resource(mesos.CPUs(0)), "no resources"},
		"less than a thousandth":               {resource(mesos.CPUs(0.0001)), "thousandth"},
		"half a gpu":                           {resource(mesos.ScalarResource("gpus", 0.5)), "gpus"},
		"another role's allocation":            {resource(mesos.Resources{mesos.CPUs(1)}.AllocatedTo("other")...), "allocated"},
		"too much":                             {resource(mesos.CPUs(100)), "more than available"},
		"ports that are not offered":           {resource(mesos.CPUs(1), mesos.PortRange(80, 80)), "more than available"},
		"a variable without value":             {variable(mesos.EnvironmentVariable{Name: "A"}), "value"},
		"a secret without secret":              {variable(mesos.EnvironmentVariable{Name: "A", Type: new(mesos.EnvironmentVariableTypeSecret)}), "secret"},
		"docker without docker":                {container(mesos.ContainerInfo{Type: mesos.ContainerInfoTypeDocker}), "docker"},
		"an empty volume":                      {container(mesos.ContainerInfo{Type: mesos.ContainerInfoTypeMesos, Volumes: []mesos.Volume{{ContainerPath: "v", Mode: mesos.VolumeModeRw}}}), "volume"},
		"a limit of disk":                      {func(i *mesos.TaskInfo) { i.Limits = map[string]mesos.ValueScalar{"disk": {Value: 1}} }, "disk"},
		"a limit below the request":            {func(i *mesos.TaskInfo) { i.Limits = map[string]mesos.ValueScalar{"cpus": {Value: 0.5}} }, "less"},
		"neither command nor executor":         {func(i *mesos.TaskInfo) { i.Command = nil }, "CommandInfo or ExecutorInfo"},
		"both":                                 {func(i *mesos.TaskInfo) { i.Executor = customExecutor() }, "CommandInfo or ExecutorInfo"},
		"the default executor":                 {executor(func(e *mesos.ExecutorInfo) { e.Type = new(mesos.ExecutorInfoTypeDefault) }), "CUSTOM"},
		"an executor without command":          {executor(func(e *mesos.ExecutorInfo) { e.Command = nil }), "command"},
		"another framework's executor":         {executor(func(e *mesos.ExecutorInfo) { e.FrameworkID = &mesos.FrameworkID{Value: "other"} }), "FrameworkID"},
		"an executor with a bad id":            {executor(func(e *mesos.ExecutorInfo) { e.ExecutorID.Value = ".." }), "invalid"},
		"an executor that waits less than not": {executor(func(e *mesos.ExecutorInfo) { e.ShutdownGracePeriod = negative }), "shutdown_grace_period"},
		"cgroups of its own":                   {container(mesos.ContainerInfo{Type: mesos.ContainerInfoTypeMesos, LinuxInfo: &mesos.LinuxInfo{ShareCgroups: new(false)}}), "share_cgroups"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inWorld(t, Options{}, func(w *world) {
				a := w.agent()
				f := w.subscribe(aware())
				o := f.offer()
				bad, good := command("bad", o, "cpus:1;mem:32"), command("good", o, "cpus:1;mem:32")
				c.change(&bad)
				f.accept(o, 0, bad, good)
				got := f.statuses()
				if len(got) != 1 || got[0].State != mesos.TaskError || got[0].GetReason() != mesos.ReasonTaskInvalid || !strings.Contains(got[0].GetMessage(), c.says) {
					t.Errorf("updates: %v", got)
				}
				if run := heard[link.RunTask](a); len(run) != 1 || run[0].Task.TaskID.Value != "good" {
					t.Errorf("launched: %v", run)
				}
				pass(time.Second)
				if left := mesos.Resources(f.offer().Resources); left.CPUs() != 3 {
					t.Errorf("left: %v", left)
				}
			})
		})
	}
}

func TestTasksWithOneExecutorChargeItOnce(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		a := w.agent()
		f := w.subscribe(aware())
		o := f.offer()
		one, two, other := command("one", o, "cpus:1;mem:32"), command("two", o, "cpus:1;mem:32"), command("other", o, "cpus:1;mem:32")
		for _, i := range []*mesos.TaskInfo{&one, &two, &other} {
			i.Command, i.Executor = nil, customExecutor()
		}
		other.Executor.Name = new("another name")
		f.accept(o, 0, one, two, other)
		if got := f.statuses(); len(got) != 1 || got[0].TaskID.Value != "other" || !strings.Contains(got[0].GetMessage(), "compatible") {
			t.Errorf("updates: %v", got)
		}
		pass(time.Second)
		next := f.offer()
		if left := mesos.Resources(next.Resources); left.CPUs() != 1.9 || len(next.ExecutorIDs) != 1 {
			t.Errorf("left: %v, executors %v", left, next.ExecutorIDs)
		}
		f.decline(next, &mesos.Filters{RefuseSeconds: new(0.0)})
		a.master.Send(link.ExitedExecutor{FrameworkID: mesos.FrameworkID{Value: f.id}, ExecutorID: mesos.ExecutorID{Value: "e"}, Status: 256})
		events := f.read()
		if len(events) != 1 || events[0].Failure.GetStatus() != 256 {
			t.Errorf("events of the executor's end: %v", events)
		}
		pass(time.Second)
		if left := mesos.Resources(f.offer().Resources); left.CPUs() != 2 {
			t.Errorf("left after the executor's end: %v", left)
		}
	})
}

func TestGroups(t *testing.T) {
	type group struct {
		executor mesos.ExecutorInfo
		tasks    []mesos.TaskInfo
	}
	cases := map[string]struct {
		change func(*group)
		valid  bool
	}{
		"a good group":             {func(*group) {}, true},
		"one id twice":             {func(g *group) { g.tasks[1].TaskID = g.tasks[0].TaskID }, false},
		"one bad id":               {func(g *group) { g.tasks[1].TaskID.Value = ".." }, false},
		"an executor of no type":   {func(g *group) { g.executor.Type = nil }, false},
		"a default with a command": {func(g *group) { g.executor.Type = new(mesos.ExecutorInfoTypeDefault) }, false},
		"no framework id":          {func(g *group) { g.executor.FrameworkID = nil }, false},
		"too little memory":        {func(g *group) { g.executor.Resources = mesos.Resources{mesos.CPUs(1), mesos.Mem(31), mesos.Disk(1)} }, false},
		"no disk":                  {func(g *group) { g.executor.Resources = mesos.Resources{mesos.CPUs(1), mesos.Mem(32)} }, false},
		"another executor":         {func(g *group) { g.tasks[0].Executor = customExecutor() }, false},
		"docker": {func(g *group) {
			g.tasks[0].Container = &mesos.ContainerInfo{Type: mesos.ContainerInfoTypeDocker, Docker: &mesos.ContainerInfoDockerInfo{Image: "x"}}
		}, false},
		"limits":             {func(g *group) { g.tasks[0].Limits = map[string]mesos.ValueScalar{"cpus": {Value: 2}} }, false},
		"more than there is": {func(g *group) { g.tasks[0].Resources = mesos.Resources{mesos.CPUs(3.5)} }, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inWorld(t, Options{}, func(w *world) {
				a := w.agent()
				f := w.subscribe(aware())
				o := f.offer()
				g := group{*customExecutor(), []mesos.TaskInfo{command("one", o, "cpus:1;mem:32"), command("two", o, "cpus:1;mem:32")}}
				g.executor.FrameworkID = &mesos.FrameworkID{Value: f.id}
				c.change(&g)
				f.call(http.StatusAccepted, &scheduler.Call{Type: new(scheduler.CallTypeAccept), Accept: &scheduler.CallAccept{
					OfferIDs: []mesos.OfferID{o.ID}, Operations: []mesos.OfferOperation{{
						Type: new(mesos.OfferOperationTypeLaunchGroup), LaunchGroup: &mesos.OfferOperationLaunchGroup{
							Executor: g.executor, TaskGroup: mesos.TaskGroupInfo{Tasks: g.tasks},
						},
					}},
				}})
				run, got := heard[link.RunTaskGroup](a), f.statuses()
				if c.valid {
					if len(run) != 1 || len(run[0].Group.Tasks) != 2 || run[0].Group.Tasks[1].Executor == nil || got != nil {
						t.Errorf("launched %v, updates %v", run, got)
					}
					return
				}
				if len(run) != 0 || len(got) != 2 || got[0].State != mesos.TaskError || got[1].GetReason() != mesos.ReasonTaskGroupInvalid {
					t.Errorf("launched %v, updates %v", run, got)
				}
			})
		})
	}
}

func TestReconciliation(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		a := w.agent()
		f, g := w.subscribe(aware()), w.subscribe(frameworkInfo(), "r")
		f.run(a, "t")
		for _, c := range []struct {
			f           *client
			agent, task string
			want        mesos.TaskState
		}{
			{f, "", "t", mesos.TaskRunning},
			{f, "wrong", "t", mesos.TaskRunning},
			{f, a.id, "x", mesos.TaskGone},
			{f, "never-seen", "x", mesos.TaskUnknown},
			{f, "", "x", mesos.TaskUnknown},
			{g, a.id, "x", mesos.TaskLost},
			{g, "", "t", mesos.TaskLost},
		} {
			got := c.f.reconcile(c.agent, c.task)
			if len(got) != 1 || got[0].State != c.want || got[0].GetReason() != mesos.ReasonReconciliation || got[0].UUID != nil {
				t.Errorf("task %q on agent %q: expected %v, got %v", c.task, c.agent, c.want, got)
			}
		}
		if got := append(f.reconcile(""), g.reconcile("")...); len(got) != 1 {
			t.Errorf("implicit reconciliation: %v", got)
		}
	})
}
