package api

import (
	"context"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
)

// A page can have its own name lead to this machine, and is then no other site for the browser.
func TestNamesOfOthersAreRefused(t *testing.T) {
	local := newAPI(t, newStage(t), func(o *Options) { o.Names = []string{"desk.example.com"} })
	for host, want := range map[string]int{
		"127.0.0.1:8080": 200, "[::1]:8080": 200, "localhost": 200, "LocalHost:8080": 200, "localhost.:80": 200, "api.localhost:8080": 200,
		"desk.example.com:8080": 200, "Desk.Example.Com": 200,
		"evil.example:8080": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example:8080": 421, "notlocalhost": 421,
	} {
		w := ask(local, "GET", "http://"+host+"/v2/apps", "")
		if w.Code != want {
			t.Errorf("as %s: %d, want %d", host, w.Code, want)
		}
		if w.Code == 421 && !strings.Contains(w.Body.String(), "--hostname") {
			t.Errorf("the refusal of %s does not say what to do: %s", host, w.Body)
		}
	}
	asking := newAPI(t, newStage(t), func(o *Options) { o.Names, o.Principal, o.Secret = []string{}, "ops", "s3cret" })
	if w := ask(asking, "GET", "http://behind.a.proxy/v2/apps", ""); w.Code != 401 {
		t.Errorf("who asks for credentials goes by the name: %d", w.Code)
	}
}

// slowly is a body that has begun and does not go on until the test ends; begun is closed when its first part has been read.
func slowly(t *testing.T, a *API, text string) (begun chan struct{}) {
	t.Helper()
	in, out := io.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r := httptest.NewRequest("PUT", "/v2/apps/slow", in)
		a.ServeHTTP(httptest.NewRecorder(), r)
	}()
	t.Cleanup(func() {
		out.Close()
		<-ended
	})
	begun = make(chan struct{})
	go func() {
		defer close(begun)
		_, _ = io.WriteString(out, text)
		_, _ = out.Write(nil) // is taken by the next read: then what was read is counted
	}()
	return begun
}

func TestSlowBodiesKeepNobodyOut(t *testing.T) {
	a := newAPI(t, newStage(t), func(o *Options) { o.MaxRequests = 1 })
	for range 3 {
		<-slowly(t, a, "{")
	}
	if w := ask(a, "GET", "/v2/apps", ""); w.Code != 200 {
		t.Errorf("while others send slowly: %d", w.Code)
	}
	if w := ask(a, "PUT", "/v2/apps/web", `{"cmd":"sleep 1"}`); w.Code != 201 {
		t.Errorf("a quick one while others send slowly: %d %s", w.Code, w.Body)
	}
}

func TestBodiesShareRoom(t *testing.T) {
	a := newAPI(t, newStage(t), func(o *Options) { o.MaxBody = 100 })
	for range maxBodies {
		<-slowly(t, a, strings.Repeat(" ", 100))
	}
	w := ask(a, "PUT", "/v2/apps/web", `{"cmd":"sleep 1"}`)
	if w.Code != 503 || !strings.Contains(w.Body.String(), "Too many long requests") {
		t.Errorf("one too many: %d %s", w.Code, w.Body)
	}
	if w := ask(a, "GET", "/v2/apps", ""); w.Code != 200 {
		t.Errorf("what has no body: %d", w.Code)
	}
}

func TestRoomIsGivenBack(t *testing.T) {
	a := newAPI(t, newStage(t), func(o *Options) { o.MaxBody = 100 })
	for range 3 * maxBodies {
		if w := ask(a, "PUT", "/v2/apps/web", `{"cmd":"sleep 1"}`+strings.Repeat(" ", 50)); w.Code != 200 && w.Code != 201 && w.Code != 409 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if w := ask(a, "PUT", "/v2/apps/web", strings.Repeat(" ", 150)); w.Code != 413 {
			t.Fatalf("too long: %d %s", w.Code, w.Body)
		}
	}
	if left := a.bodies.left.Load(); left != maxBodies*100 {
		t.Errorf("%d bytes of room are left", left)
	}
	if left := a.answers.left.Load(); left != maxAnswers {
		t.Errorf("%d bytes of room are left for answers", left)
	}
}

func TestAnswersShareRoom(t *testing.T) {
	a := newAPI(t, newStage(t), nil)
	a.answers = newRoom(4)
	if w := ask(a, "GET", "/v2/apps", ""); w.Code != 503 || !strings.Contains(w.Body.String(), "Too many long answers") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := ask(a, "GET", "/ping", ""); w.Code != 200 {
		t.Errorf("a short one: %d", w.Code)
	}
}

func TestFewBackupsAtOnce(t *testing.T) {
	begun, goOn := make(chan struct{}), make(chan struct{})
	a := newAPI(t, newStage(t), func(o *Options) {
		o.Backup = func(context.Context, io.Writer) error {
			begun <- struct{}{}
			<-goOn
			return nil
		}
	})
	ended := make(chan int)
	for range maxBackups {
		go func() { ended <- ask(a, "GET", "/v1/backup", "").Code }()
		<-begun
	}
	if w := ask(a, "GET", "/v1/backup", ""); w.Code != 503 {
		t.Errorf("one too many: %d", w.Code)
	}
	close(goOn)
	for range maxBackups {
		if code := <-ended; code != 200 {
			t.Errorf("one of the first: %d", code)
		}
	}
}
