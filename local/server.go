package local

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
)

// server serves the HTTP of a master or an agent, from its making until close. There is no limit of the time until a request comes:
// frameworks and executors keep a connection at hand for their calls, and take its end for that of the master or agent.
type server struct {
	http        *http.Server
	connections sync.WaitGroup // and the goroutine that accepts them

	mu   sync.Mutex
	open map[net.Conn]string // with the path that was asked for last
}

// connection is the key of a request's connection in its context.
type connection struct{}

// serve makes a server. failed is told why it cannot go on.
func serve(listener net.Listener, handler http.HandlerFunc, failed func(error)) *server {
	s := &server{open: map[net.Conn]string{}}
	s.http = &http.Server{
		Handler: s.noting(handler), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), ConnState: s.count,
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, connection{}, conn)
		},
	}
	s.connections.Go(func() {
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed(fmt.Errorf("cannot serve %s: %w", listener.Addr(), err))
		}
	})
	return s
}

func (s *server) count(conn net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		s.connections.Add(1)
		s.open[conn] = ""
	case http.StateClosed, http.StateHijacked:
		s.connections.Done()
		delete(s.open, conn)
	}
}

func (s *server) noting(h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.open[connectionOf(r)] = r.URL.Path
		s.mu.Unlock()
		h(w, r)
	})
}

// connectionOf is the connection that a request came over.
func connectionOf(r *http.Request) net.Conn { return r.Context().Value(connection{}).(net.Conn) }

// cut ends connections as a broken network does, those of which which says so by the path that was asked for last.
func (s *server) cut(which func(conn net.Conn, path string) bool) {
	s.mu.Lock()
	var broken []net.Conn
	for conn, path := range s.open {
		if which(conn, path) {
			broken = append(broken, conn)
		}
	}
	s.mu.Unlock()
	for _, conn := range broken {
		sever(conn)
	}
}

// sever ends a connection without a word, as the end of a process does.
func sever(conn net.Conn) {
	if encrypted, ok := conn.(*tls.Conn); ok {
		conn = encrypted.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // it is closed anyway
	}
	conn.Close()
}

// close ends all connections and waits for those who serve them.
func (s *server) close() {
	s.http.Close()
	s.connections.Wait()
}
