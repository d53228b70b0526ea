package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/internal/engine"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// stage is a framework around a real engine, whose master is the test: it makes offers, and tells what became of tasks. Its time goes on by a
// second with every step.
type stage struct {
	tb  testing.TB
	hub *Hub
	now atomic.Int64 // Unix seconds

	mu     sync.Mutex
	engine *engine.Engine
	view   atomic.Pointer[engine.View]
	ids    uint64
	broken error // what Do answers, when it is set

	launched []mesos.TaskInfo // nothing was told of them yet
	killed   []string
	agents   map[string]string // of tasks
	host     func(agent string) string
	offers   int
}

func newStage(tb testing.TB) *stage {
	tb.Helper()
	e, err := engine.New(nil, engine.Options{Seed: 1})
	if err != nil {
		tb.Fatal(err)
	}
	s := &stage{tb: tb, engine: e, agents: map[string]string{}, host: func(agent string) string { return agent + ".example.org" }}
	s.now.Store(noon.Unix())
	s.hub = NewHub(HubOptions{Now: s.time})
	s.step(engine.Subscribed{FrameworkID: mesos.FrameworkID{Value: "framework-1"}, Master: "192.0.2.1:5050"})
	return s
}

func (s *stage) time() time.Time { return time.Unix(s.now.Load(), 0).UTC() }

func (s *stage) View() *engine.View { return s.view.Load() }

func (s *stage) Do(_ context.Context, c engine.Command) (engine.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return engine.Result{}, s.broken
	}
	s.ids++
	for _, r := range s.take(engine.Do{ID: s.ids, Command: c}).Replies {
		if r.ID == s.ids {
			return r.Result, nil
		}
	}
	return engine.Result{}, errors.New("the engine did not reply")
}

func (s *stage) step(in engine.Input) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.take(in)
}

// take steps the engine, and does what it wants.
func (s *stage) take(in engine.Input) engine.Effects {
	s.now.Add(1)
	effects := s.engine.Step(s.time(), in)
	for _, c := range effects.Calls {
		s.call(c)
	}
	s.hub.Publish(effects.Events...)
	s.view.Store(s.engine.View())
	return effects
}

func (s *stage) call(c scheduler.Call) {
	switch {
	case c.Accept != nil:
		for _, op := range c.Accept.Operations {
			if op.Launch != nil {
				s.launched = append(s.launched, op.Launch.TaskInfos...)
			}
			if op.LaunchGroup != nil {
				s.launched = append(s.launched, op.LaunchGroup.TaskGroup.Tasks...)
			}
		}
	case c.Kill != nil:
		s.killed = append(s.killed, c.Kill.TaskID.Value)
	}
}

// offer offers what an agent has.
func (s *stage) offer(agent, resources string) {
	s.tb.Helper()
	r, err := mesos.ParseResources(resources)
	if err != nil {
		s.tb.Fatal(err)
	}
	s.offers++
	s.step(engine.Offered{Offers: []mesos.Offer{{
		ID: mesos.OfferID{Value: fmt.Sprintf("offer-%d", s.offers)}, AgentID: mesos.AgentID{Value: agent}, Hostname: s.host(agent),
		Resources: r.AllocatedTo("*"), AllocationInfo: &mesos.ResourceAllocationInfo{Role: new("*")},
	}}})
}

// settle has everything that was launched run, and everything that was killed end, with as many offers as it takes.
func (s *stage) settle(healthy bool) {
	s.tb.Helper()
	for range 10_000 {
		s.offer("a", "cpus:1000;mem:1000000;disk:1000000;ports:[31000-32000]")
		if len(s.launched) == 0 && len(s.killed) == 0 {
			return
		}
		for _, t := range slices.Clone(s.launched) {
			s.agents[t.TaskID.Value] = t.AgentID.Value
			s.launched = s.launched[1:]
			status := s.status(t.TaskID.Value, mesos.TaskRunning)
			if t.HealthCheck != nil {
				status.Healthy = &healthy
			}
			s.step(engine.Updated{Status: status})
		}
		for _, id := range slices.Clone(s.killed) {
			s.killed = s.killed[1:]
			s.step(engine.Updated{Status: s.status(id, mesos.TaskKilled)})
		}
	}
	s.tb.Fatal("there is no end to launches and kills")
}

func (s *stage) status(id string, state mesos.TaskState) mesos.TaskStatus {
	return mesos.TaskStatus{
		TaskID: mesos.TaskID{Value: id}, State: state, AgentID: &mesos.AgentID{Value: s.agents[id]}, UUID: []byte("0123456789abcdef"),
		Source: new(mesos.SourceExecutor), Timestamp: new(float64(s.now.Load())),
	}
}

// fail has all running tasks of an app fail.
func (s *stage) fail(id app.ID, message string) {
	st, ok := s.View().App(id)
	if !ok {
		s.tb.Fatalf("there is no app %s", id)
	}
	for _, i := range st.Instances {
		if i.Condition == engine.Running {
			status := s.status(i.TaskID, mesos.TaskFailed)
			status.Message = &message
			s.step(engine.Updated{Status: status})
		}
	}
}

// newAPI serves a stage.
func newAPI(tb testing.TB, s *stage, change func(*Options)) *API {
	tb.Helper()
	o := Options{
		Framework: s, Hub: s.hub, Now: s.time,
		Server: Server{
			Version: "1.2.3", Build: "abc", URL: "http://192.0.2.9:8080",
			Config:    map[string]any{"master": "zk://me:secret@192.0.2.1:2181/mesos", "framework_name": "marathon", "ha": false},
			ZooKeeper: map[string]any{"zk": "zk://me:secret@192.0.2.1:2181,192.0.2.2:2181/ormos"},
		},
	}
	if change != nil {
		change(&o)
	}
	a, err := New(o)
	if err != nil {
		tb.Fatal(err)
	}
	return a
}
