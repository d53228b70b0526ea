package wire_test

import (
	"encoding/json"
	"errors"
	"testing"

	"go.uber.org/goleak"

	"github.com/ormosproject/ormos/internal/codec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// note is a message with the simplest encodings: its text, and {"text": ...}.
type note struct {
	codec.Message `json:"-"` // for the methods that this package has no use for
	Text          string     `json:"text"`
}

func (n *note) AppendBinary(b []byte) ([]byte, error) {
	if n.Text == "unspeakable" {
		return b, errors.New("it has no encoding")
	}
	return append(b, n.Text...), nil
}

func (n *note) Decode(b []byte, _ *codec.Arena) error {
	if string(b) == "garbage" {
		return errors.New("it is garbage")
	}
	n.Text = string(b)
	return nil
}

func (n *note) AppendJSON(b []byte) ([]byte, error) {
	text, err := json.Marshal(map[string]string{"text": n.Text})
	return append(b, text...), err
}

func (n *note) DecodeJSON(b []byte, _ *codec.Arena) error {
	var from struct{ Text string }
	err := json.Unmarshal(b, &from)
	n.Text = from.Text
	return err
}
