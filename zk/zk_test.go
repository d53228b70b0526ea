package zk

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"go.uber.org/goleak"

	"github.com/ormosproject/ormos/zk/zktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is far longer than anything takes; it only ends tests that have failed.
const patience = 2 * time.Minute

const (
	// long is a session time-out that nothing here runs into, however busy the machine.
	long = 30 * time.Second
	// short is one for tests that wait until it is over.
	short = 6 * time.Second
)

func options(t *testing.T, timeout time.Duration) Options {
	return Options{SessionTimeout: timeout, Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))}
}

func mustParse(t *testing.T, text string) URL {
	t.Helper()
	u, err := ParseURL(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// told is what a loop yielded.
type told[T any] struct {
	value T
	err   error
}

// loop is a running Detect or Elect.
type loop[T any] struct {
	t    *testing.T
	name string
	told chan told[T]
	stop func() // ends it and waits
}

func run[T any](t *testing.T, name string, start func(context.Context) iter.Seq2[T, error]) *loop[T] {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	l := &loop[T]{t: t, name: name, told: make(chan told[T])}
	var running sync.WaitGroup
	running.Go(func() {
		defer close(l.told)
		for value, err := range start(ctx) {
			select {
			case l.told <- told[T]{value, err}:
			case <-ctx.Done():
			}
		}
	})
	l.stop = func() { cancel(); running.Wait() }
	t.Cleanup(l.stop)
	return l
}

// until takes what is told until it is wanted.
func (l *loop[T]) until(what string, wanted func(T) bool) T {
	l.t.Helper()
	deadline := time.After(patience)
	var last T
	for {
		select {
		case told, ok := <-l.told:
			if !ok || told.err != nil {
				l.t.Fatalf("%s: waiting for %s: the loop ended: %v", l.name, what, told.err)
			}
			last = told.value
			l.t.Logf("%s tells %+v", l.name, last)
			if wanted(last) {
				return last
			}
		case <-deadline:
			l.t.Fatalf("%s: waiting for %s: the last told was %+v", l.name, what, last)
		}
	}
}

// failure takes what is told until there is an error, after which nothing more may come.
func (l *loop[T]) failure() error {
	l.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case told, ok := <-l.told:
			if !ok {
				l.t.Fatalf("%s: ended without an error", l.name)
			}
			if told.err == nil {
				continue
			}
			if more, ok := <-l.told; ok {
				l.t.Fatalf("%s: tells %v after its error", l.name, more)
			}
			return told.err
		case <-deadline:
			l.t.Fatalf("%s: no error", l.name)
		}
	}
}

func detect(t *testing.T, url string) *loop[Leader] {
	t.Helper()
	u := mustParse(t, url)
	return run(t, "detector", func(ctx context.Context) iter.Seq2[Leader, error] { return Detect(ctx, u, options(t, long)) })
}

func elect(t *testing.T, url, id string, timeout time.Duration) *loop[Standing] {
	t.Helper()
	u := mustParse(t, url)
	return run(t, "candidate "+id, func(ctx context.Context) iter.Seq2[Standing, error] {
		return Elect(ctx, u, masterInfo(id), options(t, timeout))
	})
}

func masterInfo(id string) []byte {
	return fmt.Appendf(nil, `{"id":%q,"ip":16777343,"port":5050,"hostname":"%s.example","address":{"hostname":"%[2]s.example","ip":"127.0.0.1","port":5050}}`, id, id)
}

func isNone(l Leader) bool              { return l.None }
func leads(id string) func(Leader) bool { return func(l Leader) bool { return l.ID == id } }
func leading(s Standing) bool           { return s.Leading }
func follows(id string) func(Standing) bool {
	return func(s Standing) bool { return !s.Leading && s.Leader.ID == id }
}

// admin is a plain connection for the test's own reads and writes.
func admin(t *testing.T, server *zktest.Server, user string) *zk.Conn {
	t.Helper()
	conn, events, err := zk.Connect([]string{server.Addr}, 10*time.Second, zk.WithLogInfo(false), zk.WithLogger(libraryLog{options(t, long).Logger}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		for range events {
		}
	})
	if user != "" {
		if err := conn.AddAuth("digest", []byte(user)); err != nil {
			t.Fatal(err)
		}
	}
	return conn
}

// awaitCandidates waits until so many have registered: one may follow the leader before its own registration is made.
func awaitCandidates(t *testing.T, conn *zk.Conn, path string, n int) {
	t.Helper()
	deadline := time.After(patience)
	for {
		children, _, changed, err := conn.ChildrenW(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(children) >= n {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("%d candidates have registered at %s, want %d", len(children), path, n)
		}
	}
}

// registered makes a znode as a master would, which lives until the test removes it.
func registered(t *testing.T, conn *zk.Conn, path, label, data string) string {
	t.Helper()
	node, err := conn.Create(path+"/"+label, []byte(data), zk.FlagSequence, zk.WorldACL(zk.PermAll))
	if err != nil {
		t.Fatal(err)
	}
	return node
}

func mkdir(t *testing.T, conn *zk.Conn, path string) {
	t.Helper()
	if _, err := conn.Create(path, nil, 0, zk.WorldACL(zk.PermAll)); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, conn *zk.Conn, node string) {
	t.Helper()
	if err := conn.Delete(node, -1); err != nil {
		t.Fatal(err)
	}
}
