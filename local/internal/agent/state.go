package agent

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"github.com/ormosproject/ormos/local/internal/daemon"
	"github.com/ormosproject/ormos/mesos"
)

// state is the answer to /state. It shares nothing with the agent's own state.
func (a *Agent) state() daemon.Members {
	total, used := a.total(), a.used()
	version := daemon.TheVersion()
	m := daemon.Members{
		{Name: "version", Value: version.Version},
		{Name: "build_date", Value: version.BuildDate},
		{Name: "build_time", Value: version.BuildTime},
		{Name: "build_user", Value: version.BuildUser},
		{Name: "start_time", Value: daemon.Number(seconds(a.started))},
		{Name: "id", Value: a.id},
		{Name: "pid", Value: a.pid()},
		{Name: "hostname", Value: a.info.Hostname},
		{Name: "capabilities", Value: capabilityNames()},
	}
	if a.info.Domain != nil {
		m = append(m, daemon.Member{Name: "domain", Value: a.info.Domain.Clone()})
	}
	m = append(m,
		daemon.Member{Name: "resources", Value: summary(total)},
		daemon.Member{Name: "reserved_resources", Value: byRole(total, summary)},
		daemon.Member{Name: "unreserved_resources", Value: summary(total.Unreserved())},
		daemon.Member{Name: "reserved_resources_full", Value: byRole(total, full)},
		daemon.Member{Name: "unreserved_resources_full", Value: full(total.Unreserved())},
		daemon.Member{Name: "reserved_resources_allocated", Value: byRole(used, summary)},
		daemon.Member{Name: "unreserved_resources_allocated", Value: summary(used.Unreserved())},
		daemon.Member{Name: "resource_providers", Value: []string{}},
		daemon.Member{Name: "attributes", Value: attributes(a.info.Attributes)},
	)
	if a.master.hostname != "" {
		m = append(m, daemon.Member{Name: "master_hostname", Value: a.master.hostname})
	}
	return append(m,
		daemon.Member{Name: "flags", Value: a.shownFlags()},
		daemon.Member{Name: "frameworks", Value: frameworkStates(a.sorted())},
		daemon.Member{Name: "completed_frameworks", Value: frameworkStates(a.completed)},
	)
}

// sorted gives the frameworks by id.
func (a *Agent) sorted() []*framework {
	return slices.SortedFunc(maps.Values(a.frameworks), func(x, y *framework) int { return cmp.Compare(x.id, y.id) })
}

// sorted gives the executors by id.
func (f *framework) sorted() []*executor {
	return slices.SortedFunc(maps.Values(f.executors), func(x, y *executor) int { return cmp.Compare(x.id, y.id) })
}

// shownFlags are the agent's settings, as text.
func (a *Agent) shownFlags() map[string]string {
	flags := maps.Clone(a.o.Shown)
	if flags == nil {
		flags = map[string]string{}
	}
	for name, d := range a.flags.durations() {
		if _, ok := flags[name]; !ok {
			flags[name] = mesos.FormatDuration(*d)
		}
	}
	for name, value := range map[string]string{
		"work_dir": a.o.WorkDir, "ip": a.o.Address.IP, "port": strconv.Itoa(a.o.Address.Port), "hostname": a.o.Address.Hostname,
		"resources":                             mesos.Resources(a.o.Resources).String(),
		"attributes":                            mesos.Attributes(a.o.Attributes).String(),
		"http_command_executor":                 strconv.FormatBool(a.flags.HTTPCommandExecutor),
		"max_completed_executors_per_framework": strconv.Itoa(a.flags.MaxCompletedExecutorsPerFramework),
		"containerizers":                        "mesos", "launcher": "posix", "isolation": a.flags.Isolation,
		"authenticate_http_executors": strconv.FormatBool(a.flags.AuthenticateHTTPExecutors), "jwt_secret_key": a.flags.JWTSecretKey,
		"enforce_container_disk_quota": strconv.FormatBool(a.flags.EnforceContainerDiskQuota),
		"cgroups_hierarchy":            a.flags.CgroupsHierarchy, "cgroups_root": a.flags.CgroupsRoot,
		"cgroups_enable_cfs": strconv.FormatBool(a.flags.CgroupsEnableCFS), "cgroups_limit_swap": strconv.FormatBool(a.flags.CgroupsLimitSwap),
	} {
		if _, ok := flags[name]; !ok && (value != "" || name != "jwt_secret_key") {
			flags[name] = value
		}
	}
	return flags
}

func capabilityNames() []string {
	var names []string
	for _, c := range capabilities() {
		names = append(names, c.GetType().String())
	}
	return names
}

func attributes(list []mesos.Attribute) daemon.Members {
	m := daemon.Members{}
	for i := range list {
		one := daemon.Member{Name: list[i].Name, Value: list[i].ValueText()}
		if list[i].Scalar != nil {
			one.Value = daemon.Number(list[i].Scalar.Value)
		}
		m = append(m, one)
	}
	return m
}

// total is all that the agent has, with what frameworks and operators have reserved.
func (a *Agent) total() mesos.Resources {
	total := mesos.Resources(nil).Add(a.o.Resources...)
	for i := range a.reserved {
		plain := a.reserved[i]
		plain.Role, plain.Reservation, plain.Reservations, plain.Disk, plain.AllocationInfo = nil, nil, nil, nil, nil
		total = total.Subtract(plain).Add(a.reserved[i])
	}
	return total
}

// used is what executors and their live tasks have.
func (a *Agent) used() mesos.Resources {
	var used mesos.Resources
	for _, e := range a.executors() {
		if e.state != terminated {
			used = used.Add(e.resources()...)
		}
	}
	return used
}

// resources are the executor's and those of its live tasks.
func (e *executor) resources() mesos.Resources {
	total := mesos.Resources(nil).Add(e.info.Resources...)
	e.everyLive(func(r mesos.Resources, _ map[string]mesos.ValueScalar) { total = total.Add(r...) })
	return total
}

// everyLive gives resources and limits of the tasks that have not ended.
func (e *executor) everyLive(visit func(mesos.Resources, map[string]mesos.ValueScalar)) {
	for _, t := range e.tasks {
		if !t.record.State.Terminal() {
			visit(t.record.Resources, t.record.Limits)
		}
	}
	for _, b := range e.queued {
		for i := range b.tasks {
			visit(b.tasks[i].Resources, b.tasks[i].Limits)
		}
	}
}

// summary is resources as endpoints show them: amounts by name.
func summary(r mesos.Resources) any {
	plain := r.Filter(func(one *mesos.Resource) bool { return !one.IsRevocable() })
	m := daemon.Members{
		{Name: "disk", Value: daemon.Number(plain.Disk())},
		{Name: "mem", Value: daemon.Number(plain.Mem())},
		{Name: "gpus", Value: daemon.Number(plain.GPUs())},
		{Name: "cpus", Value: daemon.Number(plain.CPUs())},
	}
	known := map[string]bool{"disk": true, "mem": true, "gpus": true, "cpus": true}
	for i := range plain {
		if name := plain[i].Name; !known[name] {
			known[name] = true
			m = append(m, daemon.Member{Name: name, Value: amount(plain, &plain[i])})
		}
	}
	revocable := r.Filter((*mesos.Resource).IsRevocable)
	known = map[string]bool{}
	for i := range revocable {
		if name := revocable[i].Name; !known[name] {
			known[name] = true
			m = append(m, daemon.Member{Name: name + "_revocable", Value: amount(revocable, &revocable[i])})
		}
	}
	return m
}

// amount is how much there is of one's name: a number, or the text of ranges or a set.
func amount(r mesos.Resources, one *mesos.Resource) any {
	switch {
	case one.Scalar != nil:
		return daemon.Number(r.Scalar(one.Name))
	case one.Ranges != nil:
		return r.Ranges(one.Name).String()
	case one.Set != nil:
		return "{" + joined(one.Set.Item) + "}"
	}
	return nil
}

func joined(items []string) string {
	text := ""
	for i, item := range items {
		if i > 0 {
			text += ", "
		}
		text += item
	}
	return text
}

// full is resources as messages, in both formats.
func full(r mesos.Resources) any {
	all, err := r.In(mesos.Endpoint)
	if err != nil || all == nil {
		return []mesos.Resource{}
	}
	return []mesos.Resource(all)
}

// byRole shows what is reserved, role by role.
func byRole(r mesos.Resources, show func(mesos.Resources) any) daemon.Members {
	m := daemon.Members{}
	known := map[string]bool{}
	for i := range r {
		if role := r[i].ReservedRole(); r[i].IsReserved() && !known[role] {
			known[role] = true
			m = append(m, daemon.Member{Name: role, Value: show(r.ReservedTo(role))})
		}
	}
	return m
}

func frameworkStates(list []*framework) []daemon.Members {
	all := make([]daemon.Members, 0, len(list))
	for _, f := range list {
		all = append(all, f.show())
	}
	return all
}

func (f *framework) show() daemon.Members {
	m := daemon.Members{
		{Name: "id", Value: f.id},
		{Name: "name", Value: f.info.Name},
		{Name: "user", Value: f.info.User},
		{Name: "failover_timeout", Value: daemon.Number(f.info.GetFailoverTimeout())},
		{Name: "checkpoint", Value: f.info.GetCheckpoint()},
		{Name: "hostname", Value: f.info.GetHostname()},
	}
	if f.info.Principal != nil {
		m = append(m, daemon.Member{Name: "principal", Value: *f.info.Principal})
	}
	if f.has(mesos.FrameworkInfoCapabilityTypeMultiRole) {
		m = append(m, daemon.Member{Name: "roles", Value: append([]string{}, f.info.Roles...)})
	} else {
		m = append(m, daemon.Member{Name: "role", Value: f.info.GetRole()})
	}
	executors, completed := []daemon.Members{}, []daemon.Members{}
	for _, e := range f.sorted() {
		executors = append(executors, e.show())
	}
	for _, e := range f.completed {
		completed = append(completed, e.show())
	}
	return append(m, daemon.Member{Name: "executors", Value: executors}, daemon.Member{Name: "completed_executors", Value: completed})
}

func (e *executor) show() daemon.Members {
	m := daemon.Members{
		{Name: "id", Value: e.id},
		{Name: "name", Value: e.info.GetName()},
		{Name: "source", Value: e.info.GetSource()},
		{Name: "container", Value: e.run},
		{Name: "directory", Value: e.directory},
		{Name: "resources", Value: summary(e.resources())},
	}
	if len(e.info.Resources) > 0 {
		m = append(m, daemon.Member{Name: "role", Value: allocationRole(e.info.Resources)})
	}
	if e.info.Labels != nil {
		m = append(m, daemon.Member{Name: "labels", Value: labels(e.info.Labels)})
	}
	if e.info.Type != nil {
		m = append(m, daemon.Member{Name: "type", Value: e.info.GetType().String()})
	}
	live, queued, completed := []daemon.Members{}, []daemon.Members{}, []daemon.Members{}
	for _, t := range e.ordered() {
		if t.record.State.Terminal() {
			completed = append(completed, showTask(&t.record))
		} else {
			live = append(live, showTask(&t.record))
		}
	}
	for _, t := range e.queuedRecords() {
		queued = append(queued, showTask(&t))
	}
	for _, t := range e.completed {
		completed = append(completed, showTask(&t.record))
	}
	return append(m, daemon.Member{Name: "tasks", Value: live}, daemon.Member{Name: "queued_tasks", Value: queued},
		daemon.Member{Name: "completed_tasks", Value: completed})
}

// showTask is a task as /state has it.
func showTask(t *mesos.Task) daemon.Members {
	executorID := ""
	if t.ExecutorID != nil {
		executorID = t.ExecutorID.Value
	}
	m := daemon.Members{
		{Name: "id", Value: t.TaskID.Value},
		{Name: "name", Value: t.Name},
		{Name: "framework_id", Value: t.FrameworkID.Value},
		{Name: "executor_id", Value: executorID},
		{Name: "slave_id", Value: t.AgentID.Value},
		{Name: "state", Value: t.State.String()},
		{Name: "resources", Value: summary(t.Resources)},
		{Name: "role", Value: allocationRole(t.Resources)},
		{Name: "statuses", Value: showStatuses(t.Statuses)},
	}
	if t.User != nil {
		m = append(m, daemon.Member{Name: "user", Value: *t.User})
	}
	if t.Labels != nil {
		m = append(m, daemon.Member{Name: "labels", Value: labels(t.Labels)})
	}
	if t.Discovery != nil {
		m = append(m, daemon.Member{Name: "discovery", Value: t.Discovery.Clone()})
	}
	if t.Container != nil {
		m = append(m, daemon.Member{Name: "container", Value: t.Container.Clone()})
	}
	if t.HealthCheck != nil {
		m = append(m, daemon.Member{Name: "health_check", Value: t.HealthCheck.Clone()})
	}
	return m
}

func showStatuses(list []mesos.TaskStatus) []daemon.Members {
	all := make([]daemon.Members, 0, len(list))
	for i := range list {
		s := &list[i]
		m := daemon.Members{{Name: "state", Value: s.State.String()}, {Name: "timestamp", Value: daemon.Number(s.GetTimestamp())}}
		if s.Labels != nil {
			m = append(m, daemon.Member{Name: "labels", Value: labels(s.Labels)})
		}
		if c := s.ContainerStatus; c != nil {
			shown := daemon.Members{}
			if c.ContainerID != nil {
				shown = append(shown, daemon.Member{Name: "container_id", Value: c.ContainerID.Clone()})
			}
			shown = append(shown, daemon.Member{Name: "network_infos", Value: c.Clone().NetworkInfos})
			m = append(m, daemon.Member{Name: "container_status", Value: shown})
		}
		if s.Healthy != nil {
			m = append(m, daemon.Member{Name: "healthy", Value: *s.Healthy})
		}
		all = append(all, m)
	}
	return all
}

// labels are a list of keys and values.
func labels(l *mesos.Labels) any {
	return l.Clone().Labels
}
