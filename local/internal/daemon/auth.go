package daemon

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Realms of Mesos' HTTP authentication.
const (
	RealmMasterReadonly  = "mesos-master-readonly"
	RealmMasterReadwrite = "mesos-master-readwrite"
	RealmMasterScheduler = "mesos-master-scheduler"
	RealmAgentReadonly   = "mesos-agent-readonly"
	RealmAgentReadwrite  = "mesos-agent-readwrite"
)

// Credentials are secrets by principal. A nil Credentials asks nobody for anything; an empty one lets nobody in.
type Credentials map[string]string

// ParseCredentials reads a file of Mesos' --credentials: JSON {"credentials":[{"principal":..,"secret":..}]}, or lines of a
// principal and a secret with blanks between them.
func ParseCredentials(text []byte) (Credentials, error) {
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		return parseJSON(text)
	}
	c := Credentials{}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		fields := strings.Fields(line)
		switch len(fields) {
		case 0:
		case 2:
			c[fields[0]] = fields[1]
		default:
			return nil, fmt.Errorf("cannot read credentials: line %d has not a principal and a secret", number)
		}
	}
	return c, nil
}

func parseJSON(text []byte) (Credentials, error) {
	var file struct {
		Credentials []struct{ Principal, Secret string }
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("cannot read credentials: %w", err)
	}
	c := Credentials{}
	for _, one := range file.Credentials {
		if one.Principal == "" {
			return nil, errors.New("cannot read credentials: a principal is missing")
		}
		c[one.Principal] = one.Secret
	}
	return c, nil
}

// principal is the key of an authenticated principal in a request's context.
type principal struct{}

// Principal is who made the request; false when nobody was asked.
func Principal(ctx context.Context) (string, bool) {
	p, ok := ctx.Value(principal{}).(string)
	return p, ok
}

// Authenticate lets only requests with one of the credentials (HTTP basic) through to h, and tells Principal whose they
// are; others are answered 401 with a challenge for the realm. With nil credentials it is h.
func Authenticate(realm string, c Credentials, h http.Handler) http.Handler {
	if c == nil {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, secret, ok := r.BasicAuth()
		if !ok || !c.match(name, secret) {
			w.Header().Set("WWW-Authenticate", fmt.Sprintf("Basic realm=%q", realm))
			Error(w, http.StatusUnauthorized, "")
			return
		}
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), principal{}, name)))
	})
}

// match compares in a time that does not depend on where a secret differs.
func (c Credentials) match(name, secret string) bool {
	want, known := c[name]
	a, b := sha256.Sum256([]byte(want)), sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && known
}
