package mesos_test

import (
	"strings"
	"testing"

	"github.com/ormosproject/ormos/mesos"
)

func reservation(kind mesos.ResourceReservationInfoType, role string) mesos.ResourceReservationInfo {
	return mesos.ResourceReservationInfo{Type: &kind, Role: new(role)}
}

const (
	static  = mesos.ResourceReservationInfoTypeStatic
	dynamic = mesos.ResourceReservationInfoTypeDynamic
)

// cpusFor is one CPU with that stack of reservations.
func cpusFor(stack ...mesos.ResourceReservationInfo) mesos.Resource {
	one := mesos.CPUs(1)
	one.Reservations = stack
	return one
}

// cpusOf is one CPU in the old format.
func cpusOf(role string, reservation *mesos.ResourceReservationInfo) mesos.Resource {
	one := mesos.CPUs(1)
	one.Role, one.Reservation = new(role), reservation
	return one
}

func TestFormats(t *testing.T) {
	for _, tt := range []struct {
		name     string
		old      mesos.Resource
		new      mesos.Resource
		role     string
		reserved bool
		dynamic  bool
	}{
		{"unreserved", cpusOf("*", nil), mesos.CPUs(1), "*", false, false},
		{"static", cpusOf("web", nil), cpusFor(reservation(static, "web")), "web", true, false},
		{"dynamic", cpusOf("web", &mesos.ResourceReservationInfo{}), cpusFor(reservation(dynamic, "web")), "web", true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, one := range []mesos.Resource{tt.old, tt.new} {
				if one.ReservedRole() != tt.role || one.IsReserved() != tt.reserved || one.IsDynamicallyReserved() != tt.dynamic {
					t.Errorf("%v is reserved to %q", mesos.Resources{one}, one.ReservedRole())
				}
				for format, wantOld := range map[mesos.ResourceFormat]bool{mesos.PreRefinement: true, mesos.PostRefinement: false, mesos.Endpoint: true} {
					converted, err := mesos.Resources{one}.In(format)
					if err != nil || !converted.Equal(mesos.Resources{one}) || converted.Validate() != nil {
						t.Errorf("in format %d: %v, %v, %v", format, converted, err, converted.Validate())
					}
					wantNew := tt.reserved && format != mesos.PreRefinement
					if (converted[0].Role != nil) != wantOld || (converted[0].Reservations != nil) != wantNew {
						t.Errorf("in format %d: role %v, reservations %v", format, converted[0].Role, converted[0].Reservations)
					}
				}
			}
		})
	}
}

func TestRefinement(t *testing.T) {
	refined := mesos.Resources{cpusFor(reservation(static, "web"), reservation(dynamic, "web/front"))}
	if got := refined[0].ReservedRole(); got != "web/front" {
		t.Errorf("reserved to %q", got)
	}
	if _, err := refined.In(mesos.PreRefinement); err == nil || !strings.Contains(err.Error(), "web/front") {
		t.Errorf("got error %v", err)
	}
	if shown, err := refined.In(mesos.Endpoint); err != nil || shown[0].Role != nil || !shown.Equal(refined) {
		t.Errorf("shown as %v, %v", shown, err)
	}
	if refined.Equal(mesos.Resources{cpusFor(reservation(static, "web"))}) {
		t.Error("the refinement does not count")
	}
}

func TestReservationsDiffer(t *testing.T) {
	labelled := func(labels ...mesos.Label) mesos.Resource {
		one := reservation(dynamic, "web")
		one.Labels = &mesos.Labels{Labels: labels}
		return cpusFor(one)
	}
	x, y := mesos.Label{Key: "x"}, mesos.Label{Key: "y", Value: new("1")}
	owned := reservation(dynamic, "web")
	owned.Principal = new("me")
	for _, other := range []mesos.Resource{
		cpusFor(reservation(static, "web")), cpusFor(reservation(dynamic, "db")), cpusFor(owned), labelled(x), labelled(),
		mesos.CPUs(1),
	} {
		if (mesos.Resources{other}).Contains(cpusFor(reservation(dynamic, "web"))) {
			t.Errorf("%v contains another reservation", mesos.Resources{other})
		}
	}
	if !(mesos.Resources{labelled(x, y)}).Equal(mesos.Resources{labelled(y, x)}) {
		t.Error("the order of labels counts")
	}
}

func TestFilters(t *testing.T) {
	r := parse(t, "cpus:1;cpus(web):2;cpus(web/front):3;cpus(db):4")
	for name, tt := range map[string]struct {
		got  mesos.Resources
		want float64
	}{
		"unreserved":         {r.Unreserved(), 1},
		"reserved to web":    {r.ReservedTo("web"), 2},
		"reserved to *":      {r.ReservedTo("*"), 0},
		"for web":            {r.AllocatableTo("web"), 3},
		"for web/front":      {r.AllocatableTo("web/front"), 6},
		"for web/front/left": {r.AllocatableTo("web/front/left"), 6},
		"for webs":           {r.AllocatableTo("webs"), 1},
		"named":              {r.Named("cpus"), 10},
		"named otherwise":    {r.Named("mem"), 0},
	} {
		if tt.got.CPUs() != tt.want {
			t.Errorf("%s: %v", name, tt.got)
		}
	}
}

func TestAllocation(t *testing.T) {
	r := parse(t, "cpus:1;mem(web):2")
	allocated := r.AllocatedTo("web")
	if allocated.Contains(r...) || r.Contains(allocated...) {
		t.Error("the allocation does not count")
	}
	if allocated.Equal(r.AllocatedTo("db")) || !allocated.Equal(r.AllocatedTo("web")) {
		t.Error("the role of the allocation does not count")
	}
	if !allocated.Unallocated().Equal(r) || r[0].AllocationInfo != nil {
		t.Errorf("without allocation: %v", allocated.Unallocated())
	}
}

func TestRoles(t *testing.T) {
	for role, want := range map[string]string{
		"*": "", "web": "", "web/front": "", "a.b": "", "we-b": "",
		"": "empty", "/web": "empty", "web/": "empty", "a//b": "empty",
		".": "not a part", "a/..": "not a part", "a/*": "not a part",
		"-web": "dash", "web/-x": "dash", "we b": "white space", "web\t": "white space", "web\x7f": "white space",
	} {
		if err := mesos.ValidRole(role); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", role, err, want)
		}
	}
}

func TestIDs(t *testing.T) {
	long := strings.Repeat("x", 255)
	for id, want := range map[string]string{
		"a": "", "a b": "", "web.1": "", "...": "", "ä": "", long: "",
		"": "empty", ".": "directory", "..": "directory", "a/b": "contains", `a\b`: "contains", "a\nb": "contains", "a\x7f": "contains",
		long + "x": "256 bytes",
	} {
		if err := mesos.ValidID(id); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", id, err, want)
		}
	}
	for id, valid := range map[string]bool{"a": true, "": false, "a b": false, "a.b": false, long: false, long[:242]: true} {
		if err := mesos.ValidContainerID(id); (err == nil) != valid {
			t.Errorf("container %q: %v", id, err)
		}
	}
}
