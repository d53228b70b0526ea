package main

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/ormosproject/ormos/app"
)

func info(t *testing.T, text string) *app.Info {
	t.Helper()
	var i app.Info
	if err := json.Unmarshal([]byte(text), &i); err != nil {
		t.Fatal(err)
	}
	return &i
}

func TestSituations(t *testing.T) {
	const at = `"2026-11-26T01:00:00.000Z"`
	latest := func(running int) string {
		return fmt.Sprintf(`"tasksStats":{"withLatestConfig":{"stats":{"counts":{"running":%d}}}}`, running)
	}
	queue := []app.QueueItem{{
		App: &app.App{ID: "/waits"}, Count: 2, Delay: app.QueueDelay{Overdue: true}, ProcessedOffersSummary: app.OffersSummary{
			RejectSummaryLastOffers: []app.Reject{{Reason: "UnfulfilledRole", Processed: 3}, {Reason: "InsufficientCpus", Declined: 3, Processed: 3}},
		},
	}, {App: &app.App{ID: "/delayed"}, Count: 1, Delay: app.QueueDelay{TimeLeftSeconds: 12}}}
	for _, test := range []struct{ name, info, state, situation string }{
		{
			"runs", `{"id":"/web","instances":2,"version":` + at + `,"tasksRunning":2,` + latest(2) + `}`,
			"running", "2 of 2 up to date",
		},
		{
			"is rolled", `{"id":"/web","instances":2,"version":` + at + `,"healthChecks":[{}],"tasksHealthy":1,"deployments":[{"id":"d"}],` +
				`"tasksStats":{"withLatestConfig":{"stats":{"counts":{"staged":1}}},"withOutdatedConfig":{"stats":{"counts":{"running":1}}}}}`,
			"deploying", "0 of 2 up to date, 1 healthy, 1 old",
		},
		{
			"waits", `{"id":"/waits","instances":2,"version":` + at + `}`, "waiting",
			"0 of 2 up to date, 2 to launch, no offer fits yet: too few cpus in 3 of 3 offers",
		},
		{
			"is delayed", `{"id":"/delayed","instances":1,"version":` + at + `,"lastTaskFailure":{"message":"Command exited\nwith status 1","version":` + at + `,"timestamp":` + at + `}}`,
			"delayed", "0 of 1 up to date, 1 to launch, next try in 12 s after failures, last failure: Command exited",
		},
		{"is scaled", `{"id":"/web","instances":2,"version":` + at + `,"tasksRunning":1,` + latest(1) + `}`, "starting", "1 of 2 up to date"},
		{"is stopped", `{"id":"/web","instances":0,"version":` + at + `}`, "stopped", "0 of 0 up to date"},
		{"is unwell", `{"id":"/web","instances":1,"version":` + at + `,"tasksUnhealthy":1}`, "unhealthy", "0 of 1 up to date"},
	} {
		t.Run(test.name, func(t *testing.T) {
			i := info(t, test.info)
			if got := stateOfApp(i, queue); got != test.state {
				t.Errorf("it is %s, want %s", got, test.state)
			}
			if got := situation(i, queue); got != test.situation {
				t.Errorf("its situation is %q, want %q", got, test.situation)
			}
		})
	}
}

func TestEventLines(t *testing.T) {
	for _, test := range []struct{ kind, data, want string }{
		{
			"status_update_event", `{"taskId":"web.instance-3f2a1b9c-00._app.1","taskStatus":"TASK_FAILED","message":"exited\nwith 1","appId":"/web","host":"h"}`,
			"status_update_event  /web  web.3f2a1b9c  failed  on h  exited",
		},
		{
			"instance_health_changed_event", `{"instanceId":"web.instance-3f2a1b9c-00","runSpecId":"/web","healthy":false}`,
			"instance_health_changed_event  /web  web.3f2a1b9c  unhealthy",
		},
		{"deployment_success", `{"id":"0123456789abcdef","plan":{"id":"0123456789abcdef"}}`, "deployment_success  01234567"},
		{
			"deployment_info", `{"plan":{"id":"0123456789abcdef"},"currentStep":{"actions":[{"action":"StartApplication","app":"/web"}]}}`,
			"deployment_info  01234567  start /web",
		},
		{"api_post_event", `{"appDefinition":{"id":"/web"}}`, "api_post_event  /web"},
		{"framework_message_event", `{"message":[1,2]}`, "framework_message_event"},
		{"of_tomorrow", `{"x":1}`, "of_tomorrow"},
	} {
		got := eventLine(app.StreamEvent{Type: app.EventType(test.kind), Data: json.RawMessage(test.data)})
		if _, rest := got[:12], got[14:]; rest != test.want {
			t.Errorf("got %q, want %q", rest, test.want)
		}
	}
}

func TestAges(t *testing.T) {
	now := time.Date(2026, 11, 26, 1, 0, 0, 0, time.UTC)
	for past, want := range map[time.Duration]string{
		-time.Second: "0s", 90 * time.Second: "90s", 3 * time.Minute: "3m", 3 * time.Hour: "3h", 72 * time.Hour: "3d",
	} {
		if got := ago(now.Add(-past), now); got != want {
			t.Errorf("%s are shown as %s, want %s", past, got, want)
		}
	}
	if got := ago(time.Time{}, now); got != "-" {
		t.Errorf("no time is shown as %s", got)
	}
}
