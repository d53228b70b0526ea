package master

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ormosproject/ormos/local/internal/daemon"
	"github.com/ormosproject/ormos/mesos"
)

// leadership is who leads, as this master knows it.
type leadership struct {
	leader    *mesos.MasterInfo // nil: nobody
	own       bool
	recovered bool // the registry was read, so that frameworks and agents are taken
}

// SetLeader tells who leads from now on: nil is nobody. A master that is named takes over; one that led before and is not
// named any more ends (see ErrDeposed). It may be called before Run.
func (m *Master) SetLeader(info *mesos.MasterInfo) {
	own := info != nil && info.ID == m.info.ID
	now := &leadership{leader: info, own: own}
	before := m.leadership.Swap(now)
	if before != nil && before.own && !own {
		m.mail.post(func() { m.stop(ErrDeposed) })
		return
	}
	if own {
		now.recovered = before != nil && before.recovered
		m.mail.post(m.lead)
	}
}

// lead takes over: what the registry knows is awaited.
func (m *Master) lead() {
	if !m.leads() {
		return // deposed meanwhile
	}
	if m.leadership.Load().recovered {
		return
	}
	m.elected = time.Now()
	m.recoverRegistry()
	m.leadership.Store(&leadership{leader: m.Info(), own: true, recovered: true})
	m.log.Info("leading", "id", m.info.ID, "agents to come back", len(m.recovered))
}

func (m *Master) leads() bool { return m.leadership.Load().own }

// leading lets a request through when this master leads; otherwise it answers: to the leader, or 503 when there is none.
func (m *Master) leading(w http.ResponseWriter, r *http.Request) bool {
	l := m.leadership.Load()
	if l.own {
		return true
	}
	if l.leader == nil {
		daemon.Error(w, http.StatusServiceUnavailable, "No leader elected")
		return false
	}
	path := r.URL.EscapedPath()
	if !strings.HasPrefix(path, "/master/") {
		path = "/master/" + strings.TrimLeft(path, "/")
	}
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.RawQuery
	}
	moved(w, l.leader, path)
	return false
}

// ready is leading, and that the registry has been read.
func (m *Master) ready(w http.ResponseWriter, r *http.Request) bool {
	if !m.leading(w, r) {
		return false
	}
	if !m.leadership.Load().recovered {
		daemon.Error(w, http.StatusServiceUnavailable, "Master has not finished recovery")
		return false
	}
	return true
}

// redirect is /redirect: 307 to the leader, which may be this master.
func (m *Master) redirect(w http.ResponseWriter, r *http.Request) {
	if daemon.Rest(r, "/redirect") != "" {
		daemon.Error(w, http.StatusNotFound, "There is nothing at "+r.URL.Path)
		return
	}
	l := m.leadership.Load()
	if l.leader == nil {
		daemon.Error(w, http.StatusServiceUnavailable, "No leader elected")
		return
	}
	moved(w, l.leader, "")
}

// moved sends a client to the leader. The Location has no scheme, as Mesos' has none.
func moved(w http.ResponseWriter, leader *mesos.MasterInfo, path string) {
	host := leader.GetHostname()
	if host == "" && leader.Address != nil {
		host = leader.Address.GetIP()
	}
	w.Header().Set("Location", "//"+host+":"+strconv.Itoa(int(leader.Port))+path)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusTemporaryRedirect)
}

// unavailable is the answer of a master that has ended.
func unavailable(w http.ResponseWriter) {
	daemon.Error(w, http.StatusServiceUnavailable, "The master has ended")
}
