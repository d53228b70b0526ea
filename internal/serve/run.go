package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/internal/check"
	"github.com/ormosproject/ormos/internal/engine"
	"github.com/ormosproject/ormos/mesos"
)

// maxDrain is for how long a task serves on that is to end, at most; else it is a third of its grace period.
const maxDrain = 5 * time.Second

// Run is the executor. It returns when the task has ended; the end of ctx ends the task.
func Run(ctx context.Context, o executor.RunOptions) error {
	return executor.Run(ctx, o, work)
}

// work is one task.
func work(ctx context.Context, task *executor.Task) error {
	var what engine.Served
	if err := json.Unmarshal(task.Info.Data, &what); err != nil {
		return fmt.Errorf("cannot read what to serve from the task's data: %w", err)
	}
	pages, err := open(&what)
	if err != nil {
		return err
	}
	defer pages.Close()
	address := net.JoinHostPort(listenHost(task.Driver().Environment().Host()), strconv.Itoa(what.Port))
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("cannot serve: %w", err)
	}
	server := &http.Server{Handler: pages, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	serving, ended := context.WithCancelCause(context.WithoutCancel(ctx))
	go func() { ended(server.Serve(listener)) }()
	err = attend(ctx, task, what.Port, serving)
	if ctx.Err() != nil {
		end(task, server)
	}
	_ = server.Close() // what is left of it
	<-serving.Done()
	return err
}

// loopback is where checks ask.
const loopback = "127.0.0.1"

// listenHost is where to listen: an agent on loopback runs tasks for its own machine only. Everywhere else the port is reached on all addresses,
// loopback among them.
func listenHost(agent string) string {
	if agent == loopback {
		return loopback
	}
	return ""
}

// attend tells how the task fares, until it is to end, or the server has ended.
func attend(ctx context.Context, task *executor.Task, port int, serving context.Context) error {
	if err := try(ctx, port); err != nil {
		return fmt.Errorf("the server does not answer: %w", err)
	}
	start := time.Now()
	if err := task.Running(); err != nil {
		return err
	}
	checking, stop := context.WithCancel(ctx)
	unwell := make(chan struct{}, 1)
	checked := make(chan struct{})
	go func() {
		defer close(checked)
		watch(checking, task, start, unwell)
	}()
	defer func() {
		stop()
		<-checked
	}()
	select {
	case <-serving.Done():
		return fmt.Errorf("the server has ended: %w", context.Cause(serving))
	case <-unwell:
		return task.Update(mesos.TaskStatus{State: mesos.TaskKilled, Healthy: new(false), Message: new("it has failed its health check too often")})
	case <-ctx.Done():
		return ctx.Err()
	}
}

// try asks for a page once: any answer will do.
func try(ctx context.Context, port int) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	transport := &http.Transport{DisableKeepAlives: true}
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, "http://"+net.JoinHostPort(loopback, strconv.Itoa(port))+"/", nil)
	if err != nil {
		return err
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// watch makes the task's checks until ctx ends, and says when the task is to be killed for its health.
func watch(ctx context.Context, task *executor.Task, start time.Time, unwell chan<- struct{}) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if c := task.Info.Check; c != nil {
			of := check.OfCheck(c)
			of.Run(ctx, start, noCommand, func(result mesos.CheckStatusInfo) { _ = task.Checked(result) })
		}
	}()
	if h := task.Info.HealthCheck; h != nil {
		of, verdict := check.OfHealthCheck(h), check.NewHealth(h, start)
		of.Run(ctx, start, noCommand, func(result mesos.CheckStatusInfo) {
			passed := check.Passed(&result)
			tell, kill := verdict.Judge(time.Now(), passed)
			if tell {
				_ = task.Healthy(passed)
			}
			if kill {
				select {
				case unwell <- struct{}{}:
				default:
				}
			}
		})
	}
	<-done
}

// noCommand is what becomes of a check by a command: a server of pages has no environment to run one in.
func noCommand(context.Context, *mesos.CommandInfo) (int32, error) {
	return 0, errors.New("this executor runs no commands")
}

// end closes the server gently: it serves on for a moment, then answers what is at hand.
func end(task *executor.Task, server *http.Server) {
	server.SetKeepAlivesEnabled(false) // who has a connection looks for another server
	grace := new(executor.EventKill).Grace(&task.Info)
	select {
	case <-time.After(min(grace/3, maxDrain)):
	case <-task.Overdue().Done():
	}
	_ = server.Shutdown(task.Overdue()) // late ones are cut off
}
