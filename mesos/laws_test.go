package mesos_test

import (
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ormosproject/ormos/mesos"
)

// anyResource draws a valid resource of a few names, roles and formats, so that kinds
// meet often.
func anyResource() *rapid.Generator[mesos.Resource] {
	return rapid.Custom(func(t *rapid.T) mesos.Resource {
		var one mesos.Resource
		switch rapid.SampledFrom([]string{"cpus", "mem", "ports", "disks", "volume", "mount"}).Draw(t, "kind") {
		case "ports":
			one = mesos.RangesResource("ports", anyRanges().Draw(t, "ranges")...)
		case "disks":
			one = mesos.SetResource("disks", rapid.SliceOfDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), rapid.ID).Draw(t, "items")...)
		case "volume":
			return volume(rapid.SampledFrom([]string{"v", "w"}).Draw(t, "id"), float64(rapid.IntRange(1, 2).Draw(t, "size")))
		case "mount":
			one = mesos.Disk(100)
			one.Disk = &mesos.ResourceDiskInfo{Source: &mesos.ResourceDiskInfoSource{
				Type:  mesos.ResourceDiskInfoSourceTypeMount,
				Mount: &mesos.ResourceDiskInfoSourceMount{Root: new("/mnt")},
			}}
		case "cpus":
			one = mesos.CPUs(float64(rapid.IntRange(0, 5000).Draw(t, "thousandths")) / 1000)
		default:
			one = mesos.Mem(rapid.Float64Range(0.001, 1e6).Draw(t, "mem"))
		}
		return reservedAnyhow(t, one)
	})
}

func reservedAnyhow(t *rapid.T, one mesos.Resource) mesos.Resource {
	role := rapid.SampledFrom([]string{"", "*", "web", "web/front"}).Draw(t, "role")
	switch rapid.IntRange(0, 2).Draw(t, "format") {
	case 0:
		if role != "" {
			one.Role = new(role)
		}
	case 1:
		if role == "web" {
			one.Role, one.Reservation = new(role), &mesos.ResourceReservationInfo{Principal: new("p")}
		}
	default:
		if role == "web" || role == "web/front" {
			kind := rapid.SampledFrom([]mesos.ResourceReservationInfoType{
				mesos.ResourceReservationInfoTypeStatic, mesos.ResourceReservationInfoTypeDynamic,
			}).Draw(t, "reservation")
			one.Reservations = []mesos.ResourceReservationInfo{{Role: new(role), Type: &kind}}
		}
	}
	return one
}

func anyRanges() *rapid.Generator[mesos.Ranges] {
	return rapid.Custom(func(t *rapid.T) mesos.Ranges {
		var ranges mesos.Ranges
		for range rapid.IntRange(0, 5).Draw(t, "n") {
			begin := rapid.Uint64Range(0, 30).Draw(t, "begin")
			ranges = append(ranges, mesos.ValueRange{Begin: begin, End: begin + rapid.Uint64Range(0, 5).Draw(t, "width")})
		}
		return ranges
	})
}

func anyResources() *rapid.Generator[mesos.Resources] {
	return rapid.Map(rapid.SliceOfN(anyResource(), 0, 6), func(r []mesos.Resource) mesos.Resources { return r })
}

// disjoint tells whether no number and no item is in both, so that a sum loses nothing.
func disjoint(a, b mesos.Resources) bool {
	return slices.IndexFunc(b, func(one mesos.Resource) bool {
		return one.Type != mesos.ValueTypeScalar && !a.Subtract(one).Equal(a)
	}) < 0
}

func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := anyResources().Draw(t, "a"), anyResources().Draw(t, "b"), anyResources().Draw(t, "c")
		before := mesos.Resources(slices.Concat(a, b, c)).String()
		sum := a.Add(b...)
		for law, holds := range map[string]bool{
			"tidying changes nothing":         a.Add().Equal(a),
			"order does not matter":           sum.Equal(b.Add(a...)),
			"grouping does not matter":        sum.Add(c...).Equal(a.Add(b.Add(c...)...)),
			"Sum adds":                        mesos.Sum(a, b, c).Equal(sum.Add(c...)),
			"a sum contains its parts":        sum.Contains(a...) && sum.Contains(b...),
			"subtracting inverts adding":      !disjoint(a.Add(), b) || sum.Subtract(b...).Equal(a),
			"adding inverts subtracting":      !a.Contains(b...) || a.Subtract(b...).Add(b...).Equal(a),
			"a difference is contained":       a.Contains(a.Subtract(b...)...),
			"nothing is left of itself":       a.Subtract(a...).IsEmpty(),
			"containing is reflexive":         a.Contains(a...),
			"containing is transitive":        !(a.Contains(b...) && b.Contains(c...)) || a.Contains(c...),
			"containing both ways is equal":   (a.Contains(b...) && b.Contains(a...)) == a.Equal(b),
			"nothing is contained":            a.Contains(),
			"results are valid":               sum.Validate() == nil && a.Subtract(b...).Validate() == nil,
			"nothing empty is in a result":    !slices.ContainsFunc(sum, func(one mesos.Resource) bool { return one.IsEmpty() }),
			"the arguments are as before":     mesos.Resources(slices.Concat(a, b, c)).String() == before,
			"equal does not depend on format": inFormat(t, a, mesos.PostRefinement).Equal(inFormat(t, a, mesos.PreRefinement)),
		} {
			if !holds {
				t.Errorf("not so: %s", law)
			}
		}
	})
}

func inFormat(t *rapid.T, r mesos.Resources, format mesos.ResourceFormat) mesos.Resources {
	converted, err := r.In(format)
	if err != nil {
		t.Fatal(err)
	}
	return converted
}

func TestTakeLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		offer := anyResources().Draw(t, "offer")
		cpus := float64(rapid.IntRange(0, 8000).Draw(t, "thousandths")) / 1000
		ports := rapid.IntRange(0, 10).Draw(t, "ports")
		taken, rest, ok := offer.Take(mesos.CPUs(cpus))
		if ok != (offer.CPUs() >= cpus) {
			t.Fatalf("took %v cpus: %v", cpus, ok)
		}
		if ok && (taken.CPUs() != cpus || !offer.Contains(taken...) || !mesos.Sum(taken, rest).Equal(offer)) {
			t.Fatalf("took %v, left %v", taken, rest)
		}
		taken, rest, ok = offer.TakePorts(ports)
		if ok != (offer.Ports().Size() >= uint64(ports)) {
			t.Fatalf("took %v ports: %v", ports, ok)
		}
		if ok && (taken.Ports().Size() != uint64(ports) || !offer.Contains(taken...)) {
			t.Fatalf("took %v, left %v", taken, rest)
		}
	})
}

// TestRangesLaws compares the operations with those on sets of single numbers.
func TestRangesLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyRanges().Draw(t, "a"), anyRanges().Draw(t, "b")
		sum, difference := a.Add(b), a.Subtract(b)
		var size uint64
		contained := true
		for n := range uint64(40) {
			if sum.Has(n) != (a.Has(n) || b.Has(n)) || difference.Has(n) != (a.Has(n) && !b.Has(n)) || a.Coalesce().Has(n) != a.Has(n) {
				t.Fatalf("%d is wrong in sum %v or difference %v", n, sum, difference)
			}
			if a.Has(n) {
				size++
			}
			contained = contained && (a.Has(n) || !b.Has(n))
		}
		if a.Size() != size || a.Contains(b) != contained {
			t.Fatalf("size %d, want %d; contains %v, want %v", a.Size(), size, a.Contains(b), contained)
		}
		taken, ok := a.Take(3)
		if ok != (size >= 3) || ok && (!slices.IsSorted(taken) || !slices.Equal(taken, slices.Compact(slices.Clone(taken)))) {
			t.Fatalf("took %v of %v", taken, a)
		}
	})
}

func TestNoDrift(t *testing.T) {
	const times = 1_000_000
	step := mesos.Resources{mesos.CPUs(0.1), mesos.Mem(0.007)}
	var total mesos.Resources
	for range times {
		total = total.Add(step...)
	}
	if total.CPUs() != times/10 || total.Mem() != 7*times/1000 {
		t.Errorf("a million times %v is %v", step, total)
	}
	for range times {
		total = total.Subtract(step...)
	}
	if !total.IsEmpty() {
		t.Errorf("%v is left", total)
	}
}

// TestJSONForm reads what is written, as the agent's flag --resources takes it.
func TestJSONForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := anyResources().Draw(t, "resources")
		written, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		again, err := mesos.ParseResources(string(written))
		if len(r) == 0 {
			return // null, which is no array
		}
		if err != nil || !again.Equal(r) {
			t.Fatalf("%v is written %s and read %v, %v", r, written, again, err)
		}
	})
}
