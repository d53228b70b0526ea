package engine

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/offer"
)

// ported are the variables of a place with these ports, as name=value, without the task's id.
func ported(prefix string, host bool, all []port, granted ...uint64) []string {
	ports := make([]offer.Port, len(granted))
	for i, n := range granted {
		ports[i].Number = n
	}
	t := template{options: &LaunchOptions{EnvPrefix: prefix}, app: &app.App{}, names: namesOf(prefix, all)}
	env := t.environment("task", "h", bind(all, host, ports, rand.New(rand.NewPCG(1, 1))))
	var texts []string
	for _, v := range env.Variables[1:] {
		texts = append(texts, v.Name+"="+*v.Value)
	}
	return texts
}

func TestPortVariables(t *testing.T) {
	mapped := func(container int, name string) port { return port{asked: container, name: name, onAgent: true} }
	inside := func(container int, name string) port { return port{asked: container, name: name} }
	for _, c := range []struct {
		name string
		got  []string
		want string
	}{
		{"none", ported("", true, nil), "HOST=h"},
		{"prefix", ported("X_", true, []port{mapped(0, "a")}, 31000), "X_HOST=h X_PORT0=31000 X_PORT_31000=31000 X_PORT_A=31000 X_PORT=31000 X_PORTS=31000"},
		{"service ports", ported("", true, []port{mapped(80, ""), mapped(81, "")}, 31001, 31000), "HOST=h PORT0=31001 PORT1=31000 PORT_80=31001 PORT_81=31000 PORT=31001 PORTS=31001,31000"},
		{"the same port twice", ported("", false, []port{mapped(53, "dns"), mapped(53, "")}, 31000, 31001), "HOST=h PORT0=31000 PORT1=31001 PORT_53=31001 PORT_DNS=31000 PORT=31000 PORTS=31000,31001"},
		{"a name that is a number", ported("", false, []port{mapped(53, "54"), mapped(54, "")}, 31000, 31001), "HOST=h PORT0=31000 PORT1=31001 PORT_53=31000 PORT_54=31000 PORT=31000 PORTS=31000,31001"},
		{"only inside", ported("", false, []port{inside(80, "http")}), "HOST=h PORT0=80 PORT_80=80 PORT_HTTP=80 PORTS="},
		{"inside and out", ported("", false, []port{inside(80, ""), mapped(81, "")}, 31000), "HOST=h PORT0=80 PORT1=31000 PORT_80=80 PORT_81=31000 PORT=31000 PORTS=31000"},
		{"open inside", ported("", false, []port{inside(0, "x"), mapped(0, "")}, 31000), "HOST=h PORT0=65357 PORT1=31000 PORT_65357=65357 PORT_31000=31000 PORT_X=65357 PORT=31000 PORTS=31000,65357"},
	} {
		if got := strings.Join(c.got, " "); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestUnusedPortsAreOfNoOther(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	all := []port{{}, {}, {asked: lowest}, {asked: highest}}
	for range 1000 {
		ports := bind(all, false, nil, random)
		a, b := ports[0].task, ports[1].task
		if a == b || a < lowest || a > highest || a == all[2].asked || b == all[3].asked {
			t.Fatalf("got %d and %d", a, b)
		}
	}
}

func TestLabelVariables(t *testing.T) {
	long := strings.Repeat("é", longestSuffix-1)
	got := map[string]string{}
	labelEnv(got, map[string]string{
		"simple": "1", "with.some-signs/é": "2", "WITH_some_signs_": "3", long: "kept", long + "x": "too long",
		"fits": strings.Repeat("v", longestValue-1), "does not": strings.Repeat("v", longestValue), "": "empty",
	})
	want := map[string]string{
		"MARATHON_APP_LABEL_SIMPLE": "1", "MARATHON_APP_LABEL_WITH_SOME_SIGNS_": "2", "MARATHON_APP_LABEL__": "kept",
		"MARATHON_APP_LABEL_FITS": strings.Repeat("v", longestValue-1), "MARATHON_APP_LABEL_": "empty",
		"MARATHON_APP_LABELS": " WITH_SOME_SIGNS_ FITS SIMPLE _",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDecimalsAreThoseOfJava(t *testing.T) {
	for number, want := range map[float64]string{
		0: "0.0", 1: "1.0", 0.1: "0.1", 128: "128.0", 0.001: "0.001", 0.0001: "1.0E-4", 0.00025: "2.5E-4", 9999999: "9999999.0", 1e7: "1.0E7", 123456789: "1.23456789E8",
		1e-10: "1.0E-10",
	} {
		if got := decimal(number); got != want {
			t.Errorf("%v is %s, want %s", number, got, want)
		}
	}
}

func TestCommonVariables(t *testing.T) {
	a := web(1)
	a.Container = &app.Container{Type: app.MesosContainer, Docker: &app.Docker{Image: "i"}}
	a.Env = map[string]string{"MARATHON_APP_ID": "mine"}
	env := map[string]string{}
	names := []string{}
	for _, v := range commonEnv(a, true) {
		env[v.Name] = *v.Value
		names = append(names, v.Name)
	}
	if env["MARATHON_APP_ID"] != "mine" || env["MARATHON_APP_ENFORCE_GROUP_ROLE"] != "TRUE" || env["MARATHON_APP_DOCKER_IMAGE"] != "" || !slices.IsSorted(names) {
		t.Errorf("variables are %v", env)
	}
}
