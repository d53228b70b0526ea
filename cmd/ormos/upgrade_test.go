package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/internal/porttest"
)

// page is the definition of an app that serves a text, or what more says.
func page(t *testing.T, instances int, body string, more map[string]any) json.RawMessage {
	t.Helper()
	all := map[string]any{
		"id": "/page", "instances": instances, "cpus": 0.1, "mem": 16, "serve": map[string]string{"body": body}, "portDefinitions": []map[string]string{{"name": "http"}},
		"healthChecks":    []map[string]any{{"protocol": "HTTP", "path": "/", "portIndex": 0, "gracePeriodSeconds": 60, "intervalSeconds": 1, "timeoutSeconds": 20}},
		"upgradeStrategy": map[string]float64{"minimumHealthCapacity": 1, "maximumOverCapacity": 0.5},
		// A third of it a task goes on serving when it is to end.
		"taskKillGracePeriodSeconds": 15,
	}
	for key, value := range more {
		all[key] = value
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// deploy starts an ormos that runs a page, and waits until it does.
func deploy(t *testing.T, definition json.RawMessage) *ormos {
	t.Helper()
	port := porttest.Free(t, 100)
	o := newOrmos(t, fmt.Sprintf("cpus:16;mem:8192;disk:1024;ports:[%d-%d]", port, port+99))
	file := filepath.Join(o.dir, "page.json")
	if err := os.WriteFile(file, definition, 0o600); err != nil {
		t.Fatal(err)
	}
	o.start(file)
	o.until("the first version", func(ctx context.Context) (bool, error) { return o.idle(ctx) })
	return o
}

// idle tells whether nothing is under way, and the page is there.
func (o *ormos) idle(ctx context.Context) (bool, error) {
	under, err := o.client.Deployments(ctx)
	if err != nil || len(under) > 0 {
		return false, err
	}
	info, err := o.client.App(ctx, "/page")
	return err == nil && info.TasksHealthy == info.Instances, err
}

// A balancer sends requests to the tasks that are well, as a load balancer does that follows the event stream.
type balancer struct {
	backends atomic.Pointer[[]string]
	next     atomic.Int64
	answered atomic.Int64
	again    atomic.Int64 // requests that were sent to another one, since nobody listened any more
	mu       sync.Mutex
	failures []string
	bodies   map[string]int
}

// learn asks which tasks are well.
func (b *balancer) learn(ctx context.Context, o *ormos) error {
	tasks, err := o.client.AppTasks(ctx, "/page")
	if err != nil {
		return err
	}
	var well []string
	for _, task := range tasks {
		if task.State == "TASK_RUNNING" && len(task.HealthCheckResults) == 1 && task.HealthCheckResults[0].Alive {
			well = append(well, net.JoinHostPort(task.Host, fmt.Sprint(task.Ports[0])))
		}
	}
	b.backends.Store(&well)
	return nil
}

// follow learns anew whenever something happens.
func (b *balancer) follow(ctx context.Context, o *ormos) {
	for ctx.Err() == nil {
		for e, err := range o.client.Events(ctx, app.EventsOptions{}) {
			if err != nil || e.Type == app.EventStreamDetached {
				break
			}
			_ = b.learn(ctx, o) // the next event is soon
		}
	}
}

// load sends one request after the other until ctx ends.
func (b *balancer) load(ctx context.Context) {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for ctx.Err() == nil {
		body, err := b.request(client)
		b.mu.Lock()
		if err != nil {
			b.failures = append(b.failures, err.Error())
		}
		b.bodies[body]++
		b.mu.Unlock()
		b.answered.Add(1)
	}
}

// request tries other tasks where nobody listens any more: nothing was sent then.
func (b *balancer) request(client *http.Client) (body string, err error) {
	for range 3 {
		all := *b.backends.Load()
		if len(all) == 0 {
			return "", errors.New("no task is well")
		}
		to := all[int(b.next.Add(1))%len(all)]
		var answer *http.Response
		if answer, err = client.Get("http://" + to + "/"); errors.Is(err, syscall.ECONNREFUSED) {
			b.again.Add(1)
			continue
		}
		if err != nil {
			return "", err
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			err = errors.New(answer.Status)
		}
		return string(text), err
	}
	return "", err
}

// Twenty instances are replaced while requests come all the time: each of them is answered, first by the old ones and in the end by the new ones.
func TestARollingUpgradeAnswersEveryRequest(t *testing.T) {
	t.Parallel()
	const instances = 20
	o := deploy(t, page(t, instances, "old", nil))
	b := &balancer{bodies: map[string]int{}}
	if err := b.learn(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	following, stop := context.WithCancel(t.Context())
	loading, end := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { b.follow(following, o) })
	for range 4 {
		running.Go(func() { b.load(loading) })
	}
	if _, err := o.client.ReplaceApp(t.Context(), "/page", page(t, instances, "new", nil), false); err != nil {
		t.Error(err)
	}
	o.until("the upgrade", o.idle)
	end()
	stop()
	running.Wait()
	t.Logf("%d requests, %v, %d of them sent again", b.answered.Load(), b.bodies, b.again.Load())
	if len(b.failures) > 0 {
		t.Errorf("%d requests failed, the first with %s", len(b.failures), b.failures[0])
	}
	if b.bodies["old"] == 0 || b.bodies["old"]+b.bodies["new"] != int(b.answered.Load()) {
		t.Errorf("the answers were %v", b.bodies)
	}
	tasks, err := o.client.AppTasks(t.Context(), "/page")
	if err != nil || len(tasks) != instances {
		t.Fatalf("%d tasks, %v", len(tasks), err)
	}
	if err := b.learn(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	for range instances {
		if body, err := b.request(http.DefaultClient); body != "new" || err != nil {
			t.Errorf("after the upgrade the answer is %q, %v", body, err)
		}
	}
}

// A version that never gets well is rolled back when its deadline is over. The old tasks run on all the while, the very same ones.
func TestABrokenVersionRollsItselfBack(t *testing.T) {
	t.Parallel()
	const instances = 4
	o := deploy(t, page(t, instances, "old", nil))
	before, err := o.client.AppTasks(t.Context(), "/page")
	if err != nil {
		t.Fatal(err)
	}
	broken := page(t, instances, "", map[string]any{
		"serve": map[string]string{"directory": "/does/not/exist"}, "deploymentDeadlineSeconds": 15, "backoffSeconds": 1,
	})
	begun, err := o.client.ReplaceApp(t.Context(), "/page", broken, false)
	if err != nil {
		t.Fatal(err)
	}
	fewest := instances
	o.until("the rollback", func(ctx context.Context) (bool, error) {
		tasks, err := o.client.AppTasks(ctx, "/page")
		if err != nil {
			return false, err
		}
		well := 0
		for _, task := range tasks {
			if task.State == "TASK_RUNNING" && len(task.HealthCheckResults) == 1 && task.HealthCheckResults[0].Alive {
				well++
			}
		}
		fewest = min(fewest, well)
		info, err := o.client.App(ctx, "/page")
		if err != nil || info.Serve == nil || info.Serve.Body == nil || info.Version == begun.Version {
			return false, err
		}
		return o.idle(ctx)
	})
	if fewest < instances {
		t.Errorf("only %d were well at a time", fewest)
	}
	after, err := o.client.AppTasks(t.Context(), "/page")
	if err != nil {
		t.Fatal(err)
	}
	running := map[string]bool{}
	for _, task := range after {
		running[task.ID] = true
	}
	for _, task := range before {
		if !running[task.ID] {
			t.Errorf("%s was ended", task.ID)
		}
	}
	info, err := o.client.App(t.Context(), "/page")
	if err != nil || info.LastTaskFailure == nil {
		t.Fatalf("no failure is told: %v", err)
	}
	t.Log(info.LastTaskFailure.Message)
}
