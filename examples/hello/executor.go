package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/mesos"
)

// execute runs a web server for each task.
func execute(ctx context.Context) error { return executor.Run(ctx, executor.RunOptions{}, serve) }

// serve serves the task's data as a page, at the agent's address and the task's port, until the task is killed.
func serve(ctx context.Context, task *executor.Task) error {
	agent, err := url.Parse(task.Driver().Environment().Agent)
	if err != nil {
		return err
	}
	address := net.JoinHostPort(agent.Hostname(), fmt.Sprint(mesos.Resources(task.Info.Resources).Ports()[0].Begin))
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("cannot serve %s: %w", address, err)
	}
	page := func(w http.ResponseWriter, _ *http.Request) { w.Write(task.Info.Data) }
	server := &http.Server{Handler: http.HandlerFunc(page), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	task.Update(mesos.TaskStatus{State: mesos.TaskRunning, Message: new("http://" + address)}) // whoever asks now is answered
	select {
	case err := <-ended:
		return fmt.Errorf("the web server has ended: %w", err)
	case <-ctx.Done():
		return server.Shutdown(task.Overdue()) // requests at hand are answered
	}
}
