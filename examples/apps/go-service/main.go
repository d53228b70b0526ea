// Command go-service is a web service as one writes it for Ormos: it listens on the port that it is given, says when it is ready, and ends when
// it is asked to, after the requests at hand are answered.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

// How long it goes on answering after it was asked to end, so that those who send requests can hear of it, and how long requests may take then.
const (
	goodbye  = 2 * time.Second
	patience = 5 * time.Second
)

// run serves until ctx ends.
func run(ctx context.Context) error {
	version, port := os.Getenv("SERVICE_VERSION"), os.Getenv("PORT_HTTP")
	if port == "" {
		return errors.New("PORT_HTTP is not set: the app file names the port http")
	}
	if version == "broken" {
		return errors.New("this version cannot start")
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "version %s of %s on port %s\n", version, os.Getenv("MARATHON_APP_ID"), port)
	})
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	listener, err := net.Listen("tcp", ":"+port)
	if err != nil {
		return fmt.Errorf("cannot listen: %w", err)
	}
	log.Printf("version %s listens on port %s", version, port)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: patience}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	log.Print("asked to end")
	<-time.After(goodbye)
	last, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return server.Shutdown(last)
}
