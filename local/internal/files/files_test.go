package files

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ormosproject/ormos/local/internal/daemon"
)

// sandbox makes a directory with files of all kinds and attaches it as itself and as /virtual/latest.
func sandbox(t *testing.T) (*Files, string) {
	t.Helper()
	outer := t.TempDir()
	dir := filepath.Join(outer, "run")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(filepath.Join(dir, "d"), 0o755))
	must(os.WriteFile(filepath.Join(outer, "secret"), []byte("secret"), 0o644))
	must(os.WriteFile(filepath.Join(dir, "x.txt"), []byte("abc\tdef"), 0o644))
	must(os.WriteFile(filepath.Join(dir, "big"), []byte(strings.Repeat("a", 200000)), 0o600))
	must(os.Symlink("/etc/passwd", filepath.Join(dir, "away")))
	must(os.Symlink("../secret", filepath.Join(dir, "up")))
	must(os.Symlink(outer, filepath.Join(dir, "out")))
	must(os.Symlink(filepath.Join(dir, "x.txt"), filepath.Join(dir, "absolute")))
	must(os.Symlink("loop", filepath.Join(dir, "loop")))
	must(syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	f := &Files{}
	f.Attach(dir, dir)
	f.Attach("/virtual/latest", dir)
	return f, dir
}

func serve(f *Files, action string, query ...string) *http.Response {
	m := daemon.NewMux("slave(1)")
	f.Register(m, nil)
	values := url.Values{}
	for i := 0; i < len(query); i += 2 {
		values.Set(query[i], query[i+1])
	}
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/files/"+action+"?"+values.Encode(), nil))
	return w.Result()
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestBrowse(t *testing.T) {
	f, dir := sandbox(t)
	for _, path := range []string{dir, dir + "/", "/virtual/latest", "/virtual//latest"} {
		var got []map[string]any
		if err := json.Unmarshal([]byte(text(t, serve(f, "browse", "path", path))), &got); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range got {
			names = append(names, filepath.Base(e["path"].(string)))
		}
		if want := "absolute away big d loop out pipe up x.txt"; strings.Join(names, " ") != want {
			t.Fatalf("%s: got %v, want %s", path, names, want)
		}
		if last := got[len(got)-1]; last["mode"] != "-rw-r--r--" || last["size"] != 7.0 || last["nlink"] != 1.0 || len(last) != 7 ||
			last["path"] != strings.TrimRight(path, "/")+"/x.txt" {
			t.Errorf("x.txt: %v", last)
		}
		if got[3]["mode"] != "drwxr-xr-x" || got[0]["size"] != 7.0 {
			t.Errorf("d, absolute: %v, %v", got[3], got[0])
		}
		if mode := got[1]["mode"].(string); mode[0] != 'l' {
			t.Errorf("a link that leads outside shows its target: %v", got[1])
		}
	}
	for _, path := range []string{dir + "/d", dir + "/x.txt"} {
		if got := text(t, serve(f, "browse", "path", path)); got != "[]" {
			t.Errorf("%s: %s", path, got)
		}
	}
}

func TestRead(t *testing.T) {
	f, dir := sandbox(t)
	for _, c := range []struct {
		query []string
		want  string
	}{
		{[]string{"offset", "0", "length", "5"}, `{"data":"abc\td","offset":0}`},
		{[]string{"offset", "2", "length", "100"}, `{"data":"c\tdef","offset":2}`},
		{[]string{"offset", "0"}, `{"data":"abc\tdef","offset":0}`},
		{[]string{"offset", "0", "length", "-1"}, `{"data":"abc\tdef","offset":0}`},
		{[]string{"offset", "0", "length", "0"}, `{"data":"","offset":0}`},
		{nil, `{"data":"","offset":7}`},
		{[]string{"offset", "-1"}, `{"data":"","offset":7}`},
		{[]string{"offset", "100"}, `{"data":"","offset":100}`},
		{[]string{"offset", "9223372036854775807"}, `{"data":"","offset":9223372036854775807}`},
	} {
		for _, path := range []string{dir + "/x.txt", "/virtual/latest/d/../x.txt", dir + "/absolute"} {
			if got := text(t, serve(f, "read", append(c.query, "path", path)...)); got != c.want {
				t.Errorf("%v: got %s, want %s", c.query, got, c.want)
			}
		}
	}
	for _, length := range []int64{-1, 1000000, Chunk} {
		if data, size, err := f.Read(dir+"/big", 0, length); len(data) != Chunk || size != 200000 || err != nil {
			t.Errorf("length %d: %d bytes of %d, %v", length, len(data), size, err)
		}
	}
	if data, _, _ := f.Read(dir+"/big", 199990, -1); len(data) != 10 {
		t.Errorf("%d bytes at the end", len(data))
	}
}

func TestRefusals(t *testing.T) {
	f, dir := sandbox(t)
	for _, c := range []struct {
		action string
		want   int
		query  []string
	}{
		{"browse", 400, nil},
		{"browse", 404, []string{"path", "/no/such"}},
		{"browse", 404, []string{"path", dir + "/no-such"}},
		{"browse", 404, []string{"path", dir + "/x.txt/y"}},
		{"browse", 404, []string{"path", dir + "/" + strings.Repeat("n", 300)}},
		{"browse", 400, []string{"path", dir + "/.."}},
		{"browse", 400, []string{"path", dir + "/out"}},
		{"browse", 400, []string{"path", dir + "/loop"}},
		{"browse", 400, []string{"path", dir + "/" + strings.Repeat("../", 20) + "etc"}},
		{"browse", 400, []string{"path", "\x00"}},
		{"read", 400, nil},
		{"read", 400, []string{"path", dir}},
		{"read", 404, []string{"path", "/etc/passwd"}},
		{"read", 400, []string{"path", dir + "/away"}},
		{"read", 400, []string{"path", dir + "/up"}},
		{"read", 400, []string{"path", dir + "/out/secret"}},
		{"read", 400, []string{"path", dir + "/pipe"}},
		{"read", 400, []string{"path", dir + "/x.txt", "offset", "-2"}},
		{"read", 400, []string{"path", dir + "/x.txt", "offset", "abc"}},
		{"read", 400, []string{"path", dir + "/x.txt", "offset", "0", "length", "-5"}},
		{"read", 400, []string{"path", dir + "/x.txt", "offset", "0", "length", "abc"}},
		{"download", 400, nil},
		{"download", 400, []string{"path", dir}},
		{"download", 400, []string{"path", dir + "/away"}},
		{"download", 404, []string{"path", dir + "/no-such"}},
		{"browse.json", 404, []string{"path", dir}},
	} {
		if got := serve(f, c.action, c.query...); got.StatusCode != c.want || text(t, got) == "" {
			t.Errorf("%s %q: got %d, want %d", c.action, c.query, got.StatusCode, c.want)
		}
	}
}

func TestDownload(t *testing.T) {
	f, dir := sandbox(t)
	r := serve(f, "download", "path", dir+"/x.txt")
	if got := text(t, r); got != "abc\tdef" {
		t.Errorf("body %q", got)
	}
	if got := r.Header.Get("Content-Disposition"); got != "attachment; filename=x.txt" {
		t.Errorf("Content-Disposition: %s", got)
	}
	if got := r.Header.Get("Content-Type"); got != "text/plain" {
		t.Errorf("Content-Type: %s", got)
	}
	r = serve(f, "download", "path", dir+"/big")
	if got := r.Header.Get("Content-Type"); got != "application/octet-stream" || len(text(t, r)) != 200000 {
		t.Errorf("big: Content-Type %s", got)
	}
}

func TestAttach(t *testing.T) {
	f, dir := sandbox(t)
	var shown map[string]string
	if err := json.Unmarshal([]byte(text(t, serve(f, "debug"))), &shown); err != nil {
		t.Fatal(err)
	}
	if shown["/virtual/latest"] != dir || shown[dir] != dir || len(shown) != 2 {
		t.Errorf("debug: %v", shown)
	}
	f.DetachFrom("/virtual/latest", "/elsewhere")
	if got := f.Attached()["/virtual/latest"]; got != dir {
		t.Errorf("after DetachFrom: %q", got)
	}
	f.Detach("/virtual/latest/")
	_, err := f.List("/virtual/latest")
	if e, ok := errors.AsType[*Error](err); !ok || e.Status != http.StatusNotFound {
		t.Errorf("after Detach: %v", err)
	}
	f.Attach("/gone", filepath.Join(dir, "gone"))
	if _, err := f.List("/gone"); err == nil {
		t.Error("a directory that is gone is listed")
	}
}

func TestModeText(t *testing.T) {
	for mode, want := range map[uint32]string{
		0o040750: "drwxr-x---", 0o100644: "-rw-r--r--", 0o120777: "lrwxrwxrwx", 0o104755: "-rwsr-xr-x", 0o102644: "-rw-r-Sr--",
		0o041777: "drwxrwxrwt", 0o010600: "prw-------", 0o020600: "crw-------", 0o060600: "brw-------", 0o140600: "srw-------", 0: "?---------",
	} {
		if got := ModeText(mode); got != want {
			t.Errorf("%o: got %s, want %s", mode, got, want)
		}
	}
}

// FuzzPath asks for any path below a sandbox with a secret beside it.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{"x", "..", "../secret", "d/../../secret", "/", "link/secret", "\x00", "d//./x"} {
		f.Add(seed)
	}
	outer := f.TempDir()
	dir := filepath.Join(outer, "run")
	if err := errors.Join(os.MkdirAll(filepath.Join(dir, "d"), 0o755), os.WriteFile(filepath.Join(outer, "secret"), []byte("secret"), 0o644),
		os.WriteFile(filepath.Join(dir, "x"), nil, 0o644), os.Symlink("..", filepath.Join(dir, "link"))); err != nil {
		f.Fatal(err)
	}
	files := &Files{}
	files.Attach("/s", dir)
	f.Fuzz(func(t *testing.T, path string) {
		if data, _, err := files.Read("/s/"+path, 0, -1); err == nil && len(data) > 0 {
			t.Errorf("%q leads to %q", path, data)
		}
	})
}
