package apps_test

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/examples/internal/program"
	"github.com/ormosproject/ormos/internal/porttest"
)

// build makes a command once, and gives its path.
func build(t *testing.T, dir, pkg string) string {
	t.Helper()
	path := filepath.Join(dir, filepath.Base(pkg))
	if out, err := exec.Command("go", "build", "-o", path, pkg).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// ormos is `ormos up` in a process of its own.
type ormos struct {
	*testing.T
	path, url string
	client    *app.Client
}

// up starts Ormos with a cluster, and ends both with all tasks when the test ends.
func up(t *testing.T) *ormos {
	t.Helper()
	dir := t.TempDir()
	ports := porttest.Free(t, 60)
	o := &ormos{T: t, path: build(t, dir, "github.com/ormosproject/ormos/cmd/ormos"), url: fmt.Sprintf("http://127.0.0.1:%d", ports)}
	idle := filepath.Join(dir, "idle.yaml")
	write(t, idle, "id: /idle\ncmd: sleep 1\ninstances: 0\n")
	t.Setenv("XDG_STATE_HOME", filepath.Join(dir, "state"))
	resources := fmt.Sprintf("cpus:4;mem:1024;disk:1024;ports:[%d-%d]", ports+10, ports+59)
	p := program.Start(t, exec.Command(o.path, "up", "--listen", fmt.Sprintf("127.0.0.1:%d", ports), "--port", fmt.Sprint(ports+1), "--resources", resources, idle))
	t.Cleanup(func() {
		if err := p.End(syscall.SIGINT); err != nil {
			t.Errorf("ormos up: %v", err)
		}
		if out, err := exec.Command(o.path, "down").CombinedOutput(); err != nil {
			t.Errorf("ormos down: %v: %s", err, out)
		}
	})
	p.Has("Press Ctrl-C")
	var err error
	if o.client, err = app.NewClient(app.ClientOptions{URL: o.url}); err != nil {
		t.Fatal(err)
	}
	return o
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// apply applies an app file with some of its text replaced, pair by pair, and waits until all runs and is healthy.
func (o *ormos) apply(file string, replaced ...string) error {
	o.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		o.Fatal(err)
	}
	for i := 0; i < len(replaced); i += 2 {
		if !strings.Contains(string(text), replaced[i]) {
			o.Fatalf("%s does not say %q", file, replaced[i])
		}
	}
	path := filepath.Join(o.TempDir(), "app.yaml")
	write(o.T, path, strings.NewReplacer(replaced...).Replace(string(text)))
	ctx, cancel := context.WithTimeout(o.Context(), 3*program.Patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, o.path, "apply", "--server", o.url, path).CombinedOutput()
	o.Logf("%s", out)
	return err
}

// addresses are where the tasks of an app are reached, of which there are to be so many.
func (o *ormos) addresses(id app.ID, want int) (all []string) {
	o.Helper()
	tasks, err := o.client.AppTasks(o.Context(), id)
	if err != nil {
		o.Fatal(err)
	}
	for _, task := range tasks {
		if task.State == "TASK_RUNNING" {
			all = append(all, fmt.Sprintf("%s:%d", task.Host, task.Ports[0]))
		}
	}
	if len(all) != want {
		o.Fatalf("%s has %d running tasks, want %d: %v", id, len(all), want, tasks)
	}
	return all
}

// page gets a page.
func page(address, path string) (string, error) {
	answer, err := http.Get("http://" + address + path)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s%s answers %s", address, path, answer.Status)
	}
	return string(text), err
}

// pages looks for a text on a page of every task.
func (o *ormos) pages(id app.ID, instances int, path, want string) {
	o.Helper()
	for _, address := range o.addresses(id, instances) {
		if text, err := page(address, path); err != nil || !strings.Contains(text, want) {
			o.Errorf("%s%s answers %q, %v; want %q", address, path, text, err, want)
		}
	}
}

func TestHello(t *testing.T) {
	o := up(t)
	if err := o.apply("hello/app.yaml"); err != nil {
		t.Fatal(err)
	}
	o.pages("/hello", 2, "/", "Hello from Ormos\n")
}

func TestStaticSite(t *testing.T) {
	archive := filepath.Join(t.TempDir(), "site.tar.gz")
	pack(t, archive, "static-site/site")
	o := up(t)
	if err := o.apply("static-site/app.yaml", "/srv/site.tar.gz", archive); err != nil {
		t.Fatal(err)
	}
	o.pages("/site", 2, "/", "<title>Anchorage</title>")
	o.pages("/site", 2, "/style.css", "max-width")
}

// pack makes an archive of a directory.
func pack(t *testing.T, path, dir string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	zipped := gzip.NewWriter(file)
	archive := tar.NewWriter(zipped)
	if err := archive.AddFS(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	for _, w := range []io.Closer{archive, zipped, file} {
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A rolling upgrade loses no request; a version that cannot start leaves the one before as it is.
func TestGoService(t *testing.T) {
	binary := build(t, t.TempDir(), "github.com/ormosproject/ormos/examples/apps/go-service")
	o := up(t)
	if err := o.apply("go-service/app.yaml", "/srv/go-service", binary); err != nil {
		t.Fatal(err)
	}
	o.pages("/go-service", 3, "/", "version 1 of /go-service on port ")
	ended := o.load("/go-service")
	if err := o.apply("go-service/app.yaml", "/srv/go-service", binary, `SERVICE_VERSION: "1"`, `SERVICE_VERSION: "2"`); err != nil {
		t.Fatal(err)
	}
	if answered, failed := ended(); len(failed) > 0 || answered == 0 {
		t.Errorf("%d requests were answered, %d failed: %v", answered, len(failed), failed)
	}
	o.pages("/go-service", 3, "/", "version 2 ")
	before := fmt.Sprint(o.addresses("/go-service", 3))
	err := o.apply(
		"go-service/app.yaml", "/srv/go-service", binary, `SERVICE_VERSION: "1"`, `SERVICE_VERSION: broken`, "deploymentDeadlineSeconds: 120", "deploymentDeadlineSeconds: 3",
	)
	if err == nil {
		t.Error("the broken version was deployed")
	}
	o.pages("/go-service", 3, "/", "version 2 ")
	if after := fmt.Sprint(o.addresses("/go-service", 3)); after != before {
		t.Errorf("the tasks that were well are %s, and were %s", after, before)
	}
}

// moment is how old the list of tasks may be that a request goes by; a service that is asked to end answers for longer. On a busy machine this
// test may be slower.
const moment = time.Second

// load asks the tasks of an app for their page, as a load balancer would that hears of changes within a moment, until the result is called.
func (o *ormos) load(id app.ID) (end func() (answered int, failed []error)) {
	ctx, cancel := context.WithCancel(o.Context())
	var wg sync.WaitGroup
	var answered int
	var failed []error
	wg.Go(func() {
		for ctx.Err() == nil {
			asked := time.Now()
			tasks, err := o.client.AppTasks(ctx, id)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				failed = append(failed, err)
				return
			}
			for _, task := range tasks {
				if task.State != "TASK_RUNNING" || len(task.HealthCheckResults) == 0 || !task.HealthCheckResults[0].Alive {
					continue
				}
				_, err := page(fmt.Sprintf("%s:%d", task.Host, task.Ports[0]), "/")
				switch {
				case err == nil:
					answered++
				case time.Since(asked) < moment:
					failed = append(failed, err)
				}
			}
		}
	})
	return func() (int, []error) {
		cancel()
		wg.Wait()
		return answered, failed
	}
}

// The replicas are started when the primary is healthy, follow it, and have what is written there.
func TestRedis(t *testing.T) {
	for _, program := range []string{"redis-server", "redis-cli", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	o := up(t)
	if err := o.apply("redis/app.yaml", "http://127.0.0.1:8080", o.url); err != nil {
		t.Fatal(err)
	}
	primary, replicas := o.addresses("/redis/primary", 1)[0], o.addresses("/redis/replica", 3)
	if got := redis(t, primary, "SET", "ship", "anchored"); got != "OK" {
		t.Fatalf("the primary says %q", got)
	}
	if got := redis(t, primary, "WAIT", "3", "10000"); got != "3" {
		t.Errorf("%s replicas have it, want 3", got)
	}
	for _, replica := range replicas {
		if got := redis(t, replica, "GET", "ship"); got != "anchored" {
			t.Errorf("a replica says %q", got)
		}
	}
}

// redis asks a server.
func redis(t *testing.T, address string, words ...string) string {
	t.Helper()
	host, port, _ := strings.Cut(address, ":")
	out, err := exec.Command("redis-cli", append([]string{"-h", host, "-p", port}, words...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}
