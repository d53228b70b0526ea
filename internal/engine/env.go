package engine

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
)

// A task's environment is Marathon's: what the app's definition says of itself, where the task is and which ports it has, and the app's own
// variables, which win over all others.

// variables are of an environment; a later one of the same name replaces an earlier one.
type variables []mesos.EnvironmentVariable

func (v variables) set(name, value string) variables {
	for i := range v {
		if v[i].Name == name {
			v[i].Value = &value
			return v
		}
	}
	return append(v, mesos.EnvironmentVariable{Name: name, Value: &value})
}

// commonEnv are the variables that all tasks of a definition have, in the order of their names.
func commonEnv(a *app.App, enforceRole bool) variables {
	all := map[string]string{
		"MARATHON_APP_ID":                 string(a.ID),
		"MARATHON_APP_VERSION":            a.Version.String(),
		"MARATHON_APP_RESOURCE_CPUS":      decimal(a.CPUs),
		"MARATHON_APP_RESOURCE_MEM":       decimal(a.Mem),
		"MARATHON_APP_RESOURCE_DISK":      decimal(a.Disk),
		"MARATHON_APP_RESOURCE_GPUS":      strconv.Itoa(a.GPUs),
		"MARATHON_APP_ENFORCE_GROUP_ROLE": strings.ToUpper(strconv.FormatBool(enforceRole)),
	}
	if c := a.Container; c != nil && c.Type == app.DockerContainer && c.Docker != nil {
		all["MARATHON_APP_DOCKER_IMAGE"] = c.Docker.Image
	}
	labelEnv(all, a.Labels)
	maps.Copy(all, a.Env)
	sorted := make(variables, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		sorted = append(sorted, mesos.EnvironmentVariable{Name: name, Value: new(all[name])})
	}
	return sorted
}

// The most characters of a variable, of which names have less by their prefix.
const (
	labelPrefix   = "MARATHON_APP_LABEL_"
	longestValue  = 512
	longestSuffix = longestValue - len(labelPrefix)
)

var foreign = regexp.MustCompile(`[^a-zA-Z0-9_]+`)

// labelEnv makes variables of labels that are short enough, and tells their names in one.
func labelEnv(all map[string]string, labels map[string]string) {
	var names []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		if utf8.RuneCountInString(key) >= longestSuffix || utf8.RuneCountInString(labels[key]) >= longestValue {
			continue
		}
		name := strings.ToUpper(foreign.ReplaceAllString(key, "_"))
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		all[labelPrefix+name] = labels[key]
	}
	all["MARATHON_APP_LABELS"] = strings.Join(names, " ")
}

// placeEnv are the variables that a task gets by where it is. The prefix is for all but the task's id.
func placeEnv(taskID, prefix, host string, ports []bound) variables {
	all := make(variables, 0, 3+3*len(ports))
	all = append(all, mesos.EnvironmentVariable{Name: "MESOS_TASK_ID", Value: &taskID}, mesos.EnvironmentVariable{Name: prefix + "HOST", Value: &host})
	if len(ports) == 0 {
		return all
	}
	numbers := make([]string, len(ports))
	for i := range ports {
		numbers[i] = strconv.Itoa(ports[i].reached())
		all = all.set(prefix+"PORT"+strconv.Itoa(i), numbers[i])
	}
	for i := range ports {
		name := numbers[i]
		if ports[i].asked != 0 {
			name = strconv.Itoa(ports[i].asked)
		}
		all = all.set(prefix+"PORT_"+name, numbers[i])
	}
	for i := range ports {
		if ports[i].name != "" {
			all = all.set(prefix+"PORT_"+strings.ToUpper(ports[i].name), numbers[i])
		}
	}
	assigned := assigned(ports)
	if len(assigned) > 0 {
		all = all.set(prefix+"PORT", assigned[0])
	}
	return all.set(prefix+"PORTS", strings.Join(assigned, ","))
}

// assigned are the ports that were not in the definition: those on the agent, and after them the random ones.
func assigned(ports []bound) []string {
	var onAgent, random []string
	for i := range ports {
		switch p := &ports[i]; {
		case p.onAgent:
			onAgent = append(onAgent, strconv.Itoa(p.agent))
		case p.asked == 0:
			random = append(random, strconv.Itoa(p.task))
		}
	}
	return append(onAgent, random...)
}

// join is the whole environment: what the app sets itself stands as it is.
func join(common, place variables, own map[string]string) *mesos.Environment {
	all := make(variables, len(common), len(common)+len(place))
	copy(all, common)
	for i := range place {
		if _, set := own[place[i].Name]; !set {
			all = append(all, place[i])
		}
	}
	return &mesos.Environment{Variables: all}
}

// decimal writes a number as Java does, which is what reads Marathon's variables: 1.0, 0.1, 1.0E-4, 1.2345678E7.
func decimal(n float64) string {
	format := byte('f')
	if n != 0 && (n < 1e-3 || n >= 1e7) {
		format = 'E'
	}
	mantissa, exponent, found := strings.Cut(strconv.FormatFloat(n, format, -1, 64), "E")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	if !found {
		return mantissa
	}
	sign := ""
	if exponent[0] == '-' {
		sign = "-"
	}
	return mantissa + "E" + sign + strings.TrimLeft(exponent[1:], "0")
}
