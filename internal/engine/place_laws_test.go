package engine

import (
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// anyApp is an app of few words.
func anyApp(r *rapid.T, id string) *app.App {
	a := web(rapid.IntRange(1, 4).Draw(r, "instances"))
	a.ID = app.ID(id)
	a.CPUs = rapid.SampledFrom([]float64{0.1, 0.5, 1.5}).Draw(r, "cpus")
	a.RequirePorts = rapid.IntRange(0, 3).Draw(r, "require") == 0
	a.PortDefinitions[0].Port = rapid.SampledFrom([]int{31000, 31001, 8080}).Draw(r, "port")
	switch rapid.IntRange(0, 4).Draw(r, "kind") {
	case 0:
		a.Container = &app.Container{Type: app.DockerContainer, Docker: &app.Docker{Image: "i"}, PortMappings: []app.PortMapping{
			{ContainerPort: 80, HostPort: new(0), Protocol: "udp,tcp"}, {Protocol: "tcp"},
		}}
		a.Networks = []app.Network{{Mode: app.ContainerNetwork, Name: "blue"}}
		a.HealthChecks = []app.HealthCheck{{Protocol: app.MesosTCP, PortIndex: new(1)}}
	case 1:
		a.Cmd, a.Serve = nil, &app.Serve{Body: new("hello")}
	case 2:
		a.Executor = "/executor"
	}
	words := []app.Constraint{{Field: "hostname", Operator: "UNIQUE"}, {Field: "rack", Operator: "max_per", Value: "2"}, {Field: "rack", Operator: "IS", Value: "r0"}}
	if n := rapid.IntRange(0, 6).Draw(r, "constraint"); n < len(words) {
		a.Constraints = words[n : n+1]
	}
	return a
}

// TestPlaceLaws places instances of any apps in several rounds, on agents that keep their books.
func TestPlaceLaws(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		apps := make([]*app.App, rapid.IntRange(1, 3).Draw(r, "apps"))
		for i := range apps {
			apps[i] = anyApp(r, fmt.Sprint("/app", i))
		}
		free := map[string]mesos.Resources{}
		for i := range rapid.IntRange(1, 5).Draw(r, "agents") {
			o := offered(t, fmt.Sprint("a", i), fmt.Sprintf("cpus:%d;mem:1024;ports:[31000-31004]", rapid.IntRange(1, 4).Draw(r, "free")), "")
			free[o.AgentID.Value] = o.Resources
		}
		l := launcher{LaunchOptions: &LaunchOptions{Serve: &mesos.CommandInfo{}, PerOffer: rapid.SampledFrom([]int{-1, 0, 1}).Draw(r, "per offer")}}
		placedOf := map[app.ID][]*Instance{}
		placed := func(a *app.App) iter.Seq[*Instance] { return slices.Values(placedOf[a.ID]) }
		for round := range rapid.IntRange(1, 3).Draw(r, "rounds") {
			var offers []mesos.Offer
			for _, agent := range sortedOf(free) {
				o := offered(t, agent, "", "rack:r"+agent[1:])
				o.ID.Value, o.Resources = fmt.Sprint(agent, "-", round), free[agent]
				offers = append(offers, o)
			}
			var waiting []pending
			for i, a := range apps {
				for j, p := range scheduled(a, a.Instances) {
					p.taskID = fmt.Sprintf("app%d.instance-%d-%d._app.1", i, round, j)
					waiting = append(waiting, p)
				}
			}
			p := l.place(placing{now: noon.Add(time.Duration(round) * time.Second), offers: offers, pending: waiting, placed: placed, seed: uint64(round)})
			if len(p.launched)+len(p.waiting) != len(waiting) || len(p.accepts)+len(p.unused) != len(offers) {
				r.Fatalf("%d instances: launched %d, waiting %d; %d offers: used %d, unused %d",
					len(waiting), len(p.launched), len(p.waiting), len(offers), len(p.accepts), len(p.unused))
			}
			tasks := map[string]*mesos.TaskInfo{}
			for _, accept := range p.accepts {
				pay(r, free, accept, tasks)
			}
			for _, i := range p.launched {
				check(t, r, &l, i, tasks[i.TaskID], apps)
				placedOf[i.App] = append(placedOf[i.App], i)
			}
			for _, a := range apps {
				obeyed(r, a, placedOf[a.ID])
			}
		}
	})
}

func sortedOf(m map[string]mesos.Resources) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// pay takes what an accept launches out of what its agent has.
func pay(r *rapid.T, free map[string]mesos.Resources, accept *scheduler.CallAccept, tasks map[string]*mesos.TaskInfo) {
	launch := accept.Operations[0].Launch
	for i := range launch.TaskInfos {
		task := &launch.TaskInfos[i]
		tasks[task.TaskID.Value] = task
		want := mesos.Resources(task.Resources)
		if task.Executor != nil {
			want = want.Add(task.Executor.Resources...)
		}
		agent := task.AgentID.Value
		if !free[agent].Contains(want...) {
			r.Fatalf("agent %s has %v, and is to run %v", agent, free[agent], want)
		}
		free[agent] = free[agent].Subtract(want...)
	}
}

// check compares an instance with its task.
func check(t *testing.T, r *rapid.T, l *launcher, i *Instance, task *mesos.TaskInfo, apps []*app.App) {
	if task == nil {
		r.Fatalf("instance %s has no task %s", i.ID, i.TaskID)
	}
	at := slices.IndexFunc(apps, func(a *app.App) bool { return a.ID == i.App })
	agree(t, apps[at], task)
	ports := mesos.Resources(task.Resources).Ports()
	for _, n := range i.Ports {
		if !ports.Has(uint64(n)) {
			r.Fatalf("instance %s has ports %v, its task %v", i.ID, i.Ports, ports)
		}
	}
	if i.AgentID != task.AgentID.Value || i.Condition != Provisioned || uint64(len(i.Ports)) != ports.Size() {
		r.Fatalf("instance %+v, task %v", i, task)
	}
	if apps[at].RequirePorts && onHost(apps[at]) && i.Ports[0] != apps[at].PortDefinitions[0].Port {
		r.Fatalf("the port is %v, not the required one", i.Ports)
	}
	if again, err := roundTrip(task); err != nil || again != task.String() {
		r.Fatalf("the task does not survive the wire: %v", err)
	}
}

func roundTrip(task *mesos.TaskInfo) (string, error) {
	b, err := task.MarshalBinary()
	if err != nil {
		return "", err
	}
	var again mesos.TaskInfo
	err = again.UnmarshalBinary(b)
	return again.String(), err
}

// obeyed looks whether the constraints hold of all instances of an app.
func obeyed(r *rapid.T, a *app.App, all []*Instance) {
	byHost, byRack := map[string]int{}, map[string]int{}
	for _, i := range all {
		byHost[i.Host]++
		byRack[i.Attributes.Get("rack").ValueText()]++
	}
	for _, c := range a.Constraints {
		for host, n := range byHost {
			if c.Operator == "UNIQUE" && n > 1 {
				r.Fatalf("%d instances are on %s", n, host)
			}
		}
		for rack, n := range byRack {
			if c.Operator == "max_per" && n > 2 || c.Operator == "IS" && rack != "r0" {
				r.Fatalf("%d instances are in rack %s: %v", n, rack, c)
			}
		}
	}
}

func TestPlaceLeavesAgentsInMaintenanceAlone(t *testing.T) {
	minute := int64(time.Minute)
	for _, c := range []struct {
		name     string
		draining time.Duration
		start    time.Time
		duration int64
		want     bool
	}{
		{"it has begun", 0, noon.Add(-time.Second), 0, false},
		{"it is to come", 0, noon.Add(time.Second), 0, true},
		{"it begins soon", time.Minute, noon.Add(time.Second), 0, false},
		{"it is over", 0, noon.Add(-2 * time.Minute), minute, true},
		{"it lasts", 0, noon.Add(-2 * time.Minute), 3 * minute, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := offered(t, "a", "cpus:1;mem:1000;ports:[1-9]", "")
			o.Unavailability = &mesos.Unavailability{Start: mesos.TimeInfo{Nanoseconds: c.start.UnixNano()}}
			if c.duration > 0 {
				o.Unavailability.Duration = &mesos.DurationInfo{Nanoseconds: c.duration}
			}
			l := launcher{LaunchOptions: &LaunchOptions{Draining: c.draining}}
			p := l.place(placing{now: noon, offers: []mesos.Offer{o}, pending: scheduled(web(1), 1), placed: these()})
			if got := len(p.launched) == 1; got != c.want || got == (len(p.unused) == 1) {
				t.Errorf("launched %v, unused %v", p.launched, p.unused)
			}
		})
	}
}

func TestPlaceIgnoresOlderVersionsAndLostPlaces(t *testing.T) {
	a := web(2)
	a.Constraints = []app.Constraint{{Field: "hostname", Operator: "UNIQUE"}}
	older := web(2)
	older.Version = app.At(noon.Add(-time.Hour))
	lost := running(a, "a")
	lost.Condition = UnreachableInactive
	for _, c := range []struct {
		name   string
		placed *Instance
		want   int
	}{
		{"the same version", running(a, "a"), 0}, {"an older version", running(older, "a"), 1}, {"replaced", lost, 1}, {"elsewhere", running(a, "b"), 1},
	} {
		l := launcher{LaunchOptions: new(LaunchOptions)}
		offers := []mesos.Offer{offered(t, "a", "cpus:8;mem:1000;ports:[1-9]", "")}
		if p := l.place(placing{now: noon, offers: offers, pending: scheduled(a, 2), placed: these(c.placed)}); len(p.launched) != c.want {
			t.Errorf("%s: launched %d, want %d", c.name, len(p.launched), c.want)
		}
	}
	a.VersionInfo = &app.VersionInfo{LastConfigChangeAt: older.Version}
	l := launcher{LaunchOptions: new(LaunchOptions)}
	offers := []mesos.Offer{offered(t, "a", "cpus:8;mem:1000;ports:[1-9]", "")}
	if p := l.place(placing{now: noon, offers: offers, pending: scheduled(a, 2), placed: these(running(older, "a"))}); len(p.launched) != 0 {
		t.Error("a change of the number of instances makes another version, of the same definition")
	}
}

func TestPlaceKeepsNothingOfOffers(t *testing.T) {
	o := offered(t, "a", "cpus:8;mem:1000;ports:[1-9]", "rack:r1")
	o.Domain = domain("north", "n1")
	l := launcher{LaunchOptions: new(LaunchOptions)}
	p := l.place(placing{now: noon, offers: []mesos.Offer{o}, pending: scheduled(web(2), 2), placed: these()})
	o.Attributes[0].Text.Value = "overwritten"
	for _, i := range p.launched {
		if i.Attributes.Get("rack").ValueText() != "r1" || i.Region != "north" || i.Zone != "n1" {
			t.Errorf("%+v", i)
		}
	}
}
