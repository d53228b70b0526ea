package agent

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/ormosproject/ormos/local/internal/daemon"
)

// claims say who an executor is, by Mesos' names: one run of an executor of a framework.
type claims struct {
	Framework string `json:"fid"`
	Executor  string `json:"eid"`
	Container string `json:"cid"`
}

// claimsOf are those that a token of e makes.
func claimsOf(e *executor) claims { return claims{e.framework.id, e.id, e.run} }

// tokenHeader is the first part of all tokens, {"alg":"HS256","typ":"JWT"} in base64. Nobody else makes tokens, so that no other way to sign
// them has to be understood.
const tokenHeader = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"

// key signs the tokens by which executors prove who they are: JSON web tokens with HMAC and SHA-256. A nil key signs none.
type key []byte

// readKey reads the file of the flag jwt_secret_key, nil if there is none.
func (f *Flags) readKey() (key, error) {
	if f.JWTSecretKey == "" && !f.AuthenticateHTTPExecutors {
		return nil, nil
	}
	if f.JWTSecretKey == "" {
		return nil, errors.New("cannot authenticate executors: name a file with a key in the flag jwt_secret_key")
	}
	text, err := os.ReadFile(f.JWTSecretKey)
	if err == nil && len(text) == 0 {
		err = errors.New(f.JWTSecretKey + " is empty")
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the key of executors' tokens: %w", err)
	}
	return text, nil
}

// token signs claims.
func (k key) token(c claims) string {
	payload, err := json.Marshal(c)
	if err != nil {
		panic(err) // of strings
	}
	signed := tokenHeader + "." + base64.RawURLEncoding.EncodeToString(payload)
	return signed + "." + k.signature(signed)
}

func (k key) signature(text string) string {
	mac := hmac.New(sha256.New, k)
	mac.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// read gives what a token claims, if the key has signed it.
func (k key) read(token string) (c claims, ok bool) {
	end := strings.LastIndexByte(token, '.')
	if end < 0 || !hmac.Equal([]byte(k.signature(token[:end])), []byte(token[end+1:])) {
		return c, false
	}
	header, payload, _ := strings.Cut(token[:end], ".")
	text, err := base64.RawURLEncoding.DecodeString(payload)
	return c, header == tokenHeader && err == nil && json.Unmarshal(text, &c) == nil
}

// claimed is the key of an executor's claims in a request's context.
type claimed struct{}

// authenticate lets only those through to h who show a token that the key has signed, if executors have to.
func (a *Agent) authenticate(h http.HandlerFunc) http.HandlerFunc {
	if !a.flags.AuthenticateHTTPExecutors {
		return h
	}
	const challenge = `Bearer realm="mesos-agent-executor"`
	return func(w http.ResponseWriter, r *http.Request) {
		said := r.Header.Get("Authorization")
		token, bearer := strings.CutPrefix(said, "Bearer ")
		c, ok := a.key.read(token)
		switch {
		case said == "":
			w.Header().Set("WWW-Authenticate", challenge)
		case !bearer:
			w.Header().Set("WWW-Authenticate", challenge+`, error="invalid_token", error_description="Malformed 'Authorization' header"`)
		case !ok:
			w.Header().Set("WWW-Authenticate", challenge+`, error="invalid_token", error_description="Invalid JWT"`)
		default:
			h(w, r.WithContext(context.WithValue(r.Context(), claimed{}, c)))
			return
		}
		daemon.Error(w, http.StatusUnauthorized, "")
	}
}

// speaksFor tells whether a request may be made for an executor: any may where nobody has to authenticate.
func speaksFor(r *http.Request, e *executor) bool {
	c, authenticated := r.Context().Value(claimed{}).(claims)
	return !authenticated || c == claimsOf(e)
}
