package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/mesos"
)

// execute runs a Redis server. The task's data, and later each message, is the address of the server that it replicates, nothing for none.
func execute(ctx context.Context) error {
	orders := make(chan string, 100)
	options := executor.RunOptions{Message: func(_ *executor.Driver, data []byte) { orders <- string(data) }}
	return executor.Run(ctx, options, func(ctx context.Context, task *executor.Task) error {
		agent, err := url.Parse(task.Driver().Environment().Agent)
		if err != nil {
			return err
		}
		port := fmt.Sprint(mesos.Resources(task.Info.Resources).Ports()[0].Begin)
		redis := task.Command("redis-server", "--bind", agent.Hostname(), "--port", port, "--save", "", "--repl-diskless-sync-delay", "0")
		if err := redis.Start(); err != nil {
			return err
		}
		orders <- string(task.Info.Data)
		obeying, stop := context.WithCancel(ctx)
		defer stop()
		go obey(obeying, task, net.JoinHostPort(agent.Hostname(), port), orders)
		return redis.Wait()
	})
}

// obey has the server at an address replicate another one, and tells the scheduler once it does.
func obey(ctx context.Context, task *executor.Task, own string, orders <-chan string) {
	for {
		select {
		case primary := <-orders:
			for call(own, "REPLICAOF "+target(primary)) != nil { // it may still be starting
				select {
				case <-time.After(100 * time.Millisecond):
				case <-ctx.Done():
					return
				}
			}
			labels := []mesos.Label{{Key: "address", Value: &own}, {Key: "primary", Value: &primary}}
			task.Update(mesos.TaskStatus{State: mesos.TaskRunning, Labels: &mesos.Labels{Labels: labels}})
		case <-ctx.Done():
			return
		}
	}
}

// target is an address as Redis wants it.
func target(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "NO ONE"
	}
	return host + " " + port
}

// call makes a call to a Redis server, which is to answer +OK.
func call(address, text string) error {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Second))
	fmt.Fprintf(conn, "%s\r\n", text)
	if answer, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.HasPrefix(answer, "+OK") {
		return fmt.Errorf("%s answers %q: %w", address, answer, err)
	}
	return nil
}
