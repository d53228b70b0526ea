package offer_test

import (
	"fmt"
	"testing"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
)

// operations are the types of what an accept does.
func operations(a *offer.Accept) string {
	var types []string
	for _, op := range a.Operations() {
		types = append(types, op.GetType().String())
	}
	return fmt.Sprint(types)
}

func withVolume(tb testing.TB, name string, v offer.Volume) offer.Need {
	tb.Helper()
	need := wants(tb, name, "cpus:0.1;mem:32")
	v.Path = "data"
	need.Tasks[0].Volumes = []offer.Volume{v}
	return need
}

func TestVolumeIsCreated(t *testing.T) {
	offers := []mesos.Offer{offered(t, "a", "cpus:1;mem:64;disk:10", ""), offered(t, "b", "cpus:1;mem:64;disk:100", "")}
	result := offer.Match(offers, []offer.Need{withVolume(t, "db", offer.Volume{ID: "v", Size: 64})}, offer.Options{Principal: "me"})
	if got := fmt.Sprint(where(result)); got != "map[0:b]" {
		t.Fatal(got)
	}
	a := &result.Accepts[0]
	if got := operations(a); got != "[RESERVE CREATE LAUNCH]" {
		t.Errorf("operations %s", got)
	}
	task := mesos.Resources(a.Grants[0].Tasks[0].Resources)
	if got := task.Named("disk")[0]; got.Disk.Persistence.ID != "v" || *got.Disk.Persistence.Principal != "me" || got.ReservedRole() != "web" || got.Disk.Volume.ContainerPath != "data" {
		t.Errorf("got %v", task)
	}
}

func TestVolumeThatExists(t *testing.T) {
	offers := []mesos.Offer{offered(t, "a", "cpus:1;mem:64;disk:100", ""), offered(t, "b", "cpus:1;mem:64;disk:100", "")}
	offers[1].Resources = append(offers[1].Resources, existing("v", false))
	need := withVolume(t, "db", offer.Volume{ID: "v"})
	result := offer.Match(offers, []offer.Need{need, need}, offer.Options{})
	if got := fmt.Sprint(where(result)); got != "map[0:b]" || operations(&result.Accepts[0]) != "[LAUNCH]" {
		t.Errorf("%s: %v", got, result.Accepts)
	}
	if e := result.Explain(1); e.Nearest.Failures[0].Reason != offer.NoVolume {
		t.Errorf("got %v", e)
	}
}

// TestVolumeOnce has two needs with one volume: it is not created twice on an agent.
func TestVolumeOnce(t *testing.T) {
	offers := []mesos.Offer{offered(t, "a", "cpus:1;mem:64;disk:100", "")}
	for _, tt := range []struct {
		shared bool
		want   string
	}{{false, "map[0:a]"}, {true, "map[0:a 1:a]"}} {
		v := offer.Volume{ID: "v", Size: 16, Shared: tt.shared}
		result := offer.Match(offers, []offer.Need{withVolume(t, "x", v), withVolume(t, "y", v)}, offer.Options{})
		if got := fmt.Sprint(where(result)); got != tt.want || len(result.Accepts[0].Grants[0].Create) != 1 {
			t.Errorf("shared %v: %s", tt.shared, got)
		}
		if last := result.Accepts[0].Grants; tt.shared && len(last[1].Create) != 0 {
			t.Errorf("created again: %v", last[1].Create)
		}
	}
}

func TestWantedTwice(t *testing.T) {
	volumes := withVolume(t, "volumes", offer.Volume{ID: "v", Size: 1})
	volumes.Tasks[0].Volumes = append(volumes.Tasks[0].Volumes, volumes.Tasks[0].Volumes...)
	for _, need := range []offer.Need{volumes, wants(t, "ports", "cpus:0.1", offer.Port{Number: 80}, offer.Port{Number: 80})} {
		result := offer.Match([]mesos.Offer{offered(t, "a", "cpus:1;mem:64;disk:100;ports:[80-80]", "")}, []offer.Need{need}, offer.Options{})
		if e := result.Explain(0); e.Nearest == nil || e.Nearest.Failures[0].Reason != offer.Invalid {
			t.Errorf("got %v", e)
		}
	}
}

func TestMountDiskIsTakenWhole(t *testing.T) {
	mount := func(root string, size float64) mesos.Resource {
		one := mesos.Disk(size)
		one.Role = new("web")
		one.Disk = &mesos.ResourceDiskInfo{Source: &mesos.ResourceDiskInfoSource{
			Type: mesos.ResourceDiskInfoSourceTypeMount, Mount: &mesos.ResourceDiskInfoSourceMount{Root: new(root)},
		}}
		return mesos.Resources{one}.AllocatedTo("web")[0]
	}
	o := offered(t, "a", "cpus:1;mem:64;disk:1000", "")
	o.Resources = append(o.Resources, mount("/small", 50), mount("/large", 500), mount("/fits", 100))
	result := offer.Match([]mesos.Offer{o}, []offer.Need{withVolume(t, "db", offer.Volume{ID: "v", Size: 64, Disk: offer.MountDisk})}, offer.Options{})
	if len(result.Accepts) != 1 {
		t.Fatal(result.Explain(0))
	}
	if got := result.Accepts[0].Grants[0].Create; got.Disk() != 100 || *got[0].Disk.Source.Mount.Root != "/fits" {
		t.Errorf("created %v", got)
	}
}
