package agent

import (
	"os"
	"strings"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// subscriptionBackoff is the longest pause of an executor between two attempts to get back to its agent. It is Mesos', whatever time
// executor_reregistration_timeout gives it.
const subscriptionBackoff = 2 * time.Second

// environment is all that an executor finds in its environment: the agent's own variables, Mesos' and those of the command,
// which win. A command task finds the same.
func (a *Agent) environment(e *executor, command *mesos.CommandInfo) []string {
	v := inherited()
	set := func(name, value string) { v.set(name, value) }
	set("PWD", e.directory)
	set("LIBPROCESS_PORT", "0")
	set("MESOS_FRAMEWORK_ID", e.framework.id)
	set("MESOS_EXECUTOR_ID", e.id)
	set("MESOS_DIRECTORY", e.directory)
	set("MESOS_SANDBOX", e.directory)
	set("MESOS_SLAVE_ID", a.id)
	set("MESOS_SLAVE_PID", a.pid())
	set("MESOS_AGENT_ENDPOINT", a.endpoint())
	set("MESOS_HTTP_COMMAND_EXECUTOR", flag(a.flags.HTTPCommandExecutor))
	set("MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", mesos.FormatDuration(a.grace(e)))
	set("MESOS_CHECKPOINT", flag(e.framework.info.GetCheckpoint()))
	if e.framework.info.GetCheckpoint() {
		set("MESOS_RECOVERY_TIMEOUT", mesos.FormatDuration(a.flags.RecoveryTimeout))
		set("MESOS_SUBSCRIPTION_BACKOFF_MAX", mesos.FormatDuration(subscriptionBackoff))
	}
	if a.o.Address.TLS {
		set("LIBPROCESS_SSL_ENABLED", "true")
		set("LIBPROCESS_SSL_CA_FILE", a.o.CAFile)
	}
	if a.key != nil && e.command == nil {
		set("MESOS_EXECUTOR_AUTHENTICATION_TOKEN", a.key.token(claimsOf(e)))
	}
	for name, value := range variables(command) {
		set(name, value)
	}
	if e.command != nil {
		set("MESOS_ALLOCATION_ROLE", allocationRole(e.command.task.Resources))
	}
	return v.list
}

// nestedEnvironment is what a container within another one finds before its command adds to it: hardly anything.
func nestedEnvironment(n *nested) *environ {
	path, ok := os.LookupEnv("PATH")
	if !ok {
		path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	}
	return environOf([]string{"PATH=" + path, "PWD=" + n.directory, "MESOS_SANDBOX=" + n.directory})
}

func flag(on bool) string {
	if on {
		return "1"
	}
	return "0"
}

// variables gives the plain variables of a command in order; secrets need an isolator that we do not have.
func variables(c *mesos.CommandInfo) func(yield func(string, string) bool) {
	return func(yield func(string, string) bool) {
		if c == nil || c.Environment == nil {
			return
		}
		for i := range c.Environment.Variables {
			one := &c.Environment.Variables[i]
			if one.Value != nil && !yield(one.Name, *one.Value) {
				return
			}
		}
	}
}

func allocationRole(resources []mesos.Resource) string {
	for i := range resources {
		if info := resources[i].AllocationInfo; info != nil && info.GetRole() != "" {
			return info.GetRole()
		}
	}
	return "*"
}

// environ is an environment in which every name occurs once.
type environ struct {
	list  []string
	index map[string]int
}

func (v *environ) set(name, value string) {
	entry := name + "=" + value
	if i, ok := v.index[name]; ok {
		v.list[i] = entry
		return
	}
	v.index[name] = len(v.list)
	v.list = append(v.list, entry)
}

func environOf(list []string) *environ {
	v := &environ{index: map[string]int{}}
	for _, entry := range list {
		name, value, _ := strings.Cut(entry, "=")
		v.set(name, value)
	}
	return v
}

// inherited is the agent's own environment without what would tell an executor of another agent.
func inherited() *environ {
	v := &environ{index: map[string]int{}}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "MESOS_") && !strings.HasPrefix(name, "LIBPROCESS_") && !strings.HasPrefix(name, "ORMOS_") {
			v.set(name, value)
		}
	}
	return v
}
