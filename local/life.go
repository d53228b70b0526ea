package local

import (
	"context"
	"strings"
	"time"

	"github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/mesos"
)

// Process is what an agent was told to run in a container: the command of a task, or an executor.
type Process struct {
	// Command is what a real agent would fetch and run.
	Command mesos.CommandInfo
	// Environment is what it would find there, each entry KEY=VALUE.
	Environment []string
}

// Getenv gives a variable of the environment, "" where there is none.
func (p *Process) Getenv(name string) string {
	for _, entry := range p.Environment {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}

// ExecutorID is the executor's id. That of a task with a command is the task's.
func (p *Process) ExecutorID() string { return p.Getenv("MESOS_EXECUTOR_ID") }

// Life is how a simulated container lives. The zero value starts at once, runs until it is told to end, and ends then.
//
//	launching -> running -> ended     after Run, or when it is killed
//	    |
//	    +-> refused
type Life struct {
	// Launch is how long it takes to be fetched and started.
	Launch time.Duration
	// Refuse is why it cannot be started; nil starts it.
	Refuse error
	// Run is how long it runs if nobody ends it; 0 is for ever.
	Run time.Duration
	// ExitCode is what it exits with after Run: 0 finishes its task, anything else fails it.
	ExitCode int
	// Die is how long it takes to end after SIGTERM. SIGKILL ends it at once.
	Die time.Duration
	// Executor is played by this function, which is given what an agent gives to a process of its own: the environment, and a way to the
	// agent. It speaks the executor API over the cluster's network, and exits with 0 when it returns nil, else with 1. ctx ends when the container is
	// killed; its connections have ended then. Without it nobody subscribes for a framework's own executor.
	Executor func(ctx context.Context, o executor.Options) error
}
