package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
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

// room is memory that requests share, in bytes, so that what is sent or taken slowly does not pile up without a bound.
type room struct{ left *atomic.Int64 }

func newRoom(size int64) room {
	r := room{new(atomic.Int64)}
	r.left.Store(size)
	return r
}

// take tells whether there was so much left; then give has to follow.
func (r room) take(n int64) bool {
	if r.left.Add(-n) < 0 {
		r.left.Add(n)
		return false
	}
	return true
}

func (r room) give(n int64) { r.left.Add(n) }

// answersTo tells whether a request may call us by the name that it does. A page of anybody's can have a name of its own lead to this machine once
// it has been loaded: what the browser then asks for it is no request of another site. So who asks nobody who they are goes by the name. An
// address is no such name.
func (a *API) answersTo(host string) bool {
	if a.names == nil || a.guard.on {
		return true
	}
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	name = strings.ToLower(strings.Trim(name, "[]."))
	return name == "" || name == "localhost" || strings.HasSuffix(name, ".localhost") || net.ParseIP(name) != nil || slices.ContainsFunc(a.names, func(one string) bool { return strings.EqualFold(one, name) })
}

// admit finds out whether a request is for us, and may be.
func (a *API) admit(w http.ResponseWriter, r *http.Request, route *route, allowed []string) error {
	if !a.answersTo(r.Host) {
		return &refusal{
			http.StatusMisdirectedRequest, fmt.Sprintf("This server asks nobody who they are, and so answers as localhost only, not as %.100q. "+
				"Have it ask with --credentials, or give it that name with --hostname.", r.Host),
		}
	}
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
