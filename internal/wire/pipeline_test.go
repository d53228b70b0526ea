package wire_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ormosproject/ormos/internal/wire"
)

// pipeline opens a pipeline to url; the test's end closes it.
func pipeline(t testing.TB, c *wire.Client, dialer wire.Dialer, o wire.PipelineOptions) *wire.Pipeline {
	t.Helper()
	conn, err := dialer.Conn(t.Context(), c.URL)
	if err != nil {
		t.Fatal(err)
	}
	p, err := wire.NewPipeline(c, conn, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// answering refuses calls that say so, and keeps what it was called with.
func answering(calls chan<- string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var call note
		if _, ok := wire.ReadCall(w, r, 0, &call); !ok {
			return
		}
		calls <- call.Text
		switch {
		case strings.HasPrefix(call.Text, "bad"):
			wire.Fail(w, http.StatusBadRequest, call.Text)
		case strings.HasPrefix(call.Text, "short"):
			w.WriteHeader(http.StatusNotFound)
		case strings.HasPrefix(call.Text, "chunked"):
			_, _ = io.WriteString(w, "partly")
			_ = http.NewResponseController(w).Flush()
		default:
			w.WriteHeader(http.StatusAccepted)
		}
	}
}

func TestPipelineKeepsOrderAndTellsEachResult(t *testing.T) {
	for _, start := range []func(http.Handler) *httptest.Server{httptest.NewServer, httptest.NewTLSServer} {
		calls := make(chan string, 2000)
		s := start(answering(calls))
		t.Cleanup(s.Close)
		dialer := wire.Dialer{TLS: s.Client().Transport.(*http.Transport).TLSClientConfig}
		p := pipeline(t, &wire.Client{URL: s.URL + "/api"}, dialer, wire.PipelineOptions{})
		var wg sync.WaitGroup
		next := 0
		for i := range 1000 {
			name := fmt.Sprint("call ", i)
			status := 0
			switch {
			case i%50 == 7:
				name, status = fmt.Sprint("bad ", i), http.StatusBadRequest
			case i%50 == 8:
				name, status = fmt.Sprint("short ", i), http.StatusNotFound
			case i%50 == 9:
				name = fmt.Sprint("chunked ", i)
			}
			wg.Add(1)
			err := p.Go(t.Context(), &note{Text: name}, func(err error) {
				defer wg.Done()
				if next != i {
					t.Errorf("the answer of call %d came in place of %d", i, next)
				}
				next++
				refusal, refused := errors.AsType[*wire.StatusError](err)
				if refused != (status != 0) || refused && refusal.Status != status || !refused && err != nil {
					t.Errorf("%s: got %v", name, err)
				}
				if status == http.StatusBadRequest && refusal.Body != name {
					t.Errorf("%s: got %v", name, err)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if i%100 == 99 {
				if err := p.Call(t.Context(), &note{Text: "alone"}); err != nil {
					t.Error(err)
				}
			}
		}
		wg.Wait()
		for i := range 1000 {
			got := <-calls
			if got == "alone" {
				got = <-calls
			}
			if !strings.HasSuffix(got, fmt.Sprint(" ", i)) {
				t.Fatalf("the server saw %q as call %d", got, i)
			}
		}
	}
}

func TestPipelineSaysWhatEachCallSays(t *testing.T) {
	header := make(chan http.Header, 10)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength == 9 {
			w.Header().Set(wire.StreamID, "stream-1")
			return
		}
		header <- r.Header
		w.WriteHeader(http.StatusAccepted)
	})
	c := client(t, s, wire.Protobuf)
	c.Authorize = func(r *http.Request) { r.SetBasicAuth("me", "pw") }
	stream, err := c.Subscribe(t.Context(), &note{Text: "subscribe"})
	if err != nil {
		t.Fatal(err)
	}
	stream.Close()
	p := pipeline(t, c, wire.Dialer{}, wire.PipelineOptions{})
	if err := p.Call(t.Context(), &note{Text: "call"}); err != nil {
		t.Fatal(err)
	}
	got := <-header
	for key, want := range map[string]string{
		"Content-Type": "application/x-protobuf", wire.StreamID: "stream-1", "Authorization": "Basic bWU6cHc=", "User-Agent": "ormos",
	} {
		if got.Get(key) != want {
			t.Errorf("%s: %q", key, got.Get(key))
		}
	}
	if err := p.Call(t.Context(), &note{Text: "unspeakable"}); err == nil {
		t.Error("a call without an encoding was made")
	}
	if err := p.Call(t.Context(), &note{Text: "and on"}); err != nil {
		t.Error(err)
	}
}

// raw starts a server that is nothing but talk, for one connection.
func raw(t *testing.T, talk func(net.Conn, *bufio.Reader)) *wire.Client {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		talk(conn, bufio.NewReader(conn))
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return &wire.Client{URL: "http://" + l.Addr().String()}
}

func readRequest(r *bufio.Reader) error {
	request, err := http.ReadRequest(r)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, request.Body)
	return err
}

const ok202 = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"

func TestPipelineTellsWhichCallsWereNotAnswered(t *testing.T) {
	for name, last := range map[string]string{
		"connection lost":       "",
		"lost inside an answer": "HTTP/1.1 202 Acc",
		"nonsense":              "nonsense\r\n\r\n",
		"said so":               "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			c := raw(t, func(conn net.Conn, r *bufio.Reader) {
				for range 5 {
					_ = readRequest(r)
				}
				for _, b := range []byte(ok202 + ok202 + last) { // byte by byte
					_, _ = conn.Write([]byte{b})
				}
			})
			p := pipeline(t, c, wire.Dialer{}, wire.PipelineOptions{})
			results := make(chan error, 5)
			for range 5 {
				if err := p.Go(t.Context(), &note{Text: "call"}, func(err error) { results <- err }); err != nil {
					t.Fatal(err)
				}
			}
			answered := 2
			if name == "said so" {
				answered = 3
			}
			for i := range 5 {
				if err := <-results; errors.Is(err, wire.ErrUnanswered) != (i >= answered) {
					t.Errorf("call %d: %v", i, err)
				}
			}
			<-p.Done()
			if p.Err() == nil {
				t.Error("no reason")
			}
			if err := p.Call(t.Context(), &note{}); !errors.Is(err, wire.ErrUnanswered) {
				t.Errorf("a later call: %v", err)
			}
		})
	}
}

func TestPipelineTimesOut(t *testing.T) {
	release := make(chan struct{})
	c := raw(t, func(conn net.Conn, r *bufio.Reader) {
		_ = readRequest(r)
		<-release
	})
	defer close(release)
	p := pipeline(t, c, wire.Dialer{}, wire.PipelineOptions{Timeout: time.Millisecond})
	if err := p.Call(t.Context(), &note{}); !errors.Is(err, wire.ErrUnanswered) || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// Later calls gain no time for one that the peer does not answer, and neither does half an answer.
func TestPipelineTimesOutUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		var wg sync.WaitGroup
		wg.Go(func() {
			r := bufio.NewReader(far)
			_ = readRequest(r)
			_, _ = io.WriteString(far, ok202+"HTTP/1.1 202 ")
			for readRequest(r) == nil {
			}
		})
		p, err := wire.NewPipeline(&wire.Client{URL: "http://peer/"}, near, wire.PipelineOptions{Timeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		defer wg.Wait()
		defer far.Close()
		defer p.Close()
		if err := p.Call(t.Context(), &note{}); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for p.Go(t.Context(), &note{}, func(error) {}) == nil {
			select {
			case <-time.After(10 * time.Second):
			case <-p.Done():
			}
		}
		if took := time.Since(start); took != time.Minute || !errors.Is(p.Err(), os.ErrDeadlineExceeded) {
			t.Errorf("it ended after %v: %v", took, p.Err())
		}
	})
}

// Answers in plenty, of which each read gets the last one in part only, are no silence.
func TestPipelineAnsweredInPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		const calls = 100
		var wg sync.WaitGroup
		wg.Go(func() {
			r := bufio.NewReader(far)
			for range calls {
				_ = readRequest(r)
			}
			_, _ = io.WriteString(far, ok202[:10])
			for range calls - 1 {
				<-time.After(10 * time.Second)
				_, _ = io.WriteString(far, ok202[10:]+ok202[:10])
			}
			_, _ = io.WriteString(far, ok202[10:])
		})
		p, err := wire.NewPipeline(&wire.Client{URL: "http://peer/"}, near, wire.PipelineOptions{Timeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		defer wg.Wait()
		defer far.Close()
		defer p.Close()
		for range calls {
			if err := p.Go(t.Context(), &note{}, func(err error) {
				if err != nil {
					t.Error(err)
				}
			}); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Flush(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// What a peer says before its answer is no answer.
func TestPipelinePassesOverInterimAnswers(t *testing.T) {
	c := raw(t, func(conn net.Conn, r *bufio.Reader) {
		for _, status := range []string{"202 Accepted", "404 Not Found"} {
			_ = readRequest(r)
			_, _ = io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nA: b\r\n\r\nHTTP/1.1 "+status+"\r\nContent-Length: 0\r\n\r\n")
		}
	})
	p := pipeline(t, c, wire.Dialer{}, wire.PipelineOptions{})
	if err := p.Call(t.Context(), &note{}); err != nil {
		t.Error(err)
	}
	if status, ok := errors.AsType[*wire.StatusError](p.Call(t.Context(), &note{})); !ok || status.Status != http.StatusNotFound {
		t.Errorf("got %v", status)
	}
}

// A peer that does not read makes callers wait, for as long as they like.
func TestPipelineLimitsWhatWaits(t *testing.T) {
	release := make(chan struct{})
	c := raw(t, func(net.Conn, *bufio.Reader) { <-release })
	defer close(release)
	p := pipeline(t, c, wire.Dialer{}, wire.PipelineOptions{})
	big := &note{Text: strings.Repeat("x", 1<<20)}
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan struct{})
	var once sync.Once
	stuck := make(chan error)
	go func() {
		for {
			if err := p.Go(ctx, big, func(error) {}); err != nil {
				stuck <- err
				return
			}
			once.Do(func() { close(first) })
		}
	}()
	<-first
	cancel()
	if err := <-stuck; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := p.Call(ctx, big); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	p.Close()
	if err := p.Go(t.Context(), big, nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestPipelineHearsAnAnswerToNothing(t *testing.T) {
	c := raw(t, func(conn net.Conn, r *bufio.Reader) {
		_, _ = io.WriteString(conn, ok202)
		_, _ = r.ReadByte()
	})
	p := pipeline(t, c, wire.Dialer{}, wire.PipelineOptions{})
	<-p.Done()
	if p.Err() == nil {
		t.Error("it goes on")
	}
}

// accepting answers whatever request comes with 202, as cheaply as it can be done, so that the client is what is measured.
func accepting(b *testing.B) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go acceptAll(conn)
		}
	}()
	return "http://" + l.Addr().String()
}

func acceptAll(conn net.Conn) {
	defer conn.Close()
	in, out := bufio.NewReaderSize(conn, 64<<10), bufio.NewWriterSize(conn, 64<<10)
	for {
		for { // the header
			line, err := in.ReadSlice('\n')
			if err != nil {
				return
			}
			if len(line) == 2 {
				break
			}
		}
		if _, err := in.Discard(acknowledgeSize); err != nil {
			return
		}
		_, _ = out.WriteString(ok202)
		if in.Buffered() == 0 {
			_ = out.Flush()
		}
	}
}

// acknowledgeSize is that of an ACKNOWLEDGE call in protobuf with the ids of a real cluster.
const acknowledgeSize = 150

func BenchmarkCalls(b *testing.B) {
	call := &note{Text: strings.Repeat("x", acknowledgeSize)}
	b.Run("net-http", func(b *testing.B) {
		c := &wire.Client{URL: accepting(b), HTTP: &http.Client{Transport: wire.Dialer{}.Transport()}}
		defer c.HTTP.CloseIdleConnections()
		for b.Loop() {
			if err := c.Call(b.Context(), call); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("pipeline-alone", func(b *testing.B) {
		p := pipeline(b, &wire.Client{URL: accepting(b)}, wire.Dialer{}, wire.PipelineOptions{})
		for b.Loop() {
			if err := p.Call(b.Context(), call); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("pipeline", func(b *testing.B) {
		p := pipeline(b, &wire.Client{URL: accepting(b)}, wire.Dialer{}, wire.PipelineOptions{})
		b.ReportAllocs()
		for b.Loop() {
			const calls = 50_000
			var wg sync.WaitGroup
			wg.Add(calls)
			for range calls {
				if err := p.Go(b.Context(), call, func(error) { wg.Done() }); err != nil {
					b.Fatal(err)
				}
			}
			wg.Wait()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/50_000, "ns/call")
	})
}

func TestPipelineFlush(t *testing.T) {
	answer := make(chan struct{})
	c := raw(t, func(conn net.Conn, r *bufio.Reader) {
		for range 3 {
			_ = readRequest(r)
		}
		<-answer
		_, _ = io.WriteString(conn, ok202+ok202+ok202)
		_, _ = r.ReadByte()
	})
	p := pipeline(t, c, wire.Dialer{}, wire.PipelineOptions{})
	told := 0
	for range 3 {
		if err := p.Go(t.Context(), &note{}, func(error) { told++ }); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Flush(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(answer)
	if err := p.Flush(t.Context()); err != nil || told != 3 {
		t.Errorf("got %v after %d answers", err, told)
	}
}
