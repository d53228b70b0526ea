package master

import (
	"net/http"
	"net/url"
	"runtime"
	"strings"

	"github.com/ormosproject/ormos/local/internal/daemon"
	"github.com/ormosproject/ormos/mesos"
)

// serveMetrics is /metrics/snapshot. Mesos answers it twice a second at most; this needs no such protection.
func (m *Master) serveMetrics(w http.ResponseWriter, r *http.Request) {
	if text := r.URL.Query().Get("timeout"); text != "" {
		if _, err := mesos.ParseDuration(text); err != nil {
			daemon.Error(w, http.StatusBadRequest, "Invalid timeout: "+err.Error())
			return
		}
	}
	var all daemon.Metrics
	if !m.do(r.Context(), func() { all = m.metrics() }) {
		unavailable(w)
		return
	}
	daemon.JSON(w, r, all)
}

// plainCounters are those that exist from the start.
func plainCounters() []string {
	names := []string{
		"master/dropped_messages", "master/recovery_slave_removals", "master/slave_registrations", "master/slave_removals",
		"master/slave_reregistrations", "master/http_cache_hits",
	}
	for _, word := range strings.Fields("authenticate deactivate_framework decline_offers executor_to_framework exited_executor " +
		"framework_to_executor kill_task launch_tasks operation_status_update operation_status_update_acknowledgement " +
		"reconcile_operations reconcile_tasks register_framework register_slave reregister_framework reregister_slave " +
		"resource_request revive_offers status_update status_update_acknowledgement suppress_offers unregister_framework " +
		"unregister_slave update_slave") {
		names = append(names, "master/messages_"+word)
	}
	for _, word := range strings.Fields("framework_to_executor_messages executor_to_framework_messages status_updates " +
		"status_update_acknowledgements operation_status_updates operation_status_update_acknowledgements") {
		names = append(names, "master/valid_"+word, "master/invalid_"+word)
	}
	for _, word := range strings.Fields("error failed finished killed lost dropped gone gone_by_operator") {
		names = append(names, "master/tasks_"+word)
	}
	for _, kind := range append(strings.Fields("create create_disk destroy destroy_disk grow_volume reserve shrink_volume unreserve"), "") {
		for _, word := range strings.Fields("dropped error failed finished gone_by_operator pending recovering total unreachable") {
			names = append(names, operationMetric(kind, word))
		}
	}
	for _, word := range strings.Fields("reason_registered reason_unhealthy reason_unregistered") {
		names = append(names, "master/slave_removals/"+word)
	}
	for _, word := range strings.Fields("scheduled canceled completed") {
		names = append(names, "master/slave_unreachable_"+word, "master/slave_shutdowns_"+word)
	}
	return names
}

// metrics are all counters and gauges, by Mesos' names.
func (m *Master) metrics() daemon.Metrics {
	all := daemon.Metrics{}
	for _, name := range plainCounters() {
		all[name] = 0
	}
	for name, n := range m.counters {
		all[name] = n
	}
	m.systemMetrics(all)
	m.agentMetrics(all)
	m.resourceMetrics(all)
	m.taskMetrics(all)
	for _, f := range m.frameworks {
		f.metrics(all)
	}
	for _, f := range m.completed {
		f.metrics(all)
	}
	return all
}

func flag(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func (m *Master) systemMetrics(all daemon.Metrics) {
	all["master/elected"] = flag(m.leads())
	all["master/uptime_secs"] = m.sinceStart()
	all["master/event_queue_dispatches"] = 0
	all["master/event_queue_http_requests"] = 0
	all["master/event_queue_messages"] = 0
	all["master/operator_event_stream_subscribers"] = float64(len(m.operators))
	all["master/outstanding_offers"] = float64(len(m.offers))
	all["allocator/mesos/allocation_runs"] = float64(m.alloc.runs)
	all["allocator/mesos/event_queue_dispatches"], all["allocator/event_queue_dispatches"] = 0, 0
	m.rounds.wait.Show(all, "allocator/mesos/allocation_run_latency")
	m.rounds.run.Show(all, "allocator/mesos/allocation_run")
	m.registry.metrics(all)
	all["system/cpus_total"] = float64(runtime.NumCPU())
	readSystem(all)
}

func (m *Master) agentMetrics(all daemon.Metrics) {
	connected, gone := float64(m.countAgents(true)), float64(m.countAgents(false))
	all["master/slaves_active"], all["master/slaves_connected"] = connected, connected
	all["master/slaves_inactive"], all["master/slaves_disconnected"] = gone, gone
	all["master/slaves_unreachable"] = float64(len(m.unreachable))
	up := 0.0
	for _, f := range m.frameworks {
		up += flag(f.connected())
	}
	down := float64(len(m.frameworks)) - up
	all["master/frameworks_active"], all["master/frameworks_connected"] = up, up
	all["master/frameworks_inactive"], all["master/frameworks_disconnected"] = down, down
}

func (m *Master) resourceMetrics(all daemon.Metrics) {
	var totals, useds []mesos.Resources
	for _, a := range m.agents {
		totals = append(totals, a.total)
		useds = append(useds, m.usedOn(a))
	}
	total, used := mesos.Sum(totals...), mesos.Sum(useds...)
	revocable := func(one *mesos.Resource) bool { return one.IsRevocable() }
	for _, name := range []string{mesos.CPUsName, mesos.MemName, mesos.DiskName, mesos.GPUsName} {
		amounts(all, "master/"+name+"_", fixed(total).Scalar(name), fixed(used).Scalar(name))
		amounts(all, "master/"+name+"_revocable_", total.Filter(revocable).Scalar(name), used.Filter(revocable).Scalar(name))
	}
	for name, amount := range m.alloc.total {
		all["allocator/mesos/resources/"+name+"/total"] = float64(amount) / 1000
		all["allocator/mesos/resources/"+name+"/offered_or_allocated"] = m.allocated(name)
	}
	for role, c := range m.alloc.roles {
		all["allocator/mesos/roles/"+role+"/shares/dominant"] = c.has.share(m.alloc.total)
	}
	for role, n := range m.alloc.activeFilters() {
		all["allocator/mesos/offer_filters/roles/"+role+"/active"] = float64(n)
	}
}

func (m *Master) allocated(name string) (sum float64) {
	for _, c := range m.alloc.roles {
		sum += float64(c.has[name]) / 1000
	}
	return sum
}

func amounts(all daemon.Metrics, prefix string, total, used float64) {
	all[prefix+"total"], all[prefix+"used"], all[prefix+"percent"] = total, used, 0
	if total > 0 {
		all[prefix+"percent"] = used / total
	}
}

func (m *Master) taskMetrics(all daemon.Metrics) {
	for _, state := range []string{"staging", "starting", "running", "killing", "unreachable"} {
		all["master/tasks_"+state] = 0
	}
	for _, f := range m.frameworks {
		for _, t := range f.tasks {
			if !t.State.Terminal() {
				all["master/tasks_"+taskWord(t.State)]++
			}
		}
		for _, t := range f.unreachable {
			if t.State == mesos.TaskUnreachable {
				all["master/tasks_unreachable"]++
			}
		}
	}
}

// taskWord is a state in small letters without its prefix: running.
func taskWord(state mesos.TaskState) string {
	return strings.TrimPrefix(lower(state.String()), "task_")
}

// metrics are the counters and gauges of one framework.
func (f *framework) metrics(all daemon.Metrics) {
	prefix := "master/frameworks/" + strings.ReplaceAll(url.QueryEscape(f.info.Name), "+", "%20") + "/" + f.id + "/"
	for _, name := range []string{"calls", "events", "operations", "offers/sent", "offers/accepted", "offers/declined", "offers/rescinded"} {
		all[prefix+name] = 0
	}
	for _, state := range []string{"staging", "starting", "running", "killing", "unreachable"} {
		all[prefix+"tasks/active/task_"+state] = 0
	}
	for _, state := range []string{"error", "failed", "finished", "killed", "lost", "dropped", "gone", "gone_by_operator"} {
		all[prefix+"tasks/terminal/task_"+state] = 0
	}
	for name, n := range f.counters {
		all[prefix+name] = n
	}
	for kind, n := range f.called {
		all[prefix+"calls"] += float64(n)
		all[prefix+"calls/"+lower(kind.String())] = float64(n)
	}
	for kind, n := range f.sent {
		all[prefix+"events"] += float64(n)
		all[prefix+"events/"+lower(kind.String())] = float64(n)
	}
	if principal := f.info.GetPrincipal(); principal != "" { // of messages of the older protocol
		all["frameworks/"+principal+"/messages_received"], all["frameworks/"+principal+"/messages_processed"] = 0, 0
	}
	all[prefix+"subscribed"] = flag(f.connected())
	for _, t := range f.tasks {
		if !t.State.Terminal() {
			all[prefix+"tasks/active/task_"+taskWord(t.State)]++
		}
	}
	for _, role := range f.roles() {
		all[prefix+"roles/"+role+"/suppressed"] = flag(f.suppressed[role])
	}
}
