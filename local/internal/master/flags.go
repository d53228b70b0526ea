package master

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// Flags are the settings of a master, named after those of mesos-master. The zero value has Mesos' defaults.
type Flags struct {
	// OfferTimeout is how long a framework may sit on an offer before it is rescinded; 0 is for ever.
	OfferTimeout time.Duration
	// AllocationInterval is the time between rounds of offers; 0 is 1 s.
	AllocationInterval time.Duration
	// AgentPingTimeout is the time between pings, and within which an agent must answer one; 0 is 15 s.
	AgentPingTimeout time.Duration
	// MaxAgentPingTimeouts is how many pings in a row may go unanswered before an agent is unreachable; 0 is 5.
	MaxAgentPingTimeouts int
	// AgentReregisterTimeout is how long a disconnected agent, or one known from before the master's start, may stay away
	// before it is unreachable; 0 is 10 min.
	AgentReregisterTimeout time.Duration
	// ZKSessionTimeout is how long ZooKeeper keeps a master's registration that it hears nothing of; 0 is 10 s. It is for whoever
	// holds the election.
	ZKSessionTimeout time.Duration
	// Roles are the only roles that frameworks may use; empty allows all.
	Roles []string
	// NoRootSubmissions refuses frameworks and tasks of the user root (--root_submissions=false).
	NoRootSubmissions bool
	// MaxCompletedFrameworks, MaxCompletedTasksPerFramework and MaxUnreachableTasksPerFramework bound what is remembered;
	// 0 is 50, 1000 and 1000.
	MaxCompletedFrameworks          int
	MaxCompletedTasksPerFramework   int
	MaxUnreachableTasksPerFramework int
}

const (
	defaultAllocationInterval = time.Second
	defaultPingTimeout        = 15 * time.Second
	defaultPings              = 5
	defaultReregisterTimeout  = 10 * time.Minute
	defaultZKSessionTimeout   = 10 * time.Second
	heartbeatInterval         = 15 * time.Second
	maxSubscribers            = 1000
)

// withDefaults fills in what is not set.
func (f Flags) withDefaults() Flags {
	f.AllocationInterval = orDefault(f.AllocationInterval, defaultAllocationInterval)
	f.AgentPingTimeout = orDefault(f.AgentPingTimeout, defaultPingTimeout)
	f.ZKSessionTimeout = orDefault(f.ZKSessionTimeout, defaultZKSessionTimeout)
	f.MaxAgentPingTimeouts = orDefault(f.MaxAgentPingTimeouts, defaultPings)
	f.AgentReregisterTimeout = orDefault(f.AgentReregisterTimeout, defaultReregisterTimeout)
	f.MaxCompletedFrameworks = orDefault(f.MaxCompletedFrameworks, 50)
	f.MaxCompletedTasksPerFramework = orDefault(f.MaxCompletedTasksPerFramework, 1000)
	f.MaxUnreachableTasksPerFramework = orDefault(f.MaxUnreachableTasksPerFramework, 1000)
	return f
}

func orDefault[T comparable](value, standard T) T {
	var unset T
	if value == unset {
		return standard
	}
	return value
}

// pingTimeout is how long the agent waits for pings before it takes the master for gone.
func (f Flags) pingTimeout() time.Duration {
	return f.AgentPingTimeout * time.Duration(f.MaxAgentPingTimeouts)
}

// flagTable gives, for each flag of mesos-master that is supported, how its text is read.
func (f *Flags) flagTable() map[string]func(string) error {
	return map[string]func(string) error{
		"offer_timeout":                       durationFlag(&f.OfferTimeout),
		"allocation_interval":                 durationFlag(&f.AllocationInterval),
		"agent_ping_timeout":                  durationFlag(&f.AgentPingTimeout),
		"agent_reregister_timeout":            durationFlag(&f.AgentReregisterTimeout),
		"zk_session_timeout":                  durationFlag(&f.ZKSessionTimeout),
		"max_agent_ping_timeouts":             countFlag(&f.MaxAgentPingTimeouts),
		"max_completed_frameworks":            countFlag(&f.MaxCompletedFrameworks),
		"max_completed_tasks_per_framework":   countFlag(&f.MaxCompletedTasksPerFramework),
		"max_unreachable_tasks_per_framework": countFlag(&f.MaxUnreachableTasksPerFramework),
		"roles": func(text string) error {
			f.Roles = strings.Split(text, ",")
			return nil
		},
		"root_submissions": func(text string) error {
			allowed, err := strconv.ParseBool(text)
			f.NoRootSubmissions = !allowed
			return err
		},
	}
}

// Set reads one of Mesos' flags, such as "offer_timeout" "5secs". A name that is not supported is an error which lists those
// that are.
func (f *Flags) Set(name, text string) error {
	table := f.flagTable()
	read := table[name]
	if read == nil {
		names := make([]string, 0, len(table))
		for known := range table {
			names = append(names, known)
		}
		slices.Sort(names)
		return fmt.Errorf("cannot set master flag %q: the local cluster knows %s", name, strings.Join(names, ", "))
	}
	if err := read(text); err != nil {
		return fmt.Errorf("cannot set master flag %s: %w", name, err)
	}
	return nil
}

func durationFlag(into *time.Duration) func(string) error {
	return func(text string) (err error) {
		*into, err = mesos.ParseDuration(text)
		if err == nil && *into <= 0 {
			err = fmt.Errorf("%s is not a positive duration", text)
		}
		return err
	}
}

func countFlag(into *int) func(string) error {
	return func(text string) (err error) {
		*into, err = strconv.Atoi(text)
		if err == nil && *into <= 0 {
			err = fmt.Errorf("%s is not a positive number", text)
		}
		return err
	}
}

// texts are all flags as /flags shows them.
func (m *Master) flagTexts() map[string]string {
	f := m.flags
	authenticate := strconv.FormatBool(m.credentials != nil)
	texts := map[string]string{
		"agent_ping_timeout": mesos.FormatDuration(f.AgentPingTimeout), "agent_reregister_timeout": mesos.FormatDuration(f.AgentReregisterTimeout),
		"allocation_interval": mesos.FormatDuration(f.AllocationInterval), "allocator": "hierarchical", "authenticate_agents": "false",
		"authenticate_frameworks": "false", "authenticate_http_frameworks": authenticate, "authenticate_http_readonly": authenticate,
		"authenticate_http_readwrite": authenticate, "authorizers": "local", "filter_gpu_resources": "true", "framework_sorter": "drf",
		"hostname": m.address.Hostname, "http_authenticators": "basic", "ip": m.address.IP,
		"max_agent_ping_timeouts": strconv.Itoa(f.MaxAgentPingTimeouts), "max_completed_frameworks": strconv.Itoa(f.MaxCompletedFrameworks),
		"max_completed_tasks_per_framework":     strconv.Itoa(f.MaxCompletedTasksPerFramework),
		"max_operator_event_stream_subscribers": strconv.Itoa(maxSubscribers),
		"max_unreachable_tasks_per_framework":   strconv.Itoa(f.MaxUnreachableTasksPerFramework),
		"min_allocatable_resources":             "cpus:0.01|mem:32", "port": strconv.Itoa(m.address.Port), "publish_per_framework_metrics": "true",
		"registry": "in_memory", "registry_strict": "false", "role_sorter": "drf", "root_submissions": strconv.FormatBool(!f.NoRootSubmissions),
		"zk_session_timeout": mesos.FormatDuration(f.ZKSessionTimeout),
	}
	if m.workDir != "" {
		texts["registry"], texts["work_dir"] = "replicated_log", m.workDir
	}
	if f.OfferTimeout > 0 {
		texts["offer_timeout"] = mesos.FormatDuration(f.OfferTimeout)
	}
	if len(f.Roles) > 0 {
		texts["roles"] = strings.Join(f.Roles, ",")
	}
	return texts
}
