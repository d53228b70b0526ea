package local

import (
	"encoding/json"
	"mime"
	"net/http"
	"strings"

	"github.com/ormosproject/ormos/local/internal/daemon"
)

const (
	// faultsPath is where a running cluster takes faults: GET lists what is in force, POST {"fault":"kill-agent 0"} injects one, DELETE
	// heals. Mesos has nothing at this path.
	faultsPath = "/ormos/faults"
	// maxFault is the longest body, in bytes.
	maxFault = 4096
)

// serveHTTP serves the master's address. While there is no master, all but faults is cut off.
func (c *Cluster) serveHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.TrimRight(r.URL.Path, "/") == faultsPath {
		daemon.Authenticate(daemon.RealmMasterReadwrite, c.credentials, http.HandlerFunc(c.serveFaults)).ServeHTTP(w, r)
		return
	}
	if m := c.master.Load(); m != nil {
		m.ServeHTTP(w, r)
		return
	}
	sever(connectionOf(r)) // what net/http answers now nobody hears
}

func (c *Cluster) serveFaults(w http.ResponseWriter, r *http.Request) {
	var err error
	switch r.Method {
	case http.MethodGet:
	case http.MethodPost:
		fault, ok := readFault(w, r)
		if !ok {
			return
		}
		if fault == killMaster {
			err = c.killMaster(connectionOf(r))
		} else {
			err = c.Inject(fault)
		}
	case http.MethodDelete:
		err = c.Heal()
	default:
		daemon.MethodNotAllowed(w, r, "GET, POST, DELETE")
		return
	}
	if err != nil {
		daemon.Error(w, http.StatusBadRequest, err.Error())
		return
	}
	daemon.JSON(w, r, map[string]any{"faults": c.Faults()})
}

// readFault reads the body of a POST; false when it was answered. Its type has to be said: a page in a browser can send other types to
// whatever listens on this machine.
func readFault(w http.ResponseWriter, r *http.Request) (string, bool) {
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media != "application/json" {
		daemon.Error(w, http.StatusUnsupportedMediaType, "Expecting 'Content-Type' of application/json")
		return "", false
	}
	var body struct{ Fault string }
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxFault))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&body); err != nil {
		daemon.Error(w, http.StatusBadRequest, "Failed to parse body into JSON: "+err.Error())
		return "", false
	}
	return strings.Join(strings.Fields(body.Fault), " "), true
}
