package operator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

const (
	// readChunk is how much of a file is asked for at once, in bytes.
	readChunk = 256 << 10
	// followInterval is how often a file that is followed is looked at.
	followInterval = time.Second
)

// A Sandbox is the folder of a task, as its agent shows it. Names in it are relative, such as "stdout". Close it in the end.
type Sandbox struct {
	// Agent is the client of the agent where the task runs or ran.
	Agent *Agent
	// Path is the sandbox's virtual path there.
	Path string
	// Task is what the master knows of the task.
	Task *mesos.Task
}

// Sandbox finds the sandbox of a task: of one that runs, that is out of sight, or that has ended of late. The framework may be left out where the task's id
// is found once. The agent is asked as the master is, with the same security options. Of an executor that has run several times on an agent
// it is the last run's.
func (m *Master) Sandbox(ctx context.Context, key TaskKey) (*Sandbox, error) {
	tasks, err := m.GetTasks(ctx)
	if err != nil {
		return nil, err
	}
	task, err := findTask(tasks, key)
	if err != nil {
		return nil, err
	}
	agents, err := m.GetAgents(ctx)
	if err != nil {
		return nil, err
	}
	for i := range agents.Agents {
		a := &agents.Agents[i]
		if agentID(a) != task.AgentID.Value {
			continue
		}
		agent, err := m.AgentOf(a)
		if err != nil {
			return nil, err
		}
		return &Sandbox{Agent: agent, Path: sandboxPath(task), Task: task}, nil
	}
	return nil, fmt.Errorf("cannot find the sandbox of %s: its agent %s is not registered", key.Task, task.AgentID.Value)
}

// AgentOf gives the client of an agent that the master has told of, which is asked as the master is, with the same security options. Close it in the
// end.
func (m *Master) AgentOf(a *MasterResponseGetAgentsAgent) (*Agent, error) {
	o := m.peer.opts
	o.Address = agentAddress(a, o.Security.TLS.On())
	return NewAgent(o)
}

// findTask prefers a task that is there to one that has ended.
func findTask(tasks *MasterResponseGetTasks, key TaskKey) (*mesos.Task, error) {
	var found *mesos.Task
	for _, list := range [][]mesos.Task{tasks.Tasks, tasks.UnreachableTasks, tasks.CompletedTasks} {
		for i := range list {
			t := &list[i]
			if t.TaskID.Value != key.Task || key.Framework != "" && t.FrameworkID.Value != key.Framework {
				continue
			}
			if found != nil && found.FrameworkID.Value != t.FrameworkID.Value {
				return nil, fmt.Errorf("cannot tell which task %s is meant: frameworks %s and %s have one; name the framework", key.Task, found.FrameworkID.Value, t.FrameworkID.Value)
			}
			if found == nil || found.State.Terminal() && !t.State.Terminal() {
				found = t
			}
		}
	}
	if found == nil {
		return nil, fmt.Errorf("cannot find the task %s: the master does not know it, or no more", key.Task)
	}
	return found, nil
}

// agentAddress is where an agent is asked. With TLS it is its name that the certificate is for; without, its own address needs no name service.
func agentAddress(a *MasterResponseGetAgentsAgent, encrypted bool) string {
	if _, address, ok := strings.Cut(ofPointer(a.PID), "@"); ok && !encrypted {
		return address
	}
	return net.JoinHostPort(a.AgentInfo.Hostname, strconv.Itoa(int(a.AgentInfo.GetPort())))
}

func ofPointer(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// sandboxPath is the virtual path of a task's sandbox. A command task's executor has the task's id. A task of a group has a container inside its executor's.
func sandboxPath(t *mesos.Task) string {
	executor := t.TaskID.Value
	if t.ExecutorID != nil && t.ExecutorID.Value != "" {
		executor = t.ExecutorID.Value
	}
	at := "/frameworks/" + t.FrameworkID.Value + "/executors/" + executor + "/runs/latest"
	for i := len(t.Statuses) - 1; i >= 0; i-- {
		if status := t.Statuses[i].ContainerStatus; status != nil && status.ContainerID != nil {
			return at + nested(status.ContainerID)
		}
	}
	return at
}

// nested is the path of a container's sandbox below that of its outermost parent.
func nested(id *mesos.ContainerID) string {
	if id.Parent == nil {
		return ""
	}
	return nested(id.Parent) + "/containers/" + id.Value
}

// Close ends the connections to the agent.
func (s *Sandbox) Close() { s.Agent.Close() }

// at is a name's virtual path, which does not leave the sandbox.
func (s *Sandbox) at(name string) string {
	return s.Path + strings.TrimSuffix(path.Clean("/"+name), "/")
}

// List lists a folder; "" is the sandbox itself. The base of each path is the file's name.
func (s *Sandbox) List(ctx context.Context, name string) ([]mesos.FileInfo, error) {
	return s.Agent.ListFiles(ctx, s.at(name))
}

// Copy writes a file to w as it is now.
func (s *Sandbox) Copy(ctx context.Context, w io.Writer, name string) error {
	_, err := s.copy(ctx, w, name, 0)
	return err
}

// Follow writes a file to w as it grows, until ctx ends, which is no error; it looks once a second. It begins at offset, or, where that is negative, so many
// bytes before the end. A file that has become shorter begins anew.
func (s *Sandbox) Follow(ctx context.Context, w io.Writer, name string, offset int64) error {
	at := uint64(max(offset, 0))
	if offset < 0 {
		_, size, err := s.Agent.ReadFile(ctx, s.at(name), 0, 1)
		if err != nil {
			return err
		}
		at = size - min(size, uint64(-offset))
	}
	for {
		next, err := s.copy(ctx, w, name, at)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		at = next
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(followInterval):
		}
	}
}

// copy writes what a file has from offset on, and gives the offset after it.
func (s *Sandbox) copy(ctx context.Context, w io.Writer, name string, offset uint64) (uint64, error) {
	for {
		data, size, err := s.Agent.ReadFile(ctx, s.at(name), offset, readChunk)
		if err != nil {
			return offset, err
		}
		if size < offset {
			offset = 0 // cut, or another by the same name
			continue
		}
		if len(data) == 0 {
			return offset, nil
		}
		if len(data) > readChunk {
			return offset, errors.New("cannot read " + name + ": the agent gives more than was asked for")
		}
		if _, err := w.Write(data); err != nil {
			return offset, fmt.Errorf("cannot pass %s on: %w", name, err)
		}
		offset += uint64(len(data))
	}
}
