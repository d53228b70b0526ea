package api

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// What dashboards for Marathon look for is there, in both forms.
func TestMetricsHaveMarathonsNames(t *testing.T) {
	s := newStage(t)
	metrics := NewMetrics()
	a := newAPI(t, s, func(o *Options) { o.Metrics = metrics })
	metrics.Add(OffersIncoming, 3)
	metrics.Add(TaskUpdates("TASK_RUNNING"), 1)
	if w := ask(a, "PUT", "/v2/apps/shop/web", `{"cmd":"sleep 1","instances":3}`); w.Code != 201 {
		t.Fatal(w.Code, w.Body)
	}
	s.settle(true)
	var all struct {
		Counters map[string]struct{ Count float64 }
		Gauges   map[string]struct{ Value float64 }
		Meters   map[string]struct {
			Count float64
			M1    *float64 `json:"m1_rate"`
			Units string
		}
		Timers map[string]struct {
			Count, Max, P999 float64
			Units            string `json:"duration_units"`
		}
	}
	if err := json.Unmarshal(ask(a, "GET", "/metrics", "").Body.Bytes(), &all); err != nil {
		t.Fatal(err)
	}
	text := ask(a, "GET", "/metrics/prometheus", "").Body.String()
	for name, want := range map[string]float64{
		"marathon.apps.active.gauge": 1, "marathon.groups.active.gauge": 2, "marathon.deployments.active.gauge": 0, "marathon.instances.running.gauge": 3,
		"marathon.instances.staged.gauge": 0, "marathon.instances.launch-overdue.gauge": 0, "marathon.instances.inflight-kills.gauge": 0,
		"marathon.http.event-streams.active.gauge": 0, "marathon.http.requests.active.gauge": 1,
	} {
		if got, ok := all.Gauges[name]; !ok || got.Value != want {
			t.Errorf("%s is %v, want %v", name, got.Value, want)
		}
		hasSample(t, text, name)
	}
	for name, want := range map[string]float64{
		"marathon.mesos.offers.incoming.counter": 3, "marathon.mesos.task-updates.task-running.counter": 1, "marathon.deployments.counter": 0,
		"marathon.http.responses.event-stream.size.counter.bytes": 0,
	} {
		if got, ok := all.Counters[name]; !ok || got.Count != want {
			t.Errorf("%s is %v, want %v", name, got.Count, want)
		}
		hasSample(t, text, name)
	}
	if m := all.Meters["marathon.http.responses.2xx.rate.meter"]; m.Count != 1 || m.M1 == nil || m.Units != "events/second" {
		t.Errorf("the answers are %+v", m)
	}
	if d := all.Timers[requestTimer]; d.Count != 1 || d.Max < 0 || d.Units != "seconds" {
		t.Errorf("the requests are %+v", d)
	}
	hasSample(t, text, "marathon.uptime.gauge.seconds")
	hasSample(t, text, "go_goroutines")
	hasSample(t, text, requestTimer+"_count")
}

var sample = regexp.MustCompile(`(?m)^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[^}]*\})? [-+0-9.eE]+$`)

func hasSample(t *testing.T, text, name string) {
	t.Helper()
	for _, s := range sample.FindAllStringSubmatch(text, -1) {
		if s[1] == plain(name) {
			return
		}
	}
	t.Errorf("Prometheus is not told %s", plain(name))
}

// Every line is a sample, a comment or empty, and no name has two types.
func TestPrometheusText(t *testing.T) {
	typed := map[string]bool{}
	for line := range strings.Lines(ask(newAPI(t, newStage(t), nil), "GET", "/metrics/prometheus", "").Body.String()) {
		line = strings.TrimSuffix(line, "\n")
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
			if typed[name] {
				t.Errorf("%s comes twice", name)
			}
			typed[name] = true
			continue
		}
		if line != "" && !strings.HasPrefix(line, "#") && !sample.MatchString(line) {
			t.Errorf("a line %q", line)
		}
	}
}
