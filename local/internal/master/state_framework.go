package master

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/ormosproject/ormos/local/internal/daemon"
	"github.com/ormosproject/ormos/mesos"
)

// summary is what /state-summary and /state both show of a framework.
func (f *framework) summary() daemon.Members {
	capabilities := make([]string, len(f.info.Capabilities))
	for i := range f.info.Capabilities {
		capabilities[i] = f.info.Capabilities[i].GetType().String()
	}
	return daemon.Members{
		member1("id", f.id), member1("name", f.info.Name), member1("used_resources", resourceEntry(f.used())),
		member1("offered_resources", resourceEntry(f.offered())), member1("capabilities", capabilities),
		member1("hostname", f.info.GetHostname()), member1("webui_url", f.info.GetWebUIURL()), member1("active", f.connected()),
		member1("connected", f.connected()), member1("recovered", f.recovered),
	}
}

// entry is a framework in /state and /frameworks.
func (f *framework) entry() daemon.Members {
	entry := append(
		f.summary(), member1("user", f.info.User), member1("failover_timeout", daemon.Number(f.info.GetFailoverTimeout())),
		member1("checkpoint", f.info.GetCheckpoint()), member1("registered_time", daemon.Number(seconds(f.registered))),
		member1("unregistered_time", daemon.Number(seconds(f.unregistered))),
	)
	if f.info.Principal != nil {
		entry = append(entry, member1("principal", *f.info.Principal))
	}
	entry = append(entry, member1("resources", resourceEntry(mesos.Sum(f.used(), f.offered()))))
	if !f.reregistered.Equal(f.registered) && !f.reregistered.IsZero() {
		entry = append(entry, member1("reregistered_time", daemon.Number(seconds(f.reregistered))))
	}
	if f.caps.multiRole {
		entry = append(entry, member1("roles", append([]string{}, f.info.Roles...)))
	} else {
		entry = append(entry, member1("role", f.info.GetRole()))
	}
	entry = append(
		entry, member1("tasks", taskEntries(f.sortedTasks())), member1("unreachable_tasks", taskEntries(f.unreachable)),
		member1("completed_tasks", taskEntries(f.done)), member1("offers", f.offerEntries()), member1("executors", f.executorEntries()),
	)
	if f.info.Labels != nil {
		entry = append(entry, member1("labels", labelEntry(f.info.Labels)))
	}
	if f.constraints != nil {
		return append(entry, member1("offer_constraints", f.constraints))
	}
	return append(entry, member1("offer_constraints", daemon.Members{}))
}

func (f *framework) offerEntries() []daemon.Members {
	entries := []daemon.Members{}
	for _, o := range sortedOffers(f.offers) {
		entries = append(entries, daemon.Members{
			member1("id", o.id), member1("framework_id", f.id), member1("allocation_info", daemon.Members{member1("role", o.role)}),
			member1("slave_id", o.agent.id), member1("resources", resourceEntry(o.resources)),
		})
	}
	return entries
}

func (f *framework) executorEntries() []daemon.Members {
	entries := []daemon.Members{}
	for _, on := range slices.Sorted(maps.Keys(f.executors)) {
		for _, id := range slices.Sorted(maps.Keys(f.executors[on])) {
			entries = append(entries, executorEntry(f.executors[on][id], on))
		}
	}
	return entries
}

func executorEntry(e *mesos.ExecutorInfo, on string) daemon.Members {
	entry := daemon.Members{
		member1("executor_id", e.ExecutorID.Value), member1("name", e.GetName()), member1("framework_id", frameworkID(e.FrameworkID)),
		member1("command", commandEntry(e.Command)), member1("resources", resourceEntry(e.Resources)),
	}
	for i := range e.Resources {
		if a := e.Resources[i].AllocationInfo; a != nil {
			entry = append(entry, member1("role", a.GetRole()))
			break
		}
	}
	if e.Labels != nil {
		entry = append(entry, member1("labels", labelEntry(e.Labels)))
	}
	if e.Type != nil {
		entry = append(entry, member1("type", e.GetType().String()))
	}
	return append(entry, member1("slave_id", on))
}

// commandEntry shows of a command what is set, and its two lists always.
func commandEntry(c *mesos.CommandInfo) daemon.Members {
	entry := daemon.Members{}
	if c == nil {
		c = &mesos.CommandInfo{}
	}
	if c.Shell != nil {
		entry = append(entry, member1("shell", *c.Shell))
	}
	if c.Value != nil {
		entry = append(entry, member1("value", *c.Value))
	}
	entry = append(entry, member1("argv", append([]string{}, c.Arguments...)))
	if c.Environment != nil {
		entry = append(entry, member1("environment", c.Environment))
	}
	uris := []*mesos.CommandInfoURI{}
	for i := range c.URIs {
		uris = append(uris, &c.URIs[i])
	}
	return append(entry, member1("uris", uris))
}

func labelEntry(l *mesos.Labels) []daemon.Members {
	entries := []daemon.Members{}
	for i := range l.Labels {
		entry := daemon.Members{member1("key", l.Labels[i].Key)}
		if l.Labels[i].Value != nil {
			entry = append(entry, member1("value", *l.Labels[i].Value))
		}
		entries = append(entries, entry)
	}
	return entries
}

func taskEntries(tasks []*task) []daemon.Members {
	entries := []daemon.Members{}
	for _, t := range tasks {
		entries = append(entries, t.entry())
	}
	return entries
}

// entry is a task in /state, /frameworks and /tasks.
func (t *task) entry() daemon.Members {
	executor := ""
	if t.ExecutorID != nil {
		executor = t.ExecutorID.Value
	}
	entry := daemon.Members{
		member1("id", t.TaskID.Value), member1("name", t.Name), member1("framework_id", t.FrameworkID.Value), member1("executor_id", executor),
		member1("slave_id", t.AgentID.Value), member1("state", t.State.String()), member1("resources", resourceEntry(t.Resources)),
	}
	if len(t.Limits) > 0 {
		entry = append(entry, member1("limits", limitEntry(t.Limits)))
	}
	entry = append(entry, member1("role", t.role()), member1("statuses", statusEntries(t.Statuses)))
	if t.User != nil {
		entry = append(entry, member1("user", *t.User))
	}
	if t.Labels != nil {
		entry = append(entry, member1("labels", labelEntry(t.Labels)))
	}
	if t.Discovery != nil {
		entry = append(entry, member1("discovery", t.Discovery))
	}
	if t.Container != nil {
		entry = append(entry, member1("container", t.Container))
	}
	if t.HealthCheck != nil {
		entry = append(entry, member1("health_check", t.HealthCheck))
	}
	return entry
}

func limitEntry(limits map[string]mesos.ValueScalar) daemon.Members {
	entry := daemon.Members{}
	for _, name := range slices.Sorted(maps.Keys(limits)) {
		if text := strconv.FormatFloat(limits[name].Value, 'f', -1, 64); text == "+Inf" {
			entry = append(entry, member1(name, "Infinity"))
			continue
		}
		entry = append(entry, member1(name, daemon.Number(limits[name].Value)))
	}
	return entry
}

func statusEntries(statuses []mesos.TaskStatus) []daemon.Members {
	entries := []daemon.Members{}
	for i := range statuses {
		s := &statuses[i]
		entry := daemon.Members{member1("state", s.State.String()), member1("timestamp", daemon.Number(s.GetTimestamp()))}
		if s.Labels != nil {
			entry = append(entry, member1("labels", labelEntry(s.Labels)))
		}
		if s.ContainerStatus != nil {
			entry = append(entry, member1("container_status", shownContainer(s.ContainerStatus)))
		}
		if s.Healthy != nil {
			entry = append(entry, member1("healthy", *s.Healthy))
		}
		entries = append(entries, entry)
	}
	return entries
}

// shownContainer is a container's status without the process id, which these endpoints do not show.
func shownContainer(c *mesos.ContainerStatus) *mesos.ContainerStatus {
	shown := *c
	shown.ExecutorPID = nil
	return &shown
}

func (m *Master) viewFrameworks(v *viewer) any {
	only := v.query("framework_id")
	entries := func(all []*framework) []daemon.Members {
		list := []daemon.Members{}
		for _, f := range all {
			if only == "" || only == f.id {
				list = append(list, f.entry())
			}
		}
		return list
	}
	return daemon.Members{
		member1("frameworks", entries(m.visible(v.principal))), member1("completed_frameworks", entries(m.visibleCompleted(v.principal))),
		member1("unregistered_frameworks", []int{}),
	}
}

// viewTasks is /tasks?limit=100&offset=0&order=des&framework_id=&task_id=.
func (m *Master) viewTasks(v *viewer) any {
	var all []*task
	for _, f := range append(m.visible(v.principal), m.visibleCompleted(v.principal)...) {
		if only := v.query("framework_id"); only != "" && only != f.id {
			continue
		}
		all = append(append(append(all, f.sortedTasks()...), f.unreachable...), f.done...)
	}
	if only := v.query("task_id"); only != "" {
		all = slices.DeleteFunc(all, func(t *task) bool { return t.TaskID.Value != only })
	}
	ascending := v.query("order") == "asc"
	slices.SortStableFunc(all, func(a, b *task) int {
		order := cmp.Or(cmp.Compare(a.firstStatus(), b.firstStatus()), cmp.Compare(a.seq, b.seq))
		if !ascending {
			order = -order
		}
		return order
	})
	first := min(queryCount(v, "offset", 0), len(all))
	last := min(first+queryCount(v, "limit", 100), len(all))
	return daemon.Members{member1("tasks", taskEntries(all[first:last]))}
}

func (t *task) firstStatus() float64 {
	if len(t.Statuses) == 0 {
		return seconds(t.firstSeen)
	}
	return t.Statuses[0].GetTimestamp()
}

func queryCount(v *viewer, name string, standard int) int {
	if n, err := strconv.Atoi(v.query(name)); err == nil && n >= 0 && n < 1<<30 {
		return n
	}
	return standard
}

// countedStates are those of which /state-summary counts the tasks.
func countedStates() []mesos.TaskState {
	return []mesos.TaskState{
		mesos.TaskStaging, mesos.TaskStarting, mesos.TaskRunning, mesos.TaskKilling, mesos.TaskFinished, mesos.TaskKilled, mesos.TaskFailed,
		mesos.TaskLost, mesos.TaskError, mesos.TaskUnreachable,
	}
}

func stateCounts(tasks []*task) daemon.Members {
	counts := map[mesos.TaskState]int{}
	for _, t := range tasks {
		counts[t.State]++
	}
	entry := daemon.Members{}
	for _, state := range countedStates() {
		entry = append(entry, member1(state.String(), counts[state]))
	}
	return entry
}

// allTasks are all that is remembered of a framework's tasks.
func (f *framework) allTasks() []*task {
	return slices.Concat(f.sortedTasks(), f.unreachable, f.done)
}

func (m *Master) viewSummary(v *viewer) any {
	slaves, frameworks := []daemon.Members{}, []daemon.Members{}
	seen := m.visible(v.principal)
	byAgent := map[string][]*task{}
	names := map[string]map[string]bool{}
	for _, f := range seen {
		tasks := f.allTasks()
		on := map[string]bool{}
		for _, t := range tasks {
			id := t.AgentID.Value
			byAgent[id] = append(byAgent[id], t)
			on[id] = true
			if names[id] == nil {
				names[id] = map[string]bool{}
			}
			names[id][f.id] = true
		}
		entry := append(f.summary(), stateCounts(tasks)...)
		frameworks = append(frameworks, append(entry, member1("slave_ids", append([]string{}, slices.Sorted(maps.Keys(on))...))))
	}
	for _, f := range m.visibleCompleted(v.principal) {
		for _, t := range f.done {
			byAgent[t.AgentID.Value] = append(byAgent[t.AgentID.Value], t)
		}
	}
	for _, a := range m.sortedAgents() {
		entry := append(m.slaveEntry(a), stateCounts(byAgent[a.id])...)
		slaves = append(slaves, append(entry, member1("framework_ids", append([]string{}, slices.Sorted(maps.Keys(names[a.id]))...))))
	}
	return daemon.Members{member1("hostname", m.address.Hostname), member1("slaves", slaves), member1("frameworks", frameworks)}
}

// sinceStart is how long the master has run, in seconds.
func (m *Master) sinceStart() float64 { return time.Since(m.started).Seconds() }
