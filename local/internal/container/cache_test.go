package container

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/mesos"
)

func TestCache(t *testing.T) {
	inner := gzipped(t, tarOf(t, entry{name: "inner", data: "in"}))
	url, requests := served(t, map[string][]byte{"/x.tgz": inner, "/plain": []byte("text"), "/empty": nil})
	dir := t.TempDir()
	if err := errors.Join(os.Mkdir(dir+"/user-left", 0o755), os.WriteFile(dir+"/mine", nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	p := processes(t, Options{CacheDir: dir})
	cachedURI := func(path string) mesos.CommandInfoURI {
		return mesos.CommandInfoURI{Value: url + path, Cache: new(true)}
	}
	var group sync.WaitGroup
	for range 5 {
		group.Go(func() {
			sandbox, err := fetch(t, p, cachedURI("/x.tgz"), cachedURI("/plain"))
			if err != nil {
				t.Error(err)
				return
			}
			// The archive itself is not in the sandbox.
			if diff := cmp.Diff(map[string]string{"inner": "in", "plain": "text"}, tree(t, sandbox)); diff != "" {
				t.Error(diff)
			}
		})
	}
	group.Wait()
	if n := requests.Load(); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
	if s := p.FetchStats(); s.CacheUsed != int64(len(inner)+4) || s.CacheTotal != 2<<30 || s.Succeeded != 5 {
		t.Errorf("stats %+v", s)
	}
	for range 2 { // what has no size is fetched each time
		if _, err := fetch(t, p, cachedURI("/empty")); err != nil {
			t.Error(err)
		}
	}
	if _, err := fetch(t, p, cachedURI("/no-such")); err == nil || !strings.Contains(err.Error(), "404 Not Found") {
		t.Errorf("error %v", err)
	}
	names, _ := filepath.Glob(dir + "/*")
	if diff := cmp.Diff([]string{dir + "/mine", dir + "/user-"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestCacheEvicts(t *testing.T) {
	pages := map[string][]byte{"/big": make([]byte, 101)}
	for _, name := range []string{"/a", "/b", "/c"} {
		pages[name] = make([]byte, 40)
	}
	url, requests := served(t, pages)
	p := processes(t, Options{CacheDir: t.TempDir(), CacheSize: 100})
	for _, one := range []struct {
		path    string
		request bool
		used    int64
	}{
		{"/a", true, 40},
		{"/b", true, 80},
		{"/a", false, 80},
		{"/c", true, 80}, // evicts b
		{"/a", false, 80},
		{"/b", true, 80}, // evicts c
		{"/big", true, 80},
		{"/a", false, 80},
	} {
		before := requests.Load()
		if _, err := fetch(t, p, mesos.CommandInfoURI{Value: url + one.path, Cache: new(true)}); err != nil {
			t.Fatal(err)
		}
		if asked := requests.Load() > before; asked != one.request || p.FetchStats().CacheUsed != one.used {
			t.Errorf("%s: asked %t, used %d; want %t, %d", one.path, asked, p.FetchStats().CacheUsed, one.request, one.used)
		}
	}
}

// Whoever waits for a download that is given up takes it over.
func TestCacheSurvivesCancel(t *testing.T) {
	reached, release := make(chan struct{}, 2), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached <- struct{}{}
		select {
		case <-release:
			w.Header().Set("Content-Length", "4")
			_, _ = io.WriteString(w, "text")
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(server.Close)
	p := processes(t, Options{CacheDir: t.TempDir()})
	ctx, cancel := context.WithCancel(t.Context())
	command := shell("true")
	command.URIs = []mesos.CommandInfoURI{{Value: server.URL + "/x", Cache: new(true)}}
	first, second := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := p.Launch(ctx, Spec{ID: rand.Text(), Sandbox: t.TempDir(), Command: command})
		first <- err
	}()
	<-reached
	go func() {
		c, err := p.Launch(t.Context(), Spec{ID: rand.Text(), Sandbox: t.TempDir(), Command: command})
		if err == nil {
			<-c.Done()
		}
		second <- err
	}()
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("first: %v", err)
	}
	close(release)
	if err := <-second; err != nil {
		t.Errorf("second: %v", err)
	}
}
