package local_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/scheduler"
)

// ask makes a request of a cluster's faults and gives status and body, "" when the connection broke.
func ask(t *testing.T, cluster *local.Cluster, method, media, body string, user ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, "http://"+cluster.Master()+"/ormos/faults", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", media)
	if len(user) == 2 {
		r.SetBasicAuth(user[0], user[1])
	}
	answer, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// Faults over HTTP reach a cluster whose master is killed, of which nothing else answers.
func TestFaultsOverHTTP(t *testing.T) {
	t.Parallel()
	cluster := fast(t)
	for _, c := range []struct {
		method, media, body string
		status              int
		want                string
	}{
		{"GET", "", "", 200, `{"faults":[]}`},
		{"POST", "application/json", `{"fault":" kill-agent  0 "}`, 200, `{"faults":["kill-agent 0"]}`},
		{"POST", "application/json; charset=utf-8", `{"fault":"kill-master"}`, 200, `{"faults":["kill-agent 0","kill-master"]}`},
		{"GET", "", "", 200, `{"faults":["kill-agent 0","kill-master"]}`},
		{"POST", "application/json", `{"fault":"start-master"}`, 200, `{"faults":["kill-agent 0"]}`},
		{"DELETE", "", "", 200, `{"faults":[]}`},
		{"POST", "application/json", `{"fault":"start-agent 0"}`, 400, "cannot start-agent 0: it runs"},
		{"POST", "text/plain", `{"fault":"kill-agent 0"}`, 415, "application/json"},
		{"POST", "application/json", `{"fault":`, 400, "JSON"},
		{"POST", "application/json", `{"fault":"list","x":1}`, 400, "unknown field"},
		{"POST", "application/json", `{"fault":"` + strings.Repeat("x", 5000) + `"}`, 400, "too large"},
		{"PUT", "", "", 405, "DELETE"},
	} {
		if status, body := ask(t, cluster, c.method, c.media, c.body); status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s %s: %d %s, want %d %s", c.method, c.body, status, body, c.status, c.want)
		}
	}
}

// A master that is killed answers nothing and ends every connection.
func TestKilledMasterAnswersNothing(t *testing.T) {
	t.Parallel()
	cluster := fast(t)
	stream := subscribe(t, cluster.Master())
	ask(t, cluster, "POST", "application/json", `{"fault":"kill-master"}`)
	if answer, err := http.Get("http://" + cluster.Master() + "/state"); err == nil {
		answer.Body.Close()
		t.Errorf("it answers %s", answer.Status)
	}
	await[*scheduler.EventDisconnected](stream, nil)
}

// Who has to authenticate for the master's endpoints has to for faults.
func TestFaultsWantAuthentication(t *testing.T) {
	t.Parallel()
	cluster := local.RunT(t, local.Options{Credentials: write(t, "credentials", "ali sesame\n"), Agents: -1})
	inject(t, cluster, "kill-master")
	if status, _ := ask(t, cluster, "DELETE", "", ""); status != 401 {
		t.Errorf("nobody is answered %d", status)
	}
	inForce(t, cluster, "kill-master")
	if status, body := ask(t, cluster, "DELETE", "", "", "ali", "sesame"); status != 200 {
		t.Errorf("ali is answered %d %s", status, body)
	}
}

// FuzzFaults injects what anybody may send.
func FuzzFaults(f *testing.F) {
	for _, body := range []string{`{"fault":"rescind-offers"}`, `{"fault":"delay-updates 1ns"}`, `{"fault":1}`, `[]`, ``} {
		f.Add(body)
	}
	cluster := local.RunT(f, local.Options{Agents: -1})
	f.Fuzz(func(t *testing.T, body string) {
		if status, answer := ask(t, cluster, "POST", "application/json", body); status != 200 && status != 400 {
			t.Errorf("%d %s", status, answer)
		}
	})
}
