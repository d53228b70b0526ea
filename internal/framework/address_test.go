package framework

import (
	"bytes"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/ormosproject/ormos/mesos"
)

// Who runs agents elsewhere and serves the executor on loopback is told so, once.
func TestReach(t *testing.T) {
	at := func(ip string) []mesos.Offer {
		return []mesos.Offer{{Hostname: "agent", URL: &mesos.URL{Address: mesos.Address{IP: &ip, Port: 5051}}}, {}}
	}
	own := []string{"127.0.0.1", "::1", "0.0.0.0", "agent", ""}
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range all {
		if n, ok := one.(*net.IPNet); ok {
			own = append(own, n.IP.String())
		}
	}
	for artifact, loopback := range map[string]bool{
		"http://127.0.0.1:4000/ormos": true, "http://localhost:4000/ormos": true, "http://[::1]:4000/ormos": true,
		"http://192.0.2.7:4000/ormos": false, "http://scheduler:4000/ormos": false, "": false,
	} {
		var log bytes.Buffer
		l := &link{artifact: artifact, log: slog.New(slog.NewTextHandler(&log, nil))}
		for _, ip := range own {
			l.reach(at(ip))
		}
		if log.Len() > 0 {
			t.Errorf("%s, for agents on this machine: %s", artifact, &log)
		}
		l.reach(at("192.0.2.99"))
		l.reach(at("192.0.2.98"))
		if n := strings.Count(log.String(), "--advertise"); n > 1 || (n == 1) != loopback {
			t.Errorf("%s: told %d times: %s", artifact, n, &log)
		}
	}
}
