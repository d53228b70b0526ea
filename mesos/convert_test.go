package mesos_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ormosproject/ormos/mesos"
)

// reservable draws resources that can be reserved to web/front/end: reserved to nobody or to web.
func reservable() *rapid.Generator[mesos.Resources] {
	return rapid.Map(anyResources(), func(r mesos.Resources) mesos.Resources {
		return r.Filter(func(one *mesos.Resource) bool {
			return !one.IsPersistentVolume() && one.ReservedRole() != "web/front" && one.GetRole() != "" && !one.IsEmpty()
		})
	})
}

func TestReserveLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := reservable().Draw(t, "resources")
		labels := &mesos.Labels{Labels: []mesos.Label{{Key: "k", Value: new("v")}}}
		by := mesos.ResourceReservationInfo{Role: new("web/front/end"), Principal: new("p"), Labels: labels}
		before := r.String()
		reserved := r.Reserve(by)
		for law, holds := range map[string]bool{
			"a reservation is valid":            reserved.Validate() == nil,
			"unreserving inverts reserving":     reserved.Unreserve().Equal(r),
			"it is to the role":                 len(reserved.ReservedTo("web/front/end")) == len(r),
			"it is dynamic":                     len(reserved.Filter((*mesos.Resource).IsDynamicallyReserved)) == len(r),
			"the labels count":                  r.IsEmpty() || reserved[0].ReservationLabels().Equal(labels),
			"the argument is as before":         r.String() == before,
			"unreserving again takes the lower": len(reserved.Unreserve().Unreserve().Unreserved()) == len(r),
		} {
			if !holds {
				t.Errorf("not so: %s: %v, reserved %v", law, r, reserved)
			}
		}
	})
}

func TestReserveKeepsTheFormat(t *testing.T) {
	by := mesos.ResourceReservationInfo{Role: new("web")}
	old := mesos.Resources{cpusOf("*", nil)}.Reserve(by)[0]
	if old.GetRole() != "web" || old.Reservation == nil || old.Reservations != nil {
		t.Errorf("in the old format: %+v", old)
	}
	if back := (mesos.Resources{old}).Unreserve()[0]; back.Role == nil || *back.Role != "*" || back.Reservation != nil {
		t.Errorf("and back: %+v", back)
	}
	if now := (mesos.Resources{mesos.CPUs(1)}).Reserve(by)[0]; now.Role != nil || len(now.Reservations) != 1 {
		t.Errorf("in the new format: %+v", now)
	}
	below := mesos.Resources{cpusOf("web", nil)}.Reserve(mesos.ResourceReservationInfo{Role: new("web/front")})[0]
	if below.Role != nil || len(below.Reservations) != 2 || (mesos.Resources{below}).Validate() != nil {
		t.Errorf("refined: %+v", below)
	}
}

// reservedDisk is so many MB of the kind of disk that a source says, nil for the agent's own.
func reservedDisk(megabytes float64, source *mesos.ResourceDiskInfoSource) mesos.Resource {
	disk := mesos.Disk(megabytes)
	disk.Reservations = []mesos.ResourceReservationInfo{reservation(dynamic, "web")}
	if source != nil {
		disk.Disk = &mesos.ResourceDiskInfo{Source: source}
	}
	return disk
}

func made(disk mesos.Resource) mesos.Resource {
	return disk.WithVolume(mesos.ResourceDiskInfoPersistence{ID: "v"}, mesos.Volume{ContainerPath: "data", Mode: mesos.VolumeModeRw})
}

func TestVolumes(t *testing.T) {
	for name, source := range map[string]*mesos.ResourceDiskInfoSource{
		"root":  nil,
		"path":  {Type: mesos.ResourceDiskInfoSourceTypePath, Path: &mesos.ResourceDiskInfoSourcePath{Root: new("/d")}},
		"mount": {Type: mesos.ResourceDiskInfoSourceTypeMount, Mount: &mesos.ResourceDiskInfoSourceMount{Root: new("/d")}},
	} {
		disk := reservedDisk(64, source)
		volume := made(disk)
		if !volume.IsPersistentVolume() || volume.Validate() != nil || disk.IsPersistentVolume() {
			t.Errorf("%s: %v of %v", name, mesos.Resources{volume}, mesos.Resources{disk})
		}
		if back := (mesos.Resources{volume}).WithoutVolumes(); !back.Equal(mesos.Resources{disk}) {
			t.Errorf("%s: back %v", name, back)
		}
	}
}

func operation(kind mesos.OfferOperationType, set func(*mesos.OfferOperation)) *mesos.OfferOperation {
	op := &mesos.OfferOperation{Type: &kind}
	set(op)
	return op
}

func launch(tasks ...mesos.TaskInfo) *mesos.OfferOperation {
	return operation(mesos.OfferOperationTypeLaunch, func(op *mesos.OfferOperation) { op.Launch = &mesos.OfferOperationLaunch{TaskInfos: tasks} })
}

func reserve(r ...mesos.Resource) *mesos.OfferOperation {
	return operation(mesos.OfferOperationTypeReserve, func(op *mesos.OfferOperation) { op.Reserve = &mesos.OfferOperationReserve{Resources: r} })
}

func create(r ...mesos.Resource) *mesos.OfferOperation {
	return operation(mesos.OfferOperationTypeCreate, func(op *mesos.OfferOperation) { op.Create = &mesos.OfferOperationCreate{Volumes: r} })
}

func grow(volume, by mesos.Resource) *mesos.OfferOperation {
	return operation(mesos.OfferOperationTypeGrowVolume, func(op *mesos.OfferOperation) {
		op.GrowVolume = &mesos.OfferOperationGrowVolume{Volume: volume, Addition: by}
	})
}

func shrink(volume mesos.Resource, by float64) *mesos.OfferOperation {
	return operation(mesos.OfferOperationTypeShrinkVolume, func(op *mesos.OfferOperation) {
		op.ShrinkVolume = &mesos.OfferOperationShrinkVolume{Volume: volume, Subtract: mesos.ValueScalar{Value: by}}
	})
}

func TestApply(t *testing.T) {
	offered := parse(t, "cpus:4;mem:64;disk:100")
	disk, volume := reservedDisk(40, nil), made(reservedDisk(40, nil))
	shared := volume
	shared.Shared = &mesos.ResourceSharedInfo{}
	executor := &mesos.ExecutorInfo{ExecutorID: mesos.ExecutorID{Value: "e"}, Resources: mesos.Resources{mesos.CPUs(1)}}
	task := func(executor *mesos.ExecutorInfo, r ...mesos.Resource) mesos.TaskInfo {
		return mesos.TaskInfo{Resources: r, Executor: executor}
	}
	unreserve := operation(mesos.OfferOperationTypeUnreserve, func(op *mesos.OfferOperation) {
		op.Unreserve = &mesos.OfferOperationUnreserve{Resources: mesos.Resources{disk}}
	})
	destroy := operation(mesos.OfferOperationTypeDestroy, func(op *mesos.OfferOperation) {
		op.Destroy = &mesos.OfferOperationDestroy{Volumes: mesos.Resources{volume}}
	})
	group := operation(mesos.OfferOperationTypeLaunchGroup, func(op *mesos.OfferOperation) {
		op.LaunchGroup = &mesos.OfferOperationLaunchGroup{Executor: *executor, TaskGroup: mesos.TaskGroupInfo{Tasks: []mesos.TaskInfo{
			task(executor, mesos.CPUs(1)), task(executor, mesos.CPUs(1)),
		}}}
	})
	rest := func(more ...mesos.Resource) mesos.Resources { return parse(t, "cpus:4;mem:64;disk:60").Add(more...) }
	revocable := disk
	revocable.Revocable = &mesos.ResourceRevocableInfo{}
	for _, tt := range []struct {
		name string
		ops  []*mesos.OfferOperation
		want mesos.Resources // nil: the last one fails
	}{
		{"launch", []*mesos.OfferOperation{launch(task(nil, mesos.CPUs(1)), task(nil, mesos.CPUs(1), mesos.Mem(4)))}, parse(t, "cpus:2;mem:60;disk:100")},
		{"an executor counts once", []*mesos.OfferOperation{launch(task(executor, mesos.CPUs(1)), task(executor, mesos.CPUs(1)))}, parse(t, "cpus:1;mem:64;disk:100")},
		{"and so in a group", []*mesos.OfferOperation{group}, parse(t, "cpus:1;mem:64;disk:100")},
		{"too much", []*mesos.OfferOperation{launch(task(nil, mesos.CPUs(3)), task(nil, mesos.CPUs(2)))}, nil},
		{"reserve", []*mesos.OfferOperation{reserve(disk)}, rest(disk)},
		{"reserve what is not there", []*mesos.OfferOperation{reserve(reservedDisk(101, nil))}, nil},
		{"reserve statically", []*mesos.OfferOperation{reserve(cpusFor(reservation(static, "web")))}, nil},
		{"reserve what is revocable", []*mesos.OfferOperation{reserve(revocable)}, nil},
		{"create", []*mesos.OfferOperation{reserve(disk), create(volume)}, rest(volume)},
		{"create of what is not reserved", []*mesos.OfferOperation{create(volume)}, nil},
		{"create on unreserved disk", []*mesos.OfferOperation{create(made(mesos.Disk(1)))}, nil},
		{"create of what is no volume", []*mesos.OfferOperation{reserve(disk), create(disk)}, nil},
		{"launch with a volume", []*mesos.OfferOperation{reserve(disk), create(volume), launch(task(nil, volume))}, rest()},
		{"launch twice with a volume", []*mesos.OfferOperation{reserve(disk), create(volume), launch(task(nil, volume), task(nil, volume))}, nil},
		{"launch twice with a shared volume", []*mesos.OfferOperation{reserve(disk), create(shared), launch(task(nil, shared), task(nil, shared))}, rest(shared)},
		{"reserve a volume", []*mesos.OfferOperation{reserve(disk), create(volume), reserve(volume)}, nil},
		{"destroy and unreserve", []*mesos.OfferOperation{reserve(disk), create(volume), destroy, unreserve}, offered},
		{"unreserve a volume's disk", []*mesos.OfferOperation{reserve(disk), create(volume), unreserve}, nil},
		{"grow", []*mesos.OfferOperation{reserve(reservedDisk(50, nil)), create(volume), grow(volume, reservedDisk(10, nil))}, parse(t, "cpus:4;mem:64;disk:50").Add(made(reservedDisk(50, nil)))},
		{"grow by other disk", []*mesos.OfferOperation{reserve(disk), create(volume), grow(volume, mesos.Disk(10))}, nil},
		{"grow nothing", []*mesos.OfferOperation{grow(mesos.Resource{Name: "disk"}, mesos.Resource{})}, nil},
		{"shrink", []*mesos.OfferOperation{reserve(disk), create(volume), shrink(volume, 10)}, rest(made(reservedDisk(30, nil)), reservedDisk(10, nil))},
		{"shrink to nothing", []*mesos.OfferOperation{reserve(disk), create(volume), shrink(volume, 40)}, nil},
		{"no member", []*mesos.OfferOperation{{Type: new(mesos.OfferOperationTypeLaunch)}}, nil},
		{"unknown", []*mesos.OfferOperation{{}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			left, err := offered, error(nil)
			for i, op := range tt.ops {
				if left, err = left.Apply(op); err != nil && (tt.want != nil || i < len(tt.ops)-1) {
					t.Fatal(err)
				}
			}
			if tt.want == nil {
				if err == nil || !strings.HasPrefix(err.Error(), "cannot apply ") {
					t.Fatalf("left %v, error %v", left, err)
				}
			} else if !left.Equal(tt.want) {
				t.Fatalf("left %v, want %v", left, tt.want)
			}
		})
	}
	if left, err := offered.Apply(launch(task(executor, mesos.CPUs(1))), executor.ExecutorID); err != nil || left.CPUs() != 3 {
		t.Errorf("with an executor that runs: left %v, %v", left, err)
	}
}
