package local_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// mortal is a cluster that is killed, with a framework that believes only what it is told.
type mortal struct {
	*child
	*framework
	t        testing.TB
	onUpdate func(*scheduler.EventUpdate) // to be set while the session waits
	mu       sync.Mutex
	ended    map[string][]*mesos.TaskStatus // each task's terminal updates with different uuids
}

func newMortal(t testing.TB) *mortal {
	t.Helper()
	m := &mortal{t: t, ended: map[string][]*mesos.TaskStatus{}}
	m.child = startChild(t, local.Options{MasterFlags: map[string]string{"allocation_interval": "50ms"}})
	m.framework = newFramework(t, m.master(), partitionAware)
	m.keep = func(e *scheduler.EventUpdate) bool { return m.note(e) }
	m.framework.start()
	await[*scheduler.EventSubscribed](m.framework, nil)
	// An agent that is killed before it has noted its id comes back as another: of its tasks is then known only, and that after 10 min,
	// that they are unreachable.
	eventually(t, "the agent notes its id", func() bool { return len(match(t, m.options.WorkDir, "agent0/meta/slaves/latest")) == 1 })
	return m
}

// note keeps a task's end.
func (m *mortal) note(e *scheduler.EventUpdate) bool {
	if m.onUpdate != nil {
		m.onUpdate(e)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	id := e.Status.TaskID.Value
	if len(e.Status.UUID) == 0 || !e.Status.State.Terminal() {
		return true
	}
	for _, s := range m.ended[id] {
		if string(s.UUID) == string(e.Status.UUID) {
			return true
		}
	}
	m.ended[id] = append(m.ended[id], e.Status.Clone())
	return true
}

func (m *mortal) ends(task string) []*mesos.TaskStatus {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ended[task]
}

// resurrect starts the cluster again and waits until its agent is back, of which it gives an offer.
func (m *mortal) resurrect() *mesos.Offer {
	m.t.Helper()
	m.child.kill()
	m.child.start()
	await[*scheduler.EventSubscribed](m.framework, nil)
	return m.offer()
}

// settle waits until each task either runs, with one process, or has ended, with none; and has ended once at most.
func (m *mortal) settle(agent *mesos.AgentID, tasks ...string) {
	m.t.Helper()
	for _, id := range tasks {
		var last *mesos.TaskStatus
		eventually(m.t, "the truth about "+id, func() bool {
			last = m.reconcile(id, agent)
			return last.State == mesos.TaskRunning || last.State.Terminal() || last.State == mesos.TaskGone || last.State == mesos.TaskUnknown
		})
		if last.State == mesos.TaskRunning {
			if ends := m.ends(id); len(ends) > 0 {
				m.t.Errorf("%s runs though it has ended: %v", id, ends)
			}
			m.framework.kill(id)
			eventually(m.t, id+" ends", func() bool { return len(m.ends(id)) > 0 })
		}
		if ends := m.ends(id); len(ends) > 1 {
			m.t.Errorf("%s has ended more than once: %v", id, ends)
		}
	}
	eventually(m.t, "no process is left", func() bool { return len(processesIn(m.options.WorkDir)) == 0 })
}

// TestKilledAfterAccept kills the cluster when an ACCEPT was taken.
func TestKilledAfterAccept(t *testing.T) {
	t.Parallel()
	m := newMortal(t)
	o := m.offer()
	m.launch(o, sleepTask("command"), customTask(t, "custom"))
	m.resurrect()
	m.settle(&o.AgentID, "command", "custom")
}

// TestKilledBeforeAcknowledgement kills the cluster between TASK_RUNNING and its acknowledgement: it comes again.
func TestKilledBeforeAcknowledgement(t *testing.T) {
	t.Parallel()
	m := newMortal(t)
	m.onUpdate = func(e *scheduler.EventUpdate) {
		if e.Status.State == mesos.TaskRunning {
			m.onUpdate = nil
			m.child.kill()
		}
	}
	o := m.offer()
	m.launch(o, sleepTask("command"))
	first := m.until("command", mesos.TaskRunning)
	await[*scheduler.EventDisconnected](m.framework, nil)
	m.resurrect()
	again := await(m.framework, func(e *scheduler.EventUpdate) bool { return len(e.Status.UUID) > 0 })
	if again.Status.State != mesos.TaskRunning || string(again.Status.UUID) != string(first.UUID) {
		t.Errorf("after %v came %v", first, again)
	}
	m.settle(&o.AgentID, "command")
}

// TestKilledWhileFetching kills the cluster while it fetches an executor. The task is not lost: the framework hears that it has ended.
func TestKilledWhileFetching(t *testing.T) {
	t.Parallel()
	asked, never := make(chan struct{}, 1), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000000")
		w.Write(make([]byte, 1000))
		w.(http.Flusher).Flush()
		asked <- struct{}{}
		select {
		case <-never:
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	defer close(never)
	m := newMortal(t)
	o := m.offer()
	task := customTask(t, "custom")
	task.Executor.Command.URIs = []mesos.CommandInfoURI{{Value: server.URL + "/executor"}}
	m.launch(o, task)
	<-asked
	m.resurrect()
	m.settle(&o.AgentID, "custom")
	// Who asks may hear of the end before the update comes.
	eventually(t, "the task's end is told", func() bool { return len(m.ends("custom")) == 1 })
}

// TestKilledAnywhen kills the cluster again and again at moments that nobody has chosen, while tasks begin and end.
func TestKilledAnywhen(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	m := newMortal(t)
	var agent mesos.AgentID
	var tasks []string
	o := m.offer()
	for round := range 6 {
		agent = o.AgentID
		command, custom, short := sleepTask(fmt.Sprint("command-", round)), customTask(t, fmt.Sprint("custom-", round)), sleepTask(fmt.Sprint("short-", round))
		short.Command.Value = new("exit 3")
		moment := time.After(time.Duration(random.IntN(150)) * time.Millisecond)
		if err := m.accept(o, command, custom, short); err != nil && !errors.Is(err, scheduler.ErrDisconnected) {
			t.Fatal(err)
		}
		tasks = append(tasks, command.Name, custom.Name, short.Name)
		<-moment
		if victim := tasks[random.IntN(len(tasks))]; random.IntN(2) == 0 {
			m.framework.kill(victim)
		}
		o = m.resurrect()
		if n := len(processesIn(m.options.WorkDir)); n > len(tasks) {
			t.Fatalf("%d processes run for %d tasks", n, len(tasks))
		}
	}
	m.settle(&agent, tasks...)
	if text, err := os.ReadFile(m.options.WorkDir + "/agent0/damaged"); err == nil {
		t.Errorf("something was damaged: %s", text)
	}
	m.must(m.Teardown(context.Background()))
}
