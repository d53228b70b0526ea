package master

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
	"github.com/ormosproject/ormos/scheduler"
)

// volumeOf is a volume of that many MB, reserved for role r.
func volumeOf(size float64) mesos.Resource {
	v := dynamic(mesos.Disk(size), "r")
	v.Disk = &mesos.ResourceDiskInfo{
		Persistence: &mesos.ResourceDiskInfoPersistence{ID: "v"}, Volume: &mesos.Volume{Mode: mesos.VolumeModeRw, ContainerPath: "data"},
	}
	return v
}

// operate accepts an offer with operations.
func (f *client) operate(o mesos.Offer, ops ...mesos.OfferOperation) {
	f.w.t.Helper()
	f.call(202, &scheduler.Call{Type: new(scheduler.CallTypeAccept), Accept: &scheduler.CallAccept{
		OfferIDs: []mesos.OfferID{o.ID}, Operations: ops, Filters: &mesos.Filters{RefuseSeconds: new(3600.0)},
	}})
}

func grow(by mesos.Resource, of float64) mesos.OfferOperation {
	return mesos.OfferOperation{
		Type: new(mesos.OfferOperationTypeGrowVolume), ID: &mesos.OperationID{Value: "grow"},
		GrowVolume: &mesos.OfferOperationGrowVolume{Volume: volumeOf(of), Addition: by},
	}
}

func shrink(by, of float64) mesos.OfferOperation {
	return mesos.OfferOperation{
		Type: new(mesos.OfferOperationTypeShrinkVolume), ID: &mesos.OperationID{Value: "shrink"},
		ShrinkVolume: &mesos.OfferOperationShrinkVolume{Volume: volumeOf(of), Subtract: mesos.ValueScalar{Value: by}},
	}
}

// withVolume is a framework that has reserved 100 MB of disk and made a volume of 16 of them.
func (w *world) withVolume() *client {
	f := w.subscribe(frameworkInfo(mesos.FrameworkInfoCapabilityTypeReservationRefinement))
	f.operate(f.offer(),
		mesos.OfferOperation{
			Type:    new(mesos.OfferOperationTypeReserve),
			Reserve: &mesos.OfferOperationReserve{Resources: []mesos.Resource{dynamic(mesos.Disk(100), "r")}},
		},
		mesos.OfferOperation{Type: new(mesos.OfferOperationTypeCreate), Create: &mesos.OfferOperationCreate{Volumes: []mesos.Resource{volumeOf(16)}}},
	)
	pass(2 * time.Second)
	return f
}

// sizes are those of the volumes and of the other disk that is reserved in an offer.
func sizes(o mesos.Offer) (volumes, rest float64) {
	r := mesos.Resources(o.Resources).ReservedTo("r")
	volume := r.Filter(func(r *mesos.Resource) bool { return r.IsPersistentVolume() })
	return volume.Disk(), r.Disk() - volume.Disk()
}

func TestVolumesAreResized(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		w.agent()
		f := w.withVolume()
		f.operate(f.offer(), grow(dynamic(mesos.Disk(8), "r"), 16))
		pass(2 * time.Second)
		told := w.sizesTold(f, "grow", mesos.OperationFinished, "")
		if volumes, rest := sizes(told); volumes != 24 || rest != 76 {
			t.Errorf("grown: a volume of %v MB and %v MB", volumes, rest)
		}
		f.operate(told, shrink(20, 24))
		pass(2 * time.Second)
		told = w.sizesTold(f, "shrink", mesos.OperationFinished, "")
		if volumes, rest := sizes(told); volumes != 4 || rest != 96 {
			t.Errorf("shrunk: a volume of %v MB and %v MB", volumes, rest)
		}
	})
}

// sizesTold reads how an operation has ended, and the offer that follows.
func (w *world) sizesTold(f *client, id string, state mesos.OperationState, why string) (next mesos.Offer) {
	w.t.Helper()
	told := false
	for _, e := range f.read() {
		if e.UpdateOperationStatus != nil {
			s := e.UpdateOperationStatus.Status
			told = s.OperationID.Value == id && s.State == state && strings.Contains(s.GetMessage(), why)
			if !told {
				w.t.Errorf("told %v", &s)
			}
		}
		if e.Offers != nil {
			next = e.Offers.Offers[0]
		}
	}
	if !told {
		w.t.Errorf("nothing is told of %s", id)
	}
	return next
}

// What cannot be resized stays as it was, and the framework is told why.
func TestVolumesThatCannotBeResized(t *testing.T) {
	for why, op := range map[string]mesos.OfferOperation{
		"would be empty":         shrink(16, 16),
		"not positive":           shrink(0, 16),
		"is not the disk":        grow(mesos.Disk(8), 16),
		"no persistent volume":   {Type: new(mesos.OfferOperationTypeGrowVolume), GrowVolume: &mesos.OfferOperationGrowVolume{Volume: mesos.Disk(1), Addition: mesos.Disk(1)}},
		"does not contain":       shrink(8, 32),
		"member of its type":     {Type: new(mesos.OfferOperationTypeShrinkVolume)},
		"by the local cluster":   {Type: new(mesos.OfferOperationTypeCreateDisk)},
		"has no member of its t": {Type: new(mesos.OfferOperationTypeGrowVolume)},
	} {
		t.Run(why, func(t *testing.T) {
			inWorld(t, Options{}, func(w *world) {
				w.agent()
				f := w.withVolume()
				op.ID = &mesos.OperationID{Value: "op"}
				o := f.offer()
				f.operate(o, op)
				pass(2 * time.Second)
				w.sizesTold(f, "op", mesos.OperationError, why)
				if total := w.m.agents[o.AgentID.Value].total; total.Disk() != mesos.Resources(o.Resources).Disk() {
					t.Errorf("the agent has %v", total)
				}
			})
		})
	}
}

// An operator resizes volumes as a framework does, whether they are offered or not.
func TestOperatorResizes(t *testing.T) {
	for _, media := range []wire.MediaType{wire.JSON, wire.Protobuf} {
		inWorld(t, Options{}, func(w *world) {
			a := w.agent()
			f := w.withVolume()
			call := func(want int, c operator.MasterCall) {
				t.Helper()
				body, err := media.Append(nil, &c)
				if err != nil {
					t.Fatal(err)
				}
				if got := w.request(http.MethodPost, "/api/v1", body, "Content-Type", string(media)); got.Code != want {
					t.Errorf("%v: %d %s, want %d", c.GetType(), got.Code, got.Body, want)
				}
			}
			resized := func(volume, rest float64) {
				t.Helper()
				pass(2 * time.Second)
				var last mesos.Offer
				for _, e := range f.read() { // RESCIND of what the operator took
					if e.Offers != nil {
						last = e.Offers.Offers[len(e.Offers.Offers)-1]
					}
				}
				if v, r := sizes(last); v != volume || r != rest {
					t.Errorf("volume of %v beside %v, want %v beside %v", v, r, volume, rest)
				}
			}
			id := &mesos.AgentID{Value: a.id}
			grow := func(agent *mesos.AgentID, of float64, by mesos.Resource) operator.MasterCall {
				return operator.MasterCall{
					Type:       new(operator.MasterCallTypeGrowVolume),
					GrowVolume: &operator.MasterCallGrowVolume{AgentID: agent, Volume: volumeOf(of), Addition: by},
				}
			}
			shrink := func(of, by float64) operator.MasterCall {
				return operator.MasterCall{
					Type:         new(operator.MasterCallTypeShrinkVolume),
					ShrinkVolume: &operator.MasterCallShrinkVolume{AgentID: id, Volume: volumeOf(of), Subtract: mesos.ValueScalar{Value: by}},
				}
			}
			call(400, operator.MasterCall{Type: new(operator.MasterCallTypeGrowVolume)})
			call(400, grow(nil, 16, dynamic(mesos.Disk(4), "r")))
			call(400, grow(&mesos.AgentID{Value: "nobody"}, 16, dynamic(mesos.Disk(4), "r")))
			call(400, grow(id, 16, mesos.Disk(4)))
			call(400, grow(id, 16, dynamic(mesos.Disk(0), "r")))
			call(409, grow(id, 20, dynamic(mesos.Disk(4), "r")))
			call(409, grow(id, 16, dynamic(mesos.Disk(400), "r")))
			call(400, shrink(16, 16))
			call(400, shrink(16, 0))
			call(202, grow(id, 16, dynamic(mesos.Disk(4), "r")))
			resized(20, 80)
			call(202, shrink(20, 10))
			resized(10, 90)
		})
	}
}
