package scheduler_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

var (
	offers   = []mesos.OfferID{{Value: "offer"}}
	agent    = mesos.AgentID{Value: "agent"}
	task     = mesos.TaskID{Value: "task"}
	executor = mesos.ExecutorID{Value: "executor"}
)

func TestCalls(t *testing.T) {
	m := startMaster(t)
	s := scheduler.New(m.options())
	if err := s.Revive(t.Context()); !errors.Is(err, scheduler.ErrDisconnected) {
		t.Errorf("before the subscription: %v", err)
	}
	ctx, id := t.Context(), &mesos.FrameworkID{Value: "framework-1"}
	info := mesos.FrameworkInfo{User: "me", Name: "renamed", ID: id}
	for range s.Events(ctx) {
		for _, test := range []struct {
			err  error
			want *scheduler.Call
		}{
			{
				s.Accept(ctx, scheduler.CallAccept{OfferIDs: offers, Filters: scheduler.Refuse(time.Minute)}),
				&scheduler.Call{Type: new(scheduler.CallTypeAccept), Accept: &scheduler.CallAccept{
					OfferIDs: offers, Filters: &mesos.Filters{RefuseSeconds: new(60.0)},
				}},
			},
			{
				s.Decline(ctx, scheduler.CallDecline{OfferIDs: offers}),
				&scheduler.Call{Type: new(scheduler.CallTypeDecline), Decline: &scheduler.CallDecline{OfferIDs: offers}},
			},
			{
				s.AcceptInverseOffers(ctx, scheduler.CallAcceptInverseOffers{InverseOfferIDs: offers}),
				&scheduler.Call{Type: new(scheduler.CallTypeAcceptInverseOffers), AcceptInverseOffers: &scheduler.CallAcceptInverseOffers{InverseOfferIDs: offers}},
			},
			{
				s.DeclineInverseOffers(ctx, scheduler.CallDeclineInverseOffers{InverseOfferIDs: offers}),
				&scheduler.Call{Type: new(scheduler.CallTypeDeclineInverseOffers), DeclineInverseOffers: &scheduler.CallDeclineInverseOffers{InverseOfferIDs: offers}},
			},
			{
				s.Kill(ctx, scheduler.CallKill{TaskID: task, AgentID: &agent}),
				&scheduler.Call{Type: new(scheduler.CallTypeKill), Kill: &scheduler.CallKill{TaskID: task, AgentID: &agent}},
			},
			{
				s.Shutdown(ctx, scheduler.CallShutdown{ExecutorID: executor, AgentID: agent}),
				&scheduler.Call{Type: new(scheduler.CallTypeShutdown), Shutdown: &scheduler.CallShutdown{ExecutorID: executor, AgentID: agent}},
			},
			{
				s.Message(ctx, scheduler.CallMessage{ExecutorID: executor, AgentID: agent, Data: []byte("hi")}),
				&scheduler.Call{Type: new(scheduler.CallTypeMessage), Message: &scheduler.CallMessage{ExecutorID: executor, AgentID: agent, Data: []byte("hi")}},
			},
			{
				s.Reconcile(ctx, scheduler.CallReconcileTask{TaskID: task}),
				&scheduler.Call{Type: new(scheduler.CallTypeReconcile), Reconcile: &scheduler.CallReconcile{Tasks: []scheduler.CallReconcileTask{{TaskID: task}}}},
			},
			{
				s.ReconcileOperations(ctx),
				&scheduler.Call{Type: new(scheduler.CallTypeReconcileOperations), ReconcileOperations: &scheduler.CallReconcileOperations{}},
			},
			{
				s.Request(ctx, mesos.Request{AgentID: &agent}),
				&scheduler.Call{Type: new(scheduler.CallTypeRequest), Request: &scheduler.CallRequest{Requests: []mesos.Request{{AgentID: &agent}}}},
			},
			{
				s.Suppress(ctx, "*"),
				&scheduler.Call{Type: new(scheduler.CallTypeSuppress), Suppress: &scheduler.CallSuppress{Roles: []string{"*"}}},
			},
			{
				s.Revive(ctx),
				&scheduler.Call{Type: new(scheduler.CallTypeRevive), Revive: &scheduler.CallRevive{}},
			},
			{
				s.UpdateFramework(ctx, scheduler.CallUpdateFramework{FrameworkInfo: mesos.FrameworkInfo{Name: "renamed"}}),
				&scheduler.Call{Type: new(scheduler.CallTypeUpdateFramework), UpdateFramework: &scheduler.CallUpdateFramework{FrameworkInfo: info}},
			},
		} {
			got := m.wants(t, test.want.GetType())
			test.want.FrameworkID = id
			if diff := cmp.Diff(test.want, got); diff != "" || test.err != nil {
				t.Errorf("%v: %v (-want +got)\n%s", test.want.GetType(), test.err, diff)
			}
		}
		break
	}
	if err := s.Revive(ctx); !errors.Is(err, scheduler.ErrDisconnected) {
		t.Errorf("after the subscription: %v", err)
	}
}

// A call that the master minds is an error of its own; the subscription goes on.
func TestARefusedCall(t *testing.T) {
	m := startMaster(t)
	m.answer = func(w http.ResponseWriter, _ *http.Request, call *scheduler.Call) bool {
		if call.GetType() != scheduler.CallTypeKill {
			return false
		}
		wire.Fail(w, http.StatusBadRequest, "the task id is invalid")
		return true
	}
	s := scheduler.New(m.options())
	for range s.Events(t.Context()) {
		err := s.Kill(t.Context(), scheduler.CallKill{})
		if err == nil || errors.Is(err, scheduler.ErrDisconnected) || !strings.Contains(err.Error(), "KILL: 400 Bad Request: the task id is invalid") {
			t.Errorf("got %v", err)
		}
		if err := s.Revive(t.Context()); err != nil {
			t.Error(err)
		}
		break
	}
}

// Calls by which the master shows that it does not know the subscription end it, and the session subscribes again.
func TestACallShowsThatTheSubscriptionIsLost(t *testing.T) {
	for status, text := range map[int]string{
		400: "Framework cannot be found",
		403: "Framework is not subscribed",
		307: "",
		503: "recovering",
	} {
		m := startMaster(t)
		m.answer = func(w http.ResponseWriter, _ *http.Request, call *scheduler.Call) bool {
			if call.GetType() != scheduler.CallTypeKill {
				return false
			}
			wire.Fail(w, status, text)
			return true
		}
		s := scheduler.New(m.options())
		subscribed, lost := 0, 0
		for event, err := range s.Events(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			switch e := event.(type) {
			case *scheduler.EventSubscribed:
				subscribed++
				if subscribed == 1 {
					if err := s.Kill(t.Context(), scheduler.CallKill{}); !errors.Is(err, scheduler.ErrDisconnected) {
						t.Errorf("%d %s: %v", status, text, err)
					}
				}
			case *scheduler.EventDisconnected:
				if lost++; !e.Lost || !errors.Is(e.Err, scheduler.ErrDisconnected) {
					t.Errorf("%d %s: %v", status, text, e)
				}
			}
			if subscribed == 2 {
				break
			}
		}
		if lost != 1 {
			t.Errorf("%d %s: lost %d times", status, text, lost)
		}
	}
}

// When the connection for calls is lost, so is the subscription.
func TestTheConnectionForCallsIsLost(t *testing.T) {
	m := startMaster(t)
	m.answer = func(_ http.ResponseWriter, _ *http.Request, call *scheduler.Call) bool {
		if call.GetType() == scheduler.CallTypeKill {
			panic(http.ErrAbortHandler)
		}
		return false
	}
	s := scheduler.New(m.options())
	subscribed := 0
	for event, err := range s.Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		switch e := event.(type) {
		case *scheduler.EventSubscribed:
			if subscribed++; subscribed == 2 {
				return
			}
			if err := s.Kill(t.Context(), scheduler.CallKill{}); !errors.Is(err, scheduler.ErrDisconnected) || !errors.Is(err, wire.ErrUnanswered) {
				t.Errorf("got %v", err)
			}
		case *scheduler.EventDisconnected:
			if !e.Lost {
				t.Error(e)
			}
		}
	}
}

// What was suppressed stays so, and what was changed stays changed, through another subscription.
func TestSuppressionOutlivesTheSubscription(t *testing.T) {
	m := startMaster(t)
	o := m.options()
	o.Framework.Roles = []string{"a", "b", "c"}
	o.Framework.Capabilities = []mesos.FrameworkInfoCapability{{Type: new(mesos.FrameworkInfoCapabilityTypeMultiRole)}}
	o.SuppressedRoles = []string{"a"}
	s := scheduler.New(o)
	changed := *o.Framework.Clone()
	changed.FailoverTimeout = new(60.0)
	steps := []func() error{
		func() error { return nil },
		func() error { return s.Suppress(t.Context(), "b", "other") },
		func() error { return s.Revive(t.Context(), "a") },
		func() error { return s.Suppress(t.Context()) },
		func() error { return s.Revive(t.Context()) },
		func() error {
			return s.UpdateFramework(t.Context(), scheduler.CallUpdateFramework{FrameworkInfo: changed, SuppressedRoles: []string{"c"}})
		},
		nil,
	}
	var got []string
	for event, err := range s.Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := event.(*scheduler.EventSubscribed); !ok {
			continue
		}
		call := (<-m.subscriptions).call.Subscribe
		got = append(got, strings.Join(call.SuppressedRoles, ","))
		if len(got) == len(steps) {
			if call.FrameworkInfo.GetFailoverTimeout() != 60 {
				t.Errorf("subscribed as %v", call.FrameworkInfo)
			}
			break
		}
		if err := steps[len(got)-1](); err != nil {
			t.Error(err)
		}
		m.hangUp()
	}
	if diff := cmp.Diff([]string{"a", "a", "a,b", "b", "a,b,c", "", "c"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestTeardownEndsTheLoop(t *testing.T) {
	for name, from := range map[string]func(func()){"from inside": func(f func()) { f() }, "from outside": func(f func()) { go f() }} {
		t.Run(name, func(t *testing.T) {
			m := startMaster(t)
			m.answer = func(w http.ResponseWriter, _ *http.Request, call *scheduler.Call) bool {
				if call.GetType() != scheduler.CallTypeTeardown {
					return false
				}
				m.hangUp() // Mesos' master does no more, and maybe before it answers
				w.WriteHeader(http.StatusAccepted)
				return true
			}
			o, store := m.options(), &memory{}
			o.FrameworkID = store
			s := scheduler.New(o)
			var wg sync.WaitGroup
			wg.Add(1)
			for event, err := range s.Events(t.Context()) {
				if _, ok := event.(*scheduler.EventSubscribed); !ok {
					t.Fatalf("got %v, %v", event, err)
				}
				from(func() {
					defer wg.Done()
					if err := s.Teardown(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if diff := cmp.Diff([]string{"framework-1", ""}, store.saved); diff != "" {
				t.Error(diff)
			}
			if s.FrameworkID().Value != "" {
				t.Errorf("it is still %v", s.FrameworkID())
			}
		})
	}
}

// Calls that are not waited for go out in order, each is answered, and what is suppressed by them stays so.
func TestSend(t *testing.T) {
	m := startMaster(t)
	m.answer = func(w http.ResponseWriter, _ *http.Request, call *scheduler.Call) bool {
		if call.Kill != nil {
			http.Error(w, "no such task", http.StatusBadRequest)
		}
		return call.Kill != nil
	}
	s := scheduler.New(m.options())
	if err := s.Send(t.Context(), &scheduler.Call{Type: new(scheduler.CallTypeSuppress)}, nil); !errors.Is(err, scheduler.ErrDisconnected) {
		t.Errorf("before the subscription: %v", err)
	}
	answers, again := make(chan error, 3), false
	for batch, err := range s.Batches(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := batch[0].(*scheduler.EventSubscribed); !ok {
			continue
		}
		subscription := <-m.subscriptions
		if again {
			if got := subscription.call.Subscribe.SuppressedRoles; !slices.Equal(got, []string{"*"}) {
				t.Errorf("suppressed are %q", got)
			}
			break
		}
		again = true
		for _, call := range []*scheduler.Call{
			{Type: new(scheduler.CallTypeRevive), Revive: &scheduler.CallRevive{}},
			{Type: new(scheduler.CallTypeKill), Kill: &scheduler.CallKill{TaskID: task}},
			{Type: new(scheduler.CallTypeSuppress), Suppress: &scheduler.CallSuppress{}},
		} {
			if err := s.Send(t.Context(), call, func(err error) { answers <- err }); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range []string{"<nil>", "cannot make the call KILL: ", "<nil>"} {
			if got := fmt.Sprint(<-answers); !strings.HasPrefix(got, want) {
				t.Errorf("answered %q, not %q", got, want)
			}
		}
		m.wants(t, scheduler.CallTypeRevive)
		m.wants(t, scheduler.CallTypeSuppress)
		m.hangUp()
	}
}

// Calls come from any goroutine, also while subscriptions come and go: each is answered, or told that it may not have been made.
func TestCallsFromEverywhere(t *testing.T) {
	m := startMaster(t)
	s := scheduler.New(m.options())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var callers sync.WaitGroup
	made := make(chan struct{}, 1)
	for range 8 {
		callers.Go(func() {
			for ctx.Err() == nil {
				err := s.Revive(ctx)
				runtime.Gosched()
				switch {
				case err == nil:
					select {
					case made <- struct{}{}:
					default:
					}
				case !errors.Is(err, scheduler.ErrDisconnected) && !errors.Is(err, context.Canceled):
					t.Errorf("got %v", err)
				}
			}
		})
	}
	callers.Go(func() {
		for {
			select {
			case <-m.calls:
			case <-ctx.Done():
				return
			}
		}
	})
	subscribed := 0
	for event, err := range s.Events(ctx) {
		if err != nil {
			t.Error(err)
		}
		if _, ok := event.(*scheduler.EventSubscribed); ok {
			<-made
			m.hangUp()
			if subscribed++; subscribed == 5 {
				cancel()
			}
		}
	}
	callers.Wait()
}
