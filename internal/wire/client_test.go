package wire_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/internal/wire"
)

// serve starts a server of handler; the test's end closes it.
func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s
}

// client returns a client of s with its own connections.
func client(t *testing.T, s *httptest.Server, media wire.MediaType) *wire.Client {
	transport := wire.Dialer{}.Transport()
	t.Cleanup(transport.CloseIdleConnections)
	return &wire.Client{URL: s.URL + "/api", HTTP: &http.Client{Transport: transport}, Media: media}
}

func TestSubscription(t *testing.T) {
	for _, media := range []wire.MediaType{wire.JSON, wire.Protobuf} {
		t.Run(string(media), func(t *testing.T) {
			calls := make(chan string, 10)
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				var call note
				media, ok := wire.ReadCall(w, r, 0, &call)
				if !ok {
					return
				}
				calls <- fmt.Sprintf("%s %s %s", call.Text, r.Header.Get(wire.StreamID), r.Header.Get("Authorization"))
				if call.Text != "subscribe" {
					w.WriteHeader(http.StatusAccepted)
					return
				}
				events := wire.NewEventStream(media)
				events.Send(&note{Text: "one"})
				events.Send(&note{Text: "two"}, &note{Text: strings.Repeat("x", 100_000)})
				events.Close()
				events.Send(&note{Text: "too late"})
				w.Header().Set(wire.StreamID, "stream-1")
				if err := events.Serve(w, r); err != nil {
					t.Errorf("Serve: %v", err)
				}
			})
			c := client(t, s, media)
			c.Authorize = func(r *http.Request) { r.SetBasicAuth("me", "pw") }
			stream, err := c.Subscribe(t.Context(), &note{Text: "subscribe"})
			if err != nil {
				t.Fatal(err)
			}
			defer stream.Close()
			if stream.ID != "stream-1" {
				t.Errorf("the stream's id is %q", stream.ID)
			}
			var got []string
			for {
				var event note
				if err := stream.Next(&event); err == io.EOF {
					break
				} else if err != nil {
					t.Fatal(err)
				}
				got = append(got, event.Text)
			}
			if diff := cmp.Diff([]string{"one", "two", strings.Repeat("x", 100_000)}, got); diff != "" {
				t.Error(diff)
			}
			if err := c.Call(t.Context(), &note{Text: "call"}); err != nil {
				t.Error(err)
			}
			basic := "Basic bWU6cHc="
			if got, want := <-calls, "subscribe  "+basic; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if got, want := <-calls, "call stream-1 "+basic; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "//elsewhere:5050/api")
		wire.Fail(w, http.StatusTemporaryRedirect, strings.Repeat("x", 1<<20))
	})
	c := client(t, s, wire.JSON)
	_, err := c.Subscribe(t.Context(), &note{Text: "subscribe"})
	for _, err := range []error{err, c.Call(t.Context(), &note{Text: "call"})} {
		status, ok := errors.AsType[*wire.StatusError](err)
		if !ok || status.Status != 307 || status.Location != "//elsewhere:5050/api" {
			t.Fatalf("got %v", err)
		}
		if len(status.Body) != 16<<10 {
			t.Errorf("read %d bytes of the text", len(status.Body))
		}
	}
	if err := c.Call(t.Context(), &note{Text: "unspeakable"}); err == nil {
		t.Error("a call without an encoding was made")
	}
	if text := (&wire.StatusError{Status: 400, Body: "why\n"}).Error(); text != "400 Bad Request: why" {
		t.Errorf("the error says %q", text)
	}
}

func TestStreamEndsInTheMiddle(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "4\ngood7\ngarbage4\nha")
	})
	c := client(t, s, wire.Protobuf)
	stream, err := c.Subscribe(t.Context(), &note{})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	var event note
	if err := stream.Next(&event); err != nil || event.Text != "good" {
		t.Errorf("got %q, %v", event.Text, err)
	}
	if err := stream.Next(&event); err == nil || !strings.Contains(err.Error(), "cannot decode an event of 7 bytes") {
		t.Errorf("got %v", err)
	}
	if err := stream.Next(&event); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

// The peer's departure ends Serve, with and without something to write.
func TestEventStreamOfAPeerThatLeaves(t *testing.T) {
	ended := make(chan error)
	streams := make(chan *wire.EventStream)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		events := wire.NewEventStream(wire.JSON)
		streams <- events
		ended <- events.Serve(w, r)
	})
	ctx, leave := context.WithCancel(t.Context())
	opened := make(chan *wire.Stream)
	go func() {
		stream, err := client(t, s, wire.JSON).Subscribe(ctx, &note{})
		if err != nil {
			t.Errorf("cannot subscribe: %v", err)
		}
		opened <- stream
	}()
	events := <-streams
	stream := <-opened
	events.Send(&note{Text: "hello"})
	var event note
	if err := stream.Next(&event); err != nil || event.Text != "hello" {
		t.Fatalf("got %q, %v", event.Text, err)
	}
	leave()
	if err := <-ended; err == nil {
		t.Error("Serve saw nothing")
	}
	<-events.Done()
	events.Send(&note{Text: "nobody hears it"})
	if err := stream.Next(&event); err == nil {
		t.Error("the stream goes on")
	}
}

// A subscriber that does not read is ended, also while a write waits for it.
func TestEventStreamOfASlowReader(t *testing.T) {
	ended := make(chan error)
	streams := make(chan *wire.EventStream)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		events := wire.NewEventStream(wire.JSON)
		events.QueueLimit = 1 << 20
		streams <- events
		ended <- events.Serve(w, r)
	})
	go func() {
		stream, err := client(t, s, wire.JSON).Subscribe(t.Context(), &note{})
		if err == nil {
			<-t.Context().Done()
			stream.Close()
		}
	}()
	events := <-streams
	big := &note{Text: strings.Repeat("x", 1<<16)}
	for {
		events.Send(big)
		select {
		case err := <-ended:
			if !errors.Is(err, wire.ErrSlowReader) {
				t.Errorf("got %v", err)
			}
			return
		default:
		}
	}
}

func TestEventStreamOfWhatHasNoEncoding(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		events := wire.NewEventStream(wire.Protobuf)
		events.Send(&note{Text: "unspeakable"})
		if err := events.Serve(w, r); err == nil {
			t.Error("Serve saw nothing")
		}
	})
	stream, err := client(t, s, wire.Protobuf).Subscribe(t.Context(), &note{})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	if err := stream.Next(&note{}); err == nil {
		t.Error("an event came")
	}
}

// Everything that was queued while nobody served goes out as one write.
func TestEventStreamBatches(t *testing.T) {
	events := wire.NewEventStream(wire.Protobuf)
	for range 1000 {
		events.Send(&note{Text: "hello"})
	}
	events.Close()
	w := &countingWriter{ResponseRecorder: httptest.NewRecorder()}
	if err := events.Serve(w, httptest.NewRequest("POST", "/", nil)); err != nil {
		t.Fatal(err)
	}
	if w.writes != 1 || w.flushes != 2 || w.Body.Len() != 1000*len("5\nhello") {
		t.Errorf("%d writes, %d flushes (one of the header), %d bytes", w.writes, w.flushes, w.Body.Len())
	}
}

type countingWriter struct {
	*httptest.ResponseRecorder
	writes, flushes int
}

func (w *countingWriter) Write(b []byte) (int, error) { w.writes++; return w.ResponseRecorder.Write(b) }
func (w *countingWriter) Flush()                      { w.flushes++ }

// A corked stream writes when much waits, and when it is uncorked.
func TestEventStreamCorked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events := wire.NewEventStream(wire.Protobuf)
		w := &countingWriter{ResponseRecorder: httptest.NewRecorder()}
		ended := make(chan error, 1)
		go func() { ended <- events.Serve(w, httptest.NewRequest("POST", "/", nil)) }()
		synctest.Wait()
		events.Cork()
		written := func(want int) {
			t.Helper()
			synctest.Wait()
			if w.writes != want {
				t.Errorf("%d writes, want %d", w.writes, want)
			}
		}
		events.Send(&note{Text: "hello"})
		written(0)
		events.Send(&note{Text: strings.Repeat("x", 1<<18)})
		written(1)
		events.Send(&note{Text: "hello"})
		written(1)
		events.Uncork()
		written(2)
		events.Send(&note{Text: "hello"})
		written(3)
		events.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
