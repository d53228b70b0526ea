package api

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	processmetrics "github.com/VictoriaMetrics/metrics"
)

// metricsJSON is GET /metrics, in the shape of Marathon's metrics library.
func metricsJSON(a *API, _ *request) (*answer, error) { return say(a.metrics.snapshot()) }

func (m *Metrics) snapshot() any {
	type number struct {
		Count uint64 `json:"count"`
	}
	type value struct {
		Value float64 `json:"value"`
	}
	counters, gauges, meters := map[string]number{}, map[string]value{}, map[string]any{}
	for name, n := range m.counts() {
		counters[string(name)] = number{n}
	}
	for name, v := range m.gauges() {
		gauges[name] = value{v}
	}
	for name, r := range m.meters() {
		meter := r.fields()
		meter["units"] = "events/second"
		meters[name] = meter
	}
	return map[string]any{
		"version": "4.0.0", "counters": counters, "gauges": gauges, "histograms": struct{}{}, "meters": meters,
		"timers": map[string]any{requestTimer: m.timer()},
	}
}

// timer is how long requests took.
func (m *Metrics) timer() map[string]any {
	t := m.requests.read(m.api.now()).fields()
	d := m.duration.read()
	t["count"], t["min"], t["mean"], t["max"], t["stddev"] = d.count, d.least, d.mean, d.most, d.deviation
	for i, q := range quantiles {
		t[q.name] = d.quantiles[i]
	}
	t["duration_units"], t["rate_units"] = "seconds", "calls/second"
	return t
}

func (r rates) fields() map[string]any {
	return map[string]any{"count": r.count, "m1_rate": r.m1, "m5_rate": r.m5, "m15_rate": r.m15, "mean_rate": r.mean}
}

// prometheusText is GET /metrics/prometheus: the same in Prometheus' text format, with Marathon's names as its reporter writes them, and
// what there is to know of the process.
func prometheusText(a *API, _ *request) (*answer, error) {
	var t textFormat
	m := a.metrics
	for name, n := range sorted(m.counts()) {
		t.tell(string(name), "counter", float64(n))
	}
	for name, v := range sorted(m.gauges()) {
		t.tell(name, "gauge", v)
	}
	for name, r := range sorted(m.meters()) {
		t.tell(name+"_count", "gauge", float64(r.count))
		t.rates(name, r)
	}
	t.summary(requestTimer, m.duration.read())
	t.rates(requestTimer, m.requests.read(a.now()))
	processmetrics.WriteProcessMetrics(&t)
	return &answer{body: t.Bytes(), media: "text/plain; version=0.0.4; charset=utf-8"}, nil
}

// sorted goes through a map in the order of its names, so that two answers can be compared.
func sorted[K ~string, V any](all map[K]V) func(func(K, V) bool) {
	return func(yield func(K, V) bool) {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if !yield(name, all[name]) {
				return
			}
		}
	}
}

// textFormat is Prometheus' text format.
type textFormat struct{ bytes.Buffer }

// plain is a name as Prometheus takes it.
func plain(name string) string { return strings.NewReplacer(".", "_", "-", "_").Replace(name) }

func (t *textFormat) kind(name, kind string) { fmt.Fprintf(t, "# TYPE %s %s\n", plain(name), kind) }

func (t *textFormat) tell(name, kind string, value float64) {
	t.kind(name, kind)
	fmt.Fprintf(t, "%s %g\n", plain(name), value)
}

func (t *textFormat) rates(name string, r rates) {
	t.tell(name+"_mean_rate", "gauge", r.mean)
	t.tell(name+"_m1_rate", "gauge", r.m1)
	t.tell(name+"_m5_rate", "gauge", r.m5)
	t.tell(name+"_m15_rate", "gauge", r.m15)
}

func (t *textFormat) summary(name string, d durations) {
	t.kind(name, "summary")
	for i, q := range quantiles {
		fmt.Fprintf(t, "%s{quantile=\"%g\"} %g\n", plain(name), q.phi, d.quantiles[i])
	}
	fmt.Fprintf(t, "%s_sum %g\n%s_count %d\n", plain(name), d.mean*float64(d.count), plain(name), d.count)
	t.tell(name+"_min", "gauge", d.least)
	t.tell(name+"_mean", "gauge", d.mean)
	t.tell(name+"_max", "gauge", d.most)
	t.tell(name+"_stddev", "gauge", d.deviation)
}
