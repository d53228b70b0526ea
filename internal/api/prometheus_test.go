package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A real Prometheus discovers the tasks by marathon_sd_configs, and scrapes them, and us.
func TestPrometheusDiscoversTasks(t *testing.T) {
	program, err := exec.LookPath("prometheus")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("there is no prometheus: tools/install installs it")
		}
		t.Skip("there is no prometheus")
	}
	scraped := make(chan url.Values, 100)
	task := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "visits_total 1")
		tell(scraped, r.URL.Query())
	}))
	defer task.Close()
	port := task.URL[strings.LastIndexByte(task.URL, ':')+1:]

	s := newStage(t)
	s.host = func(string) string { return "127.0.0.1" }
	a := newAPI(t, s, func(o *Options) { o.Principal, o.Secret = "prometheus", "s3cret" })
	self := make(chan string, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.ServeHTTP(w, r)
		tell(self, r.URL.Path)
	}))
	defer server.Close()
	defer s.hub.Close()
	r := httptest.NewRequest("POST", "/v2/apps", strings.NewReader(`{"id":"/shop/web","cmd":"serve","cpus":0.1,"mem":32,
		"labels":{"team":"front"},"portDefinitions":[{"port":10080,"name":"http","labels":{"metrics":"yes"}}]}`))
	r.SetBasicAuth("prometheus", "s3cret")
	w := httptest.NewRecorder()
	if a.ServeHTTP(w, r); w.Code != 201 {
		t.Fatal(w.Code, w.Body)
	}
	s.offer("a", "cpus:1;mem:1000;ports:["+port+"-"+port+"]")
	s.settle(true)

	runPrometheus(t, program, server.URL)
	want := url.Values{"app": {"/shop/web"}, "image": {""}, "team": {"front"}, "metrics": {"yes"}, "port": {"0"}}
	got := <-scraped
	if id := got.Get("task"); !strings.HasPrefix(id, "shop_web.instance-") {
		t.Errorf("the task is %q", id)
	}
	for name := range want {
		if got.Get(name) != want.Get(name) {
			t.Errorf("%s is %q, want %q", name, got.Get(name), want.Get(name))
		}
	}
	for path := range self {
		if path == "/metrics/prometheus" {
			break
		}
	}
}

// tell sends what somebody may want to hear; nobody waits for that.
func tell[T any](to chan<- T, what T) {
	select {
	case to <- what:
	default:
	}
}

// runPrometheus runs it until the test ends. What it finds out of a task, it asks the task for as parameters.
func runPrometheus(t *testing.T, program, server string) {
	t.Helper()
	config := fmt.Sprintf(`
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
- job_name: tasks
  marathon_sd_configs:
  - {servers: [%q], refresh_interval: 1s, basic_auth: {username: prometheus, password: s3cret}}
  relabel_configs:
  - {source_labels: [__meta_marathon_app], target_label: __param_app}
  - {source_labels: [__meta_marathon_task], target_label: __param_task}
  - {source_labels: [__meta_marathon_image], target_label: __param_image}
  - {source_labels: [__meta_marathon_app_label_team], target_label: __param_team}
  - {source_labels: [__meta_marathon_port_index], target_label: __param_port}
  - {source_labels: [__meta_marathon_port_definition_label_metrics], target_label: __param_metrics}
- job_name: ormos
  metrics_path: /metrics/prometheus
  basic_auth: {username: prometheus, password: s3cret}
  static_configs: [{targets: [%q]}]
`, server, strings.TrimPrefix(server, "http://"))
	dir := t.TempDir()
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), program, "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address=127.0.0.1:0")
	c.Stdout, c.Stderr = log, log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		if text, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("prometheus says:\n%s", text)
		}
		_ = log.Close()
	})
}
