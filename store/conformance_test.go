package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// records is what all stores are.
type records interface {
	Load(ctx context.Context) (map[string][]byte, error)
	Commit(ctx context.Context, changes map[string][]byte) error
}

var (
	_ records = (*Memory)(nil)
	_ records = (*File)(nil)
	_ records = (*ZooKeeper)(nil)
)

// conforms runs what every store must do, on ones that are empty. reopen closes the store and opens it anew, as the next process would.
func conforms(t *testing.T, empty func(testing.TB) (s records, reopen func() records)) {
	t.Run("nothing at first", func(t *testing.T) {
		s, reopen := empty(t)
		same(t, s, map[string][]byte{})
		same(t, reopen(), map[string][]byte{})
	})
	t.Run("what is committed", func(t *testing.T) {
		s, reopen := empty(t)
		commit(t, s, map[string][]byte{"a": []byte("1"), "b": {}, "c": {0, 255, '\n'}})
		want := map[string][]byte{"a": []byte("1"), "b": {}, "c": {0, 255, '\n'}}
		same(t, s, want)
		same(t, reopen(), want)
	})
	t.Run("changes and removals", func(t *testing.T) {
		s, reopen := empty(t)
		commit(t, s, map[string][]byte{"a": []byte("1"), "b": []byte("2")})
		commit(t, s, map[string][]byte{"a": nil, "b": []byte("3"), "never there": nil, "c": []byte("4")})
		commit(t, s, nil)
		want := map[string][]byte{"b": []byte("3"), "c": []byte("4")}
		same(t, s, want)
		s = reopen()
		commit(t, s, map[string][]byte{"b": nil, "a": []byte("again")})
		same(t, reopen(), map[string][]byte{"a": []byte("again"), "c": []byte("4")})
	})
	t.Run("any key", func(t *testing.T) {
		s, reopen := empty(t)
		want := map[string][]byte{}
		for _, key := range []string{
			"task/web-0.k3v9", "task/web.0/.", ".", "..", "/", "//", "a b", "%2f", "%", "zookeeper", "Größe", "\x00\xff\n", strings.Repeat("k", maxKey),
			strings.Repeat("\xff", maxKey), "a", "A",
		} {
			want[key] = []byte("of " + key)
		}
		commit(t, s, want)
		same(t, reopen(), want)
	})
	t.Run("wrong keys", func(t *testing.T) {
		s, _ := empty(t)
		if err := s.Commit(t.Context(), map[string][]byte{"": {1}, "a": {1}}); err == nil {
			t.Error("an empty key was taken")
		}
		err := s.Commit(t.Context(), map[string][]byte{strings.Repeat("k", maxKey+1): {1}, "a": {1}})
		if !errors.Is(err, ErrTooLarge) {
			t.Errorf("a long key: %v", err)
		}
		same(t, s, map[string][]byte{})
	})
	t.Run("copies", func(t *testing.T) {
		s, _ := empty(t)
		value := []byte("mine")
		commit(t, s, map[string][]byte{"a": value})
		value[0] = 'M'
		loaded, err := s.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		loaded["a"][1], loaded["b"] = 'I', nil
		same(t, s, map[string][]byte{"a": []byte("mine")})
	})
	t.Run("an ended context", func(t *testing.T) {
		s, _ := empty(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Commit(ctx, map[string][]byte{"a": {1}}); !errors.Is(err, context.Canceled) {
			t.Errorf("Commit: %v", err)
		}
		if _, err := s.Load(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Load: %v", err)
		}
	})
	t.Run("several at once", func(t *testing.T) {
		s, reopen := empty(t)
		var wg sync.WaitGroup
		want := map[string][]byte{"both": []byte("x")}
		for i := range 4 {
			key := fmt.Sprint("own/", i)
			want[key] = []byte("9")
			wg.Go(func() {
				for n := range 10 {
					if err := s.Commit(t.Context(), map[string][]byte{key: fmt.Append(nil, n), "both": []byte("x")}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		same(t, reopen(), want)
	})
}

// isMap checks that a store is a map, whatever is done with it: a hundred times, which takes its while where a server is asked.
func isMap(t *testing.T, empty func(testing.TB) (records, func() records)) {
	t.Run("as a map", func(t *testing.T) { rapid.Check(t, func(rt *rapid.T) { asMap(t, rt, empty) }) })
}

// asMap compares a store with a map, over any sequence of changes.
func asMap(t *testing.T, rt *rapid.T, empty func(testing.TB) (records, func() records)) {
	s, reopen := empty(t)
	model := map[string][]byte{}
	batches := rapid.SliceOfN(rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "a/b", "c", "task/1"}),
		rapid.OneOf(rapid.Just[[]byte](nil), rapid.SliceOfN(rapid.Byte(), 0, 20)), 0, 5), 1, 6).Draw(rt, "batches")
	for _, changes := range batches {
		commit(t, s, changes)
		for key, value := range changes {
			model[key] = value
			if value == nil {
				delete(model, key)
			}
		}
		if rapid.Bool().Draw(rt, "reopen") {
			s = reopen()
		}
		same(t, s, model)
	}
}

func commit(t testing.TB, s records, changes map[string][]byte) {
	t.Helper()
	if err := s.Commit(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
}

func same(t testing.TB, s records, want map[string][]byte) {
	t.Helper()
	got, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("the records are not what was committed (-want +got):\n%s", diff)
	}
}

func TestMemory(t *testing.T) {
	empty := func(testing.TB) (records, func() records) {
		s := &Memory{}
		return s, func() records { return s }
	}
	conforms(t, empty)
	isMap(t, empty)
}
