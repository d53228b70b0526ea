package scheduler_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/ormosproject/ormos/scheduler"
	"github.com/ormosproject/ormos/zk"
	"github.com/ormosproject/ormos/zk/zktest"
)

// elect registers m in ZooKeeper until it is told to resign.
func (m *master) elect(t *testing.T, at, id string) (resign func()) {
	t.Helper()
	u, err := zk.ParseURL(at)
	if err != nil {
		t.Fatal(err)
	}
	host, port, _ := strings.Cut(strings.TrimPrefix(m.url, "http://"), ":")
	info := fmt.Sprintf(`{"id":%q,"ip":0,"port":%s,"address":{"ip":%q,"port":%[2]s}}`, id, port, host)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	registered := make(chan struct{})
	wg.Go(func() {
		var once sync.Once
		for standing, err := range zk.Elect(ctx, u, []byte(info), zk.Options{}) {
			if err != nil {
				t.Errorf("cannot elect: %v", err)
				return
			}
			if !standing.Leader.None {
				once.Do(func() { close(registered) })
			}
		}
	})
	resign = sync.OnceFunc(func() { cancel(); wg.Wait() })
	t.Cleanup(resign)
	<-registered
	return resign
}

func TestFollowsTheLeaderInZooKeeper(t *testing.T) {
	server := zktest.Start(t)
	first, second := startMaster(t), startMaster(t)
	o := first.options()
	o.Master = server.URL("/mesos")
	s := scheduler.New(o)
	resign := func() {}
	told := false
	for event, err := range s.Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		switch e := event.(type) {
		case *scheduler.EventDisconnected:
			if e.Retry == 0 && !told { // nobody leads yet
				told = true
				resign = first.elect(t, o.Master, "first")
			}
			if len(first.subscriptions) > 0 && !e.Lost && e.Retry > 0 {
				t.Errorf("disconnected: %v", e)
			}
		case *scheduler.EventSubscribed:
			if len(second.subscriptions) > 0 {
				if id := (<-second.subscriptions).call.FrameworkID; id.Value != "framework-1" {
					t.Errorf("subscribed again as %v", id)
				}
				if !told {
					t.Error("was not told that nobody leads")
				}
				return
			}
			second.elect(t, o.Master, "second")
			resign() // its connections go on
		}
	}
}
