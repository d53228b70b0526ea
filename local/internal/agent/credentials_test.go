package agent

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ormosproject/ormos/local/internal/daemon"
	"github.com/ormosproject/ormos/local/internal/link"
)

// The flags say realm by realm who has to authenticate, and against which file.
func TestCredentialsByFlag(t *testing.T) {
	file := filepath.Join(t.TempDir(), "credentials")
	if err := os.WriteFile(file, []byte("p s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		flags   map[string]string
		options daemon.Credentials
		want    [2]int // anonymous GET /state, POST /api/v1
	}{
		"nobody":         {nil, nil, [2]int{200, 200}},
		"by options":     {nil, daemon.Credentials{"q": "t"}, [2]int{401, 401}},
		"readers":        {map[string]string{"authenticate_http_readonly": "true", "http_credentials": file}, nil, [2]int{401, 200}},
		"writers":        {map[string]string{"authenticate_http_readwrite": "true", "http_credentials": file}, nil, [2]int{200, 401}},
		"not the reader": {map[string]string{"authenticate_http_readonly": "false"}, daemon.Credentials{"q": "t"}, [2]int{200, 401}},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, func(o *Options) {
				o.Credentials = test.options
				for name, value := range test.flags {
					if err := o.Flags.Set(name, value); err != nil {
						t.Fatal(err)
					}
				}
			})
			hear[link.Register](t, c.master)
			for i, ask := range []func(secret string) int{
				func(secret string) int { return c.askAs(http.MethodGet, "/state", "", secret) },
				func(secret string) int { return c.askAs(http.MethodPost, "/api/v1", `{"type":"GET_HEALTH"}`, secret) },
			} {
				if got := ask(""); got != test.want[i] {
					t.Errorf("anonymous: %d, want %d", got, test.want[i])
				}
				if got := ask("p s"); test.flags["http_credentials"] != "" && got != http.StatusOK {
					t.Errorf("with the secret: %d", got)
				}
			}
		})
	}
	for name, flags := range map[string]Flags{
		"no credentials": {AuthenticateReadonly: new(true)},
		"no file":        {HTTPCredentials: file + ".none"},
	} {
		o := start(t).options
		o.Flags = flags
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// askAs makes a request with "principal secret", or without, and gives the status.
func (c *cluster) askAs(method, path, body, secret string) int {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.server.URL+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if principal, secret, ok := strings.Cut(secret, " "); ok {
		r.SetBasicAuth(principal, secret)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}
