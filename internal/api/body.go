package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/ormosproject/ormos/app"
)

// body reads all of a request's.
func (r *request) body() ([]byte, error) {
	text, err := io.ReadAll(r.Body)
	if err == nil {
		return text, nil
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, err
	}
	return nil, &refusal{http.StatusBadRequest, "The body ended early"}
}

// document reads the body as an app, apps or a group: JSON, or YAML when it says that it is.
func (r *request) document() (*app.Document, error) {
	text, err := r.body()
	if err != nil {
		return nil, err
	}
	format := app.JSON
	if strings.Contains(r.Header.Get("Content-Type"), "yaml") {
		format = app.YAML
	}
	return app.Parse(text, format)
}

func (r *request) app() (*app.Update, error) {
	document, err := r.document()
	if err != nil {
		return nil, err
	}
	return document.App()
}

func (r *request) group() (*app.GroupUpdate, error) {
	document, err := r.document()
	if err != nil {
		return nil, err
	}
	return document.Group()
}

// read fills v, a struct, from the body's JSON; fields that it does not have are an error.
func (r *request) read(v any) error {
	text, err := r.body()
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return unfit(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return &app.Error{Code: app.Malformed, Message: "something stands behind the JSON"}
	}
	return nil
}

// unfit tells what is wrong with JSON: that it is none, or what does not belong.
func unfit(err error) error {
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		path := "/" + strings.ReplaceAll(t.Field, ".", "/")
		return &app.Error{Code: app.Invalid, Message: "Invalid JSON", Details: []app.Detail{{Path: path, Errors: []string{"expected " + t.Type.String() + ", got " + t.Value}}}}
	}
	text := strings.TrimPrefix(err.Error(), "json: ")
	if name, ok := strings.CutPrefix(text, "unknown field "); ok {
		return &app.Error{Code: app.Invalid, Message: "Invalid JSON", Details: []app.Detail{{Path: "/" + strings.Trim(name, `"`), Errors: []string{"is unknown"}}}}
	}
	return &app.Error{Code: app.Malformed, Message: text}
}
