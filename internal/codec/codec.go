// Package codec is the runtime of the generated messages: protobuf, Mesos' dialect of JSON, and deep copies.
//
// The generator (internal/gen) writes one [Schema] for each message: a table with a line for each field, which says
// where in the struct the field lies and how it is written. Every codec here walks these tables; there is no reflection,
// and no code is generated for a codec. Tables were chosen over generated code because they are as fast (the whole
// decoder stays in the instruction cache) and a twentieth of its size.
//
// The caller's duties: a message decoded through an [Arena] shares the bytes it was read from, so these bytes must not
// be changed afterwards; to keep a part of it for long, Clone that part. What is decoded with UnmarshalBinary or
// UnmarshalJSON, or copied with Clone, is owned by its holder alone.
//
// Strings are UTF-8. Reading anything else is an error, unless the arena is lenient; writing it is one too, but for ids, and JSON writes U+FFFD in
// place of what is not UTF-8.
package codec

// Message is what every generated message implements.
type Message interface {
	// Schema describes the message to this package.
	Schema() *Schema
	// AppendBinary appends the message in protobuf form. The fields are written in order of their numbers, the unknown
	// ones last.
	AppendBinary(b []byte) ([]byte, error)
	// Decode replaces the message by the protobuf message in b, whose bytes it goes on using. Nested messages are cut
	// from a, or are allocated one by one when a is nil.
	Decode(b []byte, a *Arena) error
	// UnmarshalBinary is Decode of a copy of b; the message shares nothing with others.
	UnmarshalBinary(b []byte) error
	// AppendJSON appends the message as Mesos writes it.
	AppendJSON(b []byte) ([]byte, error)
	// DecodeJSON replaces the message by the JSON object in b, as Decode does.
	DecodeJSON(b []byte, a *Arena) error
	// UnmarshalJSON is DecodeJSON of a copy of b; the message shares nothing with others.
	UnmarshalJSON(b []byte) error
}

// Own copies what a message is to be read from, so that nobody else holds it.
func Own(b []byte) []byte { return append(make([]byte, 0, len(b)), b...) }
