package master

import (
	"testing"
	"time"

	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// reserve reserves a cpu of an offer by an operation with an id.
func (f *client) reserve(o mesos.Offer, id string) {
	f.w.t.Helper()
	cpu := dynamic(mesos.CPUs(1), "r")
	f.call(202, &scheduler.Call{Type: new(scheduler.CallTypeAccept), Accept: &scheduler.CallAccept{
		OfferIDs: []mesos.OfferID{o.ID}, Filters: &mesos.Filters{RefuseSeconds: new(3600.0)},
		Operations: []mesos.OfferOperation{{
			Type: new(mesos.OfferOperationTypeReserve), ID: &mesos.OperationID{Value: id}, Reserve: &mesos.OfferOperationReserve{Resources: []mesos.Resource{cpu}},
		}},
	}})
}

// outcomes gives what has been told of operations, whatever else has come.
func (f *client) outcomes() (statuses []mesos.OperationStatus) {
	f.w.t.Helper()
	for _, e := range f.read() {
		if e.UpdateOperationStatus != nil {
			statuses = append(statuses, e.UpdateOperationStatus.Status)
		}
	}
	return statuses
}

// outcome gives the one that has come.
func (f *client) outcome() mesos.OperationStatus {
	f.w.t.Helper()
	all := f.outcomes()
	if len(all) != 1 {
		f.w.t.Fatalf("expected the outcome of one operation, got %d", len(all))
	}
	return all[0]
}

func TestOutcomeOfAnOperationIsToldUntilItIsAcknowledged(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		a := w.agent()
		info := frameworkInfo(mesos.FrameworkInfoCapabilityTypeReservationRefinement)
		info.FailoverTimeout = new(3600.0)
		f := w.subscribe(info)
		f.reserve(f.offer(), "op")
		first := f.outcome()
		if first.State != mesos.OperationFinished || first.OperationID.Value != "op" || first.AgentID.Value != a.id || first.UUID == nil ||
			mesos.Resources(first.ConvertedResources).CPUs() != 1 {
			t.Fatalf("told: %v", &first)
		}
		for _, pause := range []time.Duration{10, 20, 40} {
			pass(pause*time.Second - time.Millisecond)
			if got := f.outcomes(); got != nil {
				t.Errorf("told before %d s: %v", pause, got)
			}
			pass(time.Millisecond)
			if again := f.outcome(); string(again.UUID.Value) != string(first.UUID.Value) {
				t.Errorf("told another: %v", &again)
			}
		}
		f.call(202, &scheduler.Call{Type: new(scheduler.CallTypeReconcileOperations), ReconcileOperations: &scheduler.CallReconcileOperations{}})
		if s := f.outcome(); s.State != mesos.OperationFinished || s.UUID != nil {
			t.Errorf("reconciled: %v", &s)
		}
		f.close()
		g := w.subscribe(info)
		if s := g.outcome(); string(s.UUID.Value) != string(first.UUID.Value) {
			t.Errorf("told after the failover: %v", &s)
		}
		acknowledge := func(uuid []byte) {
			g.call(202, &scheduler.Call{Type: new(scheduler.CallTypeAcknowledgeOperationStatus), AcknowledgeOperationStatus: &scheduler.CallAcknowledgeOperationStatus{
				AgentID: first.AgentID, UUID: uuid, OperationID: *first.OperationID,
			}})
		}
		acknowledge([]byte("0123456789abcdef")) // of something else
		pass(11 * time.Second)
		g.outcome()
		acknowledge(first.UUID.Value)
		pass(time.Hour)
		if got := g.outcomes(); got != nil {
			t.Errorf("told after the acknowledgement: %v", got)
		}
		g.call(202, &scheduler.Call{Type: new(scheduler.CallTypeReconcileOperations), ReconcileOperations: &scheduler.CallReconcileOperations{
			Operations: []scheduler.CallReconcileOperationsOperation{{OperationID: mesos.OperationID{Value: "op"}}},
		}})
		if s := g.outcome(); s.State != mesos.OperationUnknown {
			t.Errorf("reconciled after the acknowledgement: %v", &s)
		}
	})
}

func TestOperationsGoWithTheirAgent(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		a := w.agent()
		f := w.subscribe(frameworkInfo(mesos.FrameworkInfoCapabilityTypeReservationRefinement))
		f.reserve(f.offer(), "op")
		f.outcome()
		a.hangUp()
		pass(time.Minute)
		if got := f.outcomes(); got != nil {
			t.Errorf("told without the agent: %v", got)
		}
		a = w.reregister(a.id, link.Reregister{})
		pass(time.Minute)
		f.outcome()
		a.master.Send(link.Unregister{})
		pass(time.Hour)
		if got := f.outcomes(); got != nil {
			t.Errorf("told after the agent's end: %v", got)
		}
	})
}
