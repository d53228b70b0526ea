package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/mesos"
)

// serve serves the task's data as a page, at the agent's address and the task's port, until the task is killed.
func serve(ctx context.Context, task *executor.Task) error {
	port := mesos.Resources(task.Info.Resources).Ports()[0].Begin
	address := net.JoinHostPort(task.Driver().Environment().Host(), fmt.Sprint(port))
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("cannot serve %s: %w", address, err)
	}
	page := func(w http.ResponseWriter, _ *http.Request) { w.Write(task.Info.Data) }
	server := &http.Server{Handler: http.HandlerFunc(page), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	if _, err := http.Head("http://" + address); err != nil { // without a body to close
		return fmt.Errorf("the web server does not answer: %w", err)
	}
	task.Update(mesos.TaskStatus{State: mesos.TaskRunning, Message: new("http://" + address)})
	select {
	case err := <-ended:
		return fmt.Errorf("the web server has ended: %w", err)
	case <-ctx.Done():
		return server.Shutdown(task.Overdue()) // requests at hand are answered
	}
}
