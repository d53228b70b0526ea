package container

import (
	"archive/tar"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/mesos"
)

// served answers with bytes by path and counts the requests.
func served(t *testing.T, pages map[string][]byte) (url string, requests *atomic.Int64) {
	t.Helper()
	requests = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		page, ok := pages[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(page)))
		_, _ = w.Write(page)
	}))
	t.Cleanup(s.Close)
	return s.URL, requests
}

// fetch launches `true` with these URIs and returns the sandbox.
func fetch(t *testing.T, p *Processes, uris ...mesos.CommandInfoURI) (string, error) {
	t.Helper()
	sandbox := t.TempDir()
	command := shell("true")
	command.URIs = uris
	c, err := p.Launch(t.Context(), Spec{ID: rand.Text(), Sandbox: sandbox, Command: command})
	if err == nil {
		wait(t, c)
	}
	return sandbox, err
}

// tree is what a sandbox holds: contents by name, links as "-> target".
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if d.Type()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(path)
			found[name] = "-> " + target
			return err
		}
		data, err := os.ReadFile(path)
		found[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	delete(found, "stdout")
	delete(found, "stderr")
	return found
}

func uri(value string) mesos.CommandInfoURI { return mesos.CommandInfoURI{Value: value} }

func TestFetch(t *testing.T) {
	inner := tarOf(t, entry{name: "d/inner", data: "in"}, entry{name: "l", link: "d/inner"}, entry{name: "h", link: "d/inner", kind: tar.TypeLink})
	unpacked := map[string]string{"d/inner": "in", "l": "-> d/inner", "h": "in"}
	pages := map[string][]byte{
		"/plain": []byte("text"), "/x.tar": inner, "/x.tar.gz": gzipped(t, inner), "/x.tgz": gzipped(t, inner),
		"/x.tar.xz": xzed(t, inner, 1<<20), "/x.txz": xzed(t, inner, 1<<20), "/x.tar.bz2": bzipped(t), "/x.tbz2": bzipped(t),
		"/x.zip":    zipOf(t, entry{name: "d/"}, entry{name: "d/inner", data: "in"}, entry{name: "l", link: "d/inner"}),
		"/y.txt.gz": gzipped(t, []byte("text")),
	}
	url, _ := served(t, pages)
	p := processes(t, Options{})
	with := func(m map[string]string, name string) map[string]string {
		all := map[string]string{name: string(pages["/"+name])}
		for k, v := range m {
			all[k] = v
		}
		return all
	}
	file := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(file, []byte("file"), 0o644); err != nil {
		t.Fatal(err)
	}
	bz2 := map[string]string{"inner": "in"}
	for _, one := range []struct {
		name string
		uri  mesos.CommandInfoURI
		want map[string]string
	}{
		{"http", uri(url + "/plain"), map[string]string{"plain": "text"}},
		{"blanks in front", uri("  " + url + "/plain"), map[string]string{"plain": "text"}},
		{"query", uri(url + "/plain?a=b"), map[string]string{"plain?a=b": "text"}},
		{"file", uri("file://" + file), map[string]string{"plain": "file"}},
		{"file on localhost", uri("file://localhost" + file), map[string]string{"plain": "file"}},
		{"path", uri(file), map[string]string{"plain": "file"}},
		{"output file", mesos.CommandInfoURI{Value: url + "/plain", OutputFile: new("a/b/c")}, map[string]string{"a/b/c": "text"}},
		{"tar", uri(url + "/x.tar"), with(unpacked, "x.tar")},
		{"tar.gz", uri(url + "/x.tar.gz"), with(unpacked, "x.tar.gz")},
		{"tgz", uri(url + "/x.tgz"), with(unpacked, "x.tgz")},
		{"tar.xz", uri(url + "/x.tar.xz"), with(unpacked, "x.tar.xz")},
		{"txz", uri(url + "/x.txz"), with(unpacked, "x.txz")},
		{"tar.bz2", uri(url + "/x.tar.bz2"), with(bz2, "x.tar.bz2")},
		{"tbz2", uri(url + "/x.tbz2"), with(bz2, "x.tbz2")},
		{"zip", uri(url + "/x.zip"), with(map[string]string{"d/inner": "in", "l": "-> d/inner"}, "x.zip")},
		{"gz", uri(url + "/y.txt.gz"), with(map[string]string{"y.txt": "text"}, "y.txt.gz")},
		{"no extract", mesos.CommandInfoURI{Value: url + "/x.tgz", Extract: new(false)}, with(nil, "x.tgz")},
		{"executable", mesos.CommandInfoURI{Value: url + "/x.tgz", Executable: new(true)}, with(nil, "x.tgz")},
		{"the output file's suffix counts", mesos.CommandInfoURI{Value: url + "/x.tgz", OutputFile: new("x.tar.gz")}, with(unpacked, "x.tar.gz")},
	} {
		t.Run(one.name, func(t *testing.T) {
			sandbox, err := fetch(t, p, one.uri)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(one.want, tree(t, sandbox)); diff != "" {
				t.Error(diff)
			}
			mode := os.FileMode(0o644)
			if one.uri.GetExecutable() {
				mode = 0o755
			}
			for name, text := range one.want {
				info, _ := os.Lstat(filepath.Join(sandbox, name))
				if text == string(pages["/"+name]) && info.Mode() != mode {
					t.Errorf("%s has mode %s", name, info.Mode())
				}
			}
		})
	}
	if s := p.FetchStats(); s.Succeeded != 19 || s.Failed != 0 {
		t.Errorf("stats %+v", s)
	}
}

// A program of the agent's machine stays one when it is copied, by itself or through the cache: who may read, write and execute it is kept, but that
// others may not write.
func TestFetchedFileKeepsItsMode(t *testing.T) {
	p := processes(t, Options{CacheDir: filepath.Join(t.TempDir(), "cache")})
	for mode, want := range map[os.FileMode]os.FileMode{0o755: 0o755, 0o777: 0o755, 0o600: 0o600, 0o544: 0o544} {
		file := filepath.Join(t.TempDir(), "program")
		if err := errors.Join(os.WriteFile(file, []byte("#!/bin/sh\n"), 0o600), os.Chmod(file, mode)); err != nil {
			t.Fatal(err)
		}
		for _, cached := range []bool{false, true} {
			sandbox, err := fetch(t, p, mesos.CommandInfoURI{Value: "file://" + file, Extract: new(false), Cache: &cached})
			if err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(filepath.Join(sandbox, "program")); err != nil || info.Mode() != want {
				t.Errorf("%o, cached %v: %v %v, want %o", mode, cached, info.Mode(), err, want)
			}
		}
	}
}

func TestFetchErrors(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/broken":
			http.Error(w, "no", http.StatusInternalServerError)
		case "/short":
			w.Header().Set("Content-Length", "10")
			_, _ = io.WriteString(w, "abc")
		case "/stall":
			w.Header().Set("Content-Length", "10")
			_, _ = io.WriteString(w, "abc")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		case "/away":
			http.Redirect(w, r, "/no-such", http.StatusFound)
		case "/bad.tgz", "/bad.zip", "/bad.tar.xz", "/bad.tbz2":
			_, _ = io.WriteString(w, "this is no archive")
		case "/cut.tgz":
			whole := gzipped(t, tarOf(t, entry{name: "x", data: strings.Repeat("xyz", 10000)}))
			_, _ = w.Write(whole[:len(whole)/2])
		case "/huge.txz":
			data := xzed(t, []byte("x"), 1<<20)
			data[16] = 40 // 4 GiB
			_, _ = w.Write(data)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := dead.Addr().String()
	dead.Close()
	secret := strings.Replace(server.URL, "://", "://me:secret@", 1)
	p, impatient := processes(t, Options{}), processes(t, Options{StallTimeout: 50 * time.Millisecond})
	for _, one := range []struct {
		uri    mesos.CommandInfoURI
		status int
		want   string
	}{
		{uri(server.URL + "/no-such"), 404, "cannot fetch " + server.URL + "/no-such: 404 Not Found"},
		{uri(secret + "/no-such"), 404, "cannot fetch " + server.URL + "/no-such: 404 Not Found"},
		{uri(server.URL + "/away"), 404, "/away: 404 Not Found"},
		{uri(server.URL + "/broken"), 500, "/broken: 500 Internal Server Error"},
		{uri(server.URL + "/short"), 0, "/short: got 3 of 10 bytes"},
		{uri(server.URL + "/stall"), 0, "/stall: stalled"},
		{uri("http://me:secret@" + refused + "/x"), 0, "connection refused"},
		{uri("http://me:secret@bad host/x"), 0, "cannot fetch http://bad host/x: "},
		{uri("http://me:secret@[::1/x"), 0, "cannot fetch http://[::1/x: "},
		{uri("http://" + refused), 0, "no path"},
		{uri(server.URL + "/"), 0, "no name for a file"},
		{uri(server.URL + "/a'b"), 0, "no name for a file"},
		{uri("hdfs://h/x"), 0, `scheme "hdfs" is not supported`},
		{uri("relative/path"), 0, "relative path"},
		{uri("file://relative"), 0, "no path"},
		{uri("file:///no/such"), 0, "cannot fetch file:///no/such: no such file or directory"},
		{uri("/dev/zero"), 0, "not a regular file"},
		{uri("file://" + t.TempDir()), 0, "not a regular file"},
		{mesos.CommandInfoURI{Value: server.URL + "/x", OutputFile: new("/abs")}, 0, `output_file "/abs" is not relative`},
		{mesos.CommandInfoURI{Value: server.URL + "/x", OutputFile: new("a/../../b")}, 0, `output_file "a/../../b" leads outside`},
		{uri(server.URL + "/bad.tgz"), 0, "cannot extract bad.tgz: "},
		{uri(server.URL + "/bad.zip"), 0, "cannot extract bad.zip: "},
		{uri(server.URL + "/bad.tar.xz"), 0, "cannot extract bad.tar.xz: damaged xz data"},
		{uri(server.URL + "/bad.tbz2"), 0, "cannot extract bad.tbz2: "},
		{uri(server.URL + "/cut.tgz"), 0, "cannot extract cut.tgz: it ends too early"},
		{uri(server.URL + "/huge.txz"), 0, "dictionary of more than 128 MiB"},
	} {
		fetcher := p
		if strings.HasSuffix(one.uri.Value, "/stall") {
			fetcher = impatient
		}
		_, err := fetch(t, fetcher, one.uri)
		var failed *FetchError
		if !errors.As(err, &failed) || failed.Status != one.status || !strings.Contains(err.Error(), one.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: error %v, want %q", one.uri.Value, err, one.want)
		}
	}
	if s := p.FetchStats(); s.Succeeded != 0 || s.Failed != 25 {
		t.Errorf("stats %+v", s)
	}
}

func TestFetchedCorruptExecutor(t *testing.T) {
	url, _ := served(t, map[string][]byte{"/executor": []byte("\x7fELF\x00\x00")})
	command := mesos.CommandInfo{
		Shell: new(false), Value: new("./executor"),
		URIs: []mesos.CommandInfoURI{{Value: url + "/executor", Executable: new(true)}},
	}
	_, err := processes(t, Options{}).Launch(t.Context(), Spec{ID: rand.Text(), Sandbox: t.TempDir(), Command: command})
	want := fmt.Sprintf(`cannot launch "./executor" (fetched from %s/executor): exec format error`, url)
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestCancelledFetch(t *testing.T) {
	reached := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(reached)
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancelCause(t.Context())
	killed := errors.New("killed")
	go func() { <-reached; cancel(killed) }()
	command := shell("touch ran")
	command.URIs = []mesos.CommandInfoURI{uri(server.URL + "/x")}
	sandbox := t.TempDir()
	_, err := processes(t, Options{}).Launch(ctx, Spec{ID: rand.Text(), Sandbox: sandbox, Command: command})
	if !errors.Is(err, killed) {
		t.Errorf("error %v, want that of the context", err)
	}
	if found := tree(t, sandbox); len(found) > 0 {
		t.Errorf("left in the sandbox: %v", found)
	}
}

// Output does not go where a fetched link leads.
func TestOutputFollowsNoLink(t *testing.T) {
	url, _ := served(t, map[string][]byte{"/x.tar": tarOf(t, entry{name: "victim", data: "v"}, entry{name: "stdout", link: "victim"})})
	if _, err := fetch(t, processes(t, Options{}), uri(url+"/x.tar")); err == nil {
		t.Error("launched")
	}
}

func TestFetchUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can switch users")
	}
	who, err := credential("nobody")
	if err != nil {
		t.Skip(err)
	}
	dir, err := os.MkdirTemp("", "fetch")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	sandbox, open, secret := dir+"/sandbox", dir+"/x.tar", dir+"/secret"
	inner := tarOf(t, entry{name: "d/"}, entry{name: "d/inner", data: "in"}, entry{name: "l", link: "d"})
	if err := errors.Join(os.Chmod(dir, 0o755), os.Mkdir(sandbox, 0o750), os.WriteFile(open, inner, 0o644), os.WriteFile(secret, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	p := processes(t, Options{CacheDir: t.TempDir()})
	run := func(uris ...mesos.CommandInfoURI) error {
		command := shell("true")
		command.URIs = uris
		c, err := p.Launch(t.Context(), Spec{ID: rand.Text(), Sandbox: sandbox, User: "nobody", Command: command})
		if err == nil {
			wait(t, c)
		}
		return err
	}
	if err := run(uri(secret)); err == nil || !strings.HasSuffix(err.Error(), "secret: permission denied") {
		t.Errorf("error %v, want permission denied", err)
	}
	if err := run(uri(open), mesos.CommandInfoURI{Value: open, Cache: new(true), OutputFile: new("e/x"), Extract: new(false)}); err != nil {
		t.Fatal(err)
	}
	owned := 0
	err = filepath.WalkDir(sandbox, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		owned++
		if info, err := os.Lstat(path); err != nil || info.Sys().(*syscall.Stat_t).Uid != who.Uid {
			t.Errorf("%s is not the user's (%v)", path, err)
		}
		return nil
	})
	if err != nil || owned != 9 { // the sandbox, stdout, stderr, x.tar, d, d/inner, l, e, e/x
		t.Errorf("found %d entries (%v)", owned, err)
	}
}
