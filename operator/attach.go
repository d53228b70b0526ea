package operator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/mesos"
)

// inputChunk is how much of what is typed or piped goes into one record, in bytes.
const inputChunk = 64 << 10

// An Output is what a container writes. Close it in the end; that of a session ends its container.
type Output struct {
	stream *wire.Stream
	cancel context.CancelFunc
}

// LaunchNestedContainerSession launches a container for debugging inside the one that its id names as its parent, and gives its output. It lives for
// as long as the output is open. ctx governs the whole life of it.
func (a *Agent) LaunchNestedContainerSession(ctx context.Context, c AgentCallLaunchNestedContainerSession) (*Output, error) {
	return a.output(ctx, &AgentCall{Type: new(AgentCallTypeLaunchNestedContainerSession), LaunchNestedContainerSession: &c})
}

// AttachContainerOutput gives the output of a container from now on. It must have been launched for that: by a session, or with a terminal. ctx governs
// the whole life of it.
func (a *Agent) AttachContainerOutput(ctx context.Context, id mesos.ContainerID) (*Output, error) {
	return a.output(ctx, &AgentCall{
		Type: new(AgentCallTypeAttachContainerOutput), AttachContainerOutput: &AgentCallAttachContainerOutput{ContainerID: id},
	})
}

func (a *Agent) output(ctx context.Context, call *AgentCall) (*Output, error) {
	ctx, cancel := context.WithCancel(ctx)
	o := &Output{cancel: cancel}
	err := a.peer.at(ctx, call.GetType().String(), func(c *wire.Client) (err error) {
		o.stream, err = c.Attach(ctx, call)
		return err
	})
	if err != nil {
		cancel()
		return nil, err
	}
	return o, nil
}

// Copy writes what the container writes to stdout and stderr until it has ended, which is no error. What a terminal shows comes as stdout.
func (o *Output) Copy(stdout, stderr io.Writer) error {
	for {
		message := new(AgentProcessIO)
		err := o.stream.Next(message)
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("cannot read the container's output: %w", err)
		}
		if message.Data == nil {
			continue // a heartbeat
		}
		w := stdout
		if message.Data.GetType() == AgentProcessIODataTypeStderr {
			w = stderr
		}
		if _, err := w.Write(message.Data.Data); err != nil {
			return fmt.Errorf("cannot pass the container's output on: %w", err)
		}
	}
}

// Close ends it; a Copy that waits returns.
func (o *Output) Close() error {
	o.cancel()
	return o.stream.Close()
}

// inputHeartbeat is how often an input that nobody types into shows whatever is between here and the agent that it lives.
const inputHeartbeat = 30 * time.Second

// An Input is the standard input of a container. Its methods may be called from any goroutine.
type Input struct {
	mu     sync.Mutex
	w      *io.PipeWriter
	done   chan struct{} // closed when the agent has answered
	result error
	beats  sync.WaitGroup
}

// AttachContainerInput gives the standard input of a container that was launched by a session or with a terminal. ctx governs the whole life of it. Close
// it in the end.
func (a *Agent) AttachContainerInput(ctx context.Context, id mesos.ContainerID) (*Input, error) {
	r, w := io.Pipe()
	in := &Input{w: w, done: make(chan struct{})}
	go func() {
		defer close(in.done)
		url, _, err := a.peer.locate(ctx)
		if err == nil {
			err = a.peer.client(url).Feed(ctx, r)
		}
		if err != nil {
			in.result = explain(AgentCallTypeAttachContainerInput.String(), url, err)
		}
		_ = r.CloseWithError(errors.New("the agent has ended the container's input"))
	}()
	err := in.send(&AgentCallAttachContainerInput{Type: new(AgentCallAttachContainerInputTypeContainerID), ContainerID: &id})
	if err != nil {
		return nil, errors.Join(err, in.Close())
	}
	in.beats.Go(in.beat)
	return in, nil
}

// beat sends heartbeats until the agent has answered.
func (in *Input) beat() {
	tick := time.NewTicker(inputHeartbeat)
	defer tick.Stop()
	heartbeat := &AgentProcessIOControlHeartbeat{Interval: &mesos.DurationInfo{Nanoseconds: int64(inputHeartbeat)}}
	for {
		select {
		case <-tick.C:
		case <-in.done:
			return
		}
		err := in.process(&AgentProcessIO{Type: new(AgentProcessIOTypeControl), Control: &AgentProcessIOControl{
			Type: new(AgentProcessIOControlTypeHeartbeat), Heartbeat: heartbeat,
		}})
		if err != nil {
			return // the input has ended
		}
	}
}

// send writes one record and returns when it is on its way.
func (in *Input) send(c *AgentCallAttachContainerInput) error {
	record, err := wire.Protobuf.AppendRecord(nil, &AgentCall{Type: new(AgentCallTypeAttachContainerInput), AttachContainerInput: c})
	if err != nil {
		return err
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	_, err = in.w.Write(record)
	return err
}

func (in *Input) process(io *AgentProcessIO) error {
	return in.send(&AgentCallAttachContainerInput{Type: new(AgentCallAttachContainerInputTypeProcessIO), ProcessIO: io})
}

func (in *Input) data(data []byte) error {
	return in.process(&AgentProcessIO{
		Type: new(AgentProcessIOTypeData), Data: &AgentProcessIOData{Type: new(AgentProcessIODataTypeStdin), Data: data},
	})
}

// Write sends what is to be read by the container. It does not wait until it is.
func (in *Input) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		part := p[:min(len(p), inputChunk)]
		if err := in.data(part); err != nil {
			return n, fmt.Errorf("cannot write to the container: %w", err)
		}
		n, p = n+len(part), p[len(part):]
	}
	return n, nil
}

// Resize tells the container's terminal its size.
func (in *Input) Resize(rows, columns uint32) error {
	return in.process(&AgentProcessIO{Type: new(AgentProcessIOTypeControl), Control: &AgentProcessIOControl{
		Type:    new(AgentProcessIOControlTypeTTYInfo),
		TTYInfo: &mesos.TTYInfo{WindowSize: &mesos.TTYInfoWindowSize{Rows: rows, Columns: columns}},
	}})
}

// CloseWrite tells the container that its input has ended.
func (in *Input) CloseWrite() error { return in.data([]byte{}) }

// Close ends the connection, waits for the agent's answer, and gives it: an [*Error] where the agent has refused.
func (in *Input) Close() error {
	_ = in.w.Close() // of a pipe: it never fails
	<-in.done
	in.beats.Wait()
	return in.result
}
