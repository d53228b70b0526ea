package api

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Server is what a server tells of itself.
type Server struct {
	// Version is Ormos', Build its revision.
	Version, Build string
	// URL is where clients reach the API: scheme://host:port.
	URL string
	// Config are the flags as Marathon names them (master, mesos_role, hostname ...), ZooKeeper those about its store. Passwords in URLs
	// are not shown.
	Config, ZooKeeper map[string]any
}

// leader is host:port, as Marathon names the one that leads.
func (s *Server) leader() string {
	if u, err := url.Parse(s.URL); err == nil && u.Host != "" {
		return u.Host
	}
	return s.URL
}

// mark sets the header that all answers have.
func (s *Server) mark(h http.Header) {
	if s.URL != "" {
		h.Set("X-Marathon-Leader", s.URL)
	}
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-XSS-Protection", "1; mode=block")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-cache, no-store, must-revalidate")
	h.Set("Pragma", "no-cache")
	h.Set("Expires", "0")
}

// info is GET /v2/info.
func info(a *API, _ *request) (*answer, error) {
	v, err := a.view()
	if err != nil {
		return nil, err
	}
	config := known(marathonFlags, a.server.Config)
	if v.Connected {
		config["mesos_leader_ui_url"] = "http://" + v.Master + "/"
	}
	var frameworkID any
	if v.FrameworkID != "" {
		frameworkID = v.FrameworkID
	}
	ports := map[string]any{"http_port": nil, "https_port": nil}
	if u, err := url.Parse(a.server.URL); err == nil && u.Scheme != "" {
		ports[u.Scheme+"_port"] = number(u.Port())
	}
	return say(map[string]any{
		"name": "marathon", "version": a.server.Version, "buildref": a.server.Build,
		"elected": true, "leader": a.server.leader(), "frameworkId": frameworkID,
		"marathon_config": config, "zookeeper_config": known(zookeeperFlags, a.server.ZooKeeper), "http_config": ports,
	})
}

// marathonFlags and zookeeperFlags are what Marathon's info has. Clients know these and may stumble over others: those are at /config.
const (
	marathonFlags = `access_control_allow_origin checkpoint decline_offer_duration default_network_name env_vars_prefix executor failover_timeout
		features framework_name ha hostname launch_token launch_token_refresh_interval leader_proxy_connection_timeout_ms leader_proxy_read_timeout_ms
		local_port_max local_port_min maintenance_mode master max_instances_per_offer mesos_bridge_name mesos_heartbeat_failure_threshold
		mesos_heartbeat_interval mesos_leader_ui_url mesos_role mesos_user min_revive_offers_interval new_group_enforce_role offer_matching_timeout
		on_elected_prepare_timeout reconciliation_initial_delay reconciliation_interval scale_apps_initial_delay scale_apps_interval store_cache
		task_launch_confirm_timeout task_launch_timeout task_lost_expunge_initial_delay task_lost_expunge_interval task_reservation_timeout webui_url`
	zookeeperFlags = `zk zk_compression zk_compression_threshold zk_connection_timeout zk_max_node_size zk_max_versions zk_session_timeout zk_timeout`
)

// known has all of the names, those that are not set as null.
func known(names string, config map[string]any) map[string]any {
	out := map[string]any{}
	config = redact(config)
	for name := range strings.FieldsSeq(names) {
		if out[name] = config[name]; out[name] == "" {
			out[name] = nil
		}
	}
	return out
}

// number is a port as JSON shows it; nil when there is none.
func number(port string) any {
	n := 0
	for _, c := range port {
		n = n*10 + int(c-'0')
	}
	if n == 0 {
		return nil
	}
	return n
}

// redact hides what stands before the @ of URLs, as Marathon does: names and passwords.
func redact(config map[string]any) map[string]any {
	out := map[string]any{}
	for name, value := range config {
		if text, ok := value.(string); ok {
			value = redactURL(text)
		}
		out[name] = value
	}
	return out
}

func redactURL(text string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return text
	}
	authority, path, slash := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		authority = "xxxxxxxx:xxxxxxxx" + authority[at:]
	}
	if slash {
		path = "/" + path
	}
	return scheme + "://" + authority + path
}

// effective is GET /config: the flags, of both kinds.
func effective(a *API, _ *request) (*answer, error) {
	all := redact(a.server.Config)
	maps.Copy(all, redact(a.server.ZooKeeper))
	return say(all)
}

// leads is GET /v2/leader.
func leads(a *API, _ *request) (*answer, error) {
	return say(map[string]string{"leader": a.server.leader()})
}

// abdicate is DELETE /v2/leader.
func abdicate(a *API, r *request) (*answer, error) {
	for _, name := range []string{"backup", "restore"} {
		if _, ok := r.query[name]; ok {
			return nil, &refusal{http.StatusUnprocessableEntity, name + " is not done this way here: see /v1/backup, and the command ormos restore"}
		}
	}
	if a.abdicate == nil {
		return nil, missing("There is no leader")
	}
	a.log.Info("asked to give up the leadership", "client", clientIP(r.Request))
	a.abdicate()
	return say(map[string]string{"message": "Leadership abdicated"})
}

// ping is GET /ping: pong, in a form that the client accepts.
func ping(_ *API, r *request) (*answer, error) {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	kinds := strings.FieldsFunc(accept, func(c rune) bool { return c == ',' })
	for i, k := range kinds {
		kind, _, _ := strings.Cut(k, ";")
		kinds[i] = strings.TrimSpace(kind)
	}
	accepts := func(kind string) bool { return slices.Contains(kinds, kind) }
	switch {
	case len(kinds) == 0, accepts("text/plain"), accepts("text/*"), accepts("*/*"):
		return &answer{body: []byte("pong"), media: "text/plain"}, nil
	case accepts("text/html"):
		return &answer{body: []byte("pong"), media: "text/html"}, nil
	case accepts("application/json"), accepts("application/*"):
		return &answer{body: []byte(`"pong"`)}, nil
	}
	return &answer{status: http.StatusNoContent}, nil
}

// plugins is GET /v2/plugins: there are none.
func plugins(*API, *request) (*answer, error) { return say(map[string]any{"plugins": []string{}}) }

// toUI is GET /.
func toUI(*API, *request) (*answer, error) {
	return (&answer{status: http.StatusFound}).with("Location", "/ui/"), nil
}
