package executor

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ormosproject/ormos/mesos"
)

// receiver is an agent that gets calls over connections which may break at any point.
type receiver struct {
	ledger *ledger
	seen   map[string]bool     // uuids
	states map[string][]string // of each task, the marks of its updates in the order of arrival
	unsaid []CallUpdate        // got and not acknowledged yet
}

func (r *receiver) get(u CallUpdate) {
	if uuid := string(u.Status.UUID); !r.seen[uuid] {
		r.seen[uuid] = true
		id := u.Status.TaskID.Value
		r.states[id] = append(r.states[id], u.Status.GetMessage())
	}
	r.unsaid = append(r.unsaid, u)
}

func (r *receiver) getAll(calls []Call) {
	for _, c := range calls {
		r.get(*c.Update)
	}
}

func (r *receiver) subscribe() {
	r.unsaid = nil // what it wanted to acknowledge is lost with the old connection
	for _, u := range r.ledger.subscribe().UnacknowledgedUpdates {
		r.get(u)
	}
}

func (r *receiver) acknowledge() {
	u := r.unsaid[0]
	r.unsaid = r.unsaid[1:]
	r.ledger.acknowledge(u.Status.TaskID.Value, u.Status.UUID)
}

// However connections break, the agent gets every update, in each task's order, and in the end nothing is left.
func TestLedgerDeliversInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLedger()
		agent := &receiver{ledger: l, seen: map[string]bool{}, states: map[string][]string{}}
		told := map[string][]string{}
		var launched []string
		update := func(id string, state mesos.TaskState) {
			mark := strconv.Itoa(len(told[id]))
			status := mesos.TaskStatus{TaskID: mesos.TaskID{Value: id}, State: state, Message: &mark}
			if err := l.update(status, mesos.ExecutorID{Value: "e"}, time.Unix(1, 0)); err != nil {
				t.Fatal(err)
			}
			told[id] = append(told[id], mark)
		}
		t.Repeat(map[string]func(*rapid.T){
			"launch": func(*rapid.T) {
				id := strconv.Itoa(len(launched))
				launched = append(launched, id)
				l.launch(mesos.TaskInfo{TaskID: mesos.TaskID{Value: id}})
			},
			"update": func(t *rapid.T) {
				if len(launched) > 0 {
					update(rapid.SampledFrom(launched).Draw(t, "task"), mesos.TaskRunning)
				}
			},
			"deliver": func(*rapid.T) { agent.getAll(l.take()) },
			"break and subscribe": func(t *rapid.T) {
				calls := l.take()
				agent.getAll(calls[:rapid.IntRange(0, len(calls)).Draw(t, "arrived")])
				l.disconnect()
				agent.subscribe()
			},
			"break and repeat": func(t *rapid.T) {
				calls := l.take()
				agent.getAll(calls[:rapid.IntRange(0, len(calls)).Draw(t, "arrived")])
				l.repeat()
			},
			"acknowledge": func(*rapid.T) {
				if len(agent.unsaid) > 0 {
					agent.acknowledge()
				}
			},
		})
		for _, id := range launched {
			update(id, mesos.TaskFinished)
		}
		l.disconnect()
		agent.subscribe()
		for len(agent.unsaid) > 0 {
			agent.acknowledge()
		}
		if diff := cmp.Diff(told, agent.states); diff != "" {
			t.Fatalf("-told +arrived\n%s", diff)
		}
		if n := l.unacknowledged(); n != 0 || len(l.tasks) != 0 || !l.atRest() {
			t.Fatalf("left: %d updates, %d tasks", n, len(l.tasks))
		}
	})
}

func TestUUIDsAreRandom(t *testing.T) {
	a, b := newUUID(), newUUID()
	if slices.Equal(a, b) || a[6]>>4 != 4 || a[8]>>6 != 2 {
		t.Errorf("%x and %x are not UUIDs of version 4", a, b)
	}
}

// What a task costs does not grow with the number of those that run beside it.
func BenchmarkLedger(b *testing.B) {
	for _, tasks := range []int{100, 1000, 10_000, 100_000} {
		b.Run(strconv.Itoa(tasks), func(b *testing.B) {
			for b.Loop() {
				live(b, newLedger(), tasks)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*tasks), "ns/task")
		})
	}
}

// live launches all tasks, tells two states of each, and acknowledges them in an order that has nothing to do with that.
func live(tb testing.TB, l *ledger, tasks int) {
	l.subscribe()
	for i := range tasks {
		l.launch(mesos.TaskInfo{TaskID: mesos.TaskID{Value: strconv.Itoa(i)}})
	}
	for _, state := range []mesos.TaskState{mesos.TaskRunning, mesos.TaskFinished} {
		for i := range tasks {
			status := mesos.TaskStatus{TaskID: mesos.TaskID{Value: strconv.Itoa(i)}, State: state}
			if err := l.update(status, mesos.ExecutorID{Value: "e"}, time.Unix(1, 0)); err != nil {
				tb.Fatal(err)
			}
		}
		calls := l.take()
		for i := range calls {
			u := calls[(i*7919)%len(calls)].Update // a prime: each once
			l.acknowledge(u.Status.TaskID.Value, u.Status.UUID)
		}
	}
	if !l.atRest() || len(l.tasks) != 0 {
		tb.Fatalf("left: %d updates, %d tasks", l.unacknowledged(), len(l.tasks))
	}
}
