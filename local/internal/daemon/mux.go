package daemon

import (
	"net/http"
	"strings"
)

// Mux routes requests as libprocess does: the first segment of a path names a process, and where it does not, the path is
// looked up in the default process. Within a process the longest registered path that leads to the request's path answers,
// so that /state/, /state/x and //state are /state. Percent-encoded segments are the same as plain ones.
//
// Register everything before the first request: a Mux has no lock.
type Mux struct {
	processes map[string]map[string]http.Handler
	process   string
}

// NewMux makes a Mux whose default process has that name.
func NewMux(process string) *Mux {
	return &Mux{processes: map[string]map[string]http.Handler{process: {}}, process: process}
}

// Handle registers h for a path of a process. The path has no slash at its end; "" is the process itself, which answers
// for all of its paths that nobody else has. A path registered twice belongs to the later handler.
func (m *Mux) Handle(process, path string, h http.Handler) {
	if m.processes[process] == nil {
		m.processes[process] = map[string]http.Handler{}
	}
	m.processes[process][strings.Trim(path, "/")] = h
}

// HandleFunc is Handle for a function.
func (m *Mux) HandleFunc(process, path string, h http.HandlerFunc) { m.Handle(process, path, h) }

// Default registers h for a path of the default process.
func (m *Mux) Default(path string, h http.HandlerFunc) { m.Handle(m.process, path, h) }

// ServeHTTP finds the handler; where there is none, and for every path with "/.." in it, it answers 404.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := m.handler(r.URL.Path); h != nil {
		h.ServeHTTP(w, r)
		return
	}
	Error(w, http.StatusNotFound, "There is nothing at "+r.URL.Path)
}

func (m *Mux) handler(path string) http.Handler {
	if strings.Contains(path, "/..") {
		return nil
	}
	rest := strings.Trim(path, "/")
	first, below, _ := strings.Cut(rest, "/")
	if paths := m.processes[first]; paths != nil {
		return longest(paths, below)
	}
	return longest(m.processes[m.process], rest)
}

// longest gives the handler of the longest registered path that is path or a parent of it.
func longest(paths map[string]http.Handler, path string) http.Handler {
	for {
		if h := paths[path]; h != nil || path == "" {
			return h
		}
		path = path[:max(strings.LastIndexByte(path, '/'), 0)]
	}
}

// Rest is what a request's path has beyond the given end of a handler's path: Rest(r, "/redirect") of /master/redirect/x is
// "x". It is "" when there is nothing more than slashes.
func Rest(r *http.Request, handled string) string {
	_, rest, _ := strings.Cut(r.URL.Path, handled)
	return strings.Trim(rest, "/")
}
