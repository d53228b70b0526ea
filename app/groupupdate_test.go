package app_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/app"
)

func TestGroupUpdateReplacesWhatItListsAndKeepsTheRest(t *testing.T) {
	shop := applyGroup(t, nil, `{"id": "/shop", "dependencies": ["../db"], "apps": [
		{"id": "web", "cmd": "serve", "dependencies": ["cache"]}, {"id": "cache", "cmd": "keep"}],
		"groups": [{"id": "jobs", "apps": [{"id": "mail", "cmd": "send"}]}]}`)
	if diff := cmp.Diff([]app.ID{"/shop/web", "/shop/cache", "/shop/jobs/mail"}, ids(shop)); diff != "" {
		t.Error(diff)
	}
	if shop.Dependencies[0] != "/db" || shop.Apps[0].Dependencies[0] != "/shop/cache" {
		t.Errorf("dependencies %v and %v", shop.Dependencies, shop.Apps[0].Dependencies)
	}
	less := applyGroup(t, shop, `{"apps": [{"id": "/shop/web", "cmd": "serve", "dependencies": ["cache"]}]}`)
	if diff := cmp.Diff([]app.ID{"/shop/web", "/shop/jobs/mail"}, ids(less)); diff != "" {
		t.Error(diff)
	}
	if less.Apps[0] != shop.Apps[0] || less.Groups[0] != shop.Groups[0] {
		t.Error("what has not changed is another one")
	}
}

func TestScaleByRoundsUp(t *testing.T) {
	g := applyGroup(t, nil, `{"id": "/a", "apps": [{"id": "b", "cmd": "x y", "instances": 3}]}`)
	half := applyGroup(t, g, `{"scaleBy": 0.5}`)
	if half.Apps[0].Instances != 2 || g.Apps[0].Instances != 3 {
		t.Errorf("%d of %d instances", half.Apps[0].Instances, g.Apps[0].Instances)
	}
}

func TestTreeNamesTheCycle(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"by apps": {
			`{"id": "/a", "apps": [{"id": "x", "cmd": "xx", "dependencies": ["y"]}, {"id": "y", "cmd": "yy", "dependencies": ["x"]}]}`,
			"Dependency graph has cyclic dependencies: /a/x -> /a/y -> /a/x",
		},
		"by groups": {
			`{"id": "/a", "groups": [{"id": "x", "dependencies": ["../y"], "apps": [{"id": "w", "cmd": "ww"}]},
				{"id": "y", "apps": [{"id": "v", "cmd": "vv", "dependencies": ["/a/x"]}]}]}`,
			"Dependency graph has cyclic dependencies: /a/x/w -> /a/y -> /a/y/v -> /a/x -> /a/x/w",
		},
		"on itself": {
			`{"id": "/a", "apps": [{"id": "x", "cmd": "xx", "dependencies": ["/a"]}]}`,
			"Dependency graph has cyclic dependencies: /a/x -> /a -> /a/x",
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := applyGroup(t, nil, c.text)
			err := (&app.Group{ID: app.Root, Groups: []*app.Group{g}}).Validate()
			if err == nil || err.Error() != "Object is not valid\n  /: "+c.want {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestTreeRefusesTwoOfAnId(t *testing.T) {
	g := applyGroup(t, nil, `{"id": "/a", "apps": [{"id": "x", "cmd": "xx"}, {"id": "x", "cmd": "xx"}], "groups": [{"id": "x"}, {"id": "x"}]}`)
	err := (&app.Group{ID: app.Root, Groups: []*app.Group{g}}).Validate()
	want := "Object is not valid\n  /a/x: App ids must be unique.; Groups and Applications may not have the same identifier.; Group ids must be unique."
	if err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}

func TestServicePortsStayWithTheirApp(t *testing.T) {
	old := apply(t, nil, `{"id": "/a", "cmd": "xx", "portDefinitions": [{"port": 10001}, {"port": 10007}]}`)
	if again := apply(t, old, `{"portDefinitions": [{}, {}]}`); app.Compare(old, again) != app.Same {
		t.Errorf("ports %v", again.ServicePorts())
	}
	now := apply(t, old, `{"portDefinitions": [{"port": 0}, {"port": 10007}, {"port": 0}]}`)
	pool := app.PortPool{InUse: func(p int) bool { return p == 10000 || p == 10001 || p == 10007 }}
	if err := pool.Assign(now, old); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{10001, 10007, 10002}, now.ServicePorts()); diff != "" {
		t.Error(diff)
	}
}

func TestServicePortsRunOut(t *testing.T) {
	a := apply(t, nil, `{"id": "/a", "cmd": "xx"}`)
	pool := app.PortPool{InUse: func(p int) bool { return true }}
	if err := pool.Assign(a, nil); err == nil {
		t.Errorf("ports %v", a.ServicePorts())
	}
}

func applyGroup(t *testing.T, old *app.Group, text string) *app.Group {
	t.Helper()
	doc, err := app.Parse([]byte(text), app.JSON)
	if err != nil {
		t.Fatal(err)
	}
	u, err := doc.Group()
	if err != nil {
		t.Fatal(err)
	}
	g, err := u.Apply(old, app.Defaults{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func ids(g *app.Group) (ids []app.ID) {
	for a := range g.All() {
		ids = append(ids, a.ID)
	}
	return ids
}

func TestRolesAreNotEnforcedWhileAppsChange(t *testing.T) {
	old := applyGroup(t, nil, `{"id": "/dev", "apps": [{"id": "a", "cmd": "run"}]}`)
	now, err := app.ParseTimestamp("2026-11-26T01:02:03.450Z")
	if err != nil {
		t.Fatal(err)
	}
	old.Version = now
	if g := applyGroup(t, old, `{"enforceRole": true}`); !*g.EnforceRole || g.Apps[0].Role != "*" {
		t.Errorf("enforced: %v, role %s", *g.EnforceRole, g.Apps[0].Role)
	}
	if g := applyGroup(t, old, `{"enforceRole": false, "apps": []}`); *g.EnforceRole {
		t.Error("enforced")
	}
	doc, err := app.Parse([]byte(`{"id": "/dev", "enforceRole": true, "apps": []}`), app.JSON)
	if err != nil {
		t.Fatal(err)
	}
	u, err := doc.Group()
	if err != nil {
		t.Fatal(err)
	}
	_, err = u.Apply(old, app.Defaults{})
	want := "Object is not valid\n  line 1, column 31: /enforceRole: enforceRole cannot be modified in a request that adds, removes or " +
		"modifies services; please make these changes in separate requests."
	if err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}
