package master

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/ormosproject/ormos/local/internal/daemon"
	"github.com/ormosproject/ormos/mesos"
)

// viewer is who asks for a view, and with which query.
type viewer struct {
	principal string
	request   *http.Request
}

func (v *viewer) query(name string) string { return v.request.URL.Query().Get(name) }

// views are the JSON endpoints that show the state. They run where the state is owned; what they return shares no memory with
// it that is changed later, and is encoded elsewhere.
func (m *Master) views() map[string]func(*viewer) any {
	return map[string]func(*viewer) any{
		"/state": m.viewState, "/state-summary": m.viewSummary, "/slaves": m.viewSlaves, "/frameworks": m.viewFrameworks,
		"/tasks": m.viewTasks, "/roles": m.viewRoles,
	}
}

func (m *Master) serveView(view func(*viewer) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !m.leading(w, r) {
			return
		}
		principal, _ := daemon.Principal(r.Context())
		var answer any
		if !m.do(r.Context(), func() { answer = view(&viewer{principal, r}) }) {
			unavailable(w)
			return
		}
		daemon.JSON(w, r, answer)
	}
}

func (m *Master) serveFlags(w http.ResponseWriter, r *http.Request) {
	principal, _ := daemon.Principal(r.Context())
	if !m.acls.permit(aclViewFlags, principal, "") {
		daemon.Error(w, http.StatusForbidden, "")
		return
	}
	daemon.JSON(w, r, daemon.Members{{Name: "flags", Value: m.flagTexts()}})
}

// member makes Members a little shorter.
func member1(name string, value any) daemon.Member { return daemon.Member{Name: name, Value: value} }

func number(n int) daemon.Number { return daemon.Number(n) }

func (m *Master) viewState(v *viewer) any {
	version := daemon.TheVersion()
	state := daemon.Members{
		member1("version", version.Version), member1("build_date", version.BuildDate), member1("build_time", version.BuildTime),
		member1("build_user", version.BuildUser), member1("start_time", daemon.Number(seconds(m.started))),
		member1("elected_time", daemon.Number(seconds(m.elected))), member1("id", m.info.ID), member1("pid", m.pid),
		member1("hostname", m.address.Hostname), member1("capabilities", masterCapabilities(&m.info)),
		member1("activated_slaves", number(m.countAgents(true))), member1("deactivated_slaves", number(m.countAgents(false))),
		member1("unreachable_slaves", number(len(m.unreachable))), member1("leader", m.pid),
		member1("leader_info", daemon.Members{
			member1("id", m.info.ID), member1("pid", m.pid), member1("port", m.address.Port), member1("hostname", m.address.Hostname),
		}),
	}
	if m.acls.permit(aclViewFlags, v.principal, "") {
		state = append(state, member1("flags", m.flagTexts()))
	}
	frameworks := []daemon.Members{}
	for _, f := range m.visible(v.principal) {
		frameworks = append(frameworks, f.entry())
	}
	completed := []daemon.Members{}
	for _, f := range m.visibleCompleted(v.principal) {
		completed = append(completed, f.entry())
	}
	return append(
		state, member1("slaves", m.slaveEntries(v, false)), member1("recovered_slaves", m.recoveredEntries(v)),
		member1("frameworks", frameworks), member1("completed_frameworks", completed), member1("orphan_tasks", []int{}),
		member1("unregistered_frameworks", []int{}),
	)
}

func masterCapabilities(info *mesos.MasterInfo) []string {
	names := make([]string, len(info.Capabilities))
	for i := range info.Capabilities {
		names[i] = info.Capabilities[i].GetType().String()
	}
	return names
}

func (m *Master) countAgents(connected bool) (n int) {
	for _, a := range m.agents {
		if a.connected() == connected {
			n++
		}
	}
	return n
}

// slaveEntries are the agents, or the one that ?slave_id= names.
func (m *Master) slaveEntries(v *viewer, full bool) []daemon.Members {
	entries := []daemon.Members{}
	only := v.query("slave_id")
	for _, a := range m.sortedAgents() {
		if full && only != "" && only != a.id {
			continue
		}
		entry := m.slaveEntry(a)
		if full {
			entry = append(entry, m.slaveDetails(a)...)
		}
		entries = append(entries, entry)
	}
	return entries
}

func (m *Master) slaveEntry(a *agent) daemon.Members {
	entry := daemon.Members{
		member1("id", a.id), member1("hostname", a.info.Hostname), member1("port", a.address.Port), member1("attributes", attributeEntry(a.info.Attributes)),
	}
	if a.info.Domain != nil {
		entry = append(entry, member1("domain", a.info.Domain))
	}
	entry = append(entry, member1("pid", a.pid()), member1("registered_time", daemon.Number(seconds(a.registered))))
	if !a.reregistered.IsZero() {
		entry = append(entry, member1("reregistered_time", daemon.Number(seconds(a.reregistered))))
	}
	return append(
		entry, member1("resources", resourceEntry(a.total)), member1("used_resources", resourceEntry(m.usedOn(a))),
		member1("offered_resources", resourceEntry(a.offered())), member1("reserved_resources", reservedEntry(a.total)),
		member1("unreserved_resources", resourceEntry(a.total.Unreserved())), member1("active", a.connected()), member1("deactivated", false),
		member1("version", a.version), member1("capabilities", agentCapabilities(a.capabilities)),
	)
}

func agentCapabilities(all []mesos.AgentInfoCapability) []string {
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].GetType().String()
	}
	return names
}

// slaveDetails is what only /slaves shows.
func (m *Master) slaveDetails(a *agent) daemon.Members {
	reserved := daemon.Members{}
	for _, role := range reservedRoles(a.total) {
		reserved = append(reserved, member1(role, messages(endpoint(a.total.ReservedTo(role)))))
	}
	return daemon.Members{
		member1("reserved_resources_full", reserved), member1("unreserved_resources_full", messages(endpoint(a.total.Unreserved()))),
		member1("used_resources_full", messages(endpoint(m.usedOn(a)))), member1("offered_resources_full", messages(endpoint(a.offered()))),
	}
}

// messages gives pointers, whose MarshalJSON writes Mesos' dialect; no nil.
func messages(r mesos.Resources) []*mesos.Resource {
	all := make([]*mesos.Resource, len(r))
	for i := range r {
		all[i] = &r[i]
	}
	return all
}

func reservedRoles(r mesos.Resources) []string {
	roles := map[string]bool{}
	for i := range r {
		if r[i].IsReserved() {
			roles[r[i].ReservedRole()] = true
		}
	}
	return slices.Sorted(maps.Keys(roles))
}

func reservedEntry(r mesos.Resources) daemon.Members {
	entry := daemon.Members{}
	for _, role := range reservedRoles(r) {
		entry = append(entry, member1(role, resourceEntry(r.ReservedTo(role))))
	}
	return entry
}

func (m *Master) recoveredEntries(v *viewer) []daemon.Members {
	entries := []daemon.Members{}
	only := v.query("slave_id")
	for _, id := range slices.Sorted(maps.Keys(m.recovered)) {
		info := m.recovered[id]
		if only != "" && only != id {
			continue
		}
		total := mesos.Resources(info.Resources)
		entries = append(entries, daemon.Members{
			member1("id", id), member1("hostname", info.Hostname), member1("port", info.GetPort()), member1("attributes", attributeEntry(info.Attributes)),
			member1("resources", resourceEntry(total)),
		})
	}
	return entries
}

// resourceEntry sums resources up by name: the four kinds that are always there, other scalars, and ranges and sets as text.
func resourceEntry(r mesos.Resources) daemon.Members {
	entry := daemon.Members{}
	for _, name := range []string{mesos.DiskName, mesos.MemName, mesos.GPUsName, mesos.CPUsName} {
		entry = append(entry, member1(name, daemon.Number(fixed(r).Scalar(name))))
	}
	seen := map[string]bool{mesos.DiskName: true, mesos.MemName: true, mesos.GPUsName: true, mesos.CPUsName: true}
	for i := range r {
		name := r[i].Name
		if r[i].IsRevocable() {
			name += "_revocable"
		}
		if seen[name] {
			continue
		}
		seen[name] = true
		same := r.Filter(func(one *mesos.Resource) bool {
			return one.Name == r[i].Name && one.IsRevocable() == r[i].IsRevocable()
		})
		entry = append(entry, member1(name, amountEntry(same)))
	}
	return entry
}

// fixed are the resources that nobody takes back.
func fixed(r mesos.Resources) mesos.Resources {
	return r.Filter(func(one *mesos.Resource) bool { return !one.IsRevocable() })
}

func amountEntry(same mesos.Resources) any {
	switch same[0].Type {
	case mesos.ValueTypeRanges:
		return rangesText(same.Ranges(same[0].Name))
	case mesos.ValueTypeSet:
		var items []string
		for i := range same {
			if same[i].Set != nil {
				items = append(items, same[i].Set.Item...)
			}
		}
		return "{" + strings.Join(items, ", ") + "}"
	}
	return daemon.Number(same.Scalar(same[0].Name))
}

func rangesText(ranges []mesos.ValueRange) string {
	parts := make([]string, len(ranges))
	for i, r := range ranges {
		parts[i] = strconv.FormatUint(r.Begin, 10) + "-" + strconv.FormatUint(r.End, 10)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func attributeEntry(attributes []mesos.Attribute) daemon.Members {
	entry := daemon.Members{}
	for i := range attributes {
		entry = append(entry, member1(attributes[i].Name, attributeValue(&attributes[i])))
	}
	return entry
}

// attributeValue is an attribute as /state shows it; such values can be compared.
func attributeValue(a *mesos.Attribute) any {
	switch {
	case a.Scalar != nil:
		return daemon.Number(a.Scalar.Value)
	case a.Ranges != nil:
		return rangesText(a.Ranges.Range)
	case a.Text != nil:
		return a.Text.Value
	}
	return ""
}

func (m *Master) viewSlaves(v *viewer) any {
	return daemon.Members{member1("slaves", m.slaveEntries(v, true)), member1("recovered_slaves", m.recoveredEntries(v))}
}

func (m *Master) viewRoles(*viewer) any {
	roles := []daemon.Members{}
	for _, role := range m.knownRoles() {
		var used, offered, reserved mesos.Resources
		ids := []string{}
		for _, f := range m.sortedFrameworks() {
			if f.hasRole(role) {
				ids = append(ids, f.id)
			}
			used = mesos.Sum(used, allocatedAs(f.used(), role))
			offered = mesos.Sum(offered, allocatedAs(f.offered(), role))
		}
		for _, a := range m.sortedAgents() {
			reserved = mesos.Sum(reserved, a.total.ReservedTo(role))
		}
		quota := daemon.Members{
			member1("role", role), member1("guarantee", daemon.Members{}), member1("limit", daemon.Members{}),
			member1("consumed", quantityEntry(mesos.Sum(allocatedAs(used, role), reserved))),
		}
		roles = append(roles, daemon.Members{
			member1("name", role), member1("weight", daemon.Number(1)), member1("quota", quota),
			member1("resources", quantityEntry(mesos.Sum(used, offered))), member1("allocated", quantityEntry(used)),
			member1("offered", quantityEntry(offered)), member1("reserved", quantityEntry(reserved)), member1("frameworks", ids),
		})
	}
	return daemon.Members{member1("roles", roles)}
}

func allocatedAs(r mesos.Resources, role string) mesos.Resources {
	return r.Filter(func(one *mesos.Resource) bool { return one.AllocationInfo.GetRole() == role })
}

// quantityEntry counts scalars, and the numbers in ranges.
func quantityEntry(r mesos.Resources) daemon.Members {
	totals := map[string]float64{}
	for i := range r {
		name := r[i].Name
		if r[i].Type == mesos.ValueTypeScalar {
			totals[name] = r.Scalar(name)
		} else if r[i].Type == mesos.ValueTypeRanges {
			totals[name] = 0
			for _, one := range r.Ranges(name) {
				totals[name] += float64(one.End - one.Begin + 1)
			}
		}
	}
	entry := daemon.Members{}
	for _, name := range slices.Sorted(maps.Keys(totals)) {
		entry = append(entry, member1(name, daemon.Number(totals[name])))
	}
	return entry
}
