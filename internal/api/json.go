package api

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// encode writes v as JSON on one line, without the escapes that only HTML needs: Marathon's answers have none.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("cannot encode the answer: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
