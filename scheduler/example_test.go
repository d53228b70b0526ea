package scheduler_test

import (
	"context"
	"errors"
	"log"
	"time"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// A framework that launches one task on the first offer, and ends when the task has ended.
func Example() {
	if err := sleep(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func sleep(ctx context.Context) error {
	session := scheduler.New(scheduler.Options{
		Master:      "127.0.0.1:5050",
		Framework:   mesos.FrameworkInfo{Name: "sleeper", FailoverTimeout: new(3600.0), Checkpoint: new(true)},
		FrameworkID: scheduler.FileID("framework-id"),
	})
	launched := false
	for event, err := range session.Events(ctx) {
		if err != nil {
			return err
		}
		switch e := event.(type) {
		case *scheduler.EventSubscribed:
			log.Print("registered with ", e.MasterInfo.GetHostname())
			err = session.Reconcile(ctx)
		case *scheduler.EventOffers:
			for _, offer := range e.Offers {
				err = errors.Join(err, use(ctx, session, offer, !launched))
				launched = true
			}
		case *scheduler.EventUpdate:
			log.Print(e.Status.TaskID.Value, " is ", e.Status.State)
			if e.Status.State.Terminal() {
				err = session.Teardown(ctx)
			}
		case *scheduler.EventDisconnected:
			log.Print(e)
		}
		if err != nil && !errors.Is(err, scheduler.ErrDisconnected) {
			return err
		}
	}
	return ctx.Err()
}

func use(ctx context.Context, session *scheduler.Session, offer mesos.Offer, launch bool) error {
	offers := []mesos.OfferID{offer.ID}
	if !launch {
		return session.Decline(ctx, scheduler.CallDecline{OfferIDs: offers, Filters: scheduler.Refuse(time.Hour)})
	}
	task := mesos.TaskInfo{
		Name:      "sleep",
		TaskID:    mesos.TaskID{Value: "sleep-1"},
		AgentID:   offer.AgentID,
		Command:   &mesos.CommandInfo{Value: new("sleep 1")},
		Resources: offer.Resources, // all of them; see package mesos for taking a part
	}
	return session.Accept(ctx, scheduler.CallAccept{OfferIDs: offers, Operations: []mesos.OfferOperation{{
		Type:   new(mesos.OfferOperationTypeLaunch),
		Launch: &mesos.OfferOperationLaunch{TaskInfos: []mesos.TaskInfo{task}},
	}}})
}
