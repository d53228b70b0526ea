package api

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// DefaultAddress is where a server listens unless it is told otherwise: on this machine only, Marathon's port.
const DefaultAddress = "127.0.0.1:8080"

// ServerOptions say where a server listens, and how.
type ServerOptions struct {
	// Address is host:port; port 0 is any. Empty is DefaultAddress.
	Address string
	// Listener is open already, and takes the place of Address: for those who have to know the port before there is an API.
	Listener net.Listener
	// CertFile and KeyFile are PEM files; with them the server speaks https only, TLS 1.2 at least.
	CertFile, KeyFile string
	// Log is for what goes wrong with connections; nil drops it.
	Log *slog.Logger
}

// How long clients may take. What a handler does is bounded by the handler; an answer that nobody reads is not waited for.
const (
	headerTimeout = 10 * time.Second
	bodyTimeout   = time.Minute
	writeTimeout  = 2 * time.Minute // from the request's head to the answer's end; event streams lift it
	idleTimeout   = 2 * time.Minute
	endTimeout    = 5 * time.Second
)

// HTTPServer is an API that listens.
type HTTPServer struct {
	listener net.Listener
	server   *http.Server
	hub      *Hub
	secure   bool
}

// Listen opens the address for an API; Run then serves it. Its error names the address or the file.
func Listen(a *API, o ServerOptions) (*HTTPServer, error) {
	if o.Address == "" {
		o.Address = DefaultAddress
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &HTTPServer{hub: a.hub, secure: o.CertFile != "" || o.KeyFile != ""}
	s.server = &http.Server{
		Handler: a, ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
		ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: 64 << 10,
	}
	if s.secure {
		certificate, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("cannot read the server's certificate: %w", err)
		}
		s.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	}
	if s.listener = o.Listener; s.listener != nil {
		return s, nil
	}
	var err error
	if s.listener, err = net.Listen("tcp", o.Address); err != nil {
		return nil, fmt.Errorf("cannot listen for the API: %w", err)
	}
	return s, nil
}

// Addr is where it listens, host:port.
func (s *HTTPServer) Addr() string { return s.listener.Addr().String() }

// URL is Addr with its scheme.
func (s *HTTPServer) URL() string {
	if s.secure {
		return "https://" + s.Addr()
	}
	return "http://" + s.Addr()
}

// Run serves until ctx ends: then no new request is taken, event streams end, and what is being answered gets 5 s. It closes the
// listener whatever happens. The end of ctx is no error.
func (s *HTTPServer) Run(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() { ended <- s.serve() }()
	select {
	case err := <-ended:
		s.hub.Close()
		return fmt.Errorf("the API's server ended: %w", err)
	case <-ctx.Done():
	}
	s.hub.Close()
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	err := s.server.Shutdown(limit)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.server.Close() // who takes longer than that is cut off
	}
	<-ended
	return err
}

func (s *HTTPServer) serve() error {
	if s.secure {
		return s.server.ServeTLS(s.listener, "", "")
	}
	return s.server.Serve(s.listener)
}

// Close closes a server that Run is not called for.
func (s *HTTPServer) Close() error { return s.listener.Close() }
