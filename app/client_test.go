package app_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/app"
)

// serve answers every request with one status and body, and keeps the last request with its body.
func serve(t *testing.T, status int, body string) (*app.Client, *http.Request) {
	t.Helper()
	last := new(http.Request)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		*last = *r.Clone(t.Context())
		last.Body = io.NopCloser(strings.NewReader(string(text)))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	client, err := app.NewClient(app.ClientOptions{URL: server.URL + "/"})
	if err != nil {
		t.Fatal(err)
	}
	return client, last
}

func TestClientRequests(t *testing.T) {
	const result = `{"version":"2026-11-26T01:02:03.000Z","deploymentId":"d1"}`
	version, _ := app.ParseTimestamp("2026-11-26T01:02:03.000Z")
	for _, test := range []struct {
		name, want, answer string
		do                 func(*app.Client) error
	}{
		{"apps", "GET /v2/apps", `{"apps":[]}`, func(c *app.Client) error { _, err := c.Apps(t.Context()); return err }},
		{"create", "POST /v2/apps {}", `{}`, func(c *app.Client) error { _, err := c.CreateApp(t.Context(), []byte("{}")); return err }},
		{"update", "PUT /v2/apps/a/b {}", result, func(c *app.Client) error { _, err := c.UpdateApp(t.Context(), "/a/b", []byte("{}"), false); return err }},
		{"replace by force", "PUT /v2/apps/a?force=true&partialUpdate=false {}", result, func(c *app.Client) error {
			_, err := c.ReplaceApp(t.Context(), "a", []byte("{}"), true)
			return err
		}},
		{"replace several", "PUT /v2/apps?partialUpdate=false []", result, func(c *app.Client) error {
			_, err := c.ReplaceApps(t.Context(), []byte("[]"), false)
			return err
		}},
		{"restart", "POST /v2/apps/a/restart", result, func(c *app.Client) error { _, err := c.RestartApp(t.Context(), "/a", false); return err }},
		{"remove", "DELETE /v2/apps/a?force=false", result, func(c *app.Client) error { _, err := c.RemoveApp(t.Context(), "/a", false); return err }},
		{"versions", "GET /v2/apps/a/versions", `{"versions":[]}`, func(c *app.Client) error { _, err := c.Versions(t.Context(), "/a"); return err }},
		{"version", "GET /v2/apps/a/versions/2026-11-26T01:02:03.000Z", `{}`, func(c *app.Client) error {
			_, err := c.Version(t.Context(), "/a", version)
			return err
		}},
		{"tasks", "GET /v2/tasks", `{"tasks":[]}`, func(c *app.Client) error { _, err := c.Tasks(t.Context()); return err }},
		{"tasks of an app", "GET /v2/apps/a/tasks", `{"tasks":[]}`, func(c *app.Client) error { _, err := c.AppTasks(t.Context(), "/a"); return err }},
		{"kill", `POST /v2/tasks/delete {"ids":["t1"]}`, `{"tasks":[]}`, func(c *app.Client) error { _, err := c.KillTasks(t.Context(), "t1"); return err }},
		{"kill and scale", `POST /v2/tasks/delete?scale=true {"ids":["t1"]}`, result, func(c *app.Client) error {
			_, err := c.KillAndScale(t.Context(), false, "t1")
			return err
		}},
		{"root", "GET /v2/groups?embed=group.groups&embed=group.apps", `{}`, func(c *app.Client) error { _, err := c.Group(t.Context(), app.Root); return err }},
		{"group", "PUT /v2/groups/g?force=true {}", result, func(c *app.Client) error { _, err := c.UpdateGroup(t.Context(), "/g", []byte("{}"), true); return err }},
		{"plan of a group", "PUT /v2/groups/g?dryRun=true {}", `{"steps":[]}`, func(c *app.Client) error {
			_, err := c.PlanGroup(t.Context(), "/g", []byte("{}"))
			return err
		}},
		{"remove a group", "DELETE /v2/groups/g", result, func(c *app.Client) error { _, err := c.RemoveGroup(t.Context(), "/g", false); return err }},
		{"deployments", "GET /v2/deployments", `[]`, func(c *app.Client) error { _, err := c.Deployments(t.Context()); return err }},
		{"cancel", "DELETE /v2/deployments/d1", result, func(c *app.Client) error { _, err := c.CancelDeployment(t.Context(), "d1"); return err }},
		{"stop in place", "DELETE /v2/deployments/d1?force=true", ``, func(c *app.Client) error { return c.StopDeployment(t.Context(), "d1") }},
		{"queue", "GET /v2/queue", `{"queue":[]}`, func(c *app.Client) error { _, err := c.Queue(t.Context()); return err }},
		{"delay", "DELETE /v2/queue/a/b/delay", ``, func(c *app.Client) error { return c.ResetDelay(t.Context(), "/a/b") }},
		{"server", "GET /v2/info", `{}`, func(c *app.Client) error { _, err := c.Server(t.Context()); return err }},
		{"ping", "GET /ping", `pong`, func(c *app.Client) error { _, err := c.Ping(t.Context()); return err }},
		{"explain", "GET /v1/explain/a/b", `{}`, func(c *app.Client) error { _, err := c.Explain(t.Context(), "/a/b"); return err }},
		{"plan", "POST /v1/plan {}", `{"steps":[],"placements":[]}`, func(c *app.Client) error { _, err := c.Plan(t.Context(), []byte("{}")); return err }},
		{"an id with what no id has", "GET /v2/apps/%3Fx=1/tasks", `{"tasks":[]}`, func(c *app.Client) error { _, err := c.AppTasks(t.Context(), "/?x=1"); return err }},
	} {
		t.Run(test.name, func(t *testing.T) {
			client, last := serve(t, http.StatusOK, test.answer)
			if err := test.do(client); err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(last.Body)
			got := strings.TrimSpace(last.Method + " " + last.RequestURI + " " + string(body))
			if got != test.want {
				t.Errorf("asked %s, want %s", got, test.want)
			}
		})
	}
}

func TestClientRefusals(t *testing.T) {
	for _, test := range []struct {
		name, body string
		status     int
		want       app.Error
	}{
		{"unknown", `{"message":"App '/x' does not exist"}`, 404, app.Error{Code: app.NotFound, Message: "App '/x' does not exist"}},
		{"locked", `{"message":"App is locked","deployments":[{"id":"d1"}]}`, 409, app.Error{Code: app.Locked, Message: "App is locked", Deployments: []string{"d1"}}},
		{"exists", `{"message":"An app with id [/x] already exists."}`, 409, app.Error{Code: app.Conflict, Message: "An app with id [/x] already exists."}},
		{"details", `{"message":"Object is not valid","details":[{"path":"/cpus","errors":["too much"]}]}`, 422, app.Error{
			Code: app.Invalid, Message: "Object is not valid", Details: []app.Detail{{Path: "/cpus", Errors: []string{"too much"}}},
		}},
		{"details as a text", `{"message":"Invalid JSON","details":"line 1"}`, 400, app.Error{Code: app.Malformed, Message: "Invalid JSON: line 1"}},
		{"no JSON", "<html>\nno", 502, app.Error{Code: app.Unready, Message: "502 Bad Gateway <html>"}},
		{"nothing", "", 401, app.Error{Code: app.Forbidden, Message: "401 Unauthorized"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			client, _ := serve(t, test.status, test.body)
			_, err := client.Apps(t.Context())
			got, ok := errors.AsType[*app.Error](err)
			if !ok {
				t.Fatalf("got %v, want an *app.Error", err)
			}
			if d := cmp.Diff(test.want, *got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestClientAnswersThatAreNone(t *testing.T) {
	client, _ := serve(t, http.StatusOK, "<html>")
	if _, err := client.Apps(t.Context()); err == nil || !strings.Contains(err.Error(), "does not answer /v2/apps as") {
		t.Errorf("got %v", err)
	}
}

func TestClientAddresses(t *testing.T) {
	for _, wrong := range []string{"", "ftp://host", "http://", "http://user:hush@host", "http://host/?a=b", "http://host/#x", ":"} {
		if _, err := app.NewClient(app.ClientOptions{URL: wrong}); err == nil || strings.Contains(err.Error(), "hush@") {
			t.Errorf("%q gives %v", wrong, err)
		}
	}
	client, err := app.NewClient(app.ClientOptions{URL: "host:8080"})
	if err != nil || client.URL() != "http://host:8080" {
		t.Errorf("got %v, %v", client, err)
	}
}

func TestClientAuthorizes(t *testing.T) {
	_, last := serve(t, http.StatusOK, `{"apps":[]}`)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*last = *r
		_, _ = io.WriteString(w, "[]")
	}))
	t.Cleanup(server.Close)
	client, err := app.NewClient(app.ClientOptions{URL: server.URL, Authorize: func(r *http.Request) { r.SetBasicAuth("ops", "secret") }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Deployments(t.Context()); err != nil {
		t.Fatal(err)
	}
	if user, password, _ := last.BasicAuth(); user != "ops" || password != "secret" {
		t.Errorf("asked as %s with %s", user, password)
	}
}

func TestClientEvents(t *testing.T) {
	const stream = ": a comment\n\nid: 7\nevent: deployment_success\ndata: {\"eventType\":\"deployment_success\",\"id\":\"d1\"}\n\n" +
		"event: new_event\r\ndata: {\"eventType\":\"new_event\"}\r\n\r\nevent: cut\ndata: {"
	client, last := serve(t, http.StatusOK, stream)
	var got []app.StreamEvent
	var end error
	for e, err := range client.Events(t.Context(), app.EventsOptions{Types: []app.EventType{"a", "b"}, After: "6"}) {
		if err != nil {
			end = err
			break
		}
		got = append(got, e)
	}
	want := []app.StreamEvent{
		{ID: "7", Type: "deployment_success", Data: json.RawMessage(`{"eventType":"deployment_success","id":"d1"}`)},
		{ID: "7", Type: "new_event", Data: json.RawMessage(`{"eventType":"new_event"}`)},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if !errors.Is(end, io.ErrUnexpectedEOF) {
		t.Errorf("the stream ends with %v", end)
	}
	if last.RequestURI != "/v1/events?event_type=a&event_type=b" || last.Header.Get("Last-Event-ID") != "6" || last.Header.Get("Accept") != "text/event-stream" {
		t.Errorf("asked %s with %v", last.RequestURI, last.Header)
	}
	event, err := got[0].Decode()
	if success, ok := event.(*app.DeploymentEnd); !ok || success.ID != "d1" || err != nil {
		t.Errorf("decoded %v, %v", event, err)
	}
	if event, err := got[1].Decode(); err != nil || event.Type() != "new_event" {
		t.Errorf("decoded %v, %v", event, err)
	}
}

// Marathon knows neither our path nor ids.
func TestClientEventsOfMarathon(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/events" {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `{"message":"URI not found"}`)
			return
		}
		_, _ = io.WriteString(w, "event: a\ndata: {}\n\n")
	}))
	t.Cleanup(server.Close)
	client, err := app.NewClient(app.ClientOptions{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range client.Events(t.Context(), app.EventsOptions{}) {
		if err != nil || e.Type != "a" || e.ID != "" {
			t.Errorf("got %v, %v", e, err)
		}
		break
	}
}

func TestClientEventsRefused(t *testing.T) {
	client, _ := serve(t, http.StatusServiceUnavailable, "")
	for _, err := range client.Events(t.Context(), app.EventsOptions{}) {
		if e, ok := errors.AsType[*app.Error](err); !ok || e.Code != app.Unready {
			t.Errorf("got %v", err)
		}
	}
}

func FuzzEvents(f *testing.F) {
	f.Add("event: a\ndata: {}\n\n")
	f.Add("data\ndata:\nid\n\n:\n\r\n")
	f.Fuzz(func(t *testing.T, stream string) {
		client, err := app.NewClient(app.ClientOptions{URL: "http://x", HTTP: &http.Client{Transport: fixed(stream)}})
		if err != nil {
			t.Fatal(err)
		}
		ended := 0
		for e, err := range client.Events(t.Context(), app.EventsOptions{}) {
			if err != nil {
				ended++
				continue
			}
			_, _ = e.Decode()
		}
		if ended != 1 {
			t.Errorf("%d errors, want one", ended)
		}
	})
}

// fixed answers every request with itself.
type fixed string

func (f fixed) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(string(f))), Request: r, Header: http.Header{}}, nil
}
