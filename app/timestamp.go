package app

import (
	"fmt"
	"time"
)

const layout = "2006-01-02T15:04:05.000Z"

// Timestamp is a moment in UTC to the millisecond: when something happened, and the name of a version. Two that print
// the same are ==.
type Timestamp struct{ ms int64 } // since 1970

// At gives the moment t, what is below a millisecond cut off.
func At(t time.Time) Timestamp { return Timestamp{t.UnixMilli()} }

// ParseTimestamp reads what String has written, and RFC 3339 with other precision.
func ParseTimestamp(s string) (Timestamp, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return Timestamp{}, fmt.Errorf("%q is not a timestamp such as 2026-01-02T03:04:05.678Z", s)
	}
	return At(t), nil
}

// Time is the moment.
func (t Timestamp) Time() time.Time { return time.UnixMilli(t.ms).UTC() }

// Before tells whether t is earlier than u.
func (t Timestamp) Before(u Timestamp) bool { return t.ms < u.ms }

// IsZero tells whether it was never set.
func (t Timestamp) IsZero() bool { return t == Timestamp{} }

// String is as Marathon writes it: 2026-11-26T01:02:03.450Z.
func (t Timestamp) String() string { return t.Time().Format(layout) }

// MarshalText is String.
func (t Timestamp) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText is ParseTimestamp.
func (t *Timestamp) UnmarshalText(b []byte) (err error) {
	*t, err = ParseTimestamp(string(b))
	return err
}
