package master

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// untilOffer is how long, in whole seconds, it takes until the next offer.
func untilOffer(f *client, most int) int {
	for s := range most {
		if len(f.offers()) > 0 {
			return s
		}
		pass(time.Second)
	}
	return most
}

func TestFiltersLastAsLongAsTheyWereAskedTo(t *testing.T) {
	filters := func(seconds float64) *mesos.Filters { return &mesos.Filters{RefuseSeconds: &seconds} }
	cases := map[string]struct {
		filters    *mesos.Filters
		from, upTo int // seconds until the next offer
	}{
		"none":     {nil, 5, 7},
		"zero":     {filters(0), 0, 1},
		"negative": {filters(-1), 5, 7},
		"short":    {filters(0.1), 1, 2},
		"long":     {filters(100), 100, 102},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inWorld(t, Options{}, func(w *world) {
				w.agent().setSilent(false)
				f := w.subscribe(aware())
				f.decline(f.offer(), c.filters)
				if got := untilOffer(f, c.upTo+1); got < c.from || got > c.upTo {
					t.Errorf("the next offer came after %d s, expected %d to %d", got, c.from, c.upTo)
				}
			})
		})
	}
}

func TestRefusalsAreCutToAYear(t *testing.T) {
	for seconds, want := range map[float64]time.Duration{
		math.Inf(1): maxRefusal, 1e300: maxRefusal, math.NaN(): defaultRefusal, -1: defaultRefusal, 0: 0, 1.5: 1500 * time.Millisecond,
	} {
		if got := refusal(&mesos.Filters{RefuseSeconds: &seconds}); got != want {
			t.Errorf("refuse_seconds %v: %v", seconds, got)
		}
	}
}

func TestReviveEndsFilters(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		w.agent()
		f := w.subscribe(aware())
		f.decline(f.offer(), &mesos.Filters{RefuseSeconds: new(3600.0)})
		pass(10 * time.Second)
		if got := f.offers(); got != nil {
			t.Fatalf("offers in spite of a filter: %v", got)
		}
		f.call(202, &scheduler.Call{Type: new(scheduler.CallTypeRevive), Revive: &scheduler.CallRevive{Roles: []string{"r", "foreign"}}})
		if got := f.offers(); got != nil {
			t.Fatalf("offers after REVIVE of a foreign role: %v", got)
		}
		f.call(202, &scheduler.Call{Type: new(scheduler.CallTypeRevive)})
		f.offer()
	})
}

func TestSuppressKeepsOffersThatAreOut(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		a := w.agent()
		f := w.subscribe(aware())
		o := f.offer()
		f.call(202, &scheduler.Call{Type: new(scheduler.CallTypeSuppress)})
		f.accept(o, 0, command("t", o, "cpus:1"))
		a.update(f, "t", mesos.TaskRunning)
		pass(10 * time.Second)
		if got := f.types(); !slices.Equal(got, []string{"UPDATE"}) {
			t.Errorf("events: %v", got)
		}
		f.call(202, &scheduler.Call{Type: new(scheduler.CallTypeRevive)})
		f.offer()
	})
}

func TestOfferTimeout(t *testing.T) {
	inWorld(t, Options{Flags: Flags{OfferTimeout: 5 * time.Second}}, func(w *world) {
		w.agent()
		f := w.subscribe(aware())
		o := f.offer()
		pass(4 * time.Second)
		if got := f.types(); got != nil {
			t.Fatalf("too early: %v", got)
		}
		pass(3 * time.Second)
		events := f.read()
		if got := kinds(events); !slices.Equal(got, []string{"RESCIND", "OFFERS"}) || events[0].Rescind.OfferID.Value != o.ID.Value {
			t.Errorf("events: %v", got)
		}
	})
}

func TestAcceptOfOffersThatDoNotFit(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		w.agent()
		w.agentAt(5052, agentResources)
		f := w.subscribe(aware())
		offers := f.offers()
		if len(offers) != 2 {
			t.Fatalf("offers: %d", len(offers))
		}
		f.call(202, &scheduler.Call{Type: new(scheduler.CallTypeAccept), Accept: &scheduler.CallAccept{
			OfferIDs: []mesos.OfferID{offers[0].ID, offers[1].ID}, Filters: &mesos.Filters{RefuseSeconds: new(3600.0)},
			Operations: []mesos.OfferOperation{
				{Type: new(mesos.OfferOperationTypeLaunch), Launch: &mesos.OfferOperationLaunch{TaskInfos: []mesos.TaskInfo{command("t", offers[0], "cpus:1")}}},
				{Type: new(mesos.OfferOperationTypeReserve), ID: &mesos.OperationID{Value: "op"}, Reserve: &mesos.OfferOperationReserve{}},
			},
		}})
		events := f.read()
		if got := kinds(events); !slices.Equal(got, []string{"UPDATE", "UPDATE_OPERATION_STATUS"}) {
			t.Fatalf("events: %v", got)
		}
		if s := events[0].Update.Status; s.State != mesos.TaskDropped || s.GetReason() != mesos.ReasonInvalidOffers {
			t.Errorf("status: %v", &s)
		}
		pass(time.Second)
		if got := f.offers(); len(got) != 2 {
			t.Errorf("offers after it: %d", len(got))
		}
	})
}

func TestOfferFormats(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		w.agentAt(5051, "cpus(r):2;cpus:2;mem:4096")
		old := aware()
		f := w.subscribe(old)
		if o := f.offer(); o.Resources[0].GetRole() != "r" || o.Resources[0].Reservations != nil || o.Resources[1].GetRole() != "*" {
			t.Errorf("before refinement: %v", o.Resources)
		}
		f.call(202, &scheduler.Call{Type: new(scheduler.CallTypeTeardown)})
		g := w.subscribe(frameworkInfo(mesos.FrameworkInfoCapabilityTypeReservationRefinement))
		if o := g.offer(); o.Resources[0].Role != nil || len(o.Resources[0].Reservations) != 1 || o.Resources[1].Role != nil {
			t.Errorf("with refinement: %v", o.Resources)
		}
		g.call(202, &scheduler.Call{Type: new(scheduler.CallTypeTeardown)})
		h := w.subscribe(&mesos.FrameworkInfo{User: "nobody", Name: "h", Role: new("r")})
		if o := h.offer(); o.AllocationInfo != nil || o.Resources[0].AllocationInfo != nil {
			t.Errorf("without MULTI_ROLE: %v", &o)
		}
	})
}

func TestReserveAndCreateInOneCall(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		a := w.agent()
		f := w.subscribe(frameworkInfo(mesos.FrameworkInfoCapabilityTypeReservationRefinement))
		o := f.offer()
		disk := mesos.Disk(64)
		disk.Reservations = []mesos.ResourceReservationInfo{{Type: new(mesos.ResourceReservationInfoTypeDynamic), Role: new("r")}}
		volume := *disk.Clone()
		volume.Disk = &mesos.ResourceDiskInfo{
			Persistence: &mesos.ResourceDiskInfoPersistence{ID: "v"}, Volume: &mesos.Volume{ContainerPath: "data", Mode: mesos.VolumeModeRw},
		}
		f.call(202, &scheduler.Call{Type: new(scheduler.CallTypeAccept), Accept: &scheduler.CallAccept{
			OfferIDs: []mesos.OfferID{o.ID}, Filters: &mesos.Filters{RefuseSeconds: new(0.0)},
			Operations: []mesos.OfferOperation{
				{Type: new(mesos.OfferOperationTypeReserve), Reserve: &mesos.OfferOperationReserve{Resources: []mesos.Resource{disk}}},
				{Type: new(mesos.OfferOperationTypeCreate), Create: &mesos.OfferOperationCreate{Volumes: []mesos.Resource{volume}}},
			},
		}})
		if got := a.take(); len(got) != 2 {
			t.Errorf("the agent was told %v", got)
		}
		pass(time.Second)
		r := mesos.Resources(f.offer().Resources).Unallocated()
		if !r.Contains(volume) || r.Disk() != 10240 {
			t.Errorf("offered: %v", r)
		}
	})
}

func TestFairShares(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		for i := range 4 {
			w.agentAt(5051+i, agentResources)
		}
		one, two := frameworkInfo(), frameworkInfo()
		one.Roles, two.Roles = []string{"a"}, []string{"b"}
		f := w.subscribe(one)
		offers := f.offers()
		if len(offers) != 4 {
			t.Fatalf("the first framework was offered %d agents", len(offers))
		}
		g := w.subscribe(two)
		for _, o := range offers {
			f.decline(o, &mesos.Filters{RefuseSeconds: new(0.0)})
		}
		pass(time.Second)
		if a, b := len(f.offers()), len(g.offers()); a != 2 || b != 2 {
			t.Errorf("shares: %d and %d agents", a, b)
		}
	})
}
