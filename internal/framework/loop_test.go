package framework

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/internal/engine"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
	"github.com/ormosproject/ormos/store"
)

// A diary is what happens to the world, in order.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) write(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

func (d *diary) wants(t *testing.T, want ...string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if diff := cmp.Diff(want, d.lines); diff != "" {
		t.Error(diff)
	}
	d.lines = nil
}

// world writes everything down.
func (d *diary) world() world {
	return world{
		describe: func(_ context.Context, roles []string, _ *mesos.OfferConstraints) {
			d.write(fmt.Sprint("roles ", roles))
		},
		call:    func(_ context.Context, c *scheduler.Call) { d.write(fmt.Sprint("call ", c.GetType())) },
		probe:   func(all []engine.Probe) { d.write(fmt.Sprint("probes ", len(all))) },
		tail:    func(all []engine.Tail) { d.write(fmt.Sprint("tails ", len(all))) },
		publish: func(all ...app.Event) { d.write(fmt.Sprint("events ", len(all))) },
	}
}

// A ledger is a store that writes down how many records each commit has, may be slow, and may fail.
type ledger struct {
	store.Memory
	diary *diary
	hold  chan struct{} // each commit takes one out, if it is not nil
	err   error
}

func (l *ledger) Commit(ctx context.Context, changes map[string][]byte) error {
	if l.hold != nil {
		<-l.hold
	}
	l.diary.write(fmt.Sprint("save ", len(changes)))
	if l.err != nil {
		return l.err
	}
	return l.Memory.Commit(ctx, changes)
}

// An echo is an engine that wants one of everything for each input.
type echo struct{ n int }

func (e *echo) Step(_ time.Time, in engine.Input) engine.Effects {
	e.n++
	out := engine.Effects{
		Records: map[string][]byte{fmt.Sprint("r", e.n): []byte("x")}, Roles: []string{"*", "a"},
		Calls: []scheduler.Call{{Type: new(scheduler.CallTypeRevive)}}, Probes: make([]engine.Probe, 1), Tails: make([]engine.Tail, 1),
		Events: []app.Event{app.SchedulerLost{}},
	}
	switch in := in.(type) {
	case engine.Do:
		out.Replies = []engine.Reply{{ID: in.ID, Result: engine.Result{Deployment: in.Command.(engine.Cancel).Deployment}}}
	case nil:
		out = engine.Effects{}
	}
	return out
}

func (e *echo) View() *engine.View { return new(engine.View) }

// looping runs a test in virtual time with a loop that lives until the test ends it.
func looping(t *testing.T, test func(t *testing.T, l *loop, s *ledger, d *diary, end func() error)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := new(diary)
		s := &ledger{diary: d}
		l := newLoop(new(echo), s)
		l.world = d.world()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- l.run(ctx) }()
		synctest.Wait()
		d.wants(t, "probes 0", "tails 0", "events 0") // the first Step only asks when the next one is due
		test(t, l, s, d, func() error {
			cancel()
			return <-ended
		})
	})
}

func TestFirstSaveThenCallThenPublishThenReply(t *testing.T) {
	looping(t, func(t *testing.T, l *loop, _ *ledger, d *diary, end func() error) {
		result, err := l.Do(t.Context(), engine.Cancel{Deployment: "d"})
		d.write("reply")
		if err != nil || result.Deployment != "d" {
			t.Errorf("got %v, %v", result, err)
		}
		d.wants(t, "save 1", "roles [* a]", "call REVIVE", "probes 1", "tails 1", "events 1", "reply")
		if !l.deliver(t.Context(), []engine.Input{engine.Disconnected{}, engine.Disconnected{}}) {
			t.Error("not taken")
		}
		d.write("acknowledge")
		d.wants(t, "save 2", "roles [* a]", "call REVIVE", "call REVIVE", "probes 2", "tails 2", "events 2", "acknowledge")
		if err := end(); err != nil {
			t.Error(err)
		}
		if _, err := l.Do(t.Context(), engine.Cancel{}); !errors.Is(err, ErrEnded) {
			t.Errorf("after the end: %v", err)
		}
		if l.deliver(t.Context(), nil) {
			t.Error("something is taken after the end")
		}
	})
}

// What comes while something is saved is saved together.
func TestWhatWaitsIsSavedAtOnce(t *testing.T) {
	looping(t, func(t *testing.T, l *loop, s *ledger, d *diary, end func() error) {
		s.hold = make(chan struct{})
		var asking sync.WaitGroup
		for i := range 101 {
			asking.Go(func() {
				want := fmt.Sprint(i)
				if result, err := l.Do(t.Context(), engine.Cancel{Deployment: want}); err != nil || result.Deployment != want {
					t.Errorf("got %v, %v, not %s", result, err, want)
				}
			})
			if i == 0 {
				synctest.Wait() // it is being saved
			}
		}
		synctest.Wait()
		close(s.hold)
		asking.Wait()
		saves := 0
		for _, line := range d.lines {
			if line == "save 1" || line == "save 100" {
				saves++
			}
		}
		if saves != 2 {
			t.Errorf("101 commands were saved as %q", d.lines)
		}
		_ = end()
	})
}

// When something cannot be saved, nothing that depends on it happens, and nobody is told that it did.
func TestWhatCannotBeSavedHasNotHappened(t *testing.T) {
	looping(t, func(t *testing.T, l *loop, s *ledger, d *diary, end func() error) {
		s.err = errors.New("the disk is full")
		if _, err := l.Do(t.Context(), engine.Cancel{}); !errors.Is(err, ErrEnded) {
			t.Errorf("got %v", err)
		}
		if l.deliver(t.Context(), []engine.Input{engine.Disconnected{}}) {
			t.Error("acknowledged")
		}
		d.wants(t, "save 1")
		if err := end(); !errors.Is(err, s.err) {
			t.Errorf("it ends with %v", err)
		}
	})
}

// What is being saved when the end comes is answered yet.
func TestTheLastTurnIsAnswered(t *testing.T) {
	looping(t, func(t *testing.T, l *loop, s *ledger, _ *diary, end func() error) {
		s.hold = make(chan struct{})
		answered := make(chan error, 1)
		go func() {
			_, err := l.Do(t.Context(), engine.Cancel{})
			answered <- err
		}()
		synctest.Wait()
		ended := make(chan error, 1)
		go func() { ended <- end() }()
		synctest.Wait()
		close(s.hold)
		if err := <-answered; err != nil {
			t.Errorf("got %v", err)
		}
		if err := <-ended; err != nil {
			t.Errorf("it ends with %v", err)
		}
	})
}

// An alarm is an engine that wants to be woken after a minute, once.
type alarm struct{ asked []time.Time }

func (a *alarm) Step(now time.Time, _ engine.Input) engine.Effects {
	a.asked = append(a.asked, now)
	if len(a.asked) > 1 {
		return engine.Effects{}
	}
	return engine.Effects{WakeAt: now.Add(time.Minute)}
}

func (a *alarm) View() *engine.View { return new(engine.View) }

// The engine is asked again when it has said, and not otherwise.
func TestTheEngineIsWokenWhenItHasSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, began := new(alarm), time.Now()
		l := newLoop(a, new(store.Memory))
		l.world = new(diary).world()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := l.run(ctx); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]time.Time{began, began.Add(time.Minute)}, a.asked); diff != "" {
			t.Error(diff)
		}
	})
}

// What is saved last has its time after the end has come, and no longer.
func TestOutlasting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithCancel(t.Context())
		longer, cancel := outlasting(ctx, time.Second)
		defer cancel()
		end()
		time.Sleep(time.Second - time.Nanosecond)
		if longer.Err() != nil {
			t.Error("it ends too early")
		}
		time.Sleep(time.Nanosecond)
		<-longer.Done()
		for range 100 { // it is given back as the end comes
			ctx, end := context.WithCancel(t.Context())
			_, cancel := outlasting(ctx, time.Second)
			go end()
			cancel()
		}
	})
}
