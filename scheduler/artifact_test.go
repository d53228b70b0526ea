package scheduler_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// served opens an artifact and runs it until the test ends.
func served(t *testing.T, o scheduler.ArtifactOptions) *scheduler.Artifact {
	t.Helper()
	a, err := scheduler.OpenArtifact(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return a
}

// request makes a request on a connection of its own.
func request(t *testing.T, method, url string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

func TestArtifact(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "my executor")
	for name, text := range map[string]string{file: "#!/bin/sh\n", filepath.Join(dir, "secret"): "s3cret"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a := served(t, scheduler.ArtifactOptions{File: file, Token: "t0ken"})
	uri := a.URI()
	if !strings.HasPrefix(uri.Value, "http://127.0.0.1:") || !strings.HasSuffix(uri.Value, "/t0ken/my%20executor") || !uri.GetExecutable() || uri.GetExtract() {
		t.Errorf("its URI is %v", uri)
	}
	// It is what it was when it was opened.
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	answer, body := request(t, "GET", uri.Value)
	if answer.StatusCode != 200 || body != "#!/bin/sh\n" || answer.Header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("got %s %q", answer.Status, body)
	}
	if later, _ := request(t, "GET", uri.Value, "If-Modified-Since", answer.Header.Get("Last-Modified")); later.StatusCode != http.StatusNotModified {
		t.Errorf("not modified: %s", later.Status)
	}
	if part, body := request(t, "GET", uri.Value, "Range", "bytes=2-4"); part.StatusCode != http.StatusPartialContent || body != "/bi" {
		t.Errorf("a range: %s %q", part.Status, body)
	}
	if head, body := request(t, "HEAD", uri.Value); head.StatusCode != 200 || head.ContentLength != 10 || body != "" {
		t.Errorf("HEAD: %s %d", head.Status, head.ContentLength)
	}
	if post, _ := request(t, "POST", uri.Value); post.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %s", post.Status)
	}
	at, _ := url.Parse(uri.Value)
	for _, path := range []string{"/", "/t0ken/", "/my%20executor", "/t0ken/secret", "/t0ken/../secret", "/t0ken/my%20executor/../secret", "/secret"} {
		if other, body := request(t, "GET", "http://"+at.Host+path); other.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s %q", path, other.Status, body)
		}
	}
}

// The file is served while a function runs, whose error is the result.
func TestArtifactWhile(t *testing.T) {
	a, err := scheduler.OpenArtifact(scheduler.ArtifactOptions{})
	if err != nil {
		t.Fatal(err)
	}
	over := errors.New("over")
	err = a.While(t.Context(), func(ctx context.Context) error {
		if answer, _ := request(t, http.MethodHead, a.URL()); answer.StatusCode != http.StatusOK {
			t.Errorf("it answers %s", answer.Status)
		}
		return errors.Join(over, ctx.Err())
	})
	if !errors.Is(err, over) || errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	if _, err := http.Head(a.URL()); err == nil {
		t.Error("it is still served")
	}
	err = a.While(t.Context(), func(ctx context.Context) error {
		<-ctx.Done() // its listener is closed
		return nil
	})
	if err == nil {
		t.Error("what cannot be served is no error")
	}
}

func TestArtifactOfThisProgram(t *testing.T) {
	a := served(t, scheduler.ArtifactOptions{})
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	if _, got := request(t, "GET", a.URL()); !bytes.Equal([]byte(got), want) {
		t.Errorf("got %d bytes of %d", len(got), len(want))
	}
}

func TestArtifactAddresses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ listen, advertise, host, port string }{
		{"", "", "127.0.0.1", ""},
		{"127.0.0.1:0", "agents.example", "agents.example", ""},
		{"127.0.0.1:0", "agents.example:8080", "agents.example", "8080"},
		{"127.0.0.1:0", "::1", "::1", ""},
		{"127.0.0.1:0", "[::1]", "::1", ""},
		{"127.0.0.1:0", "[::1]:80", "::1", "80"},
		{":0", "", "127.0.0.1", ""},
		{"", "agents.example", "agents.example", ""},
		{"", "agents.example:0", "agents.example", "0"},
	} {
		a := served(t, scheduler.ArtifactOptions{File: file, Listen: test.listen, Advertise: test.advertise})
		at, err := url.Parse(a.URL())
		if err != nil || at.Hostname() != test.host || at.Port() == "" || test.port != "" && at.Port() != test.port {
			t.Errorf("%q, %q: %s, %v", test.listen, test.advertise, a.URL(), err)
		}
	}
	for _, bad := range []scheduler.ArtifactOptions{
		{File: filepath.Dir(file)},
		{File: file + "y"},
		{File: file, Listen: "256.0.0.1:0"},
		{File: file, Advertise: "a:b:c]"},
		{File: file, Token: "a/b"},
	} {
		if a, err := scheduler.OpenArtifact(bad); err == nil {
			t.Errorf("%+v: served at %s", bad, a.URL())
		}
	}
}

// A program with a name that no URL holds as it is, is run by an agent that fetches it.
func TestArtifactCommand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "say it 100%")
	if err := os.WriteFile(file, []byte("#!/bin/sh\nexit $(($1 + $2))\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	a := served(t, scheduler.ArtifactOptions{File: file})
	cluster := local.RunT(t, local.Options{Resources: []string{"cpus:2;mem:512;disk:1024"}})
	s := scheduler.New(scheduler.Options{Master: cluster.Master(), Framework: mesos.FrameworkInfo{Name: "test"}})
	launched := false
	for event, err := range s.Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		switch e := event.(type) {
		case *scheduler.EventOffers:
			if launched {
				continue
			}
			launched = true
			task := mesos.TaskInfo{
				TaskID: mesos.TaskID{Value: "t"}, AgentID: e.Offers[0].AgentID, Resources: []mesos.Resource{mesos.CPUs(0.1), mesos.Mem(32)},
				Command: a.Command("3", "4"),
			}
			err = s.Accept(t.Context(), scheduler.CallAccept{OfferIDs: []mesos.OfferID{e.Offers[0].ID}, Operations: []mesos.OfferOperation{
				{Type: new(mesos.OfferOperationTypeLaunch), Launch: &mesos.OfferOperationLaunch{TaskInfos: []mesos.TaskInfo{task}}},
			}})
		case *scheduler.EventUpdate:
			if !e.Status.State.Terminal() {
				continue
			}
			if got := e.Status.GetMessage(); got != "Command exited with status 7" {
				t.Errorf("it ended with %q", got)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A program that the agents' machines may be unable to run is told of where they may be other machines.
func TestArtifactThatNeedsLibraries(t *testing.T) {
	for want, program := range map[bool][]byte{true: elfWith(3 /* PT_INTERP */), false: elfWith(1 /* PT_LOAD */)} {
		file := filepath.Join(t.TempDir(), "program")
		if err := os.WriteFile(file, program, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, advertise := range []string{"", "127.0.0.1"} {
			var log bytes.Buffer
			served(t, scheduler.ArtifactOptions{File: file, Advertise: advertise, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if got := strings.Contains(log.String(), "CGO_ENABLED=0"); got != (want && advertise != "") {
				t.Errorf("advertised as %q: %q", advertise, &log)
			}
		}
	}
}

// elfWith is the head of a program of 64 bits with one segment of a type.
func elfWith(kind byte) []byte {
	program := make([]byte, 64+56)
	copy(program, "\x7fELF\x02\x01\x01")
	program[16], program[18], program[20] = 2, 62, 1 // executable, x86-64, version 1
	program[32], program[52], program[54], program[56] = 64, 64, 56, 1
	program[58] = 64 // the size of a section's head, of which there are none
	program[64] = kind
	return program
}
