package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ormosproject/ormos/app"
)

func TestExplanationForPeople(t *testing.T) {
	noon := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) app.Timestamp { return app.At(noon.Add(d)) }
	one := app.Waiting{Version: at(0), Instances: []string{"web.instance-1"}, Since: at(0)}
	for _, c := range []struct {
		name string
		e    app.Explanation
		want []string // parts, in this order
	}{
		{"nothing waits", app.Explanation{App: "/web", Placed: 1}, []string{"/web: nothing waits, 1 instance has a place\n"}},
		{"no master", app.Explanation{App: "/web", At: at(time.Hour), Waiting: []app.Waiting{one}, Disconnected: true}, []string{
			"/web: its instance waits, for 1h0m\n", "no connection to a Mesos master",
		}},
		{"back-off", app.Explanation{
			App: "/web", At: at(0), Placed: 2, Waiting: []app.Waiting{one}, Delay: &app.Backoff{Failures: 3, Until: at(90 * time.Second)},
			LastFailure: &app.TaskFailure{Host: "agent1", State: "TASK_FAILED", Message: "exited with status 1\n"},
		}, []string{
			"1 of 3 instances waits, for less than 1s", "failed 3 times in a row. The next try is in 1m30s, at 2026-11-26T12:01:30.000Z.",
			"The last one, on agent1, was TASK_FAILED: exited with status 1\n",
		}},
		{"two versions", app.Explanation{App: "/web", At: at(time.Second), Waiting: []app.Waiting{one, {Version: at(time.Second), Instances: []string{"a", "b"}, Since: at(0), Wrong: "no"}}}, []string{
			"all 3 instances wait, for 1s", "1 of version 2026-11-26T12:00:00.000Z:", "Nothing was offered since", "2 of version 2026-11-26T12:00:01.000Z:", "can ever serve: no",
		}},
		{"it fits", app.Explanation{App: "/web", At: at(time.Second), Waiting: []app.Waiting{{Instances: []string{"a", "b"}, Since: at(0), Latest: new(at(0)), Fits: []string{"agent1"}}}}, []string{
			"fits on agent1",
		}},
	} {
		text := c.e.String()
		rest := text
		for _, part := range c.want {
			_, after, ok := strings.Cut(rest, part)
			if !ok {
				t.Errorf("%s: there is no %q in\n%s", c.name, part, text)
			}
			rest = after
		}
	}
}
