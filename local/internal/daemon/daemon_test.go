package daemon

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func get(t *testing.T, h http.Handler, path string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { Write(w, r, http.StatusOK, "text/plain", []byte(text)) }
}

func TestMux(t *testing.T) {
	m := NewMux("slave(1)")
	m.Default("/state", says("state"))
	m.Default("/api/v1", says("api"))
	m.Default("/api/v1/executor", says("executor"))
	m.HandleFunc("files", "/read", says("read"))
	m.HandleFunc("version", "", says("version"))
	for path, want := range map[string]string{
		"/state": "state", "/state/": "state", "/state/x/y": "state", "//state": "state", "/slave(1)/state": "state",
		"/slave%281%29/state": "state", "/api/v1": "api", "/api/v1/": "api", "/api/v1/executor": "executor",
		"/slave(1)/api/v1/executor/": "executor", "/files/read": "read", "/version": "version", "/version/x": "version",
	} {
		if got := body(t, get(t, m, path)); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
	for _, path := range []string{
		"/", "/state.json", "/nosuch", "/api", "/files", "/files/browse", "/slave(1)/files/read",
		"/slave(1)/../state", "/state/..", "/slave(1)/version",
	} {
		if r := get(t, m, path); r.StatusCode != http.StatusNotFound || body(t, r) == "" {
			t.Errorf("%s: got %d", path, r.StatusCode)
		}
	}
}

func FuzzMux(f *testing.F) {
	for _, seed := range []string{"/", "//", "/state", "/slave(1)", "..", "/files/read/x"} {
		f.Add(seed)
	}
	m := NewMux("slave(1)")
	m.Default("/state", says("state"))
	m.HandleFunc("files", "/read", says("read"))
	f.Fuzz(func(t *testing.T, path string) {
		if h := m.handler(path); h != nil && strings.Contains(path, "/..") {
			t.Errorf("%q is served", path)
		}
	})
}

func TestRest(t *testing.T) {
	for path, want := range map[string]string{"/redirect": "", "/master/redirect/": "", "/redirect/x/y": "x/y"} {
		if got := Rest(httptest.NewRequest(http.MethodGet, path, nil), "/redirect"); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

func TestCompression(t *testing.T) {
	long, short := says(strings.Repeat("x", compressFrom)), says(strings.Repeat("x", compressFrom-1))
	for encoding, want := range map[string]string{
		"gzip": "gzip", "*": "gzip", "br, gzip;q=0.5": "gzip", "gzip;q=0": "", "gzip; q=0.0": "", "deflate": "", "": "",
	} {
		if got := get(t, long, "/", "Accept-Encoding", encoding).Header.Get("Content-Encoding"); got != want {
			t.Errorf("%q: got %q, want %q", encoding, got, want)
		}
	}
	if got := get(t, short, "/", "Accept-Encoding", "gzip").Header.Get("Content-Encoding"); got != "" {
		t.Errorf("a short answer is compressed: %q", got)
	}
	z, err := gzip.NewReader(get(t, long, "/", "Accept-Encoding", "gzip").Body)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(z); err != nil || len(b) != compressFrom {
		t.Errorf("unpacked %d bytes, %v", len(b), err)
	}
}

func TestJSON(t *testing.T) {
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		JSON(w, r, Members{{"b", Number(1)}, {"a", "<x>"}})
	})
	r := get(t, answer, "/")
	if got, want := body(t, r), `{"b":1.0,"a":"<x>"}`; got != want || r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("got %s, want %s, %v", got, want, r.Header)
	}
	r = get(t, answer, "/?jsonp=cb")
	if got := body(t, r); !strings.HasPrefix(got, "cb({") || !strings.HasSuffix(got, "})") || r.Header.Get("Content-Type") != "text/javascript" {
		t.Errorf("jsonp: got %s, %v", got, r.Header)
	}
	bad := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { JSON(w, r, Number(math.NaN())) })
	if r := get(t, bad, "/"); r.StatusCode != http.StatusInternalServerError {
		t.Errorf("NaN: got %d", r.StatusCode)
	}
}

func TestNumber(t *testing.T) {
	for n, want := range map[Number]string{
		0: "0.0", 1: "1.0", -2: "-2.0", 0.1: "0.1", 2147483648: "2147483648.0", 1795334359.385377: "1795334359.385377", 1e300: "1e+300",
		1e-9: "1e-09",
	} {
		b, err := json.Marshal(n)
		if err != nil || string(b) != want {
			t.Errorf("%v: got %s, %v, want %s", float64(n), b, err, want)
		}
	}
}

func TestMembers(t *testing.T) {
	m := Members{{"z", []Members{{{"a", 1}}, {}}}, {"a\n\"", Members{{"x", nil}}}, {"e", []Members{}}}
	want := `{"z":[{"a":1},{}],"a\n\"":{"x":null},"e":[]}`
	if b, err := json.Marshal(m); err != nil || string(b) != want {
		t.Errorf("got %s, %v, want %s", b, err, want)
	}
	for _, bad := range []any{Members{{"x", Members{{"y", Number(math.Inf(1))}}}}, Members{{"x", []Members{{{"y", make(chan int)}}}}}} {
		if b, err := json.Marshal(bad); err == nil {
			t.Errorf("got %s", b)
		}
	}
}

func TestMetrics(t *testing.T) {
	b, err := json.Marshal(Metrics{"b": 1, "a": 0.5, "n": math.NaN()})
	if want := `{"a":0.5,"b":1.0}`; err != nil || string(b) != want {
		t.Errorf("got %s, %v, want %s", b, err, want)
	}
}

func TestCredentials(t *testing.T) {
	for _, text := range []string{`{"credentials":[{"principal":"p","secret":"s"}]}`, "p s\n", "\n p\ts \n\n"} {
		if c, err := ParseCredentials([]byte(text)); err != nil || len(c) != 1 || c["p"] != "s" {
			t.Errorf("%q: %v, %v", text, c, err)
		}
	}
	for _, text := range []string{"{", "p", "p s t", `{"credentials":[{"secret":"s"}]}`} {
		if c, err := ParseCredentials([]byte(text)); err == nil {
			t.Errorf("%q: %v", text, c)
		}
	}
	if c, err := ParseCredentials(nil); err != nil || c == nil {
		t.Errorf("an empty file: %v, %v", c, err)
	}
}

func FuzzParseCredentials(f *testing.F) {
	f.Add([]byte("p s"))
	f.Add([]byte(`{"credentials":[{}]}`))
	f.Fuzz(func(_ *testing.T, text []byte) { ParseCredentials(text) })
}

func TestAuthenticate(t *testing.T) {
	who := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, ok := Principal(r.Context())
		JSON(w, r, []any{p, ok})
	})
	h := Authenticate(RealmAgentReadonly, Credentials{"p": "s", "": ""}, who)
	r := get(t, h, "/")
	if got, want := r.Header.Get("WWW-Authenticate"), `Basic realm="mesos-agent-readonly"`; r.StatusCode != http.StatusUnauthorized || got != want {
		t.Errorf("got %d, %s, want %s", r.StatusCode, got, want)
	}
	for header, want := range map[string]int{"Basic cDpz": 200, "Basic cDp0": 401, "Basic eDpz": 401, "Bearer x": 401, "Basic !": 401} {
		if r := get(t, h, "/", "Authorization", header); r.StatusCode != want {
			t.Errorf("%s: got %d, want %d", header, r.StatusCode, want)
		}
	}
	if got := body(t, get(t, h, "/", "Authorization", "Basic cDpz")); got != `["p",true]` {
		t.Errorf("principal: %s", got)
	}
	if got := body(t, get(t, Authenticate("r", nil, who), "/")); got != `["",false]` {
		t.Errorf("without credentials: %s", got)
	}
}
