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

// variables are of an environment.
type variables []mesos.EnvironmentVariable

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

// portNames are the variables of one port: by its place, by the number in the definition, and by its name; empty for none.
type portNames struct{ index, number, name string }

func namesOf(prefix string, ports []port) []portNames {
	all := make([]portNames, len(ports))
	for i := range ports {
		all[i].index = prefix + "PORT" + strconv.Itoa(i)
		if n := ports[i].asked; n != 0 {
			all[i].number = prefix + "PORT_" + strconv.Itoa(n)
		}
		if name := ports[i].name; name != "" {
			all[i].name = prefix + "PORT_" + strings.ToUpper(name)
		}
	}
	return all
}

// A setting is an environment while it is put together. What the app sets itself stands as it is.
type setting struct {
	all    variables
	common int
	own    map[string]string
}

// set adds a variable; of two of the same name the later one counts.
func (s *setting) set(name string, value *string) {
	if _, own := s.own[name]; own || name == "" {
		return
	}
	for i := s.common; i < len(s.all); i++ {
		if s.all[i].Name == name {
			s.all[i].Value = value
			return
		}
	}
	s.all = append(s.all, mesos.EnvironmentVariable{Name: name, Value: value})
}

// environment is the whole environment of a task: to what all have comes what it gets by where it is. The prefix of the options is
// for all but the task's id.
func (t *template) environment(taskID, host string, ports []bound) *mesos.Environment {
	s := setting{make(variables, len(t.env), len(t.env)+4+3*len(ports)), len(t.env), t.app.Env}
	copy(s.all, t.env)
	prefix := t.options.EnvPrefix
	values := make([]string, 3+len(ports))
	values[0], values[1] = taskID, host
	s.set("MESOS_TASK_ID", &values[0])
	s.set(prefix+"HOST", &values[1])
	if len(ports) == 0 {
		return &mesos.Environment{Variables: s.all}
	}
	numbers := values[3:]
	for i := range ports {
		numbers[i] = strconv.Itoa(ports[i].reached())
		s.set(t.names[i].index, &numbers[i])
	}
	for i := range ports {
		name := t.names[i].number
		if name == "" {
			name = prefix + "PORT_" + numbers[i]
		}
		s.set(name, &numbers[i])
	}
	for i := range ports {
		s.set(t.names[i].name, &numbers[i])
	}
	assigned := assigned(ports, numbers)
	if len(assigned) > 0 {
		s.set(prefix+"PORT", assigned[0])
	}
	values[2] = joined(assigned)
	s.set(prefix+"PORTS", &values[2])
	return &mesos.Environment{Variables: s.all}
}

// assigned are the ports that were not in the definition: those on the agent, and after them the random ones.
func assigned(ports []bound, numbers []string) []*string {
	all := make([]*string, 0, len(ports))
	for i := range ports {
		if ports[i].onAgent {
			all = append(all, &numbers[i])
		}
	}
	for i := range ports {
		if !ports[i].onAgent && ports[i].asked == 0 {
			all = append(all, &numbers[i])
		}
	}
	return all
}

func joined(texts []*string) string {
	if len(texts) == 1 {
		return *texts[0]
	}
	var b strings.Builder
	for i, text := range texts {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(*text)
	}
	return b.String()
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
