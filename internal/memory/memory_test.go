package memory

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// connect gives both ends of a connection.
func connect(t *testing.T) (near, far net.Conn) {
	t.Helper()
	network := New()
	listener, err := network.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	near, err = network.Dial(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if far, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close(); listener.Close() })
	return near, far
}

// HTTP works over it, also in virtual time, and everybody is idle when nothing happens.
func TestHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := New()
		listener, err := network.Listen(t.Context(), "tcp", "127.0.0.1:5050")
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			<-time.After(time.Hour)
			w.Write(body)
		})}
		var serving sync.WaitGroup
		serving.Go(func() { server.Serve(listener) })
		transport := &http.Transport{DialContext: network.Dial}
		text := strings.Repeat("x", 3*window)
		answer, err := (&http.Client{Transport: transport}).Post("http://any.name:5050/", "text/plain", strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(answer.Body)
		if err != nil || string(got) != text {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
		transport.CloseIdleConnections()
		server.Close()
		serving.Wait()
	})
}

func TestWhatWasWrittenArrivesAfterClose(t *testing.T) {
	near, far := connect(t)
	if _, err := near.Write([]byte("last words")); err != nil {
		t.Fatal(err)
	}
	near.Close()
	if got, err := io.ReadAll(far); err != nil || string(got) != "last words" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := far.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("writing to nobody: %v", err)
	}
	if _, err := near.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("reading what was closed: %v", err)
	}
}

// A writer waits when nobody reads, and its reader gets everything in order.
func TestWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := connect(t)
		sent := make([]byte, 5*window+7)
		for i := range sent {
			sent[i] = byte(i % 251)
		}
		var writing sync.WaitGroup
		done := false
		writing.Go(func() {
			if _, err := near.Write(sent); err != nil {
				t.Error(err)
			}
			done = true
			near.Close()
		})
		synctest.Wait()
		if done {
			t.Error("a writer does not wait for its reader")
		}
		got, err := io.ReadAll(far)
		writing.Wait()
		if err != nil || !bytes.Equal(got, sent) {
			t.Errorf("got %d bytes of %d, %v", len(got), len(sent), err)
		}
	})
}

func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := connect(t)
		start := time.Now()
		near.SetReadDeadline(start.Add(time.Minute))
		if _, err := near.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		near.SetReadDeadline(time.Time{})
		far.Write([]byte("x"))
		if n, err := near.Read(make([]byte, 1)); n != 1 || err != nil {
			t.Errorf("after the deadline was lifted: %d, %v", n, err)
		}
		near.SetWriteDeadline(time.Now().Add(time.Second))
		if n, err := near.Write(make([]byte, window+1)); n != window || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("wrote %d, %v", n, err)
		}
		var timeout net.Error
		_, err := near.Write([]byte("x"))
		if !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("%v is no timeout", err)
		}
	})
}

func TestNobodyListens(t *testing.T) {
	network := New()
	if _, err := network.Dial(t.Context(), "tcp", "127.0.0.1:5050"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Error(err)
	}
	listener, err := network.Listen(t.Context(), "tcp", "127.0.0.1:5050")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := network.Listen(t.Context(), "tcp", "127.0.0.1:5050"); !errors.Is(err, syscall.EADDRINUSE) {
		t.Error(err)
	}
	waiting, err := network.Dial(t.Context(), "tcp", "127.0.0.1:5050")
	if err != nil {
		t.Fatal(err)
	}
	defer waiting.Close()
	listener.Close()
	if _, err := waiting.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("a connection that was never accepted: %v", err)
	}
	if _, err := listener.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if _, err := network.Dial(t.Context(), "tcp", "127.0.0.1:5050"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Error(err)
	}
	for _, address := range []string{"", "host", "host:http", "host:-1", "host:65536"} {
		if _, err := network.Dial(t.Context(), "tcp", address); err == nil {
			t.Errorf("%q was dialled", address)
		}
		if _, err := network.Listen(t.Context(), "tcp", address); err == nil {
			t.Errorf("%q was listened at", address)
		}
	}
}

// A dial that waits for a listener's backlog ends with its context.
func TestBacklog(t *testing.T) {
	network := New()
	listener, err := network.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for range backlog {
		conn, err := network.Dial(t.Context(), "tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := network.Dial(ended, "tcp", listener.Addr().String()); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
