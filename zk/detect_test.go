package zk

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/go-zookeeper/zk"

	"github.com/ormosproject/ormos/zk/zktest"
)

func TestDetect(t *testing.T) {
	t.Parallel()
	server := zktest.Start(t)
	conn := admin(t, server, "")

	t.Run("a path that is made later", func(t *testing.T) {
		d := detect(t, server.URL("/late/mesos"))
		d.until("no path", func(l Leader) bool { return strings.Contains(l.Reason, "/late/mesos does not exist") })
		mkdir(t, conn, "/late")
		mkdir(t, conn, "/late/mesos")
		d.until("no master", func(l Leader) bool { return strings.Contains(l.Reason, "no master is registered") })
		registered(t, conn, "/late/mesos", "json.info_", string(masterInfo("a")))
		leader := d.until("a", leads("a"))
		if got := leader.Addr(); got != "127.0.0.1:5050" {
			t.Errorf("Addr = %q", got)
		}
	})

	t.Run("the leader's znode is removed", func(t *testing.T) {
		mkdir(t, conn, "/removed")
		mkdir(t, conn, "/removed/log_replicas")
		a := registered(t, conn, "/removed", "json.info_", string(masterInfo("a")))
		b := registered(t, conn, "/removed", "json.info_", string(masterInfo("b")))
		d := detect(t, server.URL("/removed"))
		d.until("a", leads("a"))
		again := registered(t, conn, "/removed", "json.info_", string(masterInfo("b")))
		remove(t, conn, a)
		d.until("b", leads("b"))
		remove(t, conn, b) // the same master is registered once more, so this is no change
		remove(t, conn, again)
		if l := d.until("the next change", func(Leader) bool { return true }); !l.None {
			t.Errorf("b's second registration is told as a change: %+v", l)
		}
	})

	t.Run("old masters", func(t *testing.T) {
		mkdir(t, conn, "/old")
		pid := registered(t, conn, "/old", "", "master@127.0.0.2:5052")
		binary := registered(t, conn, "/old", "info_", "\x0a\x01x\x10\xff\x80\x80\x08\x18\xbc\x27")
		bad := registered(t, conn, "/old", "json.info_", "{")
		odd := registered(t, conn, "/old", "yaml.info_", "id: x")
		d := detect(t, server.URL("/old"))
		d.until("pid", func(l Leader) bool { return l.Addr() == "127.0.0.2:5052" })
		remove(t, conn, pid)
		d.until("binary", func(l Leader) bool { return l.Addr() == "127.0.0.1:5052" })
		remove(t, conn, binary)
		d.until("not JSON", func(l Leader) bool { return strings.Contains(l.Reason, bad) && strings.Contains(l.Reason, "not JSON") })
		remove(t, conn, bad)
		d.until("unknown", func(l Leader) bool { return strings.Contains(l.Reason, odd) && strings.Contains(l.Reason, "yaml.info") })
	})

	t.Run("wrong credentials", func(t *testing.T) {
		mine := admin(t, server, "ormos:right")
		if _, err := mine.Create("/secret", nil, 0, zk.AuthACL(zk.PermAll)); err != nil {
			t.Fatal(err)
		}
		registered(t, mine, "/secret", "json.info_", string(masterInfo("a")))
		for _, url := range []string{server.URL("/secret", "ormos:wrong"), server.URL("/secret")} {
			err := detect(t, url).failure()
			var auth *AuthError
			if !errors.As(err, &auth) || auth.Path != "/secret" {
				t.Errorf("err = %v, want an AuthError", err)
			}
			if strings.Contains(err.Error(), "wrong\"") || strings.Contains(err.Error(), ":wrong") {
				t.Errorf("the error shows the password: %v", err)
			}
		}
		detect(t, server.URL("/secret", "ormos:right")).until("a", leads("a"))
	})
}

// A framework must not lose its master because ZooKeeper is away, and must learn what happened meanwhile.
func TestDetectThroughOutages(t *testing.T) {
	t.Parallel()
	server := zktest.Start(t)
	conn := admin(t, server, "")
	mkdir(t, conn, "/mesos")
	a := registered(t, conn, "/mesos", "json.info_", string(masterInfo("a")))
	d := detect(t, server.URL("/mesos"))
	d.until("a", leads("a"))
	only := func(id string) {
		t.Helper()
		if l := d.until("the next change", func(Leader) bool { return true }); l.ID != id {
			t.Errorf("told %+v, want only the change to %s", l, id)
		}
	}

	server.Kill()
	server.Restart()
	registered(t, admin(t, server, ""), "/mesos", "json.info_", string(masterInfo("b")))
	remove(t, admin(t, server, ""), a)
	only("b")

	server.ExpireSessions()
	conn = admin(t, server, "")
	registered(t, conn, "/mesos", "json.info_", string(masterInfo("c")))
	children, _, err := conn.Children("/mesos")
	if err != nil {
		t.Fatal(err)
	}
	remove(t, conn, "/mesos/"+candidates(children)[0].name)
	only("c")

	server.Disconnect()
	conn = admin(t, server, "")
	children, _, err = conn.Children("/mesos")
	if err != nil {
		t.Fatal(err)
	}
	remove(t, conn, "/mesos/"+candidates(children)[0].name)
	only("")
}

func TestDetectWithoutZooKeeper(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	d := detect(t, "zk://"+addr+"/mesos")
	none := d.until("no ZooKeeper", isNone)
	if !strings.Contains(none.Reason, "cannot reach ZooKeeper") || !strings.Contains(none.Reason, addr) {
		t.Errorf("reason = %q", none.Reason)
	}
	d.stop() // it must not hang
	for range Detect(t.Context(), URL{}, Options{}) {
		return
	}
	t.Error("the zero URL gives no error")
}

// A server that takes connections and never answers is the worst kind of outage.
func TestDetectWithSilentServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithCancel(context.Background())
	accepted := make(chan net.Conn, 100)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- conn
			cancel()
		}
	}()
	for l, err := range Detect(ctx, mustParse(t, "zk://"+listener.Addr().String()+"/mesos"), options(t, long)) {
		if err != nil || !l.None {
			t.Errorf("told %+v, %v", l, err)
		}
	}
	_ = listener.Close()
	for conn := range accepted {
		_ = conn.Close()
	}
}
