package framework

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/internal/api"
	"github.com/ormosproject/ormos/local"
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
func start(t testing.TB, cluster *local.Cluster, records scheduler.Store) *process {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := &process{cancel: cancel, ended: make(chan error, 1)}
	ready := make(chan *Server, 1)
	go func() {
		p.ended <- Run(ctx, Options{
			Scheduler: scheduler.Options{Master: cluster.Master(), Dial: cluster.Dial}, Store: records,
			Listen: api.ServerOptions{Address: "127.0.0.1:0"}, Ready: func(s *Server) { ready <- s },
		})
	}()
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
