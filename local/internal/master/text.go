package master

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/ormosproject/ormos/internal/codec"
	"github.com/ormosproject/ormos/mesos"
)

func lower(text string) string { return strings.ToLower(text) }

func compareText(a, b string) int { return strings.Compare(a, b) }

// seconds is a time as Mesos writes it: seconds since 1970, 0 for none.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMicro()) / 1e6
}

// frameworkID is the text of an optional id, "" for none.
func frameworkID(id *mesos.FrameworkID) string {
	if id == nil {
		return ""
	}
	return id.Value
}

// agentID is the text of an optional id, "" for none.
func agentID(id *mesos.AgentID) string {
	if id == nil {
		return ""
	}
	return id.Value
}

// sameMessage compares two messages by what they are on the wire.
func sameMessage(a, b codec.Message) bool {
	x, errX := a.AppendBinary(nil)
	y, errY := b.AppendBinary(nil)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// legacyWord is a name of the v1 API in the older one's words, in small letters: REASON_AGENT_REMOVED is reason_slave_removed.
func legacyWord(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), "agent", "slave")
}

// says is an error in the words that frameworks and operators read, which begin as Mesos' do.
func says(format string, args ...any) error { return fmt.Errorf(format, args...) }
