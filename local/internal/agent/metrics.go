package agent

import (
	"strings"
	"time"

	"github.com/ormosproject/ormos/local/internal/container"
	"github.com/ormosproject/ormos/local/internal/daemon"
	"github.com/ormosproject/ormos/mesos"
)

// counters are what /metrics/snapshot counts.
type counters struct {
	validUpdates, invalidUpdates   int
	validMessages, invalidMessages int
	launchErrors                   int
	executorsTerminated            int
	recoveryErrors                 int
	recovery                       time.Duration
	ended                          map[mesos.TaskState]int
}

func validDuration(text string) bool {
	_, err := mesos.ParseDuration(text)
	return err == nil
}

// metrics is the answer to /metrics/snapshot.
func (a *Agent) metrics() daemon.Metrics {
	c := &a.counters
	m := daemon.Metrics{
		"slave/registered":                              number(a.master.registered),
		"slave/uptime_secs":                             time.Since(a.started).Seconds(),
		"slave/recovery_time_secs":                      c.recovery.Seconds(),
		"slave/recovery_errors":                         float64(c.recoveryErrors),
		"slave/container_launch_errors":                 float64(c.launchErrors),
		"slave/executors_terminated":                    float64(c.executorsTerminated),
		"slave/executors_preempted":                     0,
		"slave/frameworks_active":                       float64(len(a.frameworks)),
		"slave/executor_directory_max_allowed_age_secs": a.maxAge().Seconds(),
		"slave/valid_status_updates":                    float64(c.validUpdates),
		"slave/invalid_status_updates":                  float64(c.invalidUpdates),
		"slave/valid_framework_messages":                float64(c.validMessages),
		"slave/invalid_framework_messages":              float64(c.invalidMessages),
		"containerizer/mesos/container_destroy_errors":  0,
		"gc/path_removals_pending":                      float64(len(a.garbage.runs)),
		"gc/path_removals_succeeded":                    float64(a.garbage.removed),
		"gc/path_removals_failed":                       float64(a.garbage.failed),
	}
	// What is not there does nothing.
	for _, name := range []string{
		"containerizer/mesos/provisioner/bind/remove_rootfs_errors", "containerizer/mesos/provisioner/remove_container_errors",
		"resource_provider_manager/events/disconnect", "resource_provider_manager/events/subscribe", "resource_provider_manager/subscribed",
	} {
		m[name] = 0
	}
	a.fetchMetrics(m)
	a.resourceMetrics(m)
	a.stateMetrics(m)
	systemMetrics(m)
	return m
}

func (a *Agent) fetchMetrics(m daemon.Metrics) {
	var s container.FetchStats
	if a.o.FetchStats != nil {
		s = a.o.FetchStats()
	}
	m["containerizer/fetcher/task_fetches_succeeded"] = float64(s.Succeeded)
	m["containerizer/fetcher/task_fetches_failed"] = float64(s.Failed)
	m["containerizer/fetcher/cache_size_total_bytes"] = float64(s.CacheTotal)
	m["containerizer/fetcher/cache_size_used_bytes"] = float64(s.CacheUsed)
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (a *Agent) resourceMetrics(m daemon.Metrics) {
	total, used := a.total(), a.used()
	for _, name := range []string{"cpus", "mem", "disk", "gpus"} {
		for _, kind := range []struct {
			suffix    string
			revocable bool
		}{{"", false}, {"_revocable", true}} {
			of := func(r mesos.Resources) float64 {
				return r.Filter(func(one *mesos.Resource) bool { return one.IsRevocable() == kind.revocable }).Scalar(name)
			}
			t, u := of(total), of(used)
			prefix := "slave/" + name + kind.suffix
			m[prefix+"_total"], m[prefix+"_used"], m[prefix+"_percent"] = t, u, 0
			if t > 0 {
				m[prefix+"_percent"] = u / t
			}
		}
	}
}

// stateMetrics counts executors and tasks by state.
func (a *Agent) stateMetrics(m daemon.Metrics) {
	for _, s := range []mesos.TaskState{mesos.TaskFinished, mesos.TaskFailed, mesos.TaskKilled, mesos.TaskLost, mesos.TaskGone} {
		m[taskMetric(s)] = float64(a.counters.ended[s])
	}
	for _, s := range []mesos.TaskState{mesos.TaskStaging, mesos.TaskStarting, mesos.TaskRunning, mesos.TaskKilling} {
		m[taskMetric(s)] = 0
	}
	for _, name := range []string{"registering", "running", "terminating"} {
		m["slave/executors_"+name] = 0
	}
	for _, e := range a.executors() {
		if e.state < terminated {
			m["slave/executors_"+[]string{"registering", "running", "terminating"}[e.state]]++
		}
		for _, t := range e.tasks {
			if !t.record.State.Terminal() {
				m[taskMetric(t.record.State)]++
			}
		}
		for _, b := range e.queued {
			m[taskMetric(mesos.TaskStaging)] += float64(len(b.tasks))
		}
	}
}

// taskMetric is slave/tasks_running for TASK_RUNNING.
func taskMetric(s mesos.TaskState) string {
	return "slave/tasks_" + strings.ToLower(strings.TrimPrefix(s.String(), "TASK_"))
}
