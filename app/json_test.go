package app_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/app"
)

// TestTheSmallestAppAsMarathonReturnsIt: what always appears, and nothing else.
func TestTheSmallestAppAsMarathonReturnsIt(t *testing.T) {
	a := apply(t, nil, `{"id": "/a", "cmd": "run"}`)
	pool := app.PortPool{InUse: func(port int) bool { return port < 10003 }}
	if err := pool.Assign(a, nil); err != nil {
		t.Fatal(err)
	}
	now, err := app.ParseTimestamp("2026-11-26T01:02:03.450Z")
	if err != nil {
		t.Fatal(err)
	}
	a.Version, a.VersionInfo = now, &app.VersionInfo{LastScalingAt: now, LastConfigChangeAt: now}
	want := `{
  "id": "/a",
  "cmd": "run",
  "instances": 1,
  "cpus": 1,
  "mem": 128,
  "disk": 0,
  "gpus": 0,
  "executor": "",
  "role": "*",
  "networks": [
    {
      "mode": "host"
    }
  ],
  "portDefinitions": [
    {
      "port": 10003,
      "protocol": "tcp",
      "name": "default"
    }
  ],
  "requirePorts": false,
  "backoffSeconds": 1,
  "backoffFactor": 1.15,
  "maxLaunchDelaySeconds": 300,
  "upgradeStrategy": {
    "minimumHealthCapacity": 1,
    "maximumOverCapacity": 1
  },
  "labels": {},
  "killSelection": "YOUNGEST_FIRST",
  "unreachableStrategy": {
    "inactiveAfterSeconds": 0,
    "expungeAfterSeconds": 0
  },
  "version": "2026-11-26T01:02:03.450Z",
  "versionInfo": {
    "lastScalingAt": "2026-11-26T01:02:03.450Z",
    "lastConfigChangeAt": "2026-11-26T01:02:03.450Z"
  }
}
`
	if diff := cmp.Diff(want, indented(t, a)); diff != "" {
		t.Error(diff)
	}
}

func TestTimestampsKeepTheirMilliseconds(t *testing.T) {
	for text, want := range map[string]string{
		"2026-11-26T01:02:03.450Z":       "2026-11-26T01:02:03.450Z",
		"2026-11-26T01:02:03Z":           "2026-11-26T01:02:03.000Z",
		"2026-11-26T03:02:03.4567+02:00": "2026-11-26T01:02:03.456Z",
	} {
		got, err := app.ParseTimestamp(text)
		if err != nil || got.String() != want {
			t.Errorf("%s is %s, not %s: %v", text, got, want, err)
		}
	}
	if _, err := app.ParseTimestamp("yesterday"); err == nil {
		t.Error("yesterday is a timestamp")
	}
}

func TestIDsUnderOthers(t *testing.T) {
	for _, c := range []struct{ id, base, want app.ID }{
		{"web", "/", "/web"},
		{"web", "/shop", "/shop/web"},
		{"/web", "/shop", "/web"},
		{"../db", "/shop", "/db"},
		{"../../../db", "/shop/a", "/db"},
		{"./a/./b", "/", "/a/b"},
		{"/a//b/", "/", "/a/b"},
		{"", "/shop", "/shop"},
		{"..", "/", "/"},
	} {
		if got := c.id.Under(c.base); got != c.want {
			t.Errorf("%s under %s is %s, not %s", c.id, c.base, got, c.want)
		}
	}
}

func TestDifferences(t *testing.T) {
	a := apply(t, nil, `{"id": "/a", "cmd": "run"}`)
	for text, want := range map[string]app.Difference{
		`{}`:                                app.Same,
		`{"cmd": "run"}`:                    app.Same,
		`{"instances": 2}`:                  app.Scaled,
		`{"deploymentDeadlineSeconds": 60}`: app.Scaled,
		`{"instances": 2, "cpus": 2}`:       app.Changed,
		`{"env": {"A": "B"}}`:               app.Changed,
		`{"labels": {"A": "B"}}`:            app.Changed,
	} {
		if got := app.Compare(a, apply(t, a, text)); got != want {
			t.Errorf("%s: %d", text, got)
		}
	}
}

func TestWhatIsEmptyIsLikeWhatIsAbsent(t *testing.T) {
	a := apply(t, nil, `{"id": "/a", "cmd": "run", "container": {"type": "MESOS"}}`)
	b := a.Clone()
	b.Labels, b.Env, b.Args, b.Container.Volumes = nil, map[string]string{}, []string{}, nil
	if got := app.Compare(a, b); got != app.Same {
		t.Errorf("%d", got)
	}
	b.Env["A"] = ""
	a.Env = map[string]string{"B": ""}
	if got := app.Compare(a, b); got != app.Changed {
		t.Errorf("%d", got)
	}
}

func TestAVersionAloneIsARollback(t *testing.T) {
	for text, want := range map[string]bool{
		`{"version": "2026-11-26T01:02:03.450Z"}`:                                       true,
		`{"id": "/a", "version": "2026-11-26T01:02:03.450Z"}`:                           true,
		`{"version": "2026-11-26T01:02:03.450Z", "cmd": "run"}`:                         false,
		`{"version": "2026-11-26T01:02:03.450Z", "tasksRunning": 3, "deployments": []}`: false,
		`{"instances": 3}`: false,
	} {
		doc, err := app.Parse([]byte(text), app.JSON)
		if err != nil {
			t.Fatal(err)
		}
		u, err := doc.App()
		if err != nil {
			t.Fatal(err)
		}
		if v, ok := u.Version(); ok != want || ok && v.String() != "2026-11-26T01:02:03.450Z" {
			t.Errorf("%s: %s %v", text, v, ok)
		}
	}
}
