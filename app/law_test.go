package app_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/ormosproject/ormos/app"
)

var exact = cmp.Comparer(func(a, b app.Timestamp) bool { return a == b })

// TestWhatIsWrittenIsReadAgain: an app's JSON, and the same as YAML, is the app again.
func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := whole(t, anyApp().Draw(t, "app"))
		text, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		var value any
		if err := json.Unmarshal(text, &value); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(a, full(t, text, app.JSON), exact); diff != "" {
			t.Fatalf("%s\n%s", text, diff)
		}
		block := asYAML(t, value)
		if diff := cmp.Diff(a, full(t, block, app.YAML), exact); diff != "" {
			t.Fatalf("%s\n%s", block, diff)
		}
		if app.Compare(a, full(t, block, app.YAML)) != app.Same {
			t.Fatal("differs from itself")
		}
	})
}

// asYAML writes a value of JSON as YAML in blocks. All texts are in quotes: without, the package's own writer writes some
// that its reader refuses, such as a tab and a line's end.
func asYAML(t *rapid.T, value any) []byte {
	text, err := yaml.Marshal(yamlNode(value))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func yamlNode(value any) *yaml.Node {
	switch v := value.(type) {
	case map[string]any:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			n.Content = append(n.Content, yamlNode(k), yamlNode(v[k]))
		}
		return n
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for _, each := range v {
			n.Content = append(n.Content, yamlNode(each))
		}
		return n
	case string:
		return &yaml.Node{Kind: yaml.ScalarNode, Style: yaml.DoubleQuotedStyle, Value: v}
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Value: fmt.Sprint(value)}
}

// TestClientsReadWhatIsWritten: encoding/json, which the REST client uses, reads it to the same app.
func TestClientsReadWhatIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := whole(t, anyApp().Draw(t, "app"))
		text, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		var back app.App
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(a, &back, exact); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestAnUpdateIsItsFields: what an update has comes from it, the rest from the app; and twice is once.
func TestAnUpdateIsItsFields(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old := whole(t, anyApp().Draw(t, "old"))
		fields := map[string]any{
			"env":       anyLabels().Draw(t, "env"),
			"instances": rapid.IntRange(0, 9).Draw(t, "instances"),
			"cpus":      rapid.Float64Range(0.1, 9).Draw(t, "cpus"),
		}
		text, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		before := old.Clone()
		once := onto(t, old, text)
		if diff := cmp.Diff(before, old, exact); diff != "" {
			t.Fatal("the old app has changed", diff)
		}
		want := old.Clone()
		want.Env, want.Instances, want.CPUs = nil, fields["instances"].(int), fields["cpus"].(float64)
		if env := fields["env"].(map[string]string); len(env) > 0 {
			want.Env = env
		}
		want.ResourceLimits = nil // may be less than the new cpus, see anyApp
		once.ResourceLimits = nil
		if diff := cmp.Diff(want, once, exact); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(once, onto(t, once, text), exact); diff != "" {
			t.Fatal("twice is not once", diff)
		}
	})
}

// TestAGroupAppliedToItselfIsItself, with the pointers of all its apps.
func TestAGroupAppliedToItselfIsItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		apps := rapid.SliceOfNDistinct(anyApp(), 0, 4, func(a map[string]any) any { return a["id"] }).Draw(t, "apps")
		text, err := json.Marshal(map[string]any{"id": "/", "apps": apps})
		if err != nil {
			t.Fatal(err)
		}
		g := group(t, nil, text)
		written, err := json.Marshal(map[string]any{"id": "/", "apps": g.Apps})
		if err != nil {
			t.Fatal(err)
		}
		again := group(t, g, written)
		for i := range g.Apps {
			if again.Apps[i] != g.Apps[i] {
				t.Fatalf("%s is another", g.Apps[i].ID)
			}
		}
	})
}

// TestClonesShareNothing: not one pointer, slice or map.
func TestClonesShareNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := whole(t, anyApp().Draw(t, "app"))
		g := &app.Group{ID: app.Root, Apps: []*app.App{a}, Dependencies: []app.ID{"/x"}, EnforceRole: new(bool)}
		c := g.Clone()
		if diff := cmp.Diff(g, c, exact); diff != "" {
			t.Fatal(diff)
		}
		held := map[uintptr]string{}
		pointers(reflect.ValueOf(g), "", held, nil)
		pointers(reflect.ValueOf(c), "", nil, func(at uintptr, path string) {
			if with, ok := held[at]; ok {
				t.Fatalf("%s is shared with %s", path, with)
			}
		})
	})
}

// pointers tells what v points to, by address.
func pointers(v reflect.Value, path string, held map[uintptr]string, visit func(uintptr, string)) {
	note := func(v reflect.Value) {
		if held != nil {
			held[v.Pointer()] = path
		} else {
			visit(v.Pointer(), path)
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			note(v)
			pointers(v.Elem(), path, held, visit)
		}
	case reflect.Slice:
		if v.Len() > 0 {
			note(v)
		}
		for i := range v.Len() {
			pointers(v.Index(i), path+"[]", held, visit)
		}
	case reflect.Map:
		if !v.IsNil() {
			note(v)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			pointers(v.Field(i), path+"."+v.Type().Field(i).Name, held, visit)
		}
	}
}

func whole(t *rapid.T, fields map[string]any) *app.App {
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	a := full(t, text, app.JSON)
	pool := app.PortPool{InUse: func(int) bool { return false }}
	if err := pool.Assign(a, nil); err != nil {
		t.Fatal(err)
	}
	return a
}

func full(t *rapid.T, text []byte, f app.Format) *app.App {
	doc, err := app.Parse(text, f)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	u, err := doc.App()
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	a, err := u.ApplyFull(nil, app.Root, app.Defaults{NetworkName: "net"})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return a
}

func onto(t *rapid.T, old *app.App, text []byte) *app.App {
	doc, err := app.Parse(text, app.JSON)
	if err != nil {
		t.Fatal(err)
	}
	u, err := doc.App()
	if err != nil {
		t.Fatal(err)
	}
	a, err := u.Apply(old, app.Root, app.Defaults{NetworkName: "net"})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return a
}

func group(t *rapid.T, old *app.Group, text []byte) *app.Group {
	doc, err := app.Parse(text, app.JSON)
	if err != nil {
		t.Fatal(err)
	}
	u, err := doc.Group()
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	g, err := u.Apply(old, app.Defaults{NetworkName: "net"})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return g
}

// anyApp generates definitions as users write them, all valid.
func anyApp() *rapid.Generator[map[string]any] {
	return rapid.Custom(func(t *rapid.T) map[string]any {
		a := map[string]any{"id": anyID().Draw(t, "id")}
		ports := place(t, a)
		maybe := func(name string, value func() any) {
			if rapid.Bool().Draw(t, "has "+name) {
				a[name] = value()
			}
		}
		maybe("instances", func() any { return rapid.IntRange(0, 100).Draw(t, "instances") })
		maybe("cpus", func() any { return rapid.Float64Range(0.001, 64).Draw(t, "cpus") })
		maybe("mem", func() any { return rapid.Float64Range(0, 1e6).Draw(t, "mem") })
		maybe("disk", func() any { return rapid.Float64Range(0, 1e6).Draw(t, "disk") })
		maybe("user", func() any { return rapid.String().Draw(t, "user") })
		maybe("env", func() any { return anyLabels().Draw(t, "env") })
		maybe("labels", func() any { return anyLabels().Draw(t, "labels") })
		maybe("tty", func() any { return rapid.Bool().Draw(t, "tty") })
		maybe("dependencies", func() any { return rapid.SliceOfDistinct(anyID(), rapid.ID[string]).Draw(t, "dependencies") })
		maybe("killSelection", func() any { return oneOf(t, "YOUNGEST_FIRST", "OLDEST_FIRST") })
		maybe("unreachableStrategy", func() any {
			return oneOf[any](t, "disabled", map[string]int{"inactiveAfterSeconds": 1, "expungeAfterSeconds": 5}, map[string]int{})
		})
		maybe("resourceLimits", func() any { return oneOf[any](t, map[string]any{"cpus": "unlimited"}, map[string]any{"mem": 1e7}) })
		maybe("upgradeStrategy", func() any { return map[string]any{"minimumHealthCapacity": rapid.Float64Range(0, 1).Draw(t, "health")} })
		maybe("executorResources", func() any { return map[string]any{"mem": rapid.IntRange(32, 64).Draw(t, "executor")} })
		maybe("taskKillGracePeriodSeconds", func() any { return rapid.IntRange(0, 60).Draw(t, "grace") })
		maybe("deploymentDeadlineSeconds", func() any { return rapid.IntRange(0, 60).Draw(t, "deadline") })
		maybe("acceptedResourceRoles", func() any { return []string{"*"} })
		maybe("backoffFactor", func() any { return rapid.Float64Range(1, 3).Draw(t, "factor") })
		maybe("requirePorts", func() any { return rapid.Bool().Draw(t, "require") })
		maybe("fetch", func() any {
			return []any{map[string]any{"uri": "http://x/y.tgz", "extract": rapid.Bool().Draw(t, "extract")}}
		})
		maybe("constraints", func() any {
			return oneOf[any](t, []any{}, [][]string{{"hostname", "UNIQUE"}}, [][]string{{"rack", "LIKE", "a.*"}, {"os", "cluster"}})
		})
		if ports > 0 {
			maybe("healthChecks", func() any {
				return []any{
					map[string]any{
						"protocol":  oneOf(t, "HTTP", "HTTPS", "TCP", "MESOS_HTTP", "MESOS_TCP"),
						"portIndex": rapid.IntRange(0, ports-1).Draw(t, "index"), "path": oneOf(t, "", "/health"),
					},
					map[string]any{"protocol": "COMMAND", "command": map[string]string{"value": "true"}},
				}
			})
		}
		return a
	})
}

// place chooses what runs, its networks and ports, and tells how many ports there are.
func place(t *rapid.T, a map[string]any) int {
	n := rapid.IntRange(0, 3).Draw(t, "ports")
	var definitions, mappings []any
	for i := range n {
		port := map[string]any{"name": fmt.Sprintf("p%d", i), "protocol": oneOf(t, "tcp", "udp", "udp,tcp"), "labels": anyLabels().Draw(t, "labels")}
		definitions = append(definitions, port)
		mappings = append(mappings, map[string]any{"containerPort": 80 + i, "name": port["name"], "labels": port["labels"]})
	}
	a["cmd"] = "run"
	image := map[string]any{"image": "nginx", "forcePullImage": rapid.Bool().Draw(t, "pull")}
	switch oneOf(t, "host", "serve", "args", "docker", "bridge", "network", "implied") {
	case "host":
		a["portDefinitions"] = append([]any{}, definitions...)
		return n
	case "serve":
		delete(a, "cmd")
		a["serve"] = map[string]any{"body": rapid.String().Draw(t, "body")}
		return 1
	case "args":
		delete(a, "cmd")
		a["args"] = rapid.SliceOfN(rapid.String(), 1, 3).Draw(t, "args")
		return 1
	case "docker":
		a["container"] = map[string]any{"docker": image, "volumes": []any{map[string]any{"containerPath": "/a", "hostPath": "/b", "mode": "RO"}}}
		return 1
	case "bridge":
		a["networks"] = []any{map[string]any{"mode": "container/bridge"}}
		a["container"] = map[string]any{"docker": image, "portMappings": append([]any{}, mappings...)}
		return n
	case "network":
		a["networks"] = []any{map[string]any{"name": "a"}, map[string]any{"labels": map[string]string{"x": "y"}}}
		a["container"] = map[string]any{"type": "MESOS", "docker": image, "portMappings": append([]any{}, mappings...)}
		return n
	}
	a["networks"] = []any{map[string]any{}}
	return 1
}

func anyID() *rapid.Generator[string] { return rapid.StringMatching(`/[a-z0-9]{1,8}`) }

func anyLabels() *rapid.Generator[map[string]string] {
	return rapid.MapOfN(rapid.StringN(1, 5, -1), rapid.String(), 0, 3)
}

func oneOf[T any](t *rapid.T, choices ...T) T { return rapid.SampledFrom(choices).Draw(t, "choice") }
