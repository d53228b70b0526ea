package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ormosproject/ormos/internal/engine"
)

// ask makes a request, and gives the answer.
func ask(a http.Handler, method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w
}

func TestEveryAnswerHasMarathonsHeader(t *testing.T) {
	a := newAPI(t, newStage(t), nil)
	for _, path := range []string{"/v2/apps", "/v2/apps/absent", "/v2/nothing", "/ping"} {
		h := ask(a, "GET", path, "").Header()
		for name, want := range map[string]string{
			"X-Marathon-Leader": "http://192.0.2.9:8080", "X-Frame-Options": "DENY", "X-XSS-Protection": "1; mode=block",
			"Cache-Control": "no-cache, no-store, must-revalidate", "Access-Control-Allow-Origin": "",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
}

func TestOnlyWhoKnowsTheSecret(t *testing.T) {
	a := newAPI(t, newStage(t), func(o *Options) { o.Principal, o.Secret = "ops", "s3cret:with colon" })
	for _, c := range []struct {
		path, principal, secret string
		want                    int
	}{
		{"/v2/apps", "", "", 401},
		{"/v2/apps", "ops", "wrong", 401},
		{"/v2/apps", "ops", "", 401},
		{"/v2/apps", "wrong", "s3cret:with colon", 401},
		{"/v2/apps", "ops", "s3cret:with colon", 200},
		{"/v2/nothing", "", "", 401}, // nor does it tell what there is
		{"/v1/health", "", "", 401},
		{"/metrics", "", "", 401},
		{"/ping", "", "", 200},
	} {
		r := httptest.NewRequest("GET", c.path, nil)
		if c.principal != "" {
			r.SetBasicAuth(c.principal, c.secret)
		}
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s as %q with %q: %d, want %d", c.path, c.principal, c.secret, w.Code, c.want)
		}
		if w.Code == 401 && (w.Header().Get("WWW-Authenticate") == "" || w.Body.String() != `{"message":"Invalid username or password."}`) {
			t.Errorf("%s: the refusal is %q, %v", c.path, w.Body, w.Header())
		}
	}
}

func TestHalfOfTheCredentialsIsAMistake(t *testing.T) {
	if _, err := New(Options{Framework: newStage(t), Principal: "ops"}); err == nil {
		t.Error("a principal without a secret is good enough")
	}
	if _, err := New(Options{}); err == nil {
		t.Error("no framework is good enough")
	}
}

// A page of another site, in the browser of somebody who may, changes nothing.
func TestOtherSitesChangeNothing(t *testing.T) {
	a := newAPI(t, newStage(t), nil)
	body := `{"id":"evil","cmd":"sleep 1"}`
	if w := ask(a, "POST", "http://127.0.0.1:8080/v2/apps", body, "Sec-Fetch-Site", "cross-site", "Content-Type", "text/plain"); w.Code != 403 {
		t.Errorf("from another site: %d", w.Code)
	}
	if w := ask(a, "POST", "http://127.0.0.1:8080/v2/apps", body, "Origin", "http://evil.example"); w.Code != 403 {
		t.Errorf("from another origin: %d", w.Code)
	}
	if w := ask(a, "POST", "http://127.0.0.1:8080/v2/apps", body, "Origin", "http://127.0.0.1:8080"); w.Code != 201 {
		t.Errorf("from our own page: %d %s", w.Code, w.Body)
	}
}

func TestLongBodyIsRefused(t *testing.T) {
	a := newAPI(t, newStage(t), func(o *Options) { o.MaxBody = 100 })
	w := ask(a, "POST", "/v2/apps", `{"id":"web","cmd":"`+strings.Repeat("x", 200)+`"}`)
	if w.Code != 413 || !strings.Contains(w.Body.String(), "more than 100 bytes") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// waiting is a framework whose commands take until they are let go.
type waiting struct {
	*stage
	asked, goOn chan struct{}
}

func (w *waiting) Do(ctx context.Context, c engine.Command) (engine.Result, error) {
	w.asked <- struct{}{}
	<-w.goOn
	return w.stage.Do(ctx, c)
}

func TestTooManyRequestsAtOnce(t *testing.T) {
	s := newStage(t)
	f := &waiting{stage: s, asked: make(chan struct{}), goOn: make(chan struct{})}
	a := newAPI(t, s, func(o *Options) { o.Framework, o.MaxRequests = f, 1 })
	first := make(chan int)
	go func() { first <- ask(a, "DELETE", "/v2/groups", "").Code }()
	<-f.asked
	if w := ask(a, "GET", "/v2/apps", ""); w.Code != 503 {
		t.Errorf("one too many: %d", w.Code)
	}
	close(f.goOn)
	if code := <-first; code != 200 {
		t.Errorf("the first: %d", code)
	}
	if w := ask(a, "GET", "/v2/apps", ""); w.Code != 200 {
		t.Errorf("after it: %d", w.Code)
	}
}

// panicking is a framework with a fault.
type panicking struct{ *stage }

func (panicking) View() *engine.View { panic("a fault") }

func TestPanicIsAnAnswerAndALog(t *testing.T) {
	var log bytes.Buffer
	s := newStage(t)
	a := newAPI(t, s, func(o *Options) { o.Framework, o.Log = panicking{s}, slog.New(slog.NewTextHandler(&log, nil)) })
	w := ask(a, "GET", "/v2/apps", "")
	if w.Code != 500 || strings.Contains(w.Body.String(), "a fault") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "a fault") || !strings.Contains(log.String(), "http_test.go") {
		t.Errorf("the log says %s", log.String())
	}
	if w := ask(a, "GET", "/ping", ""); w.Code != 200 {
		t.Errorf("after it: %d", w.Code)
	}
}

func TestFrameworkThatIsNotReady(t *testing.T) {
	s := newStage(t)
	s.view.Store(nil)
	a := newAPI(t, s, nil)
	for _, path := range []string{"/v2/apps", "/v2/groups", "/v2/tasks", "/v2/queue", "/v2/info", "/v2/deployments", "/v1/health"} {
		if w := ask(a, "GET", path, ""); w.Code != 503 {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if w := ask(a, "GET", "/metrics", ""); w.Code != 200 {
		t.Errorf("/metrics: %d", w.Code)
	}
	s.broken = errors.New("disk full at /secret/place")
	w := ask(a, "DELETE", "/v2/groups", "")
	if w.Code != 503 || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("a store that fails: %d %s", w.Code, w.Body)
	}
}

func TestGzipWhenAskedFor(t *testing.T) {
	s := newStage(t)
	a := newAPI(t, s, nil)
	for _, id := range []string{"a", "b", "c"} {
		if w := ask(a, "PUT", "/v2/apps/"+id, `{"cmd":"sleep 1"}`); w.Code != 201 {
			t.Fatal(w.Code, w.Body)
		}
	}
	plain := ask(a, "GET", "/v2/apps", "")
	for _, path := range []string{"/v2/apps", "/v2/apps?id=/"} { // one is kept, the other made
		w := ask(a, "GET", path, "", "Accept-Encoding", "br, gzip;q=0.5")
		z, err := gzip.NewReader(w.Body)
		if err != nil || w.Header().Get("Content-Encoding") != "gzip" {
			t.Fatalf("%s: %v, %v", path, err, w.Header())
		}
		text, err := io.ReadAll(z)
		if err != nil || string(text) != plain.Body.String() {
			t.Errorf("%s: %v, or not the same text", path, err)
		}
	}
	for _, accept := range []string{"", "br", "gzip;q=0", "gzip; q=0.0"} {
		if w := ask(a, "GET", "/v2/apps", "", "Accept-Encoding", accept); w.Header().Get("Content-Encoding") != "" {
			t.Errorf("%q gets %v", accept, w.Header())
		}
	}
}

func TestHeadHasNoBodyButItsLength(t *testing.T) {
	a := newAPI(t, newStage(t), nil)
	server := httptest.NewServer(a)
	defer server.Close()
	r, err := http.Head(server.URL + "/v2/apps")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != 200 || r.ContentLength != int64(len(`{"apps":[]}`)) {
		t.Errorf("%s, %d bytes", r.Status, r.ContentLength)
	}
}

func TestLevelOfTheLogGoesBack(t *testing.T) {
	s := newStage(t)
	synctest.Test(t, func(t *testing.T) {
		level := new(slog.LevelVar)
		a := newAPI(t, s, func(o *Options) { o.Level = level })
		for _, seconds := range []string{"60", "30"} {
			if w := ask(a, "POST", "/logging", `{"logger":"ROOT","level":"debug","durationSeconds":`+seconds+`}`); w.Code != 200 {
				t.Fatal(w.Code, w.Body)
			}
		}
		if level.Level() != slog.LevelDebug {
			t.Errorf("the level is %v", level.Level())
		}
		<-time.After(31 * time.Second)
		if level.Level() != slog.LevelInfo {
			t.Errorf("after its time the level is %v", level.Level())
		}
	})
}

func TestBackupIsStreamed(t *testing.T) {
	a := newAPI(t, newStage(t), func(o *Options) {
		o.Backup = func(_ context.Context, w io.Writer) error {
			_, err := io.WriteString(w, "all records")
			return err
		}
	})
	if w := ask(a, "GET", "/v1/backup", ""); w.Code != 200 || w.Body.String() != "all records" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

// A backup that fails in the middle is not taken for a whole one: the connection is cut.
func TestHalfOfABackupIsNone(t *testing.T) {
	a := newAPI(t, newStage(t), func(o *Options) {
		o.Backup = func(_ context.Context, w io.Writer) error {
			_, _ = io.WriteString(w, strings.Repeat("x", 1<<16))
			return errors.New("disk gone")
		}
	})
	server := httptest.NewServer(a)
	defer server.Close()
	r, err := http.Get(server.URL + "/v1/backup")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if _, err := io.ReadAll(r.Body); err == nil {
		t.Error("read to its end")
	}
}

func TestAbdication(t *testing.T) {
	called := 0
	a := newAPI(t, newStage(t), func(o *Options) { o.Abdicate = func() { called++ } })
	if w := ask(a, "DELETE", "/v2/leader", ""); w.Code != 200 || w.Body.String() != `{"message":"Leadership abdicated"}` || called != 1 {
		t.Errorf("%d %s, called %d times", w.Code, w.Body, called)
	}
}

// What was rendered is thrown away with what it was rendered of.
func TestListFollowsTheApps(t *testing.T) {
	s := newStage(t)
	a := newAPI(t, s, nil)
	ask(a, "PUT", "/v2/apps/a", `{"cmd":"sleep 1"}`)
	one := ask(a, "GET", "/v2/apps", "").Body.String()
	if again := ask(a, "GET", "/v2/apps", "").Body.String(); again != one {
		t.Errorf("nothing has changed, but\n%s\nbecame\n%s", one, again)
	}
	ask(a, "PUT", "/v2/apps/b", `{"cmd":"sleep 1"}`)
	if two := ask(a, "GET", "/v2/apps", "").Body.String(); !strings.Contains(two, `"id":"/b"`) {
		t.Errorf("the second app is not in %s", two)
	}
	ask(a, "DELETE", "/v2/apps/b", "")
	s.settle(true)
	if last := ask(a, "GET", "/v2/apps", "").Body.String(); strings.Contains(last, `"id":"/b"`) {
		t.Errorf("the second app is still in %s", last)
	}
}

func TestClientIP(t *testing.T) {
	for addr, want := range map[string]string{"192.0.2.1:80": "192.0.2.1", "[2001:db8::1]:80": "2001:db8::1", "@": "@"} {
		if got := clientIP(&http.Request{RemoteAddr: addr}); got != want {
			t.Errorf("%q is %q", addr, got)
		}
	}
}
