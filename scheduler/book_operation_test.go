package scheduler

import (
	"errors"
	"fmt"
	"testing"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
)

// reserve is a need of one operation, with an id.
func reserve() Need {
	return Need{Need: offer.Need{Name: "disk"}, Use: func(o mesos.Offer) []mesos.OfferOperation {
		return []mesos.OfferOperation{{
			Type: new(mesos.OfferOperationTypeReserve), ID: &mesos.OperationID{Value: "op"}, Reserve: &mesos.OfferOperationReserve{Resources: o.Resources},
		}}
	}}
}

func (d *desk) operation(state mesos.OperationState) {
	d.t.Helper()
	d.event(&EventUpdateOperationStatus{Status: mesos.OperationStatus{OperationID: &mesos.OperationID{Value: "op"}, State: state}})
}

// An operation is recorded before it is asked for, asked about after each subscription, and forgotten when its end was told.
func TestOperations(t *testing.T) {
	for end, after := range map[mesos.OperationState]int{
		mesos.OperationFinished: 0, mesos.OperationFailed: 0, mesos.OperationError: 0, mesos.OperationDropped: 0, mesos.OperationUnknown: 0,
		mesos.OperationGoneByOperator: 0, mesos.OperationUnreachable: 1, mesos.OperationRecovering: 1, mesos.OperationPending: 1,
	} {
		t.Run(end.String(), func(t *testing.T) {
			d := newDesk(t, FrameworkOptions{})
			d.b.want(d.now, reserve())
			d.offer()
			if calls, _ := d.take(); fmt.Sprint(calls) != "[ACCEPT]" || len(d.saved) != 1 || len(d.b.waiting) > 0 {
				t.Fatalf("called %v, saved %s", calls, d.saved)
			}
			d.restart()
			if calls, _ := d.take(); fmt.Sprint(calls) != "[RECONCILE_OPERATIONS]" {
				t.Fatalf("after a restart called %v", calls)
			}
			d.operation(end)
			d.operation(end)
			if len(d.saved) != after || len(d.b.operations) != after {
				t.Errorf("left are %s", d.saved)
			}
			var told []mesos.OperationState
			for _, e := range d.events {
				if e, ok := e.(*EventOperation); ok {
					told = append(told, e.Operation.State())
				}
			}
			if end == mesos.OperationPending {
				if told != nil {
					t.Errorf("told %v", told)
				}
			} else if len(told) != 1 || told[0] != end {
				t.Errorf("told %v", told)
			}
		})
	}
}

// What the master does not take is told as dropped, and its need waits for another offer.
func TestOperationRefused(t *testing.T) {
	d := newDesk(t, FrameworkOptions{})
	d.b.want(d.now, reserve())
	d.b.event(d.now, &EventOffers{Offers: []mesos.Offer{{ID: mesos.OfferID{Value: "o"}, AgentID: mesos.AgentID{Value: "a"}, Resources: mesos.Resources{mesos.CPUs(4)}}}})
	d.b.act(d.now)
	_, calls := d.b.take()
	d.b.refused(d.now, calls[len(calls)-1], errors.New("no"))
	d.perform()
	last, _ := d.events[len(d.events)-1].(*EventOperation)
	if last == nil || last.Operation.State() != mesos.OperationDropped || last.Err == nil || len(d.saved) > 0 || len(d.b.waiting) != 1 {
		t.Errorf("told %v, saved %s, waiting %v", last, d.saved, d.b.waiting)
	}
}

// Inverse offers are told, and answered by the policy.
func TestMaintenance(t *testing.T) {
	for policy, want := range map[Maintenance]string{
		TellMaintenance: "[]", AcceptMaintenance: "[ACCEPT_INVERSE_OFFERS]", DeclineMaintenance: "[DECLINE_INVERSE_OFFERS]",
	} {
		d := newDesk(t, FrameworkOptions{Maintenance: policy})
		d.take()
		d.event(&EventInverseOffers{InverseOffers: []mesos.InverseOffer{{ID: mesos.OfferID{Value: "o"}}}})
		if _, ok := d.events[len(d.events)-1].(*EventInverseOffers); !ok {
			t.Errorf("%q: not told", policy)
		}
		if calls, _ := d.take(); fmt.Sprint(calls) != want {
			t.Errorf("%q: called %v, not %s", policy, calls, want)
		}
	}
}
