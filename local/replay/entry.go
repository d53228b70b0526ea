package replay

import (
	"bytes"
	"encoding/json"
)

// format is what a recording begins with.
const format = "ormos scheduler 1"

// entry is one line.
type entry struct {
	Recording string          `json:"recording,omitempty"`
	At        float64         `json:"at,omitempty"`
	Link      int             `json:"link,omitempty"`
	Call      json.RawMessage `json:"call,omitempty"`
	Event     json.RawMessage `json:"event,omitempty"`
	Status    int             `json:"status,omitempty"`
	Body      string          `json:"body,omitempty"`
	End       bool            `json:"end,omitempty"`
}

// plain is a message without the values of secrets, its members in order of their names.
func plain(message json.Marshaler) (json.RawMessage, error) {
	text, err := message.MarshalJSON()
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // 64 bits of them
	var v any
	if err := decoder.Decode(&v); err != nil {
		return nil, err
	}
	strip(v)
	return json.Marshal(v)
}

// strip empties what has the form of a Secret's value, {"value":{"data":...}}, wherever it is.
func strip(v any) {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			strip(one)
		}
	case map[string]any:
		if value, ok := v["value"].(map[string]any); ok && value["data"] != nil {
			value["data"] = ""
		}
		for _, one := range v {
			strip(one)
		}
	}
}
