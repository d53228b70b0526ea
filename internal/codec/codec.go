// Package codec is the runtime of the generated codecs.
package codec

// Arena is where decoded messages live.
type Arena struct{}

// Message is what every generated message implements.
type Message interface {
	AppendBinary(b []byte) ([]byte, error)
	Decode(b []byte, a *Arena) error
	AppendJSON(b []byte) ([]byte, error)
	UnmarshalJSON(b []byte) error
}
