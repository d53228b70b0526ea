package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/internal/engine"
	"github.com/ormosproject/ormos/mesos"
)

// live tells whether an instance has a task that somebody may see: one that was launched and has not ended.
func live(i *engine.Instance) bool {
	return i.TaskID != "" && (active(i) || i.Condition == engine.UnreachableInactive)
}

// active is what Marathon calls so: only then a task has ports and times.
func active(i *engine.Instance) bool {
	switch i.Condition {
	case engine.Provisioned, engine.Staging, engine.Starting, engine.Running, engine.Killing, engine.Unreachable:
		return true
	}
	return false
}

// taskOf shows an instance's task as Marathon does.
func taskOf(i *engine.Instance) app.Task {
	t := app.Task{
		ID: i.TaskID, AppID: i.App, State: stateOf(i), Host: i.Host, AgentID: i.AgentID,
		Ports: []int{}, IPAddresses: i.IPAddresses, HealthCheckResults: i.Health, LocalVolumes: []struct{}{},
		Region: i.Region, Zone: i.Zone, Role: i.Role,
	}
	if t.IPAddresses == nil {
		t.IPAddresses = []app.IPAddress{}
	}
	if i.Check != nil {
		t.CheckResult = checkResult(i.Check)
	}
	if active(i) {
		t.Ports = append(t.Ports, i.Ports...)
		t.StagedAt, t.StartedAt, t.Version = moment(i.StagedAt), moment(i.StartedAt), moment(i.Version)
	}
	return t
}

func moment(t app.Timestamp) *app.Timestamp {
	if t.IsZero() {
		return nil
	}
	return &t
}

// stateOf is Mesos' word for a condition; what Mesos has not said anything about is staging.
func stateOf(i *engine.Instance) string {
	switch i.Condition {
	case engine.Starting:
		return "TASK_STARTING"
	case engine.Running:
		return "TASK_RUNNING"
	case engine.Killing:
		return "TASK_KILLING"
	case engine.Unreachable, engine.UnreachableInactive:
		return "TASK_UNREACHABLE"
	case engine.Finished:
		return "TASK_FINISHED"
	case engine.Failed:
		return "TASK_FAILED"
	case engine.Killed:
		return "TASK_KILLED"
	case engine.Error:
		return "TASK_ERROR"
	case engine.Gone:
		return "TASK_GONE"
	case engine.Dropped:
		return "TASK_DROPPED"
	case engine.Unknown:
		return "TASK_UNKNOWN"
	}
	return "TASK_STAGING"
}

// checkResult is what an app's check found; nil when that is nothing yet.
func checkResult(c *mesos.CheckStatusInfo) any {
	switch {
	case c.HTTP != nil && c.HTTP.StatusCode != nil:
		return map[string]any{"http": map[string]any{"statusCode": *c.HTTP.StatusCode}}
	case c.TCP != nil && c.TCP.Succeeded != nil:
		return map[string]any{"tcp": map[string]any{"succeeded": *c.TCP.Succeeded}}
	case c.Command != nil && c.Command.ExitCode != nil:
		return map[string]any{"command": map[string]any{"exitCode": *c.Command.ExitCode}}
	}
	return nil
}

// task renders an instance's task, without service ports.
func (c *appCache) task(i *engine.Instance) ([]byte, error) {
	return c.tasks.of(i, func(i *engine.Instance) ([]byte, error) { return encode(taskOf(i)) })
}

// taskList renders those of instances that have tasks.
func (c *appCache) taskList(instances []*engine.Instance) ([]byte, error) {
	var all [][]byte
	for _, i := range instances {
		if !live(i) {
			continue
		}
		text, err := c.task(i)
		if err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return list(all), nil
}

// listTasks is GET /v2/tasks.
func listTasks(a *API, r *request) (*answer, error) {
	v, err := a.view()
	if err != nil {
		return nil, err
	}
	if wantsText(r.Request) {
		return endpoints(slices.Collect(v.Apps())), nil
	}
	wanted := wantedStates(append(r.query["status"], r.query["status[]"]...))
	var all [][]byte
	for st := range v.Apps() {
		ports, err := encode(servicePorts(st.App))
		if err != nil {
			return nil, err
		}
		for _, i := range st.Instances {
			if !live(i) || len(wanted) > 0 && !slices.Contains(wanted, i.Condition) {
				continue
			}
			text, err := a.apps.task(i)
			if err != nil {
				return nil, err
			}
			if len(ports) > len("[]") {
				o := openObject(text)
				o.raw("servicePorts", ports)
				text, _ = o.close()
			}
			all = append(all, text)
		}
	}
	return &answer{body: wrapped("tasks", all)}, nil
}

func wantedStates(values []string) (all []engine.Condition) {
	for _, v := range values {
		switch strings.ToLower(v) {
		case "running":
			all = append(all, engine.Running)
		case "staging":
			all = append(all, engine.Staging)
		}
	}
	return all
}

// servicePorts are those of an app, in the order of its ports.
func servicePorts(a *app.App) []int {
	ports := []int{}
	if a == nil {
		return ports
	}
	for _, p := range a.PortDefinitions {
		ports = append(ports, p.Port)
	}
	if a.Container != nil && len(a.PortDefinitions) == 0 {
		for _, p := range a.Container.PortMappings {
			ports = append(ports, p.ServicePort)
		}
	}
	return ports
}

// appTasks is GET /v2/apps/{id}/tasks, also of all apps in a group.
func appTasks(a *API, r *request) (*answer, error) {
	v, err := a.view()
	if err != nil {
		return nil, err
	}
	states, err := below(v, r.id())
	if err != nil {
		return nil, err
	}
	if wantsText(r.Request) {
		return endpoints(states), nil
	}
	var instances []*engine.Instance
	for _, st := range states {
		instances = append(instances, st.Instances...)
	}
	text, err := a.apps.taskList(instances)
	return &answer{body: wrap("tasks", text)}, err
}

// below gives an app, or with /* behind it all apps in a group.
func below(v *engine.View, id app.ID) ([]*engine.AppState, error) {
	group, ok := strings.CutSuffix(string(id), "/*")
	if !ok {
		st, err := stateOfApp(v, id)
		return []*engine.AppState{st}, err
	}
	folder := findGroup(v.Root, app.ID("/"+strings.Trim(group, "/")))
	if folder == nil {
		return nil, noGroup(app.ID("/" + strings.Trim(group, "/")))
	}
	var all []*engine.AppState
	each(folder, func(one *app.App) {
		if st, ok := v.App(one.ID); ok {
			all = append(all, st)
		}
	})
	return all, nil
}

// wantsText tells whether a client asks for the form that scripts of load balancers read, and for no JSON.
func wantsText(r *http.Request) bool {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	return strings.Contains(accept, "text/plain") && !strings.Contains(accept, "application/json")
}

// endpoints lists where apps are reached: a line for each service port, with tabs between the app, the port and host:port of each
// running task; an app without ports has a blank and its hosts. It is what Marathon's scripts for HAProxy read.
func endpoints(states []*engine.AppState) *answer {
	var b strings.Builder
	for _, st := range states {
		if st.App == nil {
			continue
		}
		id := strings.ReplaceAll(strings.TrimPrefix(string(st.ID), "/"), "/", "_")
		ports := servicePorts(st.App)
		if len(ports) == 0 {
			b.WriteString(id + "\t \t")
			eachRunning(st, func(i *engine.Instance) { b.WriteString(i.Host + " ") })
			b.WriteByte('\n')
		}
		for n, port := range ports {
			b.WriteString(id + "\t" + strconv.Itoa(port) + "\t")
			eachRunning(st, func(i *engine.Instance) {
				at := 0
				if n < len(i.Ports) {
					at = i.Ports[n]
				}
				b.WriteString(i.Host + ":" + strconv.Itoa(at) + "\t")
			})
			b.WriteByte('\n')
		}
	}
	return &answer{body: []byte(b.String()), media: "text/plain"}
}

func eachRunning(st *engine.AppState, do func(*engine.Instance)) {
	for _, i := range st.Instances {
		if i.Condition == engine.Running {
			do(i)
		}
	}
}

// taskStats is what embed=taskStats asks for.
func taskStats(st *engine.AppState, now app.Timestamp) app.TasksStats {
	if len(st.Instances) == 0 {
		return app.TasksStats{}
	}
	var scaled app.Timestamp
	if st.App.VersionInfo != nil {
		scaled = st.App.VersionInfo.LastScalingAt
	}
	all := func(*engine.Instance) bool { return true }
	return app.TasksStats{
		StartedAfterLastScaling: statsOf(st, now, func(i *engine.Instance) bool { return !i.StartedAt.IsZero() && scaled.Before(i.StartedAt) }),
		WithLatestConfig:        statsOf(st, now, func(i *engine.Instance) bool { return !slices.Contains(st.Stale, i.Version) }),
		WithOutdatedConfig:      statsOf(st, now, func(i *engine.Instance) bool { return slices.Contains(st.Stale, i.Version) }),
		TotalSummary:            statsOf(st, now, all),
	}
}

// statsOf counts the tasks that belong, and how long they have lived; nil when there are none.
func statsOf(st *engine.AppState, now app.Timestamp, belongs func(*engine.Instance) bool) *app.StatsGroup {
	var g app.StatsGroup
	var ages []float64
	seen := false
	for _, i := range st.Instances {
		if !live(i) || !belongs(i) {
			continue
		}
		seen = true
		c := &g.Stats.Counts
		switch i.Condition {
		case engine.Provisioned, engine.Staging, engine.Starting:
			c.Staged++
		case engine.Running:
			c.Running++
		}
		if i.Healthy != nil && *i.Healthy {
			c.Healthy++
		} else if i.Healthy != nil {
			c.Unhealthy++
		}
		if !i.StartedAt.IsZero() {
			ages = append(ages, max(0, now.Time().Sub(i.StartedAt.Time()).Seconds()))
		}
	}
	if !seen {
		return nil
	}
	if len(ages) > 0 {
		g.Stats.LifeTime = lifeTime(ages)
	}
	return &g
}

func lifeTime(ages []float64) *struct {
	AverageSeconds float64 `json:"averageSeconds"`
	MedianSeconds  float64 `json:"medianSeconds"`
} {
	slices.Sort(ages)
	sum := 0.0
	for _, a := range ages {
		sum += a
	}
	l := new(struct {
		AverageSeconds float64 `json:"averageSeconds"`
		MedianSeconds  float64 `json:"medianSeconds"`
	})
	l.AverageSeconds, l.MedianSeconds = sum/float64(len(ages)), ages[len(ages)/2]
	return l
}
