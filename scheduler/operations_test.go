package scheduler_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
	"github.com/ormosproject/ormos/scheduler"
	"github.com/ormosproject/ormos/store"
)

// disk is reserved for the role "db", by nobody in particular.
func disk(size float64) mesos.Resource {
	d := mesos.Disk(size)
	d.Reservations = []mesos.ResourceReservationInfo{{Type: new(mesos.ResourceReservationInfoTypeDynamic), Role: new("db")}}
	return d
}

func volume(size float64) mesos.Resource {
	v := disk(size)
	v.Disk = &mesos.ResourceDiskInfo{
		Persistence: &mesos.ResourceDiskInfoPersistence{ID: "data"}, Volume: &mesos.Volume{Mode: mesos.VolumeModeRw, ContainerPath: "data"},
	}
	return v
}

// block is a disk as resource providers have them.
func block() mesos.Resource {
	d := disk(8)
	d.ProviderID = &mesos.ResourceProviderID{Value: "provider"}
	d.Disk = &mesos.ResourceDiskInfo{Source: &mesos.ResourceDiskInfoSource{Type: mesos.ResourceDiskInfoSourceTypeRaw}}
	return d
}

// operations are all that change resources, in the order of a volume's life.
func operations() []mesos.OfferOperation {
	return []mesos.OfferOperation{
		{Reserve: &mesos.OfferOperationReserve{Resources: []mesos.Resource{disk(64)}}},
		{Create: &mesos.OfferOperationCreate{Volumes: []mesos.Resource{volume(16)}}},
		{GrowVolume: &mesos.OfferOperationGrowVolume{Volume: volume(16), Addition: disk(16)}},
		{ShrinkVolume: &mesos.OfferOperationShrinkVolume{Volume: volume(32), Subtract: mesos.ValueScalar{Value: 8}}},
		{Destroy: &mesos.OfferOperationDestroy{Volumes: []mesos.Resource{volume(24)}}},
		{Unreserve: &mesos.OfferOperationUnreserve{Resources: []mesos.Resource{disk(64)}}},
		{CreateDisk: &mesos.OfferOperationCreateDisk{Source: block(), TargetType: mesos.ResourceDiskInfoSourceTypeMount}},
		{DestroyDisk: &mesos.OfferOperationDestroyDisk{Source: block()}},
	}
}

// typeOf is the type of an operation by its member.
func typeOf(op *mesos.OfferOperation) mesos.OfferOperationType {
	switch {
	case op.Reserve != nil:
		return mesos.OfferOperationTypeReserve
	case op.Create != nil:
		return mesos.OfferOperationTypeCreate
	case op.GrowVolume != nil:
		return mesos.OfferOperationTypeGrowVolume
	case op.ShrinkVolume != nil:
		return mesos.OfferOperationTypeShrinkVolume
	case op.Destroy != nil:
		return mesos.OfferOperationTypeDestroy
	case op.Unreserve != nil:
		return mesos.OfferOperationTypeUnreserve
	case op.CreateDisk != nil:
		return mesos.OfferOperationTypeCreateDisk
	}
	return mesos.OfferOperationTypeDestroyDisk
}

// operate is a need of one operation, whose id is its type.
func operate(op mesos.OfferOperation) scheduler.Need {
	op.Type = new(typeOf(&op))
	op.ID = &mesos.OperationID{Value: op.Type.String()}
	return scheduler.Need{Need: offer.Need{Name: op.ID.Value}, Use: func(o mesos.Offer) []mesos.OfferOperation {
		if !mesos.Resources(o.Resources).Contains(mesos.Resources{mesos.CPUs(0.1)}.AllocatedTo("db")...) {
			return nil
		}
		return []mesos.OfferOperation{*op.Clone()}
	}}
}

// A volume's life through a Framework: each operation is recorded before it is asked for, and its outcome told once. What Mesos hands on to a resource
// provider the local cluster refuses, having none, and that is told with its reason.
func TestFrameworkOperatesOnACluster(t *testing.T) {
	cluster := local.RunT(t, local.Options{Resources: []string{"cpus:2;mem:512;disk:1024"}})
	records := &store.Memory{}
	o := frameworkOptions(cluster.Master(), records)
	o.Framework.Roles = []string{"db"}
	o.Framework.Capabilities = scheduler.Capabilities{PartitionAware: true, MultiRole: true, ReservationRefinement: true}.List()
	f := scheduler.NewFramework(o)
	left := operations()
	next := func() error {
		op := left[0]
		left = left[1:]
		return f.Want(operate(op))
	}
	if err := next(); err != nil {
		t.Fatal(err)
	}
	var told []string
	for event, err := range f.Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		e, ok := event.(*scheduler.EventOperation)
		if !ok {
			continue
		}
		if all, err := records.Load(t.Context()); err != nil || all["operation/"+e.Operation.ID] == nil {
			t.Errorf("%v is told, and not recorded: %v", e.Operation, err)
		}
		if !e.Operation.Over() {
			continue
		}
		told = append(told, e.Operation.String())
		if e.Operation.State() == mesos.OperationError && !strings.Contains(e.Operation.Status.GetMessage(), "not supported by the local cluster") {
			t.Errorf("%v: %s", e.Operation, e.Operation.Status.GetMessage())
		}
		if len(left) == 0 {
			break
		}
		if err := next(); err != nil {
			t.Fatal(err)
		}
	}
	var want []string
	for _, op := range operations() {
		state := "OPERATION_FINISHED"
		if slices.Contains([]mesos.OfferOperationType{mesos.OfferOperationTypeCreateDisk, mesos.OfferOperationTypeDestroyDisk}, typeOf(&op)) {
			state = "OPERATION_ERROR"
		}
		want = append(want, typeOf(&op).String()+" "+typeOf(&op).String()+" ("+state+")")
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
	if left := f.Operations(); len(left) > 1 { // the last one is being told
		t.Errorf("operations are left: %v", left)
	}
}
