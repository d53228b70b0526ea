package local_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ormosproject/ormos/internal/tlstest"
	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
	"github.com/ormosproject/ormos/scheduler"
	"github.com/ormosproject/ormos/security"
)

// believing makes a framework believe whom a file names.
func believing(ca string) func(*scheduler.Options) {
	return func(o *scheduler.Options) { o.Security.TLS.CAFile = ca }
}

// TestTLS runs a scheduler, a custom executor and an operator over https, and breaks their connections.
func TestTLS(t *testing.T) {
	t.Parallel()
	cert, key := tlstest.Certificate(t)
	cluster := local.RunT(t, local.Options{
		TLSCert: cert, TLSKey: key, Resources: []string{resources}, MasterFlags: map[string]string{"allocation_interval": "50ms"},
		AgentFlags: map[string]string{"recovery_timeout": "15mins", "executor_reregistration_timeout": "15secs"},
	})
	f := subscribe(t, cluster.Master(), believing(cert))
	offer := f.offer()
	if offer.URL.Scheme != "https" {
		t.Errorf("an offer names the agent's scheme as %q", offer.URL.Scheme)
	}
	f.launch(offer, customTask(t, "task"))
	f.until("task", mesos.TaskRunning)

	believe := security.Options{TLS: security.TLS{CAFile: cert}}
	master, err := operator.NewMaster(operator.Options{Address: cluster.Master(), Security: believe})
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	if tasks, err := master.GetTasks(t.Context()); err != nil || len(tasks.Tasks) != 1 {
		t.Errorf("an operator sees %v, %v", tasks, err)
	}
	agent, err := operator.NewAgent(operator.Options{Address: cluster.Agents()[0], Security: believe})
	if err != nil {
		t.Fatal(err)
	}
	defer agent.Close()
	if executors, err := agent.GetExecutors(t.Context()); err != nil || len(executors.Executors) != 1 {
		t.Errorf("an operator sees executors %v, %v", executors, err)
	}

	for _, fault := range []string{"kill-agent 0", "start-agent 0"} {
		if err := cluster.Inject(fault); err != nil {
			t.Fatal(err)
		}
	}
	if err := cluster.DisconnectFrameworks(); err != nil {
		t.Fatal(err)
	}
	await(f, func(e *scheduler.EventDisconnected) bool { return true })
	await[*scheduler.EventSubscribed](f, nil)
	eventually(t, "the agent is back", func() bool {
		agents, err := master.GetAgents(t.Context())
		return err == nil && len(agents.Agents) == 1 && agents.Agents[0].Active
	})
	f.kill("task")
	f.until("task", mesos.TaskKilled)
}

// TestTLSIsNotPlain has nobody talk to a cluster that does not know whom it talks to.
func TestTLSIsNotPlain(t *testing.T) {
	t.Parallel()
	cert, key := tlstest.Certificate(t)
	other, _ := tlstest.Certificate(t)
	cluster := local.RunT(t, local.Options{TLSCert: cert, TLSKey: key, Agents: -1})
	if answer, _ := get(t, cluster.Master(), "/health"); answer.StatusCode != http.StatusBadRequest {
		t.Errorf("http is answered with %s", answer.Status)
	}
	refused(t, cluster, scheduler.ReasonTLS, believing(other))
}

// TestTLSOptions refuses files that are missing or are not what they should be.
func TestTLSOptions(t *testing.T) {
	t.Parallel()
	cert, key := tlstest.Certificate(t)
	other, otherKey := tlstest.Certificate(t)
	missing := filepath.Join(t.TempDir(), "missing")
	for name, test := range map[string]struct {
		o    local.Options
		want string
	}{
		"no key":      {local.Options{TLSCert: cert}, "not named"},
		"no cert":     {local.Options{TLSKey: key}, "not named"},
		"only CA":     {local.Options{TLSCA: other}, "not named"},
		"other key":   {local.Options{TLSCert: cert, TLSKey: otherKey}, otherKey},
		"missing key": {local.Options{TLSCert: cert, TLSKey: missing}, missing},
		"missing CA":  {local.Options{TLSCert: cert, TLSKey: key, TLSCA: missing}, missing},
	} {
		cluster, err := local.Start(t.Context(), test.o)
		if err == nil {
			cluster.Stop()
			t.Errorf("%s: it starts", name)
		} else if !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s in it", name, err, test.want)
		}
	}
}
