package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/ormosproject/ormos/zk/zktest"
)

func mustConnect(t testing.TB, url string) *ZooKeeper {
	t.Helper()
	z, err := OpenZooKeeper(t.Context(), url, ZooKeeperOptions{Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = z.Close() })
	return z
}

func TestZooKeeper(t *testing.T) {
	server := zktest.Start(t)
	for name, user := range map[string][]string{"open to all": nil, "with a user": {"web:secret"}} {
		t.Run(name, func(t *testing.T) {
			empty := func(t testing.TB) (records, func() records) {
				// The first to come makes the parent, and says who may use it.
				parent := "/frameworks-" + strconv.Itoa(len(user)) + "/"
				url := server.URL(parent+strconv.FormatUint(rand.Uint64(), 36), user...)
				z := mustConnect(t, url)
				return z, func() records {
					_ = z.Close()
					z = mustConnect(t, url)
					return z
				}
			}
			conforms(t, empty)
			if user == nil {
				isMap(t, empty)
			}
		})
	}
}

func TestZooKeeperIsPrivate(t *testing.T) {
	server := zktest.Start(t)
	commit(t, mustConnect(t, server.URL("/web", "web:secret")), map[string][]byte{"a": []byte("1")})
	for name, url := range map[string]string{"nobody": server.URL("/web"), "a wrong password": server.URL("/web", "web:public")} {
		_, err := mustConnect(t, url).Load(t.Context())
		if err == nil || strings.Contains(err.Error(), "public") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestZooKeeperTooLarge(t *testing.T) {
	server := zktest.Start(t)
	z := mustConnect(t, server.URL("/web"))
	half := bytes.Repeat([]byte("x"), 600<<10)
	for name, changes := range map[string]map[string][]byte{
		"one record": {"a": append(half, half...), "b": {1}}, "a batch": {"a": half, "b": half},
	} {
		if err := z.Commit(t.Context(), changes); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	same(t, z, map[string][]byte{})
	large := map[string][]byte{"a": half, "b": bytes.Repeat([]byte("y"), 380<<10)}
	commit(t, z, large)
	same(t, z, large)
}

// A second process that loads the records takes them over; the first can write no more, and does not take them back by itself.
func TestZooKeeperTakenOver(t *testing.T) {
	server := zktest.Start(t)
	first, second := mustConnect(t, server.URL("/web")), mustConnect(t, server.URL("/web"))
	commit(t, first, map[string][]byte{"a": []byte("first")})
	same(t, second, map[string][]byte{"a": []byte("first")})
	for range 2 {
		if err := first.Commit(t.Context(), map[string][]byte{"a": []byte("late")}); !errors.Is(err, ErrInUse) {
			t.Errorf("the first goes on: %v", err)
		}
	}
	commit(t, second, map[string][]byte{"b": []byte("second")})
	same(t, second, map[string][]byte{"a": []byte("first"), "b": []byte("second")})
}

func TestZooKeeperOfSomethingElse(t *testing.T) {
	server := zktest.Start(t)
	commit(t, mustConnect(t, server.URL("/a/b")), nil)
	if _, err := mustConnect(t, server.URL("/a")).Load(t.Context()); err == nil || !strings.Contains(err.Error(), "something else") {
		t.Errorf("a path above others: %v", err)
	}
}

// Connections that break, servers that are killed and sessions that expire in the midst of commits lose none and make none twice.
func TestZooKeeperBreaks(t *testing.T) {
	server := zktest.Start(t)
	breaking := server.NewGate()
	z := mustConnect(t, breaking.URL("/web"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	told := make(chan int)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(told)
		for n := 1; ctx.Err() == nil; n++ {
			if err := z.Commit(ctx, batch(n)); err != nil {
				if ctx.Err() == nil {
					t.Error(err)
				}
				return
			}
			told <- n
		}
	})
	last := 0
	await := func(more int) {
		for range more {
			last = <-told
		}
	}
	for i := range 12 {
		await(1 + rand.IntN(10))
		switch {
		case i == 4:
			server.ExpireSessions()
		case i == 8:
			server.Kill()
			server.Restart()
		default:
			breaking.Disconnect()
		}
	}
	await(3)
	cancel()
	for n := range told {
		last = n
	}
	wg.Wait()
	all, err := mustConnect(t, server.URL("/web")).Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kept, _ := strconv.Atoi(string(all["n"]))
	if kept < last || kept > last+1 || len(all) != 3 || string(all[fmt.Sprint("a/", kept)]) != strconv.Itoa(kept) {
		t.Errorf("%d was committed, %d is kept, of %d records", last, kept, len(all))
	}
}

// A Commit that nobody waits for any more does not confuse the next.
func TestZooKeeperGivenUp(t *testing.T) {
	server := zktest.Start(t)
	gate := server.NewGate()
	z := mustConnect(t, gate.URL("/web"))
	commit(t, z, batch(1))
	for n := 2; n < 20; n++ {
		ctx, cancel := context.WithCancel(t.Context())
		go cancel()
		_ = z.Commit(ctx, batch(n))
		if n%5 == 0 {
			gate.Disconnect()
		}
		all, err := z.Load(t.Context())
		if n%2 == 0 && err == nil {
			commit(t, z, map[string][]byte{"large": all["large"]})
		}
	}
	commit(t, z, map[string][]byte{"n": []byte("end")})
	all, err := mustConnect(t, server.URL("/web")).Load(t.Context())
	if err != nil || string(all["n"]) != "end" {
		t.Errorf("the end is not there: %q, %v", all["n"], err)
	}
}
