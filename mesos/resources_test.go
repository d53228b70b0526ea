package mesos_test

import (
	"math"
	"testing"

	"github.com/ormosproject/ormos/mesos"
)

// parse reads the text form, which tests are easiest to read in.
func parse(t testing.TB, text string) mesos.Resources {
	t.Helper()
	resources, err := mesos.ParseResources(text)
	if err != nil {
		t.Fatal(err)
	}
	return resources
}

func TestArithmetic(t *testing.T) {
	for _, tt := range []struct{ name, left, right, sum, difference string }{
		{"thousandths", "cpus:0.1", "cpus:0.2", "cpus:0.3", ""},
		{"rounded down", "cpus:4", "cpus:0.0014", "cpus:4.001", "cpus:3.999"},
		{"rounded up", "cpus:4", "cpus:0.0006", "cpus:4.001", "cpus:3.999"},
		{"names", "cpus:1;mem:32", "mem:10;disk:5", "cpus:1; mem:42; disk:5", "cpus:1; mem:22"},
		{"roles", "cpus:1", "cpus(web):1", "cpus:1; cpus(reservations: [(STATIC,web)]):1", "cpus:1"},
		{"pieces", "cpus:1;cpus:2", "cpus:0.5", "cpus:3.5", "cpus:2.5"},
		{"empty", "cpus:0;mem:1;ports:[]", "mem:0", "mem:1", "mem:1"},
		{"nothing", "", "cpus:1", "cpus:1", ""},
		{"ports at the edge", "ports:[1-10]", "ports:[1-2]", "ports:[1-10]", "ports:[3-10]"},
		{"ports inside", "ports:[1-10]", "ports:[4-4,6-6]", "ports:[1-10]", "ports:[1-3, 5-5, 7-10]"},
		{"ports beside", "ports:[1-3]", "ports:[4-5]", "ports:[1-5]", "ports:[1-3]"},
		{"all ports", "ports:[1-3]", "ports:[0-5]", "ports:[0-5]", ""},
		{
			"last port", "ports:[18446744073709551614-18446744073709551615]", "ports:[18446744073709551615-18446744073709551615]",
			"ports:[18446744073709551614-18446744073709551615]", "ports:[18446744073709551614-18446744073709551614]",
		},
		{"sets", "disks:{a, b}", "disks:{b, c}", "disks:{a, b, c}", "disks:{a}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			left, right := parse(t, tt.left), parse(t, tt.right)
			before := left.String() + right.String()
			if got := left.Add(right...).String(); got != tt.sum {
				t.Errorf("sum is %q, want %q", got, tt.sum)
			}
			if got := left.Subtract(right...).String(); got != tt.difference {
				t.Errorf("difference is %q, want %q", got, tt.difference)
			}
			if got := left.String() + right.String(); got != before {
				t.Errorf("arguments became %q, were %q", got, before)
			}
		})
	}
}

func TestContains(t *testing.T) {
	for _, tt := range []struct {
		name, whole, part string
		want              bool
	}{
		{"less", "cpus:1;mem:32", "cpus:0.5", true},
		{"the same", "cpus:1;mem:32", "mem:32;cpus:1", true},
		{"more", "cpus:1", "cpus:1.001", false},
		{"in pieces", "cpus:1;cpus:1", "cpus:0.5;cpus:1.5", true},
		{"too many pieces", "cpus:2", "cpus:1;cpus:1;cpus:0.001", false},
		{"another name", "cpus:1", "mem:1", false},
		{"another role", "cpus:1", "cpus(web):1", false},
		{"nothing", "", "", true},
		{"nothing of it", "cpus:1", "mem:0;ports:[]", true},
		{"ports", "ports:[1-3,4-10]", "ports:[2-7]", true},
		{"ports with a hole", "ports:[1-3,5-10]", "ports:[2-7]", false},
		{"ports in pieces", "ports:[1-3];ports:[4-10]", "ports:[2-7];ports:[1-1]", true},
		{"set", "disks:{a, b}", "disks:{b}", true},
		{"not in the set", "disks:{a, b}", "disks:{b, c}", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := parse(t, tt.whole).Contains(parse(t, tt.part)...); got != tt.want {
				t.Errorf("%q contains %q: %v", tt.whole, tt.part, got)
			}
		})
	}
}

func TestScalarsOutOfBounds(t *testing.T) {
	for _, value := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), -1, math.MaxFloat64, -math.MaxFloat64, 1e-300} {
		one := mesos.CPUs(value)
		sum := mesos.Resources{one}.Add(one)
		if cpus := sum.CPUs(); cpus < 0 || cpus != cpus || math.IsInf(cpus, 0) {
			t.Errorf("%v twice is %v", value, cpus)
		}
		if rest := sum.Subtract(one, one, one); !rest.IsEmpty() {
			t.Errorf("%v: %v is left", value, rest)
		}
	}
}

func TestTotals(t *testing.T) {
	r := parse(t, "cpus:1.5;cpus(web):0.5;mem:2048;disk:100;gpus:2;ports:[31000-31001];ports(web):[31002-31002]")
	if r.CPUs() != 2 || r.Mem() != 2048 || r.Disk() != 100 || r.GPUs() != 2 {
		t.Errorf("got %v %v %v %v", r.CPUs(), r.Mem(), r.Disk(), r.GPUs())
	}
	if got := r.Ports().String(); got != "[31000-31002]" {
		t.Errorf("ports are %s", got)
	}
}

func TestConstructors(t *testing.T) {
	r := mesos.Sum(
		mesos.Resources{mesos.CPUs(0.1), mesos.Mem(32), mesos.Disk(1), mesos.GPUs(1)},
		mesos.Resources{mesos.PortRange(5, 7), mesos.PortNumbers(9, 8), mesos.SetResource("disks", "a")},
	)
	if got, want := r.String(), "cpus:0.1; mem:32; disk:1; gpus:1; ports:[5-9]; disks:{a}"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// volume is a persistent volume of that size, reserved to role web.
func volume(id string, size float64) mesos.Resource {
	disk := mesos.Disk(size)
	disk.Reservations = []mesos.ResourceReservationInfo{{Role: new("web"), Type: new(mesos.ResourceReservationInfoTypeDynamic)}}
	disk.Disk = &mesos.ResourceDiskInfo{Persistence: &mesos.ResourceDiskInfoPersistence{ID: id}}
	return disk
}

func TestVolumesAreThings(t *testing.T) {
	one := mesos.Resources{volume("a", 64)}
	two := one.Add(volume("b", 64))
	if len(two) != 2 {
		t.Fatalf("two volumes became %v", two)
	}
	mounted := volume("a", 64)
	mounted.Disk.Volume = &mesos.Volume{ContainerPath: "data", Mode: mesos.VolumeModeRw}
	for name, ok := range map[string]bool{
		"however it is mounted": two.Contains(mounted),
		"not a part of it":      !two.Contains(volume("a", 32)),
		"not twice":             !two.Contains(volume("a", 64), volume("a", 64)),
		"subtracted whole":      two.Subtract(volume("b", 64)).Equal(one),
		"not subtracted partly": two.Subtract(volume("b", 32)).Equal(two),
	} {
		if !ok {
			t.Errorf("not %s", name)
		}
	}
	shared := volume("c", 64)
	shared.Shared = &mesos.ResourceSharedInfo{}
	copies := mesos.Resources{shared}.Add(shared)
	if len(copies) != 2 || !copies.Contains(shared, shared) || copies.Contains(shared, shared, shared) || len(copies.Subtract(shared)) != 1 {
		t.Errorf("shared volumes are not counted: %v", copies)
	}
}

func TestTake(t *testing.T) {
	offer := parse(t, "cpus:4;cpus(web):1;mem:2048;ports:[31000-31009]").AllocatedTo("web")
	offer[1].Reservations[0].Principal = new("operator")
	taken, rest, ok := offer.Take(mesos.CPUs(1.5), mesos.Mem(32))
	if !ok {
		t.Fatal("nothing was taken")
	}
	if got, want := taken.String(), "cpus(allocated: web)(reservations: [(STATIC,web,operator)]):1; cpus(allocated: web):0.5; mem(allocated: web):32"; got != want {
		t.Errorf("took %q, want %q", got, want)
	}
	ports, rest, ok := rest.TakePorts(2)
	if !ok || ports.Ports().String() != "[31000-31001]" || rest.Ports().String() != "[31002-31009]" {
		t.Errorf("took ports %v, left %v", ports, rest)
	}
	if !mesos.Sum(taken, ports, rest).Equal(offer) {
		t.Errorf("%v and %v and %v are not the offer", taken, ports, rest)
	}
	for _, need := range []mesos.Resource{mesos.CPUs(5.001), mesos.PortNumbers(80), mesos.GPUs(1)} {
		if taken, rest, ok := offer.Take(mesos.Mem(1), need); ok || taken != nil || rest != nil {
			t.Errorf("took %v", taken)
		}
	}
	if _, _, ok := offer.TakePorts(11); ok {
		t.Error("took more ports than offered")
	}
}

func TestTakeLeavesSpecialResources(t *testing.T) {
	revocable := mesos.CPUs(4)
	revocable.Revocable = &mesos.ResourceRevocableInfo{}
	offer := mesos.Resources{revocable, volume("a", 100)}
	if taken, _, ok := offer.Take(mesos.CPUs(1)); ok {
		t.Errorf("took %v", taken)
	}
	if taken, _, ok := offer.Take(mesos.Disk(1)); ok {
		t.Errorf("took %v", taken)
	}
}
