package daemon

// Version is the answer to /version. The local cluster behaves as the Mesos release that it names, since frameworks decide
// by it what they may ask for.
type Version struct {
	Version   string `json:"version"`
	BuildDate string `json:"build_date"`
	BuildTime Number `json:"build_time"`
	BuildUser string `json:"build_user"`
}

// MesosVersion is the release of Apache Mesos whose behaviour the local cluster has.
const MesosVersion = "1.12.0"

// TheVersion is what master and agents answer to /version and show in /state.
func TheVersion() Version {
	return Version{Version: MesosVersion, BuildDate: "1970-01-01 00:00:00 UTC", BuildUser: "ormos"}
}
