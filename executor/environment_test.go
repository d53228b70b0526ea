package executor

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/security"
)

func TestReadEnvironment(t *testing.T) {
	vars := map[string]string{
		"MESOS_AGENT_ENDPOINT": "10.0.0.1:5051", "MESOS_SLAVE_PID": "slave(2)@10.0.0.9:1",
		"MESOS_FRAMEWORK_ID": "f", "MESOS_EXECUTOR_ID": "e",
		"MESOS_CHECKPOINT": "1", "MESOS_RECOVERY_TIMEOUT": "1.5mins", "MESOS_SUBSCRIPTION_BACKOFF_MAX": "500ms",
		"MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": "10secs", "MESOS_EXECUTOR_AUTHENTICATION_TOKEN": "jwt",
	}
	want := Environment{
		Agent: "http://10.0.0.1:5051/slave(2)/api/v1/executor", FrameworkID: "f", ExecutorID: "e", Checkpoint: true,
		RecoveryTimeout: 90 * time.Second, SubscriptionBackoffMax: 500 * time.Millisecond, ShutdownGracePeriod: 10 * time.Second, Token: "jwt",
	}
	plain := Environment{
		Agent: "http://10.0.0.1:5051/slave(1)/api/v1/executor", FrameworkID: "f", ExecutorID: "e",
		RecoveryTimeout: 15 * time.Minute, SubscriptionBackoffMax: 2 * time.Second, ShutdownGracePeriod: 5 * time.Second,
	}
	read := func(changes map[string]string, from map[string]string) (Environment, error) {
		all := maps.Clone(from)
		maps.Copy(all, changes)
		return ReadEnvironment(func(name string) string { return all[name] })
	}
	check := func(want Environment, changes, from map[string]string) {
		t.Helper()
		got, err := read(changes, from)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v: %v, -want +got\n%s", changes, err, diff)
		}
	}
	few := map[string]string{"MESOS_AGENT_ENDPOINT": "10.0.0.1:5051", "MESOS_FRAMEWORK_ID": "f", "MESOS_EXECUTOR_ID": "e"}
	check(want, nil, vars)
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		if text := fmt.Sprintf(verb, want); strings.Contains(text, "jwt") || !strings.Contains(text, want.Agent) {
			t.Errorf("%s prints %q", verb, text)
		}
	}
	check(plain, nil, few)
	if host := plain.Host(); host != "10.0.0.1" {
		t.Errorf("the agent's host is %q", host)
	}
	check(plain, map[string]string{"MESOS_AGENT_ENDPOINT": "", "MESOS_SLAVE_PID": "slave(1)@10.0.0.1:5051"}, few)
	secure := plain
	secure.Agent = strings.Replace(plain.Agent, "http:", "https:", 1)
	check(secure, map[string]string{"LIBPROCESS_SSL_ENABLED": "true"}, few)

	secure.TLS = security.TLS{CAFile: "ca", CertFile: "cert", KeyFile: "key"}
	check(secure, map[string]string{
		"LIBPROCESS_SSL_ENABLED": "1", "LIBPROCESS_SSL_CA_FILE": "ca", "LIBPROCESS_SSL_CERT_FILE": "cert", "LIBPROCESS_SSL_KEY_FILE": "key",
	}, few)
	local := plain
	local.Socket = "/tmp/agent"
	check(local, map[string]string{"MESOS_DOMAIN_SOCKET": "/tmp/agent", "LIBPROCESS_SSL_ENABLED": "1"}, few)

	for _, c := range []struct{ name, value, want string }{
		{"MESOS_AGENT_ENDPOINT", "10.0.0.1", "ip:port"},
		{"MESOS_SLAVE_PID", "10.0.0.1:5051", "MESOS_SLAVE_PID"},
		{"MESOS_FRAMEWORK_ID", "", "started by a Mesos agent"},
		{"MESOS_EXECUTOR_ID", "", "started by a Mesos agent"},
		{"MESOS_RECOVERY_TIMEOUT", "soon", "MESOS_RECOVERY_TIMEOUT"},
		{"MESOS_SUBSCRIPTION_BACKOFF_MAX", "1", "MESOS_SUBSCRIPTION_BACKOFF_MAX"},
		{"MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", "5 parsecs", "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD"},
	} {
		_, err := read(map[string]string{c.name: c.value}, vars)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s=%s: %v, want %q", c.name, c.value, err, c.want)
		}
	}
	if _, err := New(Options{}); err == nil || !strings.Contains(err.Error(), "started by a Mesos agent") {
		t.Errorf("New outside an agent: %v", err)
	}
}
