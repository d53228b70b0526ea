package api

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/internal/tlstest"
)

// follower is a client of the event stream.
type follower struct {
	tb     testing.TB
	lines  *bufio.Reader
	cancel context.CancelFunc
	header http.Header
}

// follow opens a stream, and returns once its answer has begun.
func follow(tb testing.TB, url string, header ...string) *follower {
	tb.Helper()
	ctx, cancel := context.WithCancel(tb.Context())
	r, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		cancel()
		answer.Body.Close()
	})
	if answer.StatusCode != 200 || answer.Header.Get("Content-Type") != "text/event-stream" {
		tb.Fatalf("%s %v", answer.Status, answer.Header)
	}
	return &follower{tb: tb, lines: bufio.NewReader(answer.Body), cancel: cancel, header: answer.Header}
}

func (f *follower) next() subscription {
	f.tb.Helper()
	var e subscription
	if err := e.next(f.lines); err != nil {
		f.tb.Fatal(err)
	}
	return e
}

// until reads until an event of a kind.
func (f *follower) until(kind app.EventType) subscription {
	f.tb.Helper()
	for {
		if e := f.next(); e.kind == string(kind) {
			return e
		}
	}
}

func serve(tb testing.TB, change func(*Options)) (*stage, string) {
	tb.Helper()
	s := newStage(tb)
	server := httptest.NewServer(newAPI(tb, s, change))
	tb.Cleanup(func() {
		s.hub.Close()
		server.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return s, server.URL
}

func TestMarathonsStream(t *testing.T) {
	s, url := serve(t, nil)
	f := follow(t, url+"/v2/events", "Last-Event-ID", "1") // Marathon does not know that header
	if e := f.next(); e.kind != "event_stream_attached" || e.id != "" || !strings.Contains(string(e.data), `"remoteAddress":"127.0.0.1"`) {
		t.Errorf("the first event is %q %q %s", e.kind, e.id, e.data)
	}
	other := follow(t, url+"/v2/events")
	if e := f.next(); e.kind != "event_stream_attached" {
		t.Errorf("another reader's attaching is told as %q", e.kind)
	}
	other.cancel()
	f.until(app.EventStreamDetached)
	s.hub.Publish(numbered(1))
	if e := f.next(); e.kind != "app_terminated_event" || e.id != "" || !strings.Contains(string(e.data), `"appId":"/1"`) {
		t.Errorf("the event is %q %q %s", e.kind, e.id, e.data)
	}
}

func TestOnlyEventsOfSomeTypes(t *testing.T) {
	s, url := serve(t, nil)
	f := follow(t, url+"/v2/events?event_type=app_terminated_event&event_type=deployment_info")
	s.hub.Publish(app.SchedulerLost{Stamp: app.Stamp{EventType: app.EventSchedulerLost}}, numbered(7))
	if e := f.next(); e.kind != "app_terminated_event" {
		t.Errorf("told %q", e.kind)
	}
}

func TestOwnStreamGoesOn(t *testing.T) {
	s, url := serve(t, nil)
	f := follow(t, url+"/v1/events")
	f.until(app.EventStreamAttached)
	s.hub.Publish(numbered(1))
	first := f.next()
	if first.id == "" {
		t.Fatal("an event without an id")
	}
	f.cancel()
	s.hub.Publish(numbered(2), numbered(3))
	f = follow(t, url+"/v1/events?event_type=app_terminated_event", "Last-Event-ID", first.id)
	for _, want := range []string{"/2", "/3"} {
		if e := f.next(); !strings.Contains(string(e.data), want) {
			t.Errorf("told %s, want %s", e.data, want)
		}
	}
	f = follow(t, url+"/v1/events", "Last-Event-ID", "elsewhere-12")
	if e := f.next(); e.kind != "event_stream_gap" || !strings.Contains(string(e.data), `"after":"elsewhere-12"`) {
		t.Errorf("a gap is told as %q %s", e.kind, e.data)
	}
}

// A client that does not read at all loses its connection, and nobody else waits for it.
func TestReaderThatDoesNotReadIsCutOff(t *testing.T) {
	s, url := serve(t, nil)
	connection, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	good := follow(t, url+"/v1/events?event_type=event_stream_detached&event_type=app_terminated_event")
	if _, err := connection.Write([]byte("GET /v2/events HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 32<<10)
	for n := 0; s.hub.slow.Load() == 0; n++ { // which it is counted as once it has noticed
		for range 100 {
			s.hub.Publish(app.StatusUpdate{Stamp: app.Stamp{EventType: app.EventStatusUpdate}, Message: long})
		}
		s.hub.Publish(numbered(n)) // the good reader keeps up
		good.until(app.EventAppTerminated)
	}
	if text, _ := io.ReadAll(connection); bytes.HasSuffix(text, []byte("0\r\n\r\n")) {
		t.Error("its stream ended as if all were told")
	}
}

func TestTooManyStreams(t *testing.T) {
	_, url := serve(t, func(o *Options) { o.MaxStreams = 1 })
	follow(t, url+"/v1/events")
	r, err := http.Get(url + "/v1/events")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != 503 {
		t.Errorf("one too many: %s", r.Status)
	}
}

func TestServerEndsWithItsStreams(t *testing.T) {
	s := newStage(t)
	a := newAPI(t, s, nil)
	server, err := Listen(a, ServerOptions{Address: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	f := follow(t, server.URL()+"/v2/events")
	f.until(app.EventStreamAttached)
	cancel()
	var e subscription
	for e.next(f.lines) == nil {
	}
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
	if _, err := Listen(a, ServerOptions{Address: "nowhere"}); err == nil {
		t.Error("nowhere is an address")
	}
}

func TestServerSpeaksTLS(t *testing.T) {
	cert, key := tlstest.Certificate(t)
	server, err := Listen(newAPI(t, newStage(t), nil), ServerOptions{Address: "127.0.0.1:0", CertFile: cert, KeyFile: key})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	pool := x509.NewCertPool()
	text, err := os.ReadFile(cert)
	if err != nil || !pool.AppendCertsFromPEM(text) {
		t.Fatal("no authority", err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	r, err := (&http.Client{Transport: transport}).Get(server.URL() + "/ping")
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	transport.CloseIdleConnections()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := Listen(newAPI(t, newStage(t), nil), ServerOptions{CertFile: cert}); err == nil {
		t.Error("a certificate without a key is good enough")
	}
}
