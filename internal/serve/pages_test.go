package serve

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/ormosproject/ormos/internal/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func get(p *Pages, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

func TestABody(t *testing.T) {
	p, err := open(&engine.Served{Port: 1, Body: new("Hello from Server")})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/any/where", "/../x"} {
		w := get(p, http.MethodGet, path)
		if w.Code != 200 || w.Body.String() != "Hello from Server" || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%s: %d %v %q", path, w.Code, w.Header(), w.Body)
		}
	}
	if w := get(p, http.MethodHead, "/"); w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Length") != "17" {
		t.Errorf("HEAD: %d %v %q", w.Code, w.Header(), w.Body)
	}
	if w := get(p, http.MethodPost, "/"); w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d %v", w.Code, w.Header())
	}
	p, err = open(&engine.Served{Port: 1, Body: new(""), ContentType: "application/json"})
	if err != nil {
		t.Fatal(err)
	}
	if w := get(p, http.MethodGet, "/"); w.Code != 200 || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("empty: %d %v", w.Code, w.Header())
	}
}

// site makes a directory with a bit of everything, and a secret beside it.
func site(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	root := filepath.Join(dir, "site")
	for name, text := range map[string]string{
		"secret": "secret", "site/index.html": "<h1>home</h1>", "site/style.css": "body {}", "site/docs/page.html": "page",
		"site/.git/config": "secret", "site/.well-known/challenge": "known", "site/blog/index.html": "blog",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"out": "../secret", "far": "/etc/passwd", "up": "..", "near": "style.css"} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestADirectory(t *testing.T) {
	p, err := open(&engine.Served{Port: 1, Directory: site(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for path, want := range map[string]string{
		"/": "200 text/html; charset=utf-8 <h1>home</h1>", "/style.css": "200 text/css; charset=utf-8 body {}",
		"/near": "200 text/plain; charset=utf-8 body {}", "/docs/page.html": "200 text/html; charset=utf-8 page",
		"/blog/": "200 text/html; charset=utf-8 blog", "/blog": "301", "/index.html": "301", "/.well-known/challenge": "200 text/plain; charset=utf-8 known",
		"/docs/": "404", "/docs": "404", "/nothing": "404", "/.git/config": "404", "/out": "404", "/far": "404", "/up/secret": "404",
		"/../secret": "404", "/%2e%2e/secret": "404", "/..%2fsecret": "404", "/docs/../../secret": "404", "//etc/passwd": "404", "/x%00y": "404",
	} {
		w := get(p, http.MethodGet, path)
		got := strings.TrimSpace(strings.Join([]string{http.StatusText(w.Code), w.Header().Get("Content-Type"), w.Body.String()}, " "))
		wanted := want
		if code, rest, ok := strings.Cut(want, " "); ok && code == "200" {
			wanted = "OK " + rest
		} else {
			got, wanted = http.StatusText(w.Code), map[string]string{"301": "Moved Permanently", "404": "Not Found"}[want]
		}
		if got != wanted || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d %q, want %s", path, w.Code, got, want)
		}
	}
}

// entries of archives: a name that ends in / is a directory, a text that begins with -> a link.
type entry struct{ name, text string }

func tarred(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.text)), Typeflag: tar.TypeReg}
		to, link := strings.CutPrefix(e.text, "->")
		switch {
		case strings.HasSuffix(e.name, "/"):
			h.Typeflag, h.Mode = tar.TypeDir, 0o755
		case link:
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, to, 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			io.WriteString(w, e.text)
		}
	}
	w.Close()
	return b.Bytes()
}

func gzipped(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	w.Close()
	return b.Bytes()
}

func zipped(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		f, err := w.Create(e.name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(f, e.text)
	}
	w.Close()
	return b.Bytes()
}

func TestArchives(t *testing.T) {
	pages := []entry{{"./", ""}, {"./index.html", "home"}, {"css/", ""}, {"css/style.css", "body {}"}, {"deep/er/page.html", "page"}}
	out := []entry{{"../evil.html", "evil"}}
	linked := []entry{{"index.html", "home"}, {"down", "->.."}, {"down/evil.html", "evil"}}
	for _, c := range []struct {
		name string
		data []byte
		err  string
	}{
		{name: "served.tar", data: tarred(t, pages...)},
		{name: "served.tar.gz", data: gzipped(tarred(t, pages...))},
		{name: "served.tgz", data: gzipped(tarred(t, pages...))},
		{name: "SERVED.ZIP", data: zipped(t, pages[1:]...)},
		{name: "served.rar", data: []byte("?"), err: "its name ends in none of .tar, .tar.gz, .tgz and .zip"},
		{name: "cut.tar.gz", data: gzipped(tarred(t, pages...))[:60], err: "it ends too early"},
		{name: "none.zip", data: []byte("PK"), err: "not a valid zip file"},
		{name: "out.tar", data: tarred(t, out...), err: "path escapes from parent"},
		{name: "out.zip", data: zipped(t, out...), err: "path escapes from parent"},
		{name: "absolute.tar", data: tarred(t, entry{"/evil.html", "evil"}), err: "path escapes from parent"},
		{name: "linked.tar", data: tarred(t, linked...)}, // links are left out, so that down is a directory of its own
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			t.Chdir(dir)
			if err := os.WriteFile(c.name, c.data, 0o644); err != nil {
				t.Fatal(err)
			}
			p, err := open(&engine.Served{Port: 1, Archive: c.name})
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("got %v, not %s", err, c.err)
				}
			} else if err != nil {
				t.Error(err)
			} else {
				defer p.Close()
				if w := get(p, http.MethodGet, "/"); w.Body.String() != "home" {
					t.Errorf("got %d %q", w.Code, w.Body)
				}
			}
			if _, err := os.Stat("evil.html"); err == nil {
				t.Error("something was written outside")
			}
		})
	}
}

func TestWhatCannotBeServed(t *testing.T) {
	for want, what := range map[string]engine.Served{
		"the app needs a port":                  {Body: new("x")},
		"cannot serve on port 70000":            {Body: new("x"), Port: 70000},
		"there is nothing to serve":             {Port: 80},
		"no such file or directory":             {Port: 80, Directory: filepath.Join(t.TempDir(), "none")},
		"cannot unpack none.zip: open none.zip": {Port: 80, Archive: "none.zip"},
	} {
		t.Chdir(t.TempDir())
		if _, err := open(&what); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, not %s", err, want)
		}
	}
}

// Whatever an archive holds, nothing is written outside the directory, and what does not fit is an error.
func FuzzUnpack(f *testing.F) {
	f.Add([]byte(tarred(f, entry{"a/b.html", "x"}, entry{"../c", "y"})), uint8(0))
	f.Add(gzipped(tarred(f, entry{"a", "->/"}, entry{"a/b", "y"})), uint8(1))
	f.Add(zipped(f, entry{"a/b.html", "x"}, entry{"/c", "y"}), uint8(2))
	f.Fuzz(func(t *testing.T, data []byte, kind uint8) {
		suffix := []string{".tar", ".tgz", ".zip"}[kind%3]
		dir := t.TempDir()
		archive := filepath.Join(dir, "a"+suffix)
		if err := os.WriteFile(archive, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if suffix != ".tar" && len(data) > 1<<12 {
			t.Skip() // a small text may unpack to a large one
		}
		_ = unpack(archive, filepath.Join(dir, "in"))
		all, err := os.ReadDir(dir)
		if err != nil || len(all) > 2 {
			t.Errorf("beside the directory there are %v: %v", all, err)
		}
	})
}
