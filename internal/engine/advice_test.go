package engine

import (
	"strings"
	"testing"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
)

// What agents tell when Ormos' own executor does not start, in Mesos' words and in those of the local cluster.
func TestAdvice(t *testing.T) {
	const url = "http://scheduler:7070/ormos"
	o := &LaunchOptions{Serve: &mesos.CommandInfo{URIs: []mesos.CommandInfoURI{{Value: url}}}}
	serving := &app.App{Serve: &app.Serve{Body: new("x")}}
	fetching := &app.App{Serve: &app.Serve{Body: new("x")}, Fetch: []app.Artifact{{URI: "http://x/y"}}}
	for _, c := range []struct {
		app     *app.App
		message string
		want    string
	}{
		{serving, "Command exited with status 1\nstderr: Failed to execute './ormos': Exec format error", "with a constraint"},
		{serving, `cannot launch "./ormos" (fetched from ` + url + `): exec format error`, "with a constraint"},
		{serving, "stderr: ./ormos: /lib64/libc.so.6: version `GLIBC_2.34' not found (required by ./ormos)", "CGO_ENABLED=0"},
		{serving, "stderr: Failed to execute './ormos': No such file or directory", "CGO_ENABLED=0"},
		{serving, "stderr: Failed to fetch '" + url + "': Error downloading resource: Couldn't resolve host name", "from " + url},
		{serving, "cannot fetch " + url + ": connection refused", "--advertise"},
		{serving, "Failed to launch container: Failed to fetch all URIs for container 'c': exited with status 1", "--advertise"},
		{fetching, "Failed to launch container: Failed to fetch all URIs for container 'c': exited with status 1", ""},
		{fetching, "stderr: Failed to fetch 'http://x/y': Error downloading resource", ""},
		{serving, "cannot serve: listen tcp :80: bind: permission denied", ""},
		{&app.App{}, "stderr: Exec format error", ""},
		{nil, "stderr: Exec format error", ""},
	} {
		got := o.advised(c.app, c.message)
		rest, same := strings.CutPrefix(got, c.message)
		if !same || (c.want == "") != (rest == "") || !strings.Contains(rest, c.want) {
			t.Errorf("%s: got %q, want %q", c.message, rest, c.want)
		}
		if again := o.advised(c.app, got); again != got {
			t.Errorf("%s: advised again: %q", c.message, again)
		}
	}
	if got := new(LaunchOptions).advised(serving, "fetch nothing"); got != "fetch nothing" {
		t.Errorf("without an executor: %q", got)
	}
}
