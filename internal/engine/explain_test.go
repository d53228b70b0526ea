package engine

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
)

var update = flag.Bool("update", false, "write golden files anew")

// golden compares with a file below testdata, or writes it with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s: -want +got\n%s", file, diff)
	}
}

// look is a launcher that was offered something one minute after noon, when instances of an app were waiting since noon.
func look(t *testing.T, o LaunchOptions, a *app.App, placed []*Instance, offers ...mesos.Offer) (*launcher, *AppState) {
	t.Helper()
	l := &launcher{LaunchOptions: &o}
	slices.SortFunc(offers, func(a, b mesos.Offer) int { return strings.Compare(a.ID.Value, b.ID.Value) })
	waits := scheduled(a, 3)
	p := l.place(placing{now: noon.Add(time.Minute), offers: offers, pending: waits, placed: these(placed...), seed: 1})
	if len(p.accepts) > 0 {
		t.Fatalf("launched %v", p.launched)
	}
	state := &AppState{App: a, ID: a.ID, Instances: slices.Clone(placed)}
	for i := range waits {
		state.Instances = append(state.Instances, waits[i].instance)
	}
	return l, state
}

// running is an instance on an agent.
func running(a *app.App, host string) *Instance {
	return &Instance{ID: "shop_web.instance-on-" + host, App: a.ID, Version: a.Version, Condition: Running, Host: host + ".example.org", AgentID: host}
}

func explained(l *launcher, state *AppState) *app.Explanation {
	s := l.sight()
	definition := func(v app.Timestamp) (*app.App, bool) { return state.App, v == state.App.Version }
	return s.explain(state, definition, app.At(noon.Add(65*time.Second)))
}

func TestExplain(t *testing.T) {
	big := "cpus:4;mem:4000;disk:1000;ports:[31000-31009]"
	constrained := func(words ...app.Constraint) *app.App {
		a := web(4)
		a.Constraints = words
		return a
	}
	static := web(4)
	static.RequirePorts, static.PortDefinitions[0].Port = true, 8080
	demanding := web(4)
	demanding.CPUs, demanding.Mem, demanding.Disk = 2, 2048, 5000
	picky := web(4)
	picky.AcceptedResourceRoles, picky.Role = []string{"web"}, "*"
	other := web(4)
	other.Role = "shop"
	serving := web(4)
	serving.Cmd, serving.Serve = nil, &app.Serve{Body: new("hello")}
	wrong := constrained(app.Constraint{Field: "rack", Operator: "MAX_PER", Value: "many"})
	kept := offered(t, "gpu", big+";gpus:2", "")
	abroad := offered(t, "abroad", big, "")
	abroad.Domain = domain("us", "us-1")
	down := offered(t, "down", big, "")
	down.Unavailability = &mesos.Unavailability{Start: mesos.TimeInfo{Nanoseconds: noon.UnixNano()}}
	for _, c := range []struct {
		name   string
		app    *app.App
		placed []*Instance
		offers []mesos.Offer
	}{
		{"nothing offered", web(4), nil, nil},
		{"too small", demanding, nil, []mesos.Offer{offered(t, "a", "cpus:1.5;mem:512;disk:10000", ""), offered(t, "b", "cpus:1;mem:4096;disk:4000;ports:[1-9]", ""), offered(t, "c", "cpus:0.1", "")}},
		{"unique", constrained(app.Constraint{Field: "hostname", Operator: "UNIQUE"}), []*Instance{running(web(4), "a")}, []mesos.Offer{offered(t, "a", big, "")}},
		{"racks", constrained(app.Constraint{Field: "rack", Operator: "LIKE", Value: "r[12]"}), nil, []mesos.Offer{offered(t, "a", big, "rack:r3"), offered(t, "b", big, "")}},
		{"port taken", static, nil, []mesos.Offer{offered(t, "a", big, ""), offered(t, "b", big+";ports:[1-2]", "")}},
		{"only reserved", picky, nil, []mesos.Offer{offered(t, "a", big, "")}},
		{"role", other, nil, []mesos.Offer{offered(t, "a", big, "")}},
		{"gpus kept", web(4), nil, []mesos.Offer{kept}},
		{"abroad", web(4), nil, []mesos.Offer{abroad}},
		{"maintenance", web(4), nil, []mesos.Offer{down}},
		{"nothing serves", serving, nil, []mesos.Offer{offered(t, "a", big, "")}},
		{"wrong", wrong, nil, []mesos.Offer{offered(t, "a", big, "")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, state := look(t, LaunchOptions{Home: "eu"}, c.app, c.placed, c.offers...)
			e := explained(l, state)
			asJSON, err := json.MarshalIndent(e, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "explain/"+strings.ReplaceAll(c.name, " ", "_")+".txt", slices.Concat([]byte(e.String()), []byte("---\n"), asJSON, []byte("\n")))
		})
	}
}

func TestQueue(t *testing.T) {
	a := web(4)
	a.Constraints = []app.Constraint{{Field: "rack", Operator: "LIKE", Value: "r1"}}
	small := offered(t, "small", "cpus:0.1;mem:4000;ports:[1-2]", "rack:r1;level:1.5;units:[1-3]")
	l, state := look(t, LaunchOptions{}, a, []*Instance{running(a, "old")}, small, offered(t, "elsewhere", "cpus:4;mem:4000", "rack:r2"))
	l.place(placing{now: noon.Add(90 * time.Second), offers: []mesos.Offer{small}}) // is held
	small.ID.Value += "-again"
	l.place(placing{now: noon.Add(2 * time.Minute), offers: []mesos.Offer{small}})
	s := l.sight()
	small.ID.Value += "-and-again"
	l.place(placing{now: noon.Add(3 * time.Minute), offers: []mesos.Offer{small}}) // after the sight
	state.Delay = &Delay{Failures: 2, Until: app.At(noon.Add(150 * time.Second))}
	var b bytes.Buffer
	for _, offers := range []bool{false, true} {
		items := s.queue(slices.Values([]*AppState{state, {App: a, ID: a.ID}}), app.At(noon.Add(2*time.Minute)), offers)
		for i := range items {
			items[i].App = nil
		}
		text, err := json.MarshalIndent(items, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(text, '\n'))
	}
	golden(t, "queue.json", b.Bytes())
}

// TestSightsAreConstant reads what was seen while more is placed: the race detector is to find nothing.
func TestSightsAreConstant(t *testing.T) {
	a := web(4)
	a.CPUs = 100
	l, state := look(t, LaunchOptions{}, a, nil, offered(t, "a", "cpus:4;mem:4000;ports:[31000-31009,31020-31030]", ""))
	want := explained(l, state).String()
	s := l.sight()
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for range 20 {
				definition := func(app.Timestamp) (*app.App, bool) { return a, true }
				if got := s.explain(state, definition, app.At(noon.Add(65*time.Second))).String(); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
				s.queue(slices.Values([]*AppState{state}), app.At(noon), true)
				s.plan(noon, scheduled(web(2), 2), these())
			}
		})
	}
	for i := range 100 {
		o := offered(t, "a", "cpus:4;mem:4000;ports:[31000-31009]", "")
		o.ID.Value = fmt.Sprint("more-", i)
		l.log.unfolded += 100 // fold now and then
		l.place(placing{now: noon.Add(time.Hour), offers: []mesos.Offer{o}, pending: scheduled(web(2), 2), placed: these()})
	}
	readers.Wait()
}
