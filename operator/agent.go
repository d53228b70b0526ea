package operator

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/ormosproject/ormos/internal/detect"
)

// An Agent asks one agent. Its methods may be called from any goroutine. Each waits for the answer, or ctx's end: while the agent recovers they try
// again. A refusal is an [*Error].
type Agent struct{ peer *peer }

// NewAgent returns a client of an agent. Nothing is asked yet; close it in the end.
func NewAgent(o Options) (*Agent, error) {
	p, err := newPeer(o)
	if err == nil {
		p.base, err = detect.BaseURL(o.Address, o.Security.TLS.On(), detect.AgentPort)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot make a client of the agent: %w", err)
	}
	return &Agent{peer: p}, nil
}

// String tells who asks whom, and holds no secret.
func (a *Agent) String() string { return a.peer.String() }

// GoString is String.
func (a *Agent) GoString() string { return a.String() }

// LogValue is String.
func (a *Agent) LogValue() slog.Value { return slog.StringValue(a.String()) }

// Close ends the connections that are kept for later calls.
func (a *Agent) Close() { a.peer.Close() }

// Call makes any call whose answer is one message; for the others there are [Agent.LaunchNestedContainerSession], [Agent.AttachContainerInput] and
// [Agent.AttachContainerOutput]. Members of the answer that would be empty may be missing.
func (a *Agent) Call(ctx context.Context, call *AgentCall) (*AgentResponse, error) {
	answer := new(AgentResponse)
	if err := a.peer.ask(ctx, call.GetType().String(), call, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// do makes a call that has no answer.
func (a *Agent) do(ctx context.Context, call *AgentCall) error {
	_, err := a.Call(ctx, call)
	return err
}

// agentAnswer makes a call and takes a member out of its answer: the zero value where it is missing, as Mesos leaves out what is empty.
func agentAnswer[T any](ctx context.Context, a *Agent, call *AgentCall, member func(*AgentResponse) *T) (*T, error) {
	r, err := a.Call(ctx, call)
	if err != nil {
		return new(T), err
	}
	if got := member(r); got != nil {
		return got, nil
	}
	return new(T), nil
}
