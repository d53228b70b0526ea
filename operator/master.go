package operator

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/ormosproject/ormos/internal/detect"
)

// A Master asks whichever master leads. Its methods may be called from any goroutine. Each waits for the answer, or ctx's end: while the masters
// recover or none leads they try again. A refusal is an [*Error].
type Master struct{ peer *peer }

// NewMaster returns a client of the masters. Nothing is asked yet; close it in the end.
func NewMaster(o Options) (*Master, error) {
	p, err := newPeer(o)
	if err == nil {
		p.detector, err = detect.New(o.Address, o.Security.TLS.On(), o.logger())
	}
	if err != nil {
		return nil, fmt.Errorf("cannot make a client of the master: %w", err)
	}
	return &Master{peer: p}, nil
}

// String tells who asks whom, and holds no secret.
func (m *Master) String() string { return m.peer.String() }

// GoString is String.
func (m *Master) GoString() string { return m.String() }

// LogValue is String.
func (m *Master) LogValue() slog.Value { return slog.StringValue(m.String()) }

// Close ends the connections that are kept for later calls.
func (m *Master) Close() { m.peer.Close() }

// Call makes any call but SUBSCRIBE, for which there is [Master.Events]. Members of the answer that would be empty may be missing.
func (m *Master) Call(ctx context.Context, call *MasterCall) (*MasterResponse, error) {
	answer := new(MasterResponse)
	if err := m.peer.ask(ctx, call.GetType().String(), call, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// do makes a call that has no answer.
func (m *Master) do(ctx context.Context, call *MasterCall) error {
	_, err := m.Call(ctx, call)
	return err
}

// masterAnswer makes a call and takes a member out of its answer: the zero value where it is missing, as Mesos leaves out what is empty.
func masterAnswer[T any](ctx context.Context, m *Master, call *MasterCall, member func(*MasterResponse) *T) (*T, error) {
	r, err := m.Call(ctx, call)
	if err != nil {
		return new(T), err
	}
	if got := member(r); got != nil {
		return got, nil
	}
	return new(T), nil
}
