package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// serve starts a web server that answers every request with body, and returns once it really answers. failed is
// called when it cannot, now or later.
func serve(address string, body []byte, failed func(error)) (*http.Server, error) {
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Write(body)
	})}
	listener, err := net.Listen("tcp", address)
	if err == nil {
		go func() {
			if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				failed(fmt.Errorf("the web server has ended: %w", err))
			}
		}()
		err = try("http://" + address)
	}
	if err != nil {
		server.Close()
		failed(fmt.Errorf("cannot serve %s: %w", address, err))
	}
	return server, err
}

// try asks for the page once, as a browser would.
func try(url string) error {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %s", answer.Status)
	}
	return nil
}
