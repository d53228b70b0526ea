package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// Whatever comes, every route answers: with a status that it may have, and with JSON where it says so; and the apps can still be listed.
func FuzzRequests(f *testing.F) {
	for _, seed := range []struct{ method, target, body string }{
		{"POST", "/v2/apps", `{"id":"web","cmd":"sleep 1","instances":2,"healthChecks":[{"protocol":"MESOS_TCP"}]}`},
		{"PUT", "/v2/apps?force=true", `[{"id":"/a/b","cmd":"sleep 1"},{"id":"/a/c","instances":3}]`},
		{"PATCH", "/v2/apps", `[{"id":"/web","instances":0}]`},
		{"PUT", "/v2/apps/web?partialUpdate=false", `{"args":["a"],"container":{"type":"DOCKER","docker":{"image":"x"}}}`},
		{"PATCH", "/v2/apps/web", `{"labels":{"a":"b"},"version":"2026-11-26T12:00:02.000Z"}`},
		{"POST", "/v2/groups", `{"id":"g","apps":[{"id":"x","cmd":"sleep 1","dependencies":["../y"]}],"groups":[{"id":"h"}]}`},
		{"PUT", "/v2/groups/g?dryRun=true", `{"scaleBy":2.5}`},
		{"PATCH", "/v2/groups/g", `{"enforceRole":true}`},
		{"POST", "/v2/tasks/delete?scale=true", `{"ids":["web.instance-1._app.1"]}`},
		{"POST", "/logging", `{"logger":"ROOT","level":"info"}`},
		{"POST", "/v1/plan", `{"id":"web","cmd":"sleep 1","upgradeStrategy":{"minimumHealthCapacity":1,"maximumOverCapacity":0}}`},
		{"GET", "/v2/apps/%2F/..//*?embed=apps.tasks&label=a%20in%20(b)", ""},
		{"DELETE", "/v2/queue/web/delay", ""},
		{"GET", "/v2/groups/a/versions/2026", ""},
	} {
		f.Add(seed.method, seed.target, seed.body)
	}
	f.Fuzz(func(t *testing.T, method, target, body string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || !strings.HasPrefix(target, "/") || strings.HasSuffix(u.Path, "/events") || !validMethod(method) {
			t.Skip("no request that comes here, or one without an end")
		}
		s := newStage(t)
		a := newAPI(t, s, nil)
		if w := ask(a, "POST", "/v2/apps", `{"id":"web","cmd":"sleep 1","cpus":0.1,"mem":32,"instances":2}`); w.Code != 201 {
			t.Fatal(w.Code, w.Body)
		}
		s.settle(true)
		r := httptest.NewRequest(method, "/", strings.NewReader(body))
		r.URL, r.RequestURI = u, target
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		if w.Code == 500 && w.Body.String() != `{"message":"URI not found"}` {
			t.Fatalf("%s %s: %d %s", method, target, w.Code, w.Body)
		}
		checkBody(t, w)
		for _, path := range []string{"/v2/apps?embed=apps.tasks&embed=apps.taskStats", "/v2/groups", "/v2/tasks", "/v2/queue", "/v2/deployments", "/v1/deployments"} {
			w := ask(a, "GET", path, "")
			if w.Code != 200 {
				t.Fatalf("then %s: %d %s", path, w.Code, w.Body)
			}
			checkBody(t, w)
		}
	})
}

func validMethod(m string) bool {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return true
	}
	return false
}

func checkBody(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Header().Get("Content-Type") == "application/json" && !json.Valid(w.Body.Bytes()) {
		t.Errorf("no JSON: %q", w.Body)
	}
	if w.Code >= 400 && w.Body.Len() == 0 {
		t.Errorf("%d without a word", w.Code)
	}
}
