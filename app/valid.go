package app

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

const missing = "not defined"

// Validate tells whether an app keeps Marathon's rules. The error is an *Error of code Invalid.
func (a *App) Validate(d Defaults) error {
	var f faults
	a.check(&rules{faults: &f}, a.roles(nil, d))
	return f.err()
}

// check holds an app against all rules.
func (a *App) check(r *rules, roles []string) {
	a.checkID(r)
	a.checkWhatRuns(r)
	a.checkResources(r)
	a.checkPlacement(r, roles)
	a.checkNetworks(r)
	a.checkPorts(r)
	a.checkContainer(r)
	a.checkFiles(r)
	a.checkHealth(r)
	a.checkReadiness(r)
	a.checkLife(r)
	a.checkLabels(r)
}

var (
	segment  = regexp.MustCompile(`^(([a-z0-9]|[a-z0-9][a-z0-9\-]*[a-z0-9])\.)*([a-z0-9]|[a-z0-9][a-z0-9\-]*[a-z0-9])$`)
	executor = regexp.MustCompile(`^(//cmd|/?[^/]+(/[^/]+)*|)$`)
	reserved = []string{"restart", "tasks", "versions", ".", ".."}
)

func (a *App) checkID(r *rules) {
	switch a.ID {
	case "":
		r.together("/id", missing)
	case Root:
		r.add("/id", "Path must contain at least one path element")
	default:
		a.ID.check(r, "/id")
	}
	checkDependencies(r, a.Dependencies)
}

func checkDependencies(r *rules, ids []ID) {
	for i, id := range ids {
		if id != Root {
			id.check(r, element("/dependencies", i))
		}
	}
	if repeats(ids) {
		r.add("/dependencies", "Elements must be unique.")
	}
}

// maxID is how long ids may be: an id is a part of the ids of tasks, which are names of directories on the agents, where
// Mesos wants 255 characters at most.
const maxID = 190

func (id ID) check(r *rules, path string) {
	if len(id) > maxID {
		r.add(path, fmt.Sprintf("has %d characters, expected %d at most", len(id), maxID))
		return
	}
	for part := range strings.SplitSeq(strings.TrimPrefix(string(id), "/"), "/") {
		if !segment.MatchString(part) {
			r.add(path, quote(part)+" must fully match regular expression '"+segment.String()+"'")
		}
	}
	if slices.Contains(reserved, id.Name()) {
		r.add(path, "must not end with any of the following reserved keywords: "+strings.Join(reserved, ", "))
	}
}

// checkWhatRuns wants one thing to run: a command, arguments, something to serve, or what an image or a container runs.
func (a *App) checkWhatRuns(r *rules) {
	if a.Cmd != nil {
		r.filled("/cmd", *a.Cmd)
	}
	cmd, args := a.Cmd != nil, len(a.Args) > 0
	if a.Serve != nil {
		a.Serve.check(r)
		if cmd || args || a.Container != nil && a.Container.Docker != nil || a.Executor != "" {
			r.together("", "an app with 'serve' has no 'cmd', 'args', 'executor' or image")
		}
		if len(a.servicePorts()) == 0 {
			r.together("/serve", "needs a port")
		}
	} else if cmd && args || !cmd && !args && a.Container == nil {
		r.together("", "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.")
	} else if !cmd && !args && a.Container.Docker == nil {
		r.together("", "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'. A container without an image runs nothing.")
	}
	r.matches("/executor", a.Executor, executor)
}

func (s *Serve) check(r *rules) {
	said := 0
	for _, is := range []bool{s.Body != nil, s.Directory != "", s.Archive != ""} {
		if is {
			said++
		}
	}
	if said != 1 {
		r.add("/serve", "exactly one of body, directory and archive must be set")
	}
	if s.ContentType != "" && s.Body == nil {
		r.add("/serve/contentType", "goes with body only: files have types by their names")
	}
	if s.Archive == "" {
		return
	}
	archive := func(suffix string) bool { return strings.HasSuffix(s.Archive, suffix) }
	if !slices.ContainsFunc([]string{".tar", ".tar.gz", ".tgz", ".zip"}, archive) {
		r.add("/serve/archive", "must end with .tar, .tar.gz, .tgz or .zip")
	}
}

func (a *App) checkResources(r *rules) {
	r.atLeast("/instances", a.Instances, 0)
	r.notBelow("/cpus", a.CPUs, 0.001)
	r.notBelow("/mem", a.Mem, 0)
	r.notBelow("/disk", a.Disk, 0)
	r.atLeast("/gpus", a.GPUs, 0)
	if a.GPUs > 0 && a.inDocker() {
		r.together("", "GPU resources only work with the Mesos containerizer")
	}
	if l := a.ResourceLimits; l != nil {
		l.CPUs.check(r, "/resourceLimits/cpus", a.CPUs)
		l.Mem.check(r, "/resourceLimits/mem", a.Mem)
	}
	if e := a.ExecutorResources; e != nil {
		r.notBelow("/executorResources/cpus", e.CPUs, 0.1)
		r.notBelow("/executorResources/mem", e.Mem, 32)
		r.notBelow("/executorResources/disk", e.Disk, 10)
	}
}

func (l *Limit) check(r *rules, path string, request float64) {
	if l != nil && float64(*l) < request {
		r.together(path, "resource limit must be greater than or equal to requested resource ("+decimal(request)+")")
	}
}

func (a *App) checkFiles(r *rules) {
	for i, f := range a.Fetch {
		path := element("/fetch", i)
		r.length(path+"/uri", f.URI, 1024)
		if _, err := url.Parse(f.URI); err != nil || strings.Contains(f.URI, " ") {
			r.add(path+"/uri", "URI has invalid syntax.")
		}
		if f.DestPath != "" {
			r.length(path+"/destPath", f.DestPath, 1024)
		}
	}
	if _, unnamed := a.Env[""]; unnamed {
		r.add("/env", "names must not be empty")
	}
}

// checkLife is about how instances come and go.
func (a *App) checkLife(r *rules) {
	r.atLeast("/backoffSeconds", a.BackoffSeconds, 0)
	r.notBelow("/backoffFactor", a.BackoffFactor, 1)
	r.atLeast("/maxLaunchDelaySeconds", a.MaxLaunchDelaySeconds, 0)
	if s := a.TaskKillGracePeriodSeconds; s != nil {
		r.atLeast("/taskKillGracePeriodSeconds", *s, 0)
	}
	if s := a.Deadline; s != nil {
		r.atLeast("/deploymentDeadlineSeconds", *s, 0)
	}
	r.between("/upgradeStrategy/minimumHealthCapacity", a.UpgradeStrategy.MinimumHealthCapacity, 0, 1)
	r.between("/upgradeStrategy/maximumOverCapacity", a.UpgradeStrategy.MaximumOverCapacity, 0, 1)
	u := a.UnreachableStrategy
	const path = "/unreachableStrategy/inactiveAfterSeconds"
	switch {
	case u.InactiveAfter < 0:
		r.add(path, fmt.Sprintf("inactiveAfterSeconds (%d) must be greater than or equal to 0", u.InactiveAfter))
	case u.InactiveAfter > u.ExpungeAfter:
		r.add(path, fmt.Sprintf("inactiveAfterSeconds (%d) must be less or equal to expungeAfterSeconds, which is %d", u.InactiveAfter, u.ExpungeAfter))
	}
}

// checkLabels is about the labels that mean something.
func (a *App) checkLabels(r *rules) {
	if a.Labels["MARATHON_SINGLE_INSTANCE_APP"] == "true" {
		if a.Instances > 1 {
			r.together("", "Single instance app may only have one instance")
		}
		if got := a.UpgradeStrategy.MinimumHealthCapacity; got != 0 {
			r.together("/upgradeStrategy/minimumHealthCapacity", "got "+decimal(got)+", expected 0.0")
		}
		if got := a.UpgradeStrategy.MaximumOverCapacity; got != 0 {
			r.together("/upgradeStrategy/maximumOverCapacity", "got "+decimal(got)+", expected 0.0")
		}
	}
	version := a.Labels["DCOS_MIGRATION_API_VERSION"]
	if version != "" && (version != "v1" || a.Labels["DCOS_PACKAGE_FRAMEWORK_NAME"] == "" || a.Labels["DCOS_MIGRATION_API_PATH"] == "") {
		r.add("/labels", "DCOS_PACKAGE_FRAMEWORK_NAME and DCOS_MIGRATION_API_PATH must be defined when using DCOS_MIGRATION_API_VERSION, which must be v1")
	}
}

func (a *App) inDocker() bool { return a.Container != nil && a.Container.Type == DockerContainer }
