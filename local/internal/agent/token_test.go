package agent

import (
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	api "github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/local/internal/link"
)

// authenticating makes an agent's executors authenticate.
func authenticating(t *testing.T) func(*Options) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	return func(o *Options) {
		for name, value := range map[string]string{"authenticate_http_executors": "true", "jwt_secret_key": file} {
			if err := o.Flags.Set(name, value); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// An executor speaks for itself only, with the token that it finds in its environment.
func TestExecutorTokens(t *testing.T) {
	c := start(t, authenticating(t))
	hear[link.Register](t, c.master)
	c.launch(testFramework(), customTask("t"))
	container := c.containers.next(t)
	const name = "MESOS_EXECUTOR_AUTHENTICATION_TOKEN="
	at := slices.IndexFunc(container.spec.Env, func(entry string) bool { return strings.HasPrefix(entry, name) })
	if at < 0 {
		t.Fatalf("there is no token in %q", container.spec.Env)
	}
	own := strings.TrimPrefix(container.spec.Env[at], name)
	claim := claims{frameworkID, executorID, container.spec.ID}
	if got, ok := c.agent.key.read(own); !ok || got != claim {
		t.Errorf("the token claims %v", got)
	}
	other := claim
	other.Executor = "other"
	before := claim
	before.Container = "before"
	const challenge = `Bearer realm="mesos-agent-executor"`
	for authorization, want := range map[string]struct {
		status    int
		challenge string
	}{
		"":                                      {401, challenge},
		"Basic cDpz":                            {401, challenge + `, error="invalid_token", error_description="Malformed 'Authorization' header"`},
		"Bearer " + own + "x":                   {401, challenge + `, error="invalid_token", error_description="Invalid JWT"`},
		"Bearer " + key("another").token(claim): {401, challenge + `, error="invalid_token", error_description="Invalid JWT"`},
		"Bearer " + c.agent.key.token(other):    {403, ""},
		"Bearer " + c.agent.key.token(before):   {403, ""},
		"Bearer " + c.agent.key.token(claims{}): {403, ""},
		"Bearer " + key("").token(claim):        {401, challenge + `, error="invalid_token", error_description="Invalid JWT"`},
		"Bearer " + unsigned(t, own):            {401, challenge + `, error="invalid_token", error_description="Invalid JWT"`},
		"Bearer" + own:                          {401, challenge + `, error="invalid_token", error_description="Malformed 'Authorization' header"`},
	} {
		if status, said := c.subscribeAs(authorization); status != want.status || said != want.challenge {
			t.Errorf("%q: %d %s, want %v", authorization, status, said, want)
		}
	}
	x := c.play()
	x.client.Authorize = func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+own) }
	x.must()
	x.event(api.EventTypeLaunch)
	x.running("t")
}

// unsigned is the token with another header, which asks for no signature.
func unsigned(t *testing.T, token string) string {
	t.Helper()
	_, rest, _ := strings.Cut(token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + payload + "."
}

// subscribeAs asks for a subscription and gives the status with the challenge.
func (c *cluster) subscribeAs(authorization string) (int, string) {
	c.t.Helper()
	body := `{"type":"SUBSCRIBE","subscribe":{},"framework_id":{"value":"` + frameworkID + `"},"executor_id":{"value":"` + executorID + `"}}`
	r, err := http.NewRequest(http.MethodPost, c.server.URL+"/api/v1/executor", strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	answer, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		c.t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode, answer.Header.Get("WWW-Authenticate")
}

// Tokens need a key that can be read.
func TestNoKey(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, flags := range map[string]Flags{
		"none":    {AuthenticateHTTPExecutors: true},
		"missing": {JWTSecretKey: empty + ".none"},
		"empty":   {JWTSecretKey: empty},
	} {
		if k, err := flags.readKey(); err == nil {
			t.Errorf("%s: %q", name, k)
		}
	}
}

// FuzzToken reads tokens that are signed, and those that are not.
func FuzzToken(f *testing.F) {
	k := key("a key")
	f.Add(k.token(claims{"f", "e", "c"}), true)
	f.Add("a.b.c", true)
	f.Add(tokenHeader+".e30", true)
	f.Add("", false)
	f.Fuzz(func(t *testing.T, text string, sign bool) {
		if sign {
			text += "." + k.signature(text)
		}
		if _, ok := k.read(text); ok && !strings.HasPrefix(text, tokenHeader+".") {
			t.Errorf("%q is believed", text)
		}
	})
}
