package scheduler_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// inMemory runs test in virtual time, with a master at the other end of a network in memory.
func inMemory(t *testing.T, test func(t *testing.T, m *master, o scheduler.Options)) {
	synctest.Test(t, func(t *testing.T) {
		m, network := newMaster(), newPipes()
		server := &http.Server{Handler: m}
		var wg sync.WaitGroup
		wg.Go(func() { _ = server.Serve(network) })
		o := scheduler.Options{Master: "master:5050", Framework: mesos.FrameworkInfo{User: "me", Name: "test"}, Dial: network.Dial}
		test(t, m, o)
		m.hangUp()
		network.Close()
		server.Close()
		wg.Wait()
	})
}

func TestASilentMasterIsLeft(t *testing.T) {
	inMemory(t, func(t *testing.T, m *master, o scheduler.Options) {
		s := scheduler.New(o)
		var lastWord atomic.Pointer[time.Time]
		var wg sync.WaitGroup
		wg.Go(func() {
			first := <-m.subscriptions
			for range 1000 {
				elapse(4900 * time.Millisecond) // less than five intervals of 1 s
				lastWord.Store(new(time.Now()))
				first.Send(heartbeat())
			}
		})
		subscribed := 0
		for event, err := range s.Events(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			switch e := event.(type) {
			case *scheduler.EventSubscribed:
				if subscribed++; subscribed == 2 {
					second := <-m.subscriptions
					if id := second.call.FrameworkID; id == nil || id.Value != "framework-1" || second.call.Subscribe.FrameworkInfo.ID.Value != "framework-1" {
						t.Errorf("subscribed again as %v", id)
					}
					wg.Wait()
					return
				}
			case *scheduler.EventDisconnected:
				if !e.Lost || !strings.Contains(e.String(), "silent") {
					t.Errorf("disconnected: %v", e)
				}
				if silence := time.Since(*lastWord.Load()); silence != 5*time.Second {
					t.Errorf("after a silence of %v", silence)
				}
			}
		}
	})
}

// What waits for the loop's body is no silence.
func TestASlowLoopIsNoSilence(t *testing.T) {
	inMemory(t, func(t *testing.T, m *master, o scheduler.Options) {
		s := scheduler.New(o)
		updates := 0
		for event, err := range s.Events(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			switch e := event.(type) {
			case *scheduler.EventSubscribed:
				sub := <-m.subscriptions
				sub.Send(update("a", nil))
				elapse(time.Hour)
				sub.Send(update("b", nil))
			case *scheduler.EventUpdate:
				if updates++; updates == 2 {
					return
				}
			case *scheduler.EventDisconnected:
				t.Fatal(e)
			}
		}
	})
}

func TestAMasterThatDoesNotAnswer(t *testing.T) {
	for name, answer := range map[string]func(w http.ResponseWriter, r *http.Request, call *scheduler.Call) bool{
		"at all": func(_ http.ResponseWriter, r *http.Request, _ *scheduler.Call) bool {
			<-r.Context().Done()
			return true
		},
		"with SUBSCRIBED": func(w http.ResponseWriter, r *http.Request, _ *scheduler.Call) bool {
			w.Header().Set(wire.StreamID, "x")
			_ = wire.NewEventStream(wire.Protobuf).Serve(w, r)
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			inMemory(t, func(t *testing.T, m *master, o scheduler.Options) {
				m.answer = answer
				start := time.Now()
				for event, err := range scheduler.New(o).Events(t.Context()) {
					e, ok := event.(*scheduler.EventDisconnected)
					if !ok || e.Lost || err != nil {
						t.Fatalf("got %v, %v", event, err)
					}
					if waited := time.Since(start); waited != 15*time.Second {
						t.Errorf("waited for %v", waited)
					}
					return
				}
			})
		})
	}
}

// The first attempt is at once, the pauses grow, and they end when the master is there.
func TestPausesBetweenAttempts(t *testing.T) {
	inMemory(t, func(t *testing.T, m *master, o scheduler.Options) {
		start, last, attempts := time.Now(), time.Now(), 0
		o.Backoff = scheduler.Backoff{Min: time.Second, Max: time.Minute}
		m.answer = func(w http.ResponseWriter, _ *http.Request, _ *scheduler.Call) bool {
			attempts++
			if attempts == 1 && !time.Now().Equal(start) {
				t.Errorf("the first attempt came after %v", time.Since(start))
			}
			if attempts > 1 {
				longest := min(time.Second<<(attempts-2), time.Minute)
				if pause := time.Since(last); pause < longest/2 || pause > longest {
					t.Errorf("the pause before attempt %d was %v, not %v to %v", attempts, pause, longest/2, longest)
				}
			}
			last = time.Now()
			if attempts == 10 {
				return false
			}
			wire.Fail(w, http.StatusServiceUnavailable, "recovering")
			return true
		}
		for event, err := range scheduler.New(o).Events(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if e, ok := event.(*scheduler.EventDisconnected); ok && (e.Lost || !strings.Contains(e.String(), "503") || !strings.Contains(e.String(), "recovering")) {
				t.Errorf("disconnected: %v", e)
			}
			if _, ok := event.(*scheduler.EventSubscribed); ok {
				return
			}
		}
	})
}

// After a subscription that held, the pauses start anew; after one that was lost at once they go on growing.
func TestPausesAfterSubscriptions(t *testing.T) {
	for held, again := range map[time.Duration]bool{time.Hour: true, time.Second: false} {
		inMemory(t, func(t *testing.T, m *master, o scheduler.Options) {
			o.Backoff = scheduler.Backoff{Min: time.Second, Max: time.Minute}
			var pauses []time.Duration
			for event, err := range scheduler.New(o).Events(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				switch e := event.(type) {
				case *scheduler.EventSubscribed:
					elapse(held)
					m.hangUp()
				case *scheduler.EventDisconnected:
					pauses = append(pauses, e.Retry)
				}
				if len(pauses) == 5 {
					break
				}
			}
			if reset := pauses[4] <= time.Second; reset != again {
				t.Errorf("held for %v: %v", held, pauses)
			}
		})
	}
}

// A master that was stopped for a while may hear a SUBSCRIBE that was given up after the one that it has answered, and takes it for another
// instance. As often as that can have been ours it is no end.
func TestASubscriptionThatWasGivenUpTakesOver(t *testing.T) {
	inMemory(t, func(t *testing.T, m *master, o scheduler.Options) {
		asked := 0
		m.answer = func(_ http.ResponseWriter, r *http.Request, call *scheduler.Call) bool {
			if call.GetType() != scheduler.CallTypeSubscribe {
				return false
			}
			if asked++; asked <= 2 {
				<-r.Context().Done()
			}
			return asked <= 2
		}
		var end *scheduler.Error
		subscribed := 0
		for event, err := range scheduler.New(o).Events(t.Context()) {
			if err != nil && !errors.As(err, &end) {
				t.Fatal(err)
			}
			if _, ok := event.(*scheduler.EventSubscribed); ok {
				subscribed++
				(<-m.subscriptions).Send(failure("Framework failed over"))
			}
		}
		if subscribed != 3 || end == nil || end.Reason != scheduler.ReasonFailedOver {
			t.Errorf("subscribed %d times, and ended with %v", subscribed, end)
		}
	})
}

// So may one of a process of before, which was killed. Later it is another instance that runs.
func TestASubscriptionOfBeforeTakesOver(t *testing.T) {
	for wait, want := range map[time.Duration]int{0: 2, 2 * time.Minute: 1} {
		inMemory(t, func(t *testing.T, m *master, o scheduler.Options) {
			o.Framework.ID = &mesos.FrameworkID{Value: "framework-1"}
			var end *scheduler.Error
			subscribed := 0
			for event, err := range scheduler.New(o).Events(t.Context()) {
				if err != nil && !errors.As(err, &end) {
					t.Fatal(err)
				}
				if _, ok := event.(*scheduler.EventSubscribed); ok {
					subscribed++
					<-time.After(wait)
					(<-m.subscriptions).Send(failure("Framework failed over"))
				}
			}
			if subscribed != want || end == nil || end.Reason != scheduler.ReasonFailedOver {
				t.Errorf("after %v: subscribed %d times, want %d, and ended with %v", wait, subscribed, want, end)
			}
		})
	}
}

// While nobody listens it goes on trying, and ends at once when it is told to.
func TestNobodyListens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		dials := 0
		o := scheduler.Options{Master: "nowhere", Dial: func(_ context.Context, _, address string) (net.Conn, error) {
			dials++
			if address != "nowhere:5050" {
				t.Errorf("dialled %s", address)
			}
			return nil, errors.New("nobody listens")
		}}
		start := time.Now()
		for event, err := range scheduler.New(o).Events(ctx) {
			if err != nil || !strings.Contains(fmt.Sprint(event), "nobody listens") {
				t.Errorf("got %v, %v", event, err)
			}
		}
		if took := time.Since(start); took != time.Hour || dials < 360 || dials > 730 {
			t.Errorf("%d attempts in %v", dials, took)
		}
	})
}

func TestBackoff(t *testing.T) {
	var b scheduler.Backoff
	for range 2 {
		for i := range 100 {
			longest := min(100*time.Millisecond<<min(i, 20), 10*time.Second)
			if d := b.Next(); d < longest/2 || d > longest {
				t.Errorf("pause %d is %v, not %v to %v", i, d, longest/2, longest)
			}
		}
		b.Reset()
	}
	b = scheduler.Backoff{Min: time.Minute, Max: time.Second}
	for range 10 {
		if d := b.Next(); d < 30*time.Second || d > time.Minute {
			t.Errorf("got %v", d)
		}
	}
}

// elapse lets virtual time pass.
func elapse(d time.Duration) { <-time.After(d) }
