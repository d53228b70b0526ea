package engine

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
)

func TestImpossible(t *testing.T) {
	constrained := func(n int, words ...string) *app.App {
		a := web(n)
		for _, text := range words {
			w := append(strings.Fields(text), "")
			a.Constraints = append(a.Constraints, app.Constraint{Field: w[0], Operator: w[1], Value: w[2]})
		}
		return a
	}
	fixed := func(a *app.App) *app.App {
		a.RequirePorts, a.PortDefinitions[0].Port = true, 8080
		return a
	}
	for _, c := range []struct {
		name string
		app  *app.App
		want string // a part of the error; empty for none
	}{
		{"nothing", web(100), ""},
		{"unique", constrained(100, "hostname UNIQUE"), ""},
		{"unique on one", constrained(2, "hostname UNIQUE", "@hostname IS a"), "1 value of hostname"},
		{"unique on two", constrained(2, "rack UNIQUE", "rack LIKE r[12]"), ""},
		{"unique on too few", constrained(3, "rack UNIQUE", "rack LIKE r[12]"), "2 values of rack"},
		{"alternatives", constrained(6, "rack UNIQUE", "rack LIKE (red|blue|green)[12]?"), ""},
		{"too few alternatives", constrained(10, "rack UNIQUE", "rack LIKE (red|blue|green)[12]?"), "9 values"},
		{"star", constrained(1000, "rack UNIQUE", "rack LIKE r.*"), ""},
		{"other field", constrained(3, "rack UNIQUE", "zone LIKE r[12]"), ""},
		{"cluster and unique", constrained(2, "rack CLUSTER", "rack UNIQUE"), "1 value"},
		{"max per", constrained(4, "rack MAX_PER 2", "rack LIKE a|b"), ""},
		{"too many per", constrained(5, "rack MAX_PER 2", "rack LIKE a|b"), "at most 2 values"},
		{"contradiction", constrained(1, "rack IS a", "rack CLUSTER b"), "0 values"},
		{"numbers are not judged", constrained(1, "level IS 1", "level LIKE 1.0", "level IS 1.0"), ""},
		{"unlike", constrained(1, "rack IS a", "rack UNLIKE [abc]"), "0 values"},
		{"nothing wanted", constrained(0, "rack IS a", "rack IS b"), ""},
		{"wrong expression", constrained(2, "rack UNIQUE", "rack LIKE ("), ""},
		{"fixed port", fixed(web(50)), ""},
		{"fixed port on one host", fixed(constrained(2, "hostname CLUSTER")), "port 8080"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := launcher{LaunchOptions: new(LaunchOptions)}
			s := l.sight()
			err := s.impossible(nil, c.app, nil, noon)
			checkImpossible(t, err, c.want)
		})
	}
}

func checkImpossible(t *testing.T, err *app.Error, want string) {
	t.Helper()
	switch {
	case err == nil && want != "":
		t.Errorf("it is possible, want %q", want)
	case err != nil && want == "":
		t.Errorf("it is not possible: %v", err)
	case err != nil && (!strings.Contains(err.Message, want) || err.Code != app.Impossible || err.Hint == ""):
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestImpossibleUpgrade(t *testing.T) {
	upgrade := func(health float64, set func(*app.App)) *app.App {
		a := web(2)
		a.RequirePorts, a.PortDefinitions[0].Port = true, 8080
		a.UpgradeStrategy = app.UpgradeStrategy{MinimumHealthCapacity: health, MaximumOverCapacity: 1}
		set(a)
		return a
	}
	nothing := func(*app.App) {}
	free := "cpus:4;mem:4000;ports:[8000-8100]"
	taken := "cpus:4;mem:4000;ports:[8000-8079,8081-8100]"
	for _, c := range []struct {
		name   string
		app    *app.App
		offers map[string]string
		want   string
	}{
		{"one may end first", upgrade(0.5, nothing), map[string]string{"a": taken, "b": taken}, ""},
		{"all must stay", upgrade(1, nothing), map[string]string{"a": taken, "b": taken}, "port 8080"},
		{"a third host", upgrade(1, nothing), map[string]string{"a": taken, "b": taken, "c": free}, ""},
		{"a third host with the port taken", upgrade(1, nothing), map[string]string{"a": taken, "c": taken}, "port 8080"},
		{"a third host that may not be used", upgrade(1, func(a *app.App) {
			a.Constraints = []app.Constraint{{Field: "hostname", Operator: "UNLIKE", Value: "c.*"}}
		}), map[string]string{"c": free}, "port 8080"},
		{"a third host where constraints count", upgrade(1, func(a *app.App) {
			a.Constraints = []app.Constraint{{Field: "hostname", Operator: "UNIQUE"}}
		}), map[string]string{"c": free}, ""},
		{"another port", upgrade(1, func(a *app.App) { a.PortDefinitions[0].Port = 8081 }), map[string]string{"a": taken}, ""},
		{"any port", upgrade(1, func(a *app.App) { a.RequirePorts = false }), map[string]string{"a": taken}, ""},
		{"nothing is known", upgrade(1, nothing), nil, ""},
		{"less instances", upgrade(1, func(a *app.App) { a.Instances = 1 }), map[string]string{"a": taken}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			old := upgrade(1, nothing)
			l := launcher{LaunchOptions: new(LaunchOptions)}
			var offers []mesos.Offer
			for _, agent := range []string{"a", "b", "c"} {
				if text := c.offers[agent]; text != "" {
					offers = append(offers, offered(t, agent, text, ""))
				}
			}
			l.place(placing{now: noon, offers: offers})
			s := l.sight()
			err := s.impossible(old, c.app, []*Instance{running(old, "a"), running(old, "b")}, noon)
			checkImpossible(t, err, c.want)
		})
	}
}

func TestPlan(t *testing.T) {
	l := launcher{LaunchOptions: new(LaunchOptions)}
	s := l.sight()
	a := web(3)
	a.Constraints = []app.Constraint{{Field: "hostname", Operator: "UNIQUE"}}
	if got := s.plan(noon, scheduled(a, 1), these()); got[0].Why != "no agent has offered anything yet" {
		t.Errorf("without offers: %v", got)
	}
	free := "cpus:4;mem:4000;ports:[31000-31010]"
	l.place(placing{now: noon, offers: []mesos.Offer{offered(t, "a", free, ""), offered(t, "b", free, ""), offered(t, "c", free, "")}})
	s = l.sight()
	got := fmt.Sprintf("%q", s.plan(noon, scheduled(a, 3), these(running(a, "b"))))
	want := `[{"/shop/web" "a.example.org" ""} {"/shop/web" "c.example.org" ""} ` +
		`{"/shop/web" "" "nearest is a.example.org: its hostname is a.example.org, where an instance is already (hostname UNIQUE)"}]`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
