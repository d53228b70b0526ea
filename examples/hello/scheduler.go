package main

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"time"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// hello keeps web servers running. Only the loop over the session's events touches its state.
type hello struct {
	template
	instances int
	session   *scheduler.Session
	record    *record             // every task that may be running, on disk
	unsure    map[string]launched // those that nothing was heard of since the subscription
	backoff   scheduler.Backoff
	retry     time.Time // nothing is launched before
	stopping  bool
}

// follow handles events until ctx ends, or until everything has been stopped.
func (h *hello) follow(ctx context.Context) error {
	for event, err := range h.session.Events(ctx) {
		if err == nil {
			err = h.handle(ctx, event)
		}
		if err == nil && h.stopping && len(h.record.Tasks) == 0 {
			err = h.session.Teardown(ctx)
		}
		if err != nil && ctx.Err() == nil && !errors.Is(err, scheduler.ErrDisconnected) {
			return err
		}
	}
	return nil
}

func (h *hello) handle(ctx context.Context, event scheduler.TypedEvent) (err error) {
	switch e := event.(type) {
	case *scheduler.EventSubscribed:
		say("registered", "with %s as framework %s", e.MasterInfo.GetPID(), e.FrameworkID.Value)
		h.unsure = maps.Clone(h.record.Tasks)
	case *scheduler.EventHeartbeat: // right after EventSubscribed, and every 15 s
		for id, t := range h.unsure {
			task := scheduler.CallReconcileTask{TaskID: mesos.TaskID{Value: id}, AgentID: &mesos.AgentID{Value: t.Agent}}
			err = cmp.Or(err, h.session.Reconcile(ctx, task))
		}
	case *scheduler.EventDisconnected:
		say("waiting", "%v", e)
	case *scheduler.EventOffers:
		for _, offer := range e.Offers {
			err = cmp.Or(err, h.offer(ctx, &offer))
		}
	case *scheduler.EventUpdate:
		err = h.update(ctx, &e.Status)
	}
	return err
}

// offer launches a task on an offer or declines it, for long when none is wanted.
func (h *hello) offer(ctx context.Context, o *mesos.Offer) error {
	decline := func(why any, refuse time.Duration) error {
		say("declined", "%s: %v", describe(o), why)
		return h.session.Decline(ctx, scheduler.CallDecline{OfferIDs: []mesos.OfferID{o.ID}, Filters: scheduler.Refuse(refuse)})
	}
	if h.stopping || len(h.record.Tasks) >= h.instances {
		return cmp.Or(decline("nothing to launch", time.Hour), h.session.Suppress(ctx))
	}
	if wait := time.Until(h.retry); wait > 0 {
		return decline("waiting for the next try", wait)
	}
	task, err := h.task(o)
	if err != nil {
		return decline(err, time.Hour) // an offer with more will come all the same
	}
	say("accepted", "%s", describe(o))
	say("launching", "%s with %v", task.TaskID.Value, mesos.Resources(task.Resources))
	if err := h.record.add(task.TaskID.Value, launched{Agent: o.AgentID.Value, URL: pageURL(o, &task)}); err != nil {
		return err // what is not recorded might run twice
	}
	return h.session.Accept(ctx, scheduler.CallAccept{OfferIDs: []mesos.OfferID{o.ID}, Operations: launch(task), Filters: scheduler.Refuse(0)})
}

// update believes what the master or an agent says of a task; a task that is gone is launched anew after a pause.
func (h *hello) update(ctx context.Context, s *mesos.TaskStatus) error {
	say("update", "%s", describeStatus(s))
	id, gone := s.TaskID.Value, s.State.Terminal() || s.State == mesos.TaskUnreachable || s.State == mesos.TaskUnknown
	task, known := h.record.Tasks[id]
	delete(h.unsure, id)
	switch {
	case !gone && (!known || h.stopping): // it may have been given up while its agent was unreachable
		return h.session.Kill(ctx, scheduler.CallKill{TaskID: s.TaskID, AgentID: s.AgentID})
	case known && s.State == mesos.TaskRunning:
		h.backoff.Reset()
		say("serving", "curl %s", task.URL)
	case known && gone && !h.stopping:
		pause := h.backoff.Next()
		h.retry = time.Now().Add(pause)
		say("retrying", "in %v", pause.Round(time.Millisecond))
		return cmp.Or(h.record.remove(id), h.session.Revive(ctx))
	case known && gone:
		return h.record.remove(id)
	}
	return nil
}
