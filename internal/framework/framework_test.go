package framework

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/internal/api"
	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
	"github.com/ormosproject/ormos/scheduler"
	"github.com/ormosproject/ormos/store"
)

// A process is a framework that runs, and its API's client.
type process struct {
	*Server
	client *app.Client
	cancel context.CancelFunc
	ended  chan error
}

// start runs a framework on a cluster until the test ends, or end is called.
func start(t testing.TB, cluster *local.Cluster, records scheduler.Store, adjust ...func(*Options)) *process {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := &process{cancel: cancel, ended: make(chan error, 1)}
	ready := make(chan *Server, 1)
	o := Options{
		Scheduler: scheduler.Options{Master: cluster.Master(), Dial: cluster.Dial}, Store: records,
		Listen: api.ServerOptions{Address: "127.0.0.1:0"}, Ready: func(s *Server) { ready <- s },
	}
	for _, one := range adjust {
		one(&o)
	}
	go func() { p.ended <- Run(ctx, o) }()
	select {
	case p.Server = <-ready:
	case err := <-p.ended:
		t.Fatal(err)
	}
	transport := new(http.Transport)
	client, err := app.NewClient(app.ClientOptions{URL: p.URL, HTTP: &http.Client{Transport: transport}})
	if err != nil {
		t.Fatal(err)
	}
	p.client = client
	var once sync.Once
	end := func() {
		once.Do(func() {
			cancel()
			if err := <-p.ended; err != nil {
				t.Error(err)
			}
			transport.CloseIdleConnections()
		})
	}
	p.cancel = end
	t.Cleanup(end)
	return p
}

// deploys makes a change and waits until its deployment is over; it fails the test unless that succeeds.
func (p *process) deploys(t testing.TB, change func(ctx context.Context) (app.DeploymentResult, error)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := &waiting{over: map[string]app.EventType{}, change: change}
	for !w.done {
		// A stream ends when more happens at a time than its reader may leave unread; then what is there tells.
		for e, err := range p.client.Events(ctx, app.EventsOptions{}) {
			if err != nil {
				break
			}
			if w.hear(ctx, t, p, e); w.done {
				break
			}
		}
	}
}

// waiting is for the end of a deployment.
type waiting struct {
	change func(ctx context.Context) (app.DeploymentResult, error)
	id     string
	over   map[string]app.EventType
	done   bool
}

func (w *waiting) hear(ctx context.Context, t testing.TB, p *process, e app.StreamEvent) {
	t.Helper()
	switch e.Type {
	case app.EventStreamAttached:
		if w.id != "" {
			w.done = !slices.ContainsFunc(p.View().Deployments(), func(d app.Deployment) bool { return d.ID == w.id })
			return
		}
		result, err := w.change(ctx)
		if err != nil {
			t.Fatal(err)
		}
		w.id = result.DeploymentID
	case app.EventDeploymentSuccess, app.EventDeploymentFailed:
		var of struct{ ID string }
		if err := json.Unmarshal(e.Data, &of); err != nil {
			t.Fatal(err)
		}
		w.over[of.ID] = e.Type
	}
	how := w.over[w.id]
	if how == app.EventDeploymentFailed {
		t.Fatal("the deployment has failed")
	}
	w.done = how == app.EventDeploymentSuccess
}

// An app that was deployed runs on while the framework is away, and is found again by the next one.
func TestTheNextProcessFindsEverything(t *testing.T) {
	cluster, records := local.RunT(t, local.Simulated(nil)), new(store.Memory)
	first := start(t, cluster, records)
	first.deploys(t, func(ctx context.Context) (app.DeploymentResult, error) {
		return first.client.UpdateApp(ctx, "/web", json.RawMessage(`{"cmd": "sleep 1000", "instances": 3, "cpus": 0.1}`), false)
	})
	before, err := first.client.AppTasks(t.Context(), "/web")
	if err != nil || len(before) != 3 {
		t.Fatalf("%d tasks, %v", len(before), err)
	}
	first.cancel()

	second := start(t, cluster, records)
	second.deploys(t, func(ctx context.Context) (app.DeploymentResult, error) {
		return second.client.UpdateApp(ctx, "/web", json.RawMessage(`{"instances": 4}`), false)
	})
	after, err := second.client.AppTasks(t.Context(), "/web")
	if err != nil {
		t.Fatal(err)
	}
	running := map[string]bool{}
	for _, task := range after {
		running[task.ID] = task.State == "TASK_RUNNING"
	}
	for _, task := range before {
		if !running[task.ID] {
			t.Errorf("%s does not run any more: %v", task.ID, running)
		}
	}
	if len(after) != 4 || first.View().FrameworkID == "" || first.View().FrameworkID != second.View().FrameworkID {
		t.Errorf("%d tasks, frameworks %q and %q", len(after), first.View().FrameworkID, second.View().FrameworkID)
	}
}

// What a task has written to stderr before it failed is told as the cause.
func TestTheCauseOfAFailureIsTold(t *testing.T) {
	p := start(t, local.RunT(t), new(store.Memory))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for e, err := range p.client.Events(ctx, app.EventsOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Type == app.EventStreamAttached {
			definition := `{"cmd": "echo it cannot work >&2; exit 3", "cpus": 0.1, "mem": 16, "backoffSeconds": 1}`
			if _, err := p.client.UpdateApp(ctx, "/broken", json.RawMessage(definition), false); err != nil {
				t.Fatal(err)
			}
			continue
		}
		info, err := p.client.App(ctx, "/broken")
		if err != nil {
			t.Fatal(err)
		}
		if f := info.LastTaskFailure; f != nil && strings.Contains(f.Message, "it cannot work") {
			break // of this task or, on a slow machine, of one that came after it
		}
	}
}

// A framework that was torn down behind its back begins anew, under another id, and has what is wanted run again.
func TestARemovedFrameworkBeginsAnew(t *testing.T) {
	cluster := local.RunT(t, local.Simulated(nil))
	p := start(t, cluster, new(store.Memory))
	p.deploys(t, func(ctx context.Context) (app.DeploymentResult, error) {
		return p.client.UpdateApp(ctx, "/web", json.RawMessage(`{"cmd": "sleep 1000", "instances": 2, "cpus": 0.1}`), false)
	})
	before := p.View().FrameworkID
	master, err := operator.NewMaster(operator.Options{Address: cluster.Master(), Dial: cluster.Dial})
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for e, err := range p.client.Events(ctx, app.EventsOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Type == app.EventStreamAttached {
			if err := master.Teardown(ctx, mesos.FrameworkID{Value: before}); err != nil {
				t.Fatal(err)
			}
			continue
		}
		tasks, err := p.client.AppTasks(ctx, "/web")
		if err != nil {
			t.Fatal(err)
		}
		now := p.View().FrameworkID
		if now != "" && now != before && len(tasks) == 2 && !slices.ContainsFunc(tasks, func(t app.Task) bool { return t.State != "TASK_RUNNING" }) {
			break
		}
	}
}

// Apps of a group that enforces its role use that: the framework subscribes for it when it comes to be, also of the next process.
func TestRolesComeAndGo(t *testing.T) {
	cluster, records := local.RunT(t, local.Simulated(nil)), new(store.Memory)
	p := start(t, cluster, records)
	p.deploys(t, func(ctx context.Context) (app.DeploymentResult, error) {
		group := `{"id": "/team", "enforceRole": true, "apps": [{"id": "web", "cmd": "sleep 1000", "cpus": 0.1}]}`
		return p.client.UpdateGroup(ctx, "/team", json.RawMessage(group), false)
	})
	p.cancel()
	p = start(t, cluster, records)
	p.deploys(t, func(ctx context.Context) (app.DeploymentResult, error) {
		return p.client.UpdateApp(ctx, "/team/web", json.RawMessage(`{"instances": 2}`), false)
	})
	state, ok := p.View().App("/team/web")
	if !ok || len(state.Instances) != 2 {
		t.Fatalf("got %v", state)
	}
	for _, i := range state.Instances {
		if i.Role != "team" {
			t.Errorf("%s uses the role %q", i.ID, i.Role)
		}
	}
}

// A role that the master does not let the framework have is its apps' affair alone: they wait and say why, others run, and a process that begins
// with them is no worse off.
func TestARoleThatIsBarred(t *testing.T) {
	o := local.Simulated(nil)
	o.MasterFlags = map[string]string{"roles": "crew"}
	cluster, records := local.RunT(t, o), new(store.Memory)
	p := start(t, cluster, records)
	for _, group := range []string{"/team", "/crew"} {
		definition := `{"enforceRole": true, "apps": [{"id": "web", "cmd": "sleep 1000", "cpus": 0.1}]}`
		if _, err := p.client.UpdateGroup(t.Context(), app.ID(group), json.RawMessage(definition), false); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		p.until(t, func() bool {
			e, ok := p.View().Explain("/team/web", app.At(time.Now()))
			return ok && len(e.Waiting) == 1 && strings.Contains(e.Waiting[0].Wrong, "the master's --roles") && p.runs("/crew/web") == 1
		})
		p.cancel()
		p = start(t, cluster, records)
	}
	p.deploys(t, func(ctx context.Context) (app.DeploymentResult, error) {
		return p.client.UpdateApp(ctx, "/web", json.RawMessage(`{"cmd": "sleep 1000", "cpus": 0.1}`), false)
	})
}

// runs is how many instances of an app do.
func (p *process) runs(id app.ID) int {
	a, ok := p.View().App(id)
	if !ok {
		return 0
	}
	return a.TasksRunning
}

// until looks again and again until something holds.
func (p *process) until(t testing.TB, holds func() bool) {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-ticker.C:
		case <-t.Context().Done():
			t.Fatal("the test has ended before")
		}
	}
}

// What waits for an attribute that no agent has is of no use to be offered: the master is told so, and told anew before something else waits.
func TestTheMasterIsToldWhatServes(t *testing.T) {
	o := local.Simulated(nil)
	o.Attributes = []string{"rack:a"}
	cluster := local.RunT(t, o)
	p := start(t, cluster, new(store.Memory), func(o *Options) { o.Engine.NarrowAfter = time.Millisecond })
	master, err := operator.NewMaster(operator.Options{Address: cluster.Master(), Dial: cluster.Dial})
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	narrowed := func() bool {
		all, err := master.GetFrameworks(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(all.Frameworks) == 0 {
			return false // it has not subscribed yet
		}
		c := all.Frameworks[0].OfferConstraints
		return c != nil && len(c.RoleConstraints["*"].Groups) == 1
	}
	if _, err := p.client.UpdateApp(t.Context(), "/far", json.RawMessage(`{"cmd": "sleep 1000", "cpus": 0.1, "constraints": [["rack", "LIKE", "b"]]}`), false); err != nil {
		t.Fatal(err)
	}
	p.until(t, narrowed)
	p.deploys(t, func(ctx context.Context) (app.DeploymentResult, error) {
		return p.client.UpdateApp(ctx, "/near", json.RawMessage(`{"cmd": "sleep 1000", "cpus": 0.1, "constraints": [["rack", "LIKE", "a"]]}`), false)
	})
	p.deploys(t, func(ctx context.Context) (app.DeploymentResult, error) {
		return p.client.UpdateApp(ctx, "/anywhere", json.RawMessage(`{"cmd": "sleep 1000", "cpus": 0.1}`), false)
	})
	p.until(t, narrowed)
}
