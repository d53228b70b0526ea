package framework

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/ormosproject/ormos/internal/engine"
	"github.com/ormosproject/ormos/operator"
)

const (
	// tailBytes is how much of a failed task's stderr is kept.
	tailBytes = 4 << 10
	// tailTimeout is how long reading it may take.
	tailTimeout = 10 * time.Second
	// tailReaders read at the same time; maxTails may wait for them. What is more is left out: it is for people, who cannot read as much.
	tailReaders = 8
	maxTails    = 256
)

// tails read what failed tasks have written to stderr last, from their sandboxes.
type tails struct {
	options   operator.Options // of the agents, without their addresses
	agents    *addresses
	framework func() string // its id
	tell      func(context.Context, engine.Input)
	log       *slog.Logger
	waiting   chan engine.Tail
}

// order asks for tails, and returns at once.
func (t *tails) order(asked []engine.Tail) {
	for _, one := range asked {
		select {
		case t.waiting <- one:
		default:
			t.log.Debug("too many tasks have failed to read what each has written", "task", one.TaskID)
		}
	}
}

// run reads until ctx ends.
func (t *tails) run(ctx context.Context) error {
	var readers sync.WaitGroup
	for range tailReaders {
		readers.Go(func() {
			for {
				select {
				case one := <-t.waiting:
					t.read(ctx, one)
				case <-ctx.Done():
					return
				}
			}
		})
	}
	readers.Wait()
	return nil
}

func (t *tails) read(ctx context.Context, one engine.Tail) {
	bounded, cancel := context.WithTimeout(ctx, tailTimeout)
	defer cancel()
	text, err := t.fetch(bounded, one)
	if err != nil {
		t.log.Debug("cannot read what a failed task has written", "task", one.TaskID, "agent", one.AgentID, "error", err)
		return
	}
	if text != "" {
		t.tell(ctx, engine.Told{TaskID: one.TaskID, Stderr: text})
	}
}

func (t *tails) fetch(ctx context.Context, one engine.Tail) (string, error) {
	o := t.options
	var err error
	if o.Address, err = t.agents.find(ctx, one.AgentID); err != nil {
		return "", err
	}
	agent, err := operator.NewAgent(o)
	if err != nil {
		return "", err
	}
	defer agent.Close()
	// Mesos' own executor has the task's id, others have what the engine calls them.
	data, err := lastBytes(ctx, agent, t.stderr(one.TaskID))
	if err != nil {
		data, err = lastBytes(ctx, agent, t.stderr(engine.ExecutorID(one.TaskID)))
	}
	return strings.ToValidUTF8(strings.TrimSpace(string(data)), "\uFFFD"), err
}

// stderr is the virtual path of an executor's.
func (t *tails) stderr(executor string) string {
	return "/frameworks/" + t.framework() + "/executors/" + executor + "/runs/latest/stderr"
}

// lastBytes gives the end of a file, from the beginning of a line on where it is longer than that.
func lastBytes(ctx context.Context, agent *operator.Agent, path string) ([]byte, error) {
	data, size, err := agent.ReadFile(ctx, path, 0, tailBytes)
	if err != nil || size <= tailBytes {
		return data, err
	}
	data, _, err = agent.ReadFile(ctx, path, size-tailBytes, tailBytes)
	if _, whole, ok := bytes.Cut(data, []byte("\n")); ok && len(whole) > 0 {
		data = whole
	}
	return data, err
}
