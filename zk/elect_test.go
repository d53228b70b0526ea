package zk

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-zookeeper/zk"

	"github.com/ormosproject/ormos/zk/zktest"
)

func TestElect(t *testing.T) {
	t.Parallel()
	server := zktest.Start(t)
	conn := admin(t, server, "")

	t.Run("three candidates", func(t *testing.T) {
		url := server.URL("/deep/down/mesos") // its parents are made
		a := elect(t, url, "a", long)
		a.until("lead", leading)
		b := elect(t, url, "b", long)
		b.until("following a", follows("a"))
		awaitCandidates(t, conn, "/deep/down/mesos", 2)
		c := elect(t, url, "c", long)
		c.until("following a", follows("a"))
		awaitCandidates(t, conn, "/deep/down/mesos", 3)
		d := detect(t, url)
		d.until("a", leads("a"))
		a.stop() // withdraws
		b.until("lead", leading)
		c.until("following b", follows("b"))
		d.until("b", leads("b"))
		b.stop()
		c.until("lead", leading)
		d.until("c", leads("c"))
		c.stop()
		d.until("none", isNone)
	})

	t.Run("the leader's znode is removed", func(t *testing.T) {
		url := server.URL("/removed")
		a := elect(t, url, "a", long)
		first := a.until("lead", leading)
		b := elect(t, url, "b", long)
		b.until("following a", follows("a"))
		awaitCandidates(t, conn, "/removed", 2)
		remove(t, conn, first.Leader.Node)
		b.until("lead", leading)
		a.until("following b", follows("b"))
		b.stop()
		again := a.until("lead", leading) // it registered again, behind b
		if again.Leader.Node <= first.Leader.Node {
			t.Errorf("leads by %s, want one after %s", again.Leader.Node, first.Leader.Node)
		}
	})

	t.Run("credentials", func(t *testing.T) {
		url := server.URL("/safe/mesos", "ormos:right")
		a := elect(t, url, "a", long)
		standing := a.until("lead", leading)
		if err := conn.Delete(standing.Leader.Node, -1); !errors.Is(err, zk.ErrNoAuth) {
			t.Errorf("a stranger's removal: %v, want a refusal", err)
		}
		detect(t, server.URL("/safe/mesos")).until("a", leads("a")) // anybody may read
		err := elect(t, server.URL("/safe/mesos", "ormos:wrong"), "b", long).failure()
		var auth *AuthError
		if !errors.As(err, &auth) || !strings.Contains(err.Error(), "/safe/mesos") || !strings.Contains(err.Error(), `"ormos"`) {
			t.Errorf("wrong password: %v, want an AuthError with the path and the user", err)
		}
	})

	t.Run("MasterInfo that cannot be read", func(t *testing.T) {
		for _, err := range Elect(t.Context(), mustParse(t, server.URL("/x")), []byte(`{"port":1}`), Options{}) {
			if err == nil || !strings.Contains(err.Error(), "neither an address nor a host name") {
				t.Errorf("err = %v", err)
			}
		}
	})
}

func TestElectThroughOutages(t *testing.T) {
	t.Parallel()
	server := zktest.Start(t)
	url := server.URL("/mesos", "ormos:right") // each connection has to introduce the user again
	a := elect(t, url, "a", long)
	first := a.until("lead", leading)

	server.ExpireSessions() // it registers again
	second := a.until("lead again", func(s Standing) bool { return s.Leading && s.Leader.Node != first.Leader.Node })

	// A short outage changes nothing: the leader is the same by the same registration.
	server.Disconnect()
	conn := admin(t, server, "")
	b := elect(t, url, "b", long)
	if s := b.until("following a", follows("a")); s.Leader.Node != second.Leader.Node {
		t.Errorf("a leads by %s, want %s", s.Leader.Node, second.Leader.Node)
	}
	if _, _, err := conn.Get(second.Leader.Node); err != nil {
		t.Errorf("after a short outage: %v", err)
	}
}

// oneLeads waits until one of the candidates leads.
func oneLeads(t *testing.T, candidates ...*loop[Standing]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var running sync.WaitGroup
	var led atomic.Bool
	for _, c := range candidates {
		running.Go(func() {
			for {
				select {
				case told := <-c.told:
					if told.value.Leading {
						led.Store(true)
						cancel()
						return
					}
				case <-ctx.Done():
					return
				}
			}
		})
	}
	running.Wait()
	if !led.Load() {
		t.Errorf("nobody leads")
	}
}

// A leader that is cut off gives up by itself, since another one leads as soon as its registration has expired.
func TestElectWhenTheLeaderIsCutOff(t *testing.T) {
	t.Parallel()
	server := zktest.Start(t)
	gate := server.NewGate()
	a := elect(t, gate.URL("/mesos"), "a", short)
	a.until("lead", leading)
	b := elect(t, server.URL("/mesos"), "b", long)
	b.until("following a", follows("a"))
	gate.Shut()
	a.until("giving up", func(s Standing) bool { return !s.Leading })
	b.until("lead", leading)
	gate.Open()
	a.until("following b", follows("b"))
	b.stop()
	a.until("lead again", leading)
}

// A server killed and restarted keeps the sessions, and with them the registrations.
func TestElectWithRestartedServer(t *testing.T) {
	t.Parallel()
	server := zktest.Start(t)
	url := server.URL("/mesos")
	a := elect(t, url, "a", short)
	a.until("lead", leading)
	b := elect(t, url, "b", short)
	b.until("following a", follows("a"))
	server.Kill()
	if s := a.until("giving up", func(s Standing) bool { return !s.Leading }); !s.Leader.None {
		t.Errorf("does not lead and tells %v, which is itself, to lead", s.Leader.ID)
	}
	server.Restart()
	oneLeads(t, a, b)
}

// The lead ends when ctx does, also when ZooKeeper cannot be told.
func TestElectEndsWithoutServer(t *testing.T) {
	t.Parallel()
	server := zktest.Start(t)
	a := elect(t, server.URL("/mesos"), "a", long)
	a.until("lead", leading)
	server.Kill()
	a.stop()
}
