package security

import (
	"fmt"
	"io"
	"log/slog"
)

// hidden stands for a secret wherever one would be printed.
const hidden = "***"

// A Secret prints as ***, with every verb of package fmt, in package slog, and in JSON. It is read from JSON as it is.
type Secret string

// Format prints *** whatever the verb, and nothing for an empty secret.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// String is ***, or empty where there is no secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString is String.
func (s Secret) GoString() string { return s.String() }

// LogValue is String.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is String; it never fails.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
