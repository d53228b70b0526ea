package scheduler

import (
	"errors"
	"testing"

	"github.com/ormosproject/ormos/mesos"
)

func TestOfferIsForgotten(t *testing.T) {
	d := newDesk(t, FrameworkOptions{})
	d.b.want(d.now, testNeed("web"))
	o := mesos.Offer{ID: mesos.OfferID{Value: "o"}, AgentID: mesos.AgentID{Value: "a"}, Resources: mesos.Resources{mesos.CPUs(4)}}
	for name, end := range map[string]TypedEvent{"rescinded": &EventRescind{OfferID: o.ID}, "of another subscription": &EventDisconnected{}} {
		d.b.event(d.now, &EventOffers{Offers: []mesos.Offer{o}})
		d.b.event(d.now, end)
		d.act()
		d.event(&EventSubscribed{})
		if len(d.b.launching) > 0 {
			t.Errorf("launched on an offer that is %s", name)
		}
	}
	if got := d.b.waits()[0].Reason; got != "nothing that suits was offered" {
		t.Error(got)
	}
	d.b.refused(d.now, sending{call: &Call{Type: new(CallTypeKill), Kill: &CallKill{}}}, errors.New("no")) // nothing to take back
}
