package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"sync/atomic"

	"github.com/ormosproject/ormos/security"
)

// guard lets in those who know the secret.
type guard struct {
	on                bool
	principal, secret [sha256.Size]byte
}

func newGuard(principal string, secret security.Secret) *guard {
	return &guard{on: principal != "", principal: sha256.Sum256([]byte(principal)), secret: sha256.Sum256([]byte(string(secret)))}
}

// admits takes the same time whatever is wrong. What is compared are hashes, so that their lengths tell nothing.
func (g *guard) admits(r *http.Request) bool {
	if !g.on {
		return true
	}
	principal, secret, _ := r.BasicAuth()
	p, s := sha256.Sum256([]byte(principal)), sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(p[:], g.principal[:])&subtle.ConstantTimeCompare(s[:], g.secret[:]) == 1
}

// gate counts those inside, up to a limit.
type gate struct {
	limit  int64
	inside *atomic.Int64
}

func newGate(limit int) gate { return gate{limit: int64(limit), inside: new(atomic.Int64)} }

// enter tells whether there was room; then leave has to follow.
func (g gate) enter() bool {
	if g.inside.Add(1) > g.limit {
		g.inside.Add(-1)
		return false
	}
	return true
}

func (g gate) leave() { g.inside.Add(-1) }

// admit finds out whether a request is for us, and may be.
func (a *API) admit(w http.ResponseWriter, r *http.Request, route *route, allowed []string) error {
	if (route == nil || !route.open) && !a.guard.admits(r) {
		w.Header().Set("WWW-Authenticate", `Basic realm="Ormos", charset="UTF-8"`)
		return &refusal{http.StatusUnauthorized, "Invalid username or password."}
	}
	// A page of somebody else's, in the browser of somebody who may, must not change anything.
	if err := a.origins.Check(r); err != nil {
		return &refusal{http.StatusForbidden, "Not Authorized to perform this action!"}
	}
	switch {
	case route != nil:
		return nil
	case len(allowed) > 0:
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		return &refusal{http.StatusMethodNotAllowed, http.StatusText(http.StatusMethodNotAllowed)}
	case strings.HasPrefix(r.URL.Path, "/v2/"): // Marathon's answer, and its clients' idea of it
		return &refusal{http.StatusInternalServerError, "URI not found"}
	}
	return &refusal{http.StatusNotFound, "URI not found"}
}

// recover makes an error of a handler's panic, which is a fault of ours: it is logged with its stack, and the server lives on.
func (a *API) recover(t *tracked, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler {
		panic(p)
	}
	a.log.Error("a handler panicked", "method", r.Method, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
	if t.status != 0 {
		panic(http.ErrAbortHandler)
	}
	(&answer{status: http.StatusInternalServerError, body: []byte(`{"message":"Internal error; the server's log says more"}`)}).write(t, r)
}

// own tells whether a path is one of ours.
func own(path string) bool { return strings.HasPrefix(path, "/v1/") }

// clientIP is who asks.
func clientIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
