package wire

import (
	"fmt"

	"github.com/ormosproject/ormos/internal/codec"
)

// MediaType is how messages are written in bytes. Mesos compares it literally, without parameters.
type MediaType string

const (
	// JSON is Mesos' own dialect of JSON.
	JSON MediaType = "application/json"
	// Protobuf is the binary encoding. It is smaller and many times faster.
	Protobuf MediaType = "application/x-protobuf"
	// RecordIO frames messages of one of the other types. It is named only where both directions of a conversation are
	// streams (an agent's attach calls); event streams carry the type of their messages.
	RecordIO MediaType = "application/recordio"
)

// Append appends msg in this encoding to b.
func (m MediaType) Append(b []byte, msg codec.Message) ([]byte, error) {
	switch m {
	case Protobuf:
		return msg.AppendBinary(b)
	case JSON:
		return msg.AppendJSON(b)
	}
	return b, fmt.Errorf("cannot encode a message as %q", string(m))
}

// Decode reads msg from b. The message may share b's memory and a's (see [codec.Arena]); a may be nil.
func (m MediaType) Decode(b []byte, msg codec.Message, a *codec.Arena) error {
	switch m {
	case Protobuf:
		return msg.Decode(b, a)
	case JSON:
		return msg.DecodeJSON(b, a)
	}
	return fmt.Errorf("cannot decode a message from %q", string(m))
}

// AppendRecord appends msg to b as one RecordIO record.
func (m MediaType) AppendRecord(b []byte, msg codec.Message) ([]byte, error) {
	// The length is known only afterwards: leave room for the longest header that is likely and close the gap.
	const room = 8
	start := len(b)
	b = append(b, make([]byte, room)...)
	b, err := m.Append(b, msg)
	if err != nil {
		return b[:start], err
	}
	return closeGap(b, start, start+room), nil
}
