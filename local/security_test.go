package local_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
	"github.com/ormosproject/ormos/security"
)

const secret = "open-sesame"

func as(principal string, secret security.Secret) func(*scheduler.Options) {
	return func(o *scheduler.Options) {
		o.Security = security.Options{Principal: principal, Secret: secret}
	}
}

// TestCredentials asks for authentication, with a file in each of the two formats.
func TestCredentials(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"lines": "ali " + secret + "\n\nbaba  other\n",
		"JSON":  `{"credentials":[{"principal":"ali","secret":"` + secret + `"},{"principal":"baba","secret":"other"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log buffer
			cluster := local.RunT(t, local.Options{
				Credentials: write(t, "credentials", text), Logger: logger(&log), Resources: []string{resources},
				MasterFlags: map[string]string{"allocation_interval": "50ms"},
			})
			for _, agent := range cluster.Agents() {
				eventually(t, "the agent has recovered", func() bool {
					answer, _ := get(t, agent, "/state", "ali", secret)
					return answer.StatusCode == http.StatusOK
				})
			}
			var shown strings.Builder
			for _, address := range append(cluster.Agents(), cluster.Master()) {
				for _, path := range []string{"/state", "/flags", "/metrics/snapshot"} {
					if answer, _ := get(t, address, path); answer.StatusCode != http.StatusUnauthorized || answer.Header.Get("WWW-Authenticate") == "" {
						t.Errorf("%s%s answers %s to anybody", address, path, answer.Status)
					}
					if answer, _ := get(t, address, path, "ali", "other"); answer.StatusCode != http.StatusUnauthorized {
						t.Errorf("%s%s answers %s to a wrong secret", address, path, answer.Status)
					}
					answer, body := get(t, address, path, "ali", secret)
					if answer.StatusCode != http.StatusOK {
						t.Errorf("%s%s answers %s", address, path, answer.Status)
					}
					shown.WriteString(body)
				}
			}
			refused(t, cluster, scheduler.ReasonUnauthenticated)
			refused(t, cluster, scheduler.ReasonUnauthenticated, as("ali", "other"))
			refused(t, cluster, scheduler.ReasonInvalid, as("ali", secret), func(o *scheduler.Options) { o.Framework.Principal = new("baba") })
			f := subscribe(t, cluster.Master(), as("ali", secret))
			f.launch(f.offer(), customTask(t, "task"))
			f.until("task", mesos.TaskRunning)
			if strings.Contains(log.String()+shown.String(), secret) {
				t.Error("a secret is shown")
			}
			if log.String() == "" {
				t.Error("there is no log")
			}
		})
	}
}

// refused subscribes a framework that is not to be let in.
func refused(t *testing.T, cluster *local.Cluster, reason scheduler.Reason, change ...func(*scheduler.Options)) {
	t.Helper()
	f := newFramework(t, cluster.Master(), change...)
	f.start()
	fault, ok := errors.AsType[*scheduler.Error](f.fault())
	if !ok || fault.Reason != reason {
		t.Errorf("the session ended with %v, want %s", f.err, reason)
	}
	if strings.Contains(f.err.Error(), secret) {
		t.Error("the error tells the secret")
	}
}

// TestACLs lets one principal into one role.
func TestACLs(t *testing.T) {
	t.Parallel()
	cluster := local.RunT(t, local.Options{
		Agents:      -1,
		Credentials: write(t, "credentials", "ali "+secret+"\nbaba other\n"),
		ACLs: write(t, "acls", `{"permissive": false, "register_frameworks": [
			{"principals": {"values": ["ali"]}, "roles": {"values": ["cave"]}}]}`),
	})
	subscribe(t, cluster.Master(), as("ali", secret), withRole("cave")).close()
	refused(t, cluster, scheduler.ReasonForbidden, as("ali", secret), withRole("house"))
	refused(t, cluster, scheduler.ReasonForbidden, as("baba", "other"), withRole("cave"))
}

// TestExecutorAuthentication runs a custom executor that has to prove who it is, over a restart of its agent too.
func TestExecutorAuthentication(t *testing.T) {
	t.Parallel()
	var log buffer
	cluster := local.RunT(t, local.Options{
		Logger: logger(&log), Resources: []string{resources}, MasterFlags: map[string]string{"allocation_interval": "50ms"},
		AgentFlags: map[string]string{
			"authenticate_http_executors": "true", "jwt_secret_key": write(t, "key", secret), "recovery_timeout": "15mins",
			"executor_reregistration_timeout": "15secs",
		},
	})
	f := subscribe(t, cluster.Master())
	f.launch(f.offer(), customTask(t, "task"))
	f.until("task", mesos.TaskRunning)
	for _, fault := range []string{"kill-agent 0", "start-agent 0"} {
		if err := cluster.Inject(fault); err != nil {
			t.Fatal(err)
		}
	}
	var state struct{ Slaves []struct{ Active bool } }
	eventually(t, "the agent is back", func() bool {
		into(t, cluster.Master(), "/state", &state)
		return len(state.Slaves) == 1 && state.Slaves[0].Active
	})
	f.kill("task")
	f.until("task", mesos.TaskKilled)
	if strings.Contains(log.String(), secret) || strings.Contains(log.String(), "eyJ") {
		t.Error("a key or a token is logged")
	}
}
