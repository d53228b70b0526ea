package executor

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
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
	number    uint64             // of the last task or update: their order
	tasks     map[string]*task   // by id
	alive     int                // tasks whose end was not told
	updates   map[string]*update // by uuid
	connected bool               // calls are queued for the present connection
	outbox    []Call
	changed   chan struct{} // has a token when outbox or updates may have changed
	settled   chan struct{} // has a token when the last update was acknowledged
}

// task lives from its LAUNCH until its terminal update is acknowledged.
type task struct {
	number       uint64
	info         mesos.TaskInfo // until acknowledged
	acknowledged bool           // the agent has seen an update of it
	ended        bool           // its terminal update was given
}

// update lives until it is acknowledged.
type update struct {
	number uint64
	call   CallUpdate
}

func newLedger() *ledger {
	return &ledger{
		tasks: map[string]*task{}, updates: map[string]*update{},
		changed: make(chan struct{}, 1), settled: make(chan struct{}, 1),
	}
}

// next numbers what is added.
func (l *ledger) next() uint64 {
	l.number++
	return l.number
}

func (l *ledger) launch(tasks ...mesos.TaskInfo) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, info := range tasks {
		if t := l.tasks[info.TaskID.Value]; t == nil || t.ended {
			l.alive++
		}
		l.tasks[info.TaskID.Value] = &task{number: l.next(), info: info}
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
	if t.ended = status.State.Terminal(); t.ended {
		l.alive--
	}
	u := &update{number: l.next(), call: CallUpdate{Status: *owned}}
	l.updates[string(owned.UUID)] = u
	l.send(Call{Type: new(CallTypeUpdate), Update: &u.call})
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
	u := l.updates[string(uuid)]
	if u == nil || u.call.Status.TaskID.Value != id {
		return
	}
	delete(l.updates, string(uuid))
	if t := l.tasks[id]; t != nil {
		t.info, t.acknowledged = mesos.TaskInfo{}, true
		if u.call.Status.State.Terminal() {
			delete(l.tasks, id)
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
	call := new(CallSubscribe)
	for _, u := range l.inOrder() {
		call.UnacknowledgedUpdates = append(call.UnacknowledgedUpdates, u.call)
	}
	for _, t := range slices.SortedFunc(maps.Values(l.tasks), func(a, b *task) int { return cmp.Compare(a.number, b.number) }) {
		if !t.acknowledged {
			call.UnacknowledgedTasks = append(call.UnacknowledgedTasks, t.info)
		}
	}
	return call
}

// inOrder are the updates as they were given.
func (l *ledger) inOrder() []*update {
	return slices.SortedFunc(maps.Values(l.updates), func(a, b *update) int { return cmp.Compare(a.number, b.number) })
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
	for _, u := range l.inOrder() {
		l.send(Call{Type: new(CallTypeUpdate), Update: &u.call})
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

// atRest tells whether every task that has arrived has ended, with nothing left to say.
func (l *ledger) atRest() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.alive == 0 && len(l.updates) == 0
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
