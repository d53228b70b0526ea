package master

import (
	"io"
	"net/http"
	"net/url"
)

// maxForm is the size of the largest form body, in bytes.
const maxForm = 16 << 20

// readForm reads a form out of the body, whatever its Content-Type says, as Mesos does.
func readForm(r *http.Request) (url.Values, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxForm))
	if err != nil {
		return nil, says("Cannot read the body: %w", err)
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, says("Unable to decode query string: %w", err)
	}
	return values, nil
}

// formValue reads one value out of a form.
func formValue(r *http.Request, name string) (string, error) {
	values, err := readForm(r)
	if err != nil {
		return "", err
	}
	if !values.Has(name) {
		return "", says("Missing '%s' query parameter in the request body", name)
	}
	return values.Get(name), nil
}
