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

// receive reads a request's body before the request has a place inside: who sends slowly keeps nobody out. All bodies at hand share a room,
// which leave gives back.
func (a *API) receive(w http.ResponseWriter, r *request) (leave func(), err error) {
	in := &inflow{Reader: http.MaxBytesReader(w, r.Body, a.maxBody), room: a.bodies}
	leave = func() { a.bodies.give(in.n) }
	if r.sent, err = io.ReadAll(in); err == nil {
		return leave, nil
	}
	leave()
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, err
	}
	if known, ok := errors.AsType[*refusal](err); ok {
		return nil, known
	}
	return nil, &refusal{http.StatusBadRequest, "The body ended early"}
}

// inflow takes room for what it reads.
type inflow struct {
	io.Reader
	room room
	n    int64
}

func (in *inflow) Read(b []byte) (int, error) {
	n, err := in.Reader.Read(b)
	if !in.room.take(int64(n)) {
		return 0, &refusal{http.StatusServiceUnavailable, "Too many long requests at the same time"}
	}
	in.n += int64(n)
	return n, err
}

// document reads the body as an app, apps or a group: JSON, or YAML when it says that it is.
func (r *request) document() (*app.Document, error) {
	format := app.JSON
	if strings.Contains(r.Header.Get("Content-Type"), "yaml") {
		format = app.YAML
	}
	return app.Parse(r.sent, format)
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
	d := json.NewDecoder(bytes.NewReader(r.sent))
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
