package api

import (
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/ormosproject/ormos/internal/engine"
)

// Counter is the name of something that is counted, as dashboards for Marathon know it.
type Counter string

// What the framework counts.
const (
	Deployments          Counter = "marathon.deployments.counter"
	DeploymentsDismissed Counter = "marathon.deployments.dismissed.counter"
	TasksLaunched        Counter = "marathon.tasks.launched.counter"
	Revives              Counter = "marathon.mesos.calls.revive.counter"
	Suppresses           Counter = "marathon.mesos.calls.suppress.counter"
	OffersIncoming       Counter = "marathon.mesos.offers.incoming.counter"
	OffersUsed           Counter = "marathon.mesos.offers.used.counter"
	OffersDeclined       Counter = "marathon.mesos.offers.declined.counter"
	LaunchOperations     Counter = "marathon.mesos.offer-operations.launch.counter"
	LaunchGroups         Counter = "marathon.mesos.offer-operations.launch-group.counter"
	Reservations         Counter = "marathon.mesos.offer-operations.reserve.counter"
)

// What the API counts itself.
const (
	eventBytes  Counter = "marathon.http.responses.event-stream.size.counter.bytes"
	slowReaders Counter = "ormos.http.event-streams.too-slow.counter"
)

// TaskUpdates counts the updates of a state, such as TASK_RUNNING.
func TaskUpdates(state string) Counter {
	return Counter("marathon.mesos.task-updates." + strings.ToLower(strings.ReplaceAll(state, "_", "-")) + ".counter")
}

const requestTimer = "marathon.http.requests.duration.timer.seconds"

// quantiles are those that Marathon tells, with their names in JSON.
var quantiles = []struct {
	phi  float64
	name string
}{{.5, "p50"}, {.75, "p75"}, {.95, "p95"}, {.98, "p98"}, {.99, "p99"}, {.999, "p999"}}

// Metrics are Marathon's, under its names: what the framework counts with Add, and what the API knows. They are read at /metrics and
// /metrics/prometheus. Add may be called from many goroutines.
type Metrics struct {
	mu       sync.Mutex
	counters map[Counter]uint64

	responses [5]*meter // by the first digit of the status
	requests  *meter
	duration  duration
	active    gate
	began     time.Time
	api       *API
}

// NewMetrics returns metrics that count from zero.
func NewMetrics() *Metrics {
	m := &Metrics{counters: map[Counter]uint64{}, active: newGate(1 << 60)}
	for _, c := range []Counter{
		Deployments, DeploymentsDismissed, TasksLaunched, Revives, Suppresses, OffersIncoming, OffersUsed, OffersDeclined,
		LaunchOperations, LaunchGroups, Reservations,
	} {
		m.counters[c] = 0
	}
	return m
}

// Add counts n more.
func (m *Metrics) Add(c Counter, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counters[c] += uint64(n)
}

// watch begins to tell of an API.
func (m *Metrics) watch(a *API) {
	m.api, m.began = a, a.now()
	for i := range m.responses {
		m.responses[i] = newMeter(m.began)
	}
	m.requests = newMeter(m.began)
}

// begin counts a request; the result ends it. Streams have no duration worth telling.
func (m *Metrics) begin(start time.Time) func(now time.Time, status int, stream bool) {
	m.active.enter()
	return func(now time.Time, status int, stream bool) {
		m.active.leave()
		if i := status/100 - 1; i >= 0 && i < len(m.responses) {
			m.responses[i].mark(now)
		}
		if stream {
			return
		}
		m.requests.mark(now)
		m.duration.add(now.Sub(start).Seconds())
	}
}

// counts are all counters as they are.
func (m *Metrics) counts() map[Counter]uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := maps.Clone(m.counters)
	all[eventBytes] = m.api.hub.sent.Load()
	all[slowReaders] = m.api.hub.slow.Load()
	return all
}

// gauges are all gauges as they are.
func (m *Metrics) gauges() map[string]float64 {
	now := m.api.now()
	all := map[string]float64{
		"marathon.uptime.gauge.seconds":              now.Sub(m.began).Seconds(),
		"marathon.leadership.duration.gauge.seconds": now.Sub(m.began).Seconds(),
		"marathon.http.requests.active.gauge":        float64(m.active.inside.Load()),
		"marathon.http.event-streams.active.gauge":   float64(m.api.hub.Readers()),
	}
	if v := m.api.framework.View(); v != nil {
		count(v, all)
	}
	return all
}

// count adds what a View tells.
func count(v *engine.View, all map[string]float64) {
	var apps, running, staged, overdue, killing float64
	for st := range v.Apps() {
		if st.App != nil {
			apps++
		}
		for _, i := range st.Instances {
			switch i.Condition {
			case engine.Running:
				running++
			case engine.Staging, engine.Starting, engine.Provisioned:
				staged++
			case engine.Killing:
				killing++
			case engine.Scheduled:
				overdue++
			}
		}
	}
	all["marathon.apps.active.gauge"] = apps
	all["marathon.groups.active.gauge"] = float64(groups(v.Root))
	all["marathon.deployments.active.gauge"] = float64(len(v.Deployments()))
	all["marathon.instances.running.gauge"] = running
	all["marathon.instances.staged.gauge"] = staged
	all["marathon.instances.launch-overdue.gauge"] = overdue
	all["marathon.instances.inflight-kills.gauge"] = killing
}

// meters are the answers by status.
func (m *Metrics) meters() map[string]rates {
	now := m.api.now()
	all := map[string]rates{}
	for i, meter := range m.responses {
		all["marathon.http.responses."+string(rune('1'+i))+"xx.rate.meter"] = meter.read(now)
	}
	return all
}
