package master

import (
	"io"
	"net/http"

	"github.com/ormosproject/ormos/local/internal/daemon"
	"github.com/ormosproject/ormos/operator"
)

// serveMaintenanceSchedule is /maintenance/schedule: GET shows it, POST replaces it.
func (m *Master) serveMaintenanceSchedule(w http.ResponseWriter, r *http.Request) {
	if !m.leading(w, r) {
		return
	}
	if r.Method == http.MethodGet {
		var text []byte
		var err error
		if !m.do(r.Context(), func() { text, err = m.maintenance.schedule.MarshalJSON() }) {
			unavailable(w)
			return
		}
		if err != nil {
			daemon.Error(w, http.StatusInternalServerError, err.Error())
			return
		}
		daemon.RawJSON(w, r, text)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxForm))
	var s operator.MaintenanceSchedule
	if err == nil {
		err = s.UnmarshalJSON(body)
	}
	if err != nil {
		daemon.Error(w, http.StatusBadRequest, "Failed to parse JSON: "+err.Error())
		return
	}
	m.serveSetSchedule(w, r, &s)
}

// serveSetSchedule answers UPDATE_MAINTENANCE_SCHEDULE.
func (m *Master) serveSetSchedule(w http.ResponseWriter, r *http.Request, s *operator.MaintenanceSchedule) {
	var err error
	if !m.do(r.Context(), func() { err = m.setSchedule(s) }) {
		unavailable(w)
		return
	}
	if err != nil {
		daemon.Error(w, http.StatusBadRequest, err.Error())
	}
}

// serveMaintenanceStatus is /maintenance/status.
func (m *Master) serveMaintenanceStatus(w http.ResponseWriter, r *http.Request) {
	if !m.leading(w, r) {
		return
	}
	var s operator.MaintenanceClusterStatus
	if !m.do(r.Context(), func() { s = m.maintenanceStatus() }) {
		unavailable(w)
		return
	}
	text, err := s.MarshalJSON()
	if err != nil {
		daemon.Error(w, http.StatusInternalServerError, err.Error())
		return
	}
	daemon.RawJSON(w, r, text)
}
