package master

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"

	"github.com/ormosproject/ormos/local/internal/daemon"
	"github.com/ormosproject/ormos/local/internal/files"
)

// ServeHTTP serves the URL space of a Mesos master.
func (m *Master) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.mux.ServeHTTP(w, r) }

// routes lays out the URL space.
func (m *Master) routes() *daemon.Mux {
	x := daemon.NewMux("master")
	route := func(realm, path string, h http.HandlerFunc) {
		x.Handle("master", path, daemon.Authenticate(realm, m.credentials, h))
	}
	route(daemon.RealmMasterScheduler, "/api/v1/scheduler", m.schedulerAPI)
	route(daemon.RealmMasterReadwrite, "/api/v1", m.operatorAPI)
	for path, view := range m.views() {
		route(daemon.RealmMasterReadonly, path, m.serveView(view))
	}
	route(daemon.RealmMasterReadonly, "/flags", m.serveFlags)
	route(daemon.RealmMasterReadwrite, "/teardown", m.serveTeardown)
	for path, perform := range m.resourceEndpoints() {
		route(daemon.RealmMasterReadwrite, path, perform)
	}
	route(daemon.RealmMasterReadwrite, "/maintenance/schedule", m.serveMaintenanceSchedule)
	route(daemon.RealmMasterReadonly, "/maintenance/status", m.serveMaintenanceStatus)
	route(daemon.RealmMasterReadwrite, "/machine/down", m.machinesForm(m.takeDown))
	route(daemon.RealmMasterReadwrite, "/machine/up", m.machinesForm(m.bringUp))
	for path, empty := range map[string]string{"/weights": "[]", "/quota": "{}"} {
		route(daemon.RealmMasterReadwrite, path, m.serveEmpty(empty))
	}
	x.Default("/health", daemon.Health)
	x.Default("/redirect", m.redirect)
	version := func(w http.ResponseWriter, r *http.Request) { daemon.JSON(w, r, daemon.TheVersion()) }
	x.HandleFunc("version", "", version)
	readonly := func(h http.Handler) http.Handler {
		return daemon.Authenticate(daemon.RealmMasterReadonly, m.credentials, h)
	}
	x.Handle("metrics", "/snapshot", readonly(http.HandlerFunc(m.serveMetrics)))
	new(files.Files).Register(x, readonly)
	return x
}

// serveEmpty answers GET of what this cluster never has any of. Setting it to nothing is fine, too.
func (m *Master) serveEmpty(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !m.leading(w, r) {
			return
		}
		if r.Method == http.MethodGet {
			daemon.RawJSON(w, r, []byte(text))
			return
		}
		body, err := io.ReadAll(io.LimitReader(r.Body, maxForm))
		switch {
		case err != nil || !json.Valid(body):
			daemon.Error(w, http.StatusBadRequest, "Failed to parse JSON")
		case string(bytes.TrimSpace(body)) != text:
			m.notSupported(w, r)
		}
	}
}

// notSupported tells that the local cluster cannot do something that Mesos can.
func (m *Master) notSupported(w http.ResponseWriter, r *http.Request) {
	if m.leading(w, r) {
		daemon.Error(w, http.StatusNotImplemented, r.URL.Path+" is not supported by the local cluster")
	}
}

// serveTeardown is /teardown: a form with frameworkId.
func (m *Master) serveTeardown(w http.ResponseWriter, r *http.Request) {
	if !m.leading(w, r) {
		return
	}
	if r.Method != http.MethodPost {
		daemon.MethodNotAllowed(w, r, http.MethodPost)
		return
	}
	id, err := formValue(r, "frameworkId")
	if err != nil {
		daemon.Error(w, http.StatusBadRequest, err.Error())
		return
	}
	m.teardown(w, r, id)
}

// teardown removes a framework for an operator.
func (m *Master) teardown(w http.ResponseWriter, r *http.Request, id string) {
	principal, _ := daemon.Principal(r.Context())
	v := verdict{status: http.StatusOK}
	if !m.do(r.Context(), func() {
		f := m.frameworks[id]
		switch {
		case f == nil:
			v = bad("No framework found with specified ID")
		case !m.acls.permit(aclTeardown, principal, f.info.GetPrincipal()):
			v = forbidden("")
		default:
			m.removeFramework(f)
		}
	}) {
		unavailable(w)
		return
	}
	if v.status != http.StatusOK {
		daemon.Error(w, v.status, v.text)
	}
}
