package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestPathsFindTheirRoutes(t *testing.T) {
	router := newRouter(routes())
	for _, c := range []struct{ method, path, want string }{
		{"GET", "/v2/apps", "/v2/apps map[]"},
		{"GET", "/v2/apps/", "/v2/apps map[]"},
		{"GET", "/v2/apps/web", "/v2/apps/{id...} map[id:web]"},
		{"GET", "/v2/apps//shop/web", "/v2/apps/{id...} map[id:shop/web]"}, // python-marathon writes it so
		{"HEAD", "/v2/apps/shop/web", "/v2/apps/{id...} map[id:shop/web]"},
		{"GET", "/v2/apps/shop/*", "/v2/apps/{id...} map[id:shop/*]"},
		{"GET", "/v2/apps/tasks", "/v2/apps/{id...} map[id:tasks]"},
		{"GET", "/v2/apps/shop/web/tasks", "/v2/apps/{id...}/tasks map[id:shop/web]"},
		{"DELETE", "/v2/apps/shop/web/tasks/web.1", "/v2/apps/{id...}/tasks/{task} map[id:shop/web task:web.1]"},
		{"GET", "/v2/apps/web/versions", "/v2/apps/{id...}/versions map[id:web]"},
		{"GET", "/v2/apps/web/versions/2026-11-26T01:02:03.450Z", "/v2/apps/{id...}/versions/{version} map[id:web version:2026-11-26T01:02:03.450Z]"},
		{"POST", "/v2/apps/shop/web/restart", "/v2/apps/{id...}/restart map[id:shop/web]"},
		{"DELETE", "/v2/apps/shop/restart", "/v2/apps/{id...} map[id:shop/restart]"}, // an app of an old server may be called so
		{"GET", "/v2/groups", "/v2/groups map[]"},
		{"GET", "/v2/groups/versions", "/v2/groups/versions map[]"},
		{"GET", "/v2/groups/a/b/versions/x", "/v2/groups/{id...}/versions/{version} map[id:a/b version:x]"},
		{"GET", "/v2/groups/a/apps", "/v2/groups/{id...}/apps map[id:a]"},
		{"DELETE", "/v2/queue/a/b/delay", "/v2/queue/{id...}/delay map[id:a/b]"},
		{"GET", "/", "/ map[]"},
		{"GET", "/ui/", "/ui map[]"},
		{"POST", "/v2/deployments", "405 GET"},
		{"PUT", "/v2/apps/web/tasks/x", "/v2/apps/{id...} map[id:web/tasks/x]"},
		{"POST", "/v2/apps/web", "405 GET PUT PATCH DELETE"},
		{"GET", "/v2/nothing", "404"},
		{"GET", "/v2/deployments/a/b", "404"},
	} {
		if got := where(router, c.method, c.path); got != c.want {
			t.Errorf("%s %s leads to %s, want %s", c.method, c.path, got, c.want)
		}
	}
}

func where(r *router, method, path string) string {
	route, values, allowed := r.find(method, path)
	switch {
	case route != nil && values == nil:
		return route.pattern + " map[]"
	case route != nil:
		return fmt.Sprint(route.pattern, " ", values)
	case len(allowed) > 0:
		return "405 " + strings.Join(allowed, " ")
	}
	return "404"
}

// Whatever the path is, finding its route neither panics nor gives a part of the path that is not in it.
func FuzzRouter(f *testing.F) {
	router := newRouter(routes())
	for _, path := range []string{"/v2/apps/a/b/tasks/c", "//", "/v2/apps/*", "/v2/groups/a/versions/b", "/v2/queue/%2F/delay"} {
		f.Add(http.MethodGet, path)
	}
	f.Fuzz(func(t *testing.T, method, path string) {
		_, values, _ := router.find(method, path)
		for name, value := range values {
			if value == "" || !strings.Contains(strings.Join(split(path), "/"), value) {
				t.Errorf("%s: %s is %q", path, name, value)
			}
		}
	})
}

func BenchmarkRouter(b *testing.B) {
	router := newRouter(routes())
	for b.Loop() {
		router.find("GET", "/v1/events")
	}
}
