package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/ormosproject/ormos/app"
)

// A route is one line of the table: what is asked, and what answers.
//
// A pattern is segments between slashes. {name} stands for one segment, {name...} for one or more: ids hold slashes. What
// follows {name...} ends the id, which is how Marathon tells /v2/apps/shop/web/tasks from an app called tasks.
type route struct {
	method, pattern string
	// does is what a user reads, in a few words.
	does string
	// One of them is set: handle answers at once, stream writes for as long as it likes.
	handle func(*API, *request) (*answer, error)
	stream func(*API, http.ResponseWriter, *request) error
	// query are the parameters, takes the type of the body, gives that of the answer.
	query        []parameter
	takes, gives any
	// media is what the answer is when it is no JSON.
	media string
	// codes are the answers' statuses beside 400, 401, 500 and 503, which every route may give.
	codes []int
	// open needs no authentication.
	open bool

	segments []string // of the pattern
}

// A parameter is a part of the query.
type parameter struct {
	name, does string
	kind       string // boolean, string; "array" is a string that may come several times
	otherwise  string // what it is when it is missing
}

// request is what a handler gets: the HTTP request, and what the pattern's names stood for.
type request struct {
	*http.Request
	values map[string]string
	query  map[string][]string
	sent   []byte // the body
}

// router finds the route of a request. The first in the table that fits is it.
type router struct{ routes []*route }

func newRouter(table []route) *router {
	r := &router{}
	for i := range table {
		route := &table[i]
		route.segments = split(route.pattern)
		r.routes = append(r.routes, route)
	}
	return r
}

// split cuts a path in segments; slashes that stand together, as clients write them before an id, are one.
func split(path string) []string {
	return slices.DeleteFunc(strings.Split(path, "/"), func(s string) bool { return s == "" })
}

// find gives the route for a method and a path, and what its names stand for. Without a route, allowed are the methods
// that the path has; none means that there is no such path.
func (r *router) find(method, path string) (found *route, values map[string]string, allowed []string) {
	segments := split(path)
	for _, route := range r.routes {
		values, ok := route.match(segments)
		if !ok {
			continue
		}
		if route.method == method || route.method == http.MethodGet && method == http.MethodHead {
			return route, values, nil
		}
		if !slices.Contains(allowed, route.method) {
			allowed = append(allowed, route.method)
		}
	}
	return nil, nil, allowed
}

// match compares segments with the pattern's. At most one of a pattern's names takes several segments.
func (r *route) match(segments []string) (map[string]string, bool) {
	extra := len(segments) - len(r.segments) // how many more than one the long name takes
	long := slices.ContainsFunc(r.segments, isLong)
	if extra < 0 || extra > 0 && !long {
		return nil, false
	}
	var values map[string]string
	at := 0
	for _, want := range r.segments {
		taken := 1
		if isLong(want) {
			taken += extra
		}
		if want[0] != '{' {
			if segments[at] != want {
				return nil, false
			}
			at++
			continue
		}
		if values == nil {
			values = make(map[string]string, 2)
		}
		values[name(want)] = strings.Join(segments[at:at+taken], "/")
		at += taken
	}
	return values, true
}

func isLong(segment string) bool { return strings.HasSuffix(segment, "...}") }

// name is that of a segment {name} or {name...}.
func name(segment string) string { return strings.TrimSuffix(segment[1:len(segment)-1], "...") }

// id is the absolute id that the pattern's {id...} stood for, or the root.
func (r *request) id() app.ID { return app.ID("/" + r.values["id"]) }

// on reads a boolean of the query as Java does: only "true" is true.
func (r *request) on(name string, otherwise bool) bool {
	v, ok := r.query[name]
	if !ok {
		return otherwise
	}
	return strings.EqualFold(v[0], "true")
}

// text is a parameter of the query, and whether it is there.
func (r *request) text(name string) (string, bool) {
	v, ok := r.query[name]
	if !ok {
		return "", false
	}
	return v[0], true
}
