package executor

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/security"
)

// Environment is what an agent tells the executors that it starts, in variables that begin with MESOS_.
type Environment struct {
	// Agent is the URL of the agent's executor API, such as http://10.0.0.1:5051/slave(1)/api/v1/executor. From MESOS_AGENT_ENDPOINT
	// and MESOS_SLAVE_PID; https when LIBPROCESS_SSL_ENABLED says so.
	Agent string
	// FrameworkID and ExecutorID are who we are. From MESOS_FRAMEWORK_ID and MESOS_EXECUTOR_ID.
	FrameworkID string
	ExecutorID  string
	// Checkpoint tells that the framework wants its executors to outlive the agent. From MESOS_CHECKPOINT.
	Checkpoint bool
	// RecoveryTimeout is how long an executor with Checkpoint waits for its agent to return. 0 means 15 min. From MESOS_RECOVERY_TIMEOUT.
	RecoveryTimeout time.Duration
	// SubscriptionBackoffMax is the longest pause before an attempt to subscribe again. 0 means 2 s. From MESOS_SUBSCRIPTION_BACKOFF_MAX.
	SubscriptionBackoffMax time.Duration
	// ShutdownGracePeriod is how long an executor may take to shut down. 0 means 5 s. From MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD.
	ShutdownGracePeriod time.Duration
	// Socket is the path of a Unix socket that leads to the agent; "" means TCP. From MESOS_DOMAIN_SOCKET.
	Socket string
	// TLS is for an agent with https. From LIBPROCESS_SSL_CA_FILE, _CERT_FILE and _KEY_FILE.
	TLS security.TLS
	// Token is sent with each call if it is not empty. From MESOS_EXECUTOR_AUTHENTICATION_TOKEN.
	Token security.Secret
}

// Host is the agent's in Agent, by name or address, where a task's server can be reached; "" when there is none.
func (e Environment) Host() string {
	agent, err := url.Parse(e.Agent)
	if err != nil {
		return ""
	}
	return agent.Hostname()
}

// String tells who we are and who our agent is, and holds no secret.
func (e Environment) String() string {
	return fmt.Sprintf("executor %q of framework %q at %s", e.ExecutorID, e.FrameworkID, e.Agent)
}

// GoString is String.
func (e Environment) GoString() string { return e.String() }

// ReadEnvironment reads the variables through getenv, which is usually [os.Getenv]. It is an error when they do not
// look like those that an agent sets.
func ReadEnvironment(getenv func(string) string) (Environment, error) {
	e := Environment{
		FrameworkID: getenv("MESOS_FRAMEWORK_ID"),
		ExecutorID:  getenv("MESOS_EXECUTOR_ID"),
		Checkpoint:  isTrue(getenv("MESOS_CHECKPOINT")),
		Token:       security.Secret(getenv("MESOS_EXECUTOR_AUTHENTICATION_TOKEN")),
		Socket:      getenv("MESOS_DOMAIN_SOCKET"),
		TLS:         security.TLS{CAFile: getenv("LIBPROCESS_SSL_CA_FILE")},
	}
	if cert, key := getenv("LIBPROCESS_SSL_CERT_FILE"), getenv("LIBPROCESS_SSL_KEY_FILE"); cert != "" && key != "" {
		e.TLS.CertFile, e.TLS.KeyFile = cert, key
	}
	var err error
	if e.Agent, err = agentURL(getenv); err != nil {
		return Environment{}, err
	}
	if e.FrameworkID == "" || e.ExecutorID == "" {
		return Environment{}, errors.New("MESOS_FRAMEWORK_ID or MESOS_EXECUTOR_ID is not set: was this program started by a Mesos agent?")
	}
	for name, value := range map[string]*time.Duration{
		"MESOS_RECOVERY_TIMEOUT":               &e.RecoveryTimeout,
		"MESOS_SUBSCRIPTION_BACKOFF_MAX":       &e.SubscriptionBackoffMax,
		"MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": &e.ShutdownGracePeriod,
	} {
		if text := getenv(name); text != "" {
			if *value, err = mesos.ParseDuration(text); err != nil {
				return Environment{}, fmt.Errorf("cannot read %s: %w", name, err)
			}
		}
	}
	return e.withDefaults(), nil
}

// withDefaults gives what is not set the values of Mesos' own agent.
func (e Environment) withDefaults() Environment {
	e.RecoveryTimeout = cmp.Or(e.RecoveryTimeout, 15*time.Minute)
	e.SubscriptionBackoffMax = cmp.Or(e.SubscriptionBackoffMax, 2*time.Second)
	e.ShutdownGracePeriod = cmp.Or(e.ShutdownGracePeriod, 5*time.Second)
	return e
}

// agentURL puts the agent's address and the name of its process, which is slave(1) unless several agents share a port,
// together. An older agent sets the process id only.
func agentURL(getenv func(string) string) (string, error) {
	endpoint, pid := getenv("MESOS_AGENT_ENDPOINT"), getenv("MESOS_SLAVE_PID")
	name, address, ok := strings.Cut(pid, "@")
	if pid != "" && (!ok || name == "") {
		return "", fmt.Errorf("cannot read MESOS_SLAVE_PID: %q is not slave(1)@ip:port", pid)
	}
	if pid == "" {
		name = "slave(1)"
	}
	if endpoint != "" {
		address = endpoint
	}
	if address == "" {
		return "", errors.New("MESOS_AGENT_ENDPOINT and MESOS_SLAVE_PID are not set: was this program started by a Mesos agent?")
	}
	if host, port, err := net.SplitHostPort(address); err != nil || host == "" || port == "" {
		return "", fmt.Errorf("cannot read the agent's address: %q is not ip:port", address)
	}
	scheme := "http"
	if isTrue(getenv("LIBPROCESS_SSL_ENABLED")) && getenv("MESOS_DOMAIN_SOCKET") == "" { // through which agents speak without TLS
		scheme = "https"
	}
	return scheme + "://" + address + "/" + name + "/api/v1/executor", nil
}

func isTrue(text string) bool { return text == "1" || strings.EqualFold(text, "true") }
