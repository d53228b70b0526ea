package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/mesos"
)

// execute runs a Redis server at the address that is the task's name. The task's data, and later each message, is a command for it, which is
// the message of an update once it is carried out.
func execute(ctx context.Context) error {
	orders := make(chan string, 100)
	options := executor.RunOptions{Message: func(_ *executor.Driver, data []byte) { orders <- string(data) }}
	return executor.Run(ctx, options, func(_ context.Context, task *executor.Task) error {
		host, port, err := net.SplitHostPort(task.Info.Name)
		if err != nil {
			return err
		}
		redis := task.Command("redis-server", "--bind", host, "--port", port, "--save", "", "--repl-diskless-sync-delay", "0")
		if err := redis.Start(); err != nil {
			return err
		}
		ended := make(chan error, 1)
		go func() { ended <- redis.Wait() }()
		tick, done := time.Tick(100*time.Millisecond), ""
		for order := string(task.Info.Data); ; {
			select {
			case order = <-orders:
			case <-tick: // it may still be starting
				if order != done && call(task.Info.Name, order) == nil {
					task.Update(mesos.TaskStatus{State: mesos.TaskRunning, Message: &order})
					done = order
				}
			case err := <-ended:
				return err
			}
		}
	})
}

// call gives a Redis server a command, to which it is to answer +OK.
func call(address, command string) error {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Second))
	fmt.Fprintf(conn, "%s\r\n", command)
	if answer, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.HasPrefix(answer, "+OK") {
		return fmt.Errorf("%s answers %q: %w", address, answer, err)
	}
	return nil
}
