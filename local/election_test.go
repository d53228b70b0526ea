package local_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
	"github.com/ormosproject/ormos/zk/zktest"
)

// leads tells whether the master at an address leads.
func leads(t testing.TB, address string) bool {
	answer, _ := get(t, address, "/state")
	return answer.StatusCode == http.StatusOK
}

// Sessions of ZooKeeper last for a short time, so that who is gone is soon noticed.
func soon() map[string]string {
	return map[string]string{"zk_session_timeout": "1secs", "allocation_interval": "50ms"}
}

// TestElection has two clusters under one URL, and a framework that follows the leader.
func TestElection(t *testing.T) {
	t.Parallel()
	server := zktest.Start(t)
	url := server.URL("/mesos")
	first := startChild(t, local.Options{ZK: url, MasterFlags: soon()})
	eventually(t, "the first leads", func() bool { return leads(t, first.master()) })
	var log buffer
	gate := server.NewGate()
	second := local.RunT(t, local.Options{
		ZK: gate.URL("/mesos"), MasterFlags: soon(), Resources: []string{resources}, Logger: logger(&log),
	}).Master()
	f := subscribe(t, url)
	f.launch(f.offer(), sleepTask("first"))
	f.until("first", mesos.TaskRunning)

	t.Run("redirection", func(t *testing.T) {
		eventually(t, "the second knows the leader", func() bool {
			answer, _ := get(t, second, "/state")
			return answer.StatusCode == http.StatusTemporaryRedirect
		})
		for path, want := range map[string]string{
			"/state": "/master/state", "/master/state": "/master/state", "/master/redirect": "", "/slaves?x=y": "/master/slaves?x=y",
		} {
			answer, _ := get(t, second, path)
			location := answer.Header.Get("Location")
			if !strings.HasPrefix(location, "//"+first.master()) || want != "" && location != "//"+first.master()+want {
				t.Errorf("%s: %s to %q", path, answer.Status, location)
			}
		}
		subscribe(t, second, named("redirected", true)).close()
	})

	first.kill()
	await(f, func(e *scheduler.EventDisconnected) bool { return e.Lost })
	await[*scheduler.EventSubscribed](f, nil)
	if !leads(t, second) {
		t.Error("the second does not lead")
	}
	f.launch(f.offer(), sleepTask("second"))
	f.until("second", mesos.TaskRunning)

	// Cut off, the second gives its lead up, and stands for election again when it can.
	gate.Shut()
	eventually(t, "the second leads no more", func() bool { return !leads(t, second) })
	first.start()
	eventually(t, "the first leads", func() bool { return leads(t, first.master()) })
	gate.Open()
	first.kill()
	eventually(t, "the second leads again", func() bool { return leads(t, second) })
	if text := log.String(); !strings.Contains(text, "another master leads now") {
		t.Errorf("nobody told of the change")
	}
}

// TestExpired loses the election by nobody's fault.
func TestExpired(t *testing.T) {
	t.Parallel()
	server := zktest.Start(t)
	cluster := local.RunT(t, local.Options{ZK: server.URL("/mesos"), MasterFlags: soon(), Resources: []string{resources}})
	f := subscribe(t, server.URL("/mesos"))
	f.launch(f.offer(), sleepTask("task"))
	f.until("task", mesos.TaskRunning)
	server.ExpireSessions()
	await(f, func(e *scheduler.EventDisconnected) bool { return e.Lost })
	await[*scheduler.EventSubscribed](f, nil)
	f.offer() // the agent is back with the new master
	if s := f.reconcile("task", nil); s.State != mesos.TaskRunning {
		t.Errorf("the task is %v", s)
	}
	if !leads(t, cluster.Master()) {
		t.Error("it does not lead")
	}
}

// TestZooKeeperCredentials uses credentials that the path does not admit.
func TestZooKeeperCredentials(t *testing.T) {
	t.Parallel()
	server := zktest.Start(t)
	right := local.RunT(t, local.Options{ZK: server.URL("/mesos", "mesos:sesame"), Agents: -1})
	eventually(t, "it leads", func() bool { return leads(t, right.Master()) })
	for name, url := range map[string]string{"wrong": server.URL("/mesos", "mesos:mistaken"), "none": server.URL("/mesos")} {
		t.Run(name, func(t *testing.T) {
			wrong, err := local.Start(t.Context(), local.Options{ZK: url, Agents: -1})
			if err != nil {
				t.Fatal(err)
			}
			if err := wrong.Wait(); err == nil || !strings.Contains(err.Error(), "cannot stand for election: ZooKeeper refuses") || strings.Contains(err.Error(), "mistaken") {
				t.Errorf("the cluster ended with %v", err)
			}
		})
	}
}
