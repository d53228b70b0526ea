package agent

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/ormosproject/ormos/local/internal/daemon"
)

// credentials are those that a realm asks for, nil if it asks for none. wanted is the flag about the realm.
func (a *Agent) credentials(wanted *bool, listed daemon.Credentials) (daemon.Credentials, error) {
	if wanted == nil {
		return a.o.Credentials, nil
	}
	if !*wanted {
		return nil, nil
	}
	if listed == nil {
		return nil, errors.New("cannot authenticate: there are no credentials; name a file of them in the flag http_credentials")
	}
	return listed, nil
}

// readCredentials reads the file of the flag http_credentials, if there is one.
func (a *Agent) readCredentials() (daemon.Credentials, error) {
	path := a.flags.HTTPCredentials
	if path == "" {
		return a.o.Credentials, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read credentials: %w", err)
	}
	c, err := daemon.ParseCredentials(text)
	if err != nil {
		return nil, fmt.Errorf("cannot read credentials: %s: %w", path, err)
	}
	return c, nil
}

// routes is the agent's URL space. What reads and what changes something have realms of their own; executors, /health and /version
// are open.
func (a *Agent) routes() (*daemon.Mux, error) {
	listed, err := a.readCredentials()
	if err != nil {
		return nil, err
	}
	reading, readErr := a.credentials(a.flags.AuthenticateReadonly, listed)
	writing, writeErr := a.credentials(a.flags.AuthenticateReadwrite, listed)
	if err := cmp.Or(readErr, writeErr); err != nil {
		return nil, err
	}
	m := daemon.NewMux("slave(1)")
	readonly := func(h http.Handler) http.Handler {
		return daemon.Authenticate(daemon.RealmAgentReadonly, reading, h)
	}
	m.Default("/api/v1/executor", a.authenticate(a.executorAPI))
	m.Handle("slave(1)", "/api/v1", daemon.Authenticate(daemon.RealmAgentReadwrite, writing, http.HandlerFunc(a.operatorAPI)))
	for path, h := range map[string]http.HandlerFunc{
		"/state": a.serveState, "/flags": a.serveFlags, "/containers": a.serveContainers, "/monitor/statistics": a.serveStatistics,
	} {
		m.Handle("slave(1)", path, readonly(h))
	}
	m.Default("/health", daemon.Health)
	m.Handle("metrics", "/snapshot", readonly(http.HandlerFunc(a.serveMetrics)))
	m.HandleFunc("version", "", func(w http.ResponseWriter, r *http.Request) { daemon.JSON(w, r, daemon.TheVersion()) })
	a.files.Register(m, readonly)
	return m, nil
}

// view runs f on the goroutine that owns the state; false means that the request was answered with 503.
func (a *Agent) view(w http.ResponseWriter, r *http.Request, f func()) bool {
	if !a.serving.Load() || !a.ask(r.Context(), f) {
		daemon.Error(w, http.StatusServiceUnavailable, "Agent has not finished recovery")
		return false
	}
	return true
}

func (a *Agent) serveState(w http.ResponseWriter, r *http.Request) {
	var state daemon.Members
	if a.view(w, r, func() { state = a.state() }) {
		daemon.JSON(w, r, state)
	}
}

func (a *Agent) serveFlags(w http.ResponseWriter, r *http.Request) {
	daemon.JSON(w, r, map[string]any{"flags": a.shownFlags()})
}

func (a *Agent) serveMetrics(w http.ResponseWriter, r *http.Request) {
	if text := r.URL.Query().Get("timeout"); text != "" && !validDuration(text) {
		daemon.Error(w, http.StatusBadRequest, "Invalid timeout '"+text+"'")
		return
	}
	var metrics daemon.Metrics
	if a.view(w, r, func() { metrics = a.metrics() }) {
		daemon.JSON(w, r, metrics)
	}
}

func (a *Agent) serveStatistics(w http.ResponseWriter, r *http.Request) {
	var list []containerView
	if !a.view(w, r, func() { list = a.containerViews(false) }) {
		return
	}
	all := make([]daemon.Members, 0, len(list))
	for _, c := range measure(list) {
		all = append(all, daemon.Members{
			{Name: "executor_id", Value: c.executor},
			{Name: "executor_name", Value: c.name},
			{Name: "framework_id", Value: c.framework},
			{Name: "source", Value: c.source},
			{Name: "statistics", Value: &c.statistics},
		})
	}
	daemon.JSON(w, r, all)
}

func (a *Agent) serveContainers(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	id, framework, executor := query.Get("container_id"), query.Get("framework_id"), query.Get("executor_id")
	if executor != "" && framework == "" {
		daemon.Error(w, http.StatusBadRequest, "Expecting 'framework_id' with 'executor_id'")
		return
	}
	var list []containerView
	if !a.view(w, r, func() { list = a.containerViews(query.Get("show_nested") == "true") }) {
		return
	}
	all := []daemon.Members{}
	for _, c := range measure(list) {
		if id != "" && c.id.Value != id || framework != "" && c.framework != framework || executor != "" && c.executor != executor {
			continue
		}
		all = append(all, daemon.Members{
			{Name: "container_id", Value: c.id.Value},
			{Name: "executor_id", Value: c.executor},
			{Name: "executor_name", Value: c.name},
			{Name: "framework_id", Value: c.framework},
			{Name: "source", Value: c.source},
			{Name: "statistics", Value: &c.statistics},
			{Name: "status", Value: c.status()},
		})
	}
	daemon.JSON(w, r, all)
}
