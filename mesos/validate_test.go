package mesos_test

import (
	"math"
	"strings"
	"testing"

	"github.com/ormosproject/ormos/mesos"
)

func TestValidate(t *testing.T) {
	refined := func(stack ...mesos.ResourceReservationInfo) mesos.Resource { return cpusFor(stack...) }
	both := cpusFor(reservation(dynamic, "web"))
	both.Role = new("web")
	agreeing := both
	agreeing.Reservation = &mesos.ResourceReservationInfo{}
	ranges := func(ranges ...mesos.ValueRange) mesos.Resource {
		return mesos.Resource{Name: "ports", Type: mesos.ValueTypeRanges, Ranges: &mesos.ValueRanges{Range: ranges}}
	}
	diskOf := func(name string, info mesos.ResourceDiskInfo) mesos.Resource {
		one := mesos.ScalarResource(name, 1)
		one.Disk = &info
		return one
	}
	sharedCPUs := mesos.CPUs(1)
	sharedCPUs.Shared = &mesos.ResourceSharedInfo{}
	twoAmounts := mesos.CPUs(1)
	twoAmounts.Set = &mesos.ValueSet{}
	for _, tt := range []struct {
		name     string
		resource mesos.Resource
		want     string
	}{
		{"nothing of it", mesos.CPUs(0), ""},
		{"half a thousandth", mesos.CPUs(0.0005), ""},
		{"no name", mesos.ScalarResource("", 1), "no name"},
		{"less than half a thousandth", mesos.CPUs(0.0004), "less than a thousandth"},
		{"negative", mesos.CPUs(-1), "negative"},
		{"not a number", mesos.CPUs(math.NaN()), "not finite"},
		{"infinite", mesos.CPUs(math.Inf(1)), "not finite"},
		{"amount of another type", mesos.Resource{Name: "cpus", Type: mesos.ValueTypeRanges, Scalar: &mesos.ValueScalar{}}, "no amount"},
		{"two amounts", twoAmounts, "more than one"},
		{"text", mesos.Resource{Name: "cpus", Type: mesos.ValueTypeText}, "neither scalar"},
		{"unknown type", mesos.Resource{Name: "cpus", Type: 77}, "neither scalar"},
		{"adjacent ranges", ranges(mesos.ValueRange{Begin: 5, End: 6}, mesos.ValueRange{Begin: 1, End: 4}), ""},
		{"overlapping ranges", ranges(mesos.ValueRange{Begin: 4, End: 6}, mesos.ValueRange{Begin: 1, End: 4}), "overlap"},
		{"the same range twice", ranges(mesos.ValueRange{Begin: 4, End: 4}, mesos.ValueRange{Begin: 4, End: 4}), "overlap"},
		{"range backwards", ranges(mesos.ValueRange{Begin: 4, End: 1}), "beyond its end"},
		{"item twice", mesos.SetResource("disks", "a", "b", "a"), "twice"},
		{"disk information on cpus", diskOf("cpus", mesos.ResourceDiskInfo{}), "only disk"},
		{"disk of unknown source", diskOf("disk", mesos.ResourceDiskInfo{Source: &mesos.ResourceDiskInfoSource{}}), "unknown source"},
		{"volume", volume("a", 1), ""},
		{"shared cpus", sharedCPUs, "persistent volumes"},
		{"reserved to all", cpusOf("*", &mesos.ResourceReservationInfo{}), "cannot be reserved"},
		{"wrong role", cpusOf("a b", nil), "white space"},
		{"refined", refined(reservation(static, "web"), reservation(dynamic, "web/front")), ""},
		{"refined for another role", refined(reservation(static, "web"), reservation(dynamic, "db")), "cannot be refined"},
		{"refined for the same role", refined(reservation(static, "web"), reservation(dynamic, "web")), "cannot be refined"},
		{"static on top", refined(reservation(dynamic, "web"), reservation(static, "web/front")), "static reservation"},
		{"reservation to all", refined(reservation(dynamic, "*")), "cannot be reserved"},
		{"reservation to a wrong role", refined(reservation(dynamic, "a b")), "white space"},
		{"reservation of no kind", refined(mesos.ResourceReservationInfo{Role: new("web")}), "neither static nor dynamic"},
		{"formats that agree", agreeing, ""},
		{"formats that disagree", both, "disagree"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := mesos.Resources{tt.resource}.Validate()
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
