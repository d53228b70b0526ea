package executor

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// ErrDisconnected is why [Driver.Message] did not send a message.
var ErrDisconnected = errors.New("the agent is not connected")

// ledger is what we owe to the agent: the tasks and updates that it has not acknowledged, and the calls that wait to be
// sent on the present connection. Any goroutine may use it.
type ledger struct {
	mu        sync.Mutex
	tasks     map[string]*task
	order     []string // of tasks, as they were launched
	updates   []CallUpdate
	connected bool // calls are queued for the present connection
	outbox    []Call
	changed   chan struct{} // has a token when outbox or updates may have changed
	settled   chan struct{} // has a token when the last update was acknowledged
}

// task lives from its LAUNCH until its terminal update is acknowledged.
type task struct {
	info         mesos.TaskInfo
	acknowledged bool // the agent has seen an update of it
	ended        bool // its terminal update was given
}

func newLedger() *ledger {
	return &ledger{tasks: map[string]*task{}, changed: make(chan struct{}, 1), settled: make(chan struct{}, 1)}
}

func (l *ledger) launch(tasks ...mesos.TaskInfo) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, info := range tasks {
		id := info.TaskID.Value
		if l.tasks[id] == nil {
			l.order = append(l.order, id)
		}
		l.tasks[id] = &task{info: info}
	}
}

// update completes status and queues it.
func (l *ledger) update(status mesos.TaskStatus, executor mesos.ExecutorID, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tasks[status.TaskID.Value]
	switch {
	case t == nil:
		return errors.New("it was not launched, or its end is acknowledged already")
	case t.ended:
		return errors.New("an update has said already that it ended")
	case status.State == mesos.TaskStaging:
		return errors.New("TASK_STAGING is for agents to say")
	}
	owned := status.Clone()
	owned.UUID = newUUID()
	owned.Source = new(mesos.SourceExecutor)
	owned.ExecutorID = &executor
	if owned.Timestamp == nil {
		owned.Timestamp = new(float64(now.UnixNano()) / 1e9)
	}
	if owned.Message != nil {
		owned.Message = new(strings.ToValidUTF8(*owned.Message, "\uFFFD"))
	}
	// One that cannot be encoded would make every subscription fail from now on, and with that end the other tasks.
	if _, err := owned.AppendBinary(nil); err != nil {
		return err
	}
	t.ended = status.State.Terminal()
	u := CallUpdate{Status: *owned}
	l.updates = append(l.updates, u)
	l.send(Call{Type: new(CallTypeUpdate), Update: &u})
	return nil
}

func (l *ledger) message(data []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.connected {
		return ErrDisconnected
	}
	l.send(Call{Type: new(CallTypeMessage), Message: &CallMessage{Data: bytes.Clone(data)}})
	return nil
}

// send queues a call for the present connection. Without one there is nothing to do: updates go with the next subscription.
func (l *ledger) send(call Call) {
	if l.connected {
		l.outbox = append(l.outbox, call)
		signal(l.changed)
	}
}

// acknowledge drops the update, and its task when that was the last thing to say about it.
func (l *ledger) acknowledge(id string, uuid []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.updates, func(u CallUpdate) bool {
		return u.Status.TaskID.Value == id && bytes.Equal(u.Status.UUID, uuid)
	})
	if i < 0 {
		return
	}
	terminal := l.updates[i].Status.State.Terminal()
	l.updates = slices.Delete(l.updates, i, i+1)
	if t := l.tasks[id]; t != nil {
		t.acknowledged = true
		if terminal {
			delete(l.tasks, id)
			l.order = slices.DeleteFunc(l.order, func(other string) bool { return other == id })
		}
	}
	if len(l.updates) == 0 {
		signal(l.settled)
	}
}

// subscribe begins a connection: what the agent has not acknowledged goes with the SUBSCRIBE call, and what comes from
// now on goes to the outbox.
func (l *ledger) subscribe() *CallSubscribe {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.connected, l.outbox = true, nil
	call := &CallSubscribe{UnacknowledgedUpdates: slices.Clone(l.updates)}
	for _, id := range l.order {
		if t := l.tasks[id]; !t.acknowledged {
			call.UnacknowledgedTasks = append(call.UnacknowledgedTasks, t.info)
		}
	}
	return call
}

// disconnect ends what subscribe began.
func (l *ledger) disconnect() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.connected, l.outbox = false, nil
}

// repeat queues everything once more that the agent has not acknowledged, for a new connection to the same subscription.
func (l *ledger) repeat() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.connected {
		return
	}
	messages := slices.DeleteFunc(l.outbox, func(c Call) bool { return c.GetType() == CallTypeUpdate })
	l.outbox = nil
	for _, u := range l.updates {
		l.send(Call{Type: new(CallTypeUpdate), Update: &u})
	}
	l.outbox = append(l.outbox, messages...)
}

// take empties the outbox.
func (l *ledger) take() []Call {
	l.mu.Lock()
	defer l.mu.Unlock()
	calls := l.outbox
	l.outbox = nil
	return calls
}

// unacknowledged is how many updates the agent still has to acknowledge.
func (l *ledger) unacknowledged() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.updates)
}

// newUUID gives a random UUID (version 4) as Mesos wants it, in bytes.
func newUUID() []byte {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return b
}

func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// explain says which task an update was for.
func explain(status mesos.TaskStatus, err error) error {
	return fmt.Errorf("cannot update task %q to %v: %w", status.TaskID.Value, status.State, err)
}
