package security

import (
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net/http"
)

// Credentials are [Options] that were read from their files and found to be good. They may be used from any goroutine.
type Credentials struct {
	// TLS is nil where the options say nothing of it: then Go's defaults are right for https. It is not changed.
	TLS *tls.Config

	principal string
	secret    Secret
	token     *token // nil: principal and secret
	log       *slog.Logger
}

// String is the principal.
func (c Credentials) String() string { return c.principal }

// Format prints String whatever the verb.
func (c Credentials) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.principal) }

// LogValue is String.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.principal) }

// Authorize adds to r the header that proves who we are, if we are somebody.
func (c *Credentials) Authorize(r *http.Request) {
	switch {
	case c.token != nil:
		r.Header.Set("Authorization", "Bearer "+string(c.token.current(c.log)))
	case c.principal != "":
		r.SetBasicAuth(c.principal, string(c.secret))
	}
}
