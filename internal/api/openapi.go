package api

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/ormosproject/ormos/app"
)

// openAPIText is what describeAPI makes, which a test checks.
//
//go:embed openapi.json
var openAPIText []byte

// openAPIFile is GET /v1/openapi.json.
func openAPIFile(*API, *request) (*answer, error) { return &answer{body: openAPIText}, nil }

// page is GET /ui: what there is, for somebody with a browser.
func page(*API, *request) (*answer, error) {
	var b strings.Builder
	b.WriteString("<!doctype html><title>Ormos</title><h1>Ormos</h1><table>\n")
	for _, r := range routes() {
		fmt.Fprintf(&b, "<tr><td><code>%s</code><td><code>%s</code><td>%s\n", r.method, html.EscapeString(r.pattern), html.EscapeString(r.does))
	}
	b.WriteString("</table>\n")
	return &answer{body: []byte(b.String()), media: "text/html; charset=utf-8"}, nil
}

// object is a piece of the description.
type piece = map[string]any

// describeAPI is the OpenAPI document of a table of routes.
func describeAPI(table []route) ([]byte, error) {
	s := schemas{made: piece{}}
	paths := piece{}
	for _, r := range table {
		path := strings.ReplaceAll(r.pattern, "...}", "}")
		verbs, ok := paths[path].(piece)
		if !ok {
			verbs = piece{}
			paths[path] = verbs
		}
		verbs[strings.ToLower(r.method)] = r.describe(&s)
	}
	problemSchema := s.of(reflect.TypeFor[problem]())
	doc := piece{
		"openapi": "3.0.3",
		"info": piece{
			"title": "Ormos", "version": "2.0.0",
			"description": "Marathon's REST API below /v2, and Ormos' own below /v1. Ids of apps and groups hold slashes, which stand in paths as they are.",
		},
		"paths": paths,
		"components": piece{
			"schemas":         s.made,
			"responses":       piece{"Problem": piece{"description": "What is wrong", "content": piece{"application/json": piece{"schema": problemSchema}}}},
			"securitySchemes": piece{"basic": piece{"type": "http", "scheme": "basic"}},
		},
	}
	return json.MarshalIndent(doc, "", " ")
}

func (r *route) describe(s *schemas) piece {
	op := piece{"summary": r.does, "parameters": r.parameters(), "responses": r.responses(s)}
	if !r.open {
		op["security"] = []piece{{"basic": []string{}}}
	}
	if r.takes != nil {
		schema := piece{"schema": s.of(reflect.TypeOf(r.takes))}
		op["requestBody"] = piece{"required": true, "content": piece{"application/json": schema, "application/yaml": schema}}
	}
	return op
}

func (r *route) parameters() []piece {
	all := []piece{}
	for _, segment := range split(r.pattern) {
		if segment[0] == '{' {
			all = append(all, piece{"name": name(segment), "in": "path", "required": true, "schema": piece{"type": "string"}})
		}
	}
	for _, p := range r.query {
		schema := piece{"type": p.kind}
		switch p.kind {
		case "array":
			schema["items"] = piece{"type": "string"}
		case "boolean":
			schema["default"] = p.otherwise == "true"
		}
		all = append(all, piece{"name": p.name, "in": "query", "description": p.does, "schema": schema})
	}
	return all
}

// responses are those of codes, and those that every route may give.
func (r *route) responses(s *schemas) piece {
	good := piece{"description": "Done"}
	switch {
	case r.media != "":
		good["content"] = piece{r.media: piece{"schema": piece{"type": "string"}}}
	case r.gives != nil:
		good["content"] = piece{"application/json": piece{"schema": s.of(reflect.TypeOf(r.gives))}}
	}
	all := piece{}
	wanted := append([]int{}, r.codes...)
	if !r.only() {
		wanted = append(wanted, http.StatusOK)
	}
	if r.takes != nil || strings.HasPrefix(r.pattern, "/v2/apps/{id...}/tasks") {
		wanted = append(wanted, http.StatusBadRequest)
	}
	if !r.open {
		wanted = append(wanted, http.StatusUnauthorized)
	}
	wanted = append(wanted, http.StatusInternalServerError, http.StatusServiceUnavailable)
	for _, code := range wanted {
		switch {
		case code == http.StatusOK, code == http.StatusCreated:
			all[strconv.Itoa(code)] = good
		case code < http.StatusBadRequest:
			all[strconv.Itoa(code)] = piece{"description": http.StatusText(code)}
		default:
			all[strconv.Itoa(code)] = piece{"$ref": "#/components/responses/Problem"}
		}
	}
	return all
}

// only tells whether a success of the route is never 200.
func (r *route) only() bool {
	return r.gives == nil && r.media == "" && len(r.codes) > 0 && r.codes[0] < http.StatusBadRequest ||
		len(r.codes) > 0 && r.codes[0] == http.StatusCreated && r.method == http.MethodPost
}

// schemas are those of Go types, by their names.
type schemas struct{ made piece }

// of is the schema of a type as encoding/json writes it.
func (s *schemas) of(t reflect.Type) piece {
	switch t {
	case reflect.TypeFor[app.Timestamp]():
		return piece{"type": "string", "format": "date-time"}
	case reflect.TypeFor[app.Constraint]():
		return piece{"type": "array", "items": piece{"type": "string"}, "minItems": 2, "maxItems": 3}
	case reflect.TypeFor[app.Limit]():
		return piece{"oneOf": []piece{{"type": "number"}, {"type": "string", "enum": []string{"unlimited"}}}}
	case reflect.TypeFor[app.UnreachableStrategy]():
		return piece{"oneOf": []piece{s.object(t), {"type": "string", "enum": []string{"disabled"}}}}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.String:
		return piece{"type": "string"}
	case reflect.Bool:
		return piece{"type": "boolean"}
	case reflect.Float64:
		return piece{"type": "number"}
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return piece{"type": "integer"}
	case reflect.Slice:
		return piece{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return piece{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Struct:
		return s.named(t)
	}
	return piece{} // anything
}

// named refers to a struct's schema, made once; without a name it stands where it is.
func (s *schemas) named(t reflect.Type) piece {
	name := t.Name()
	if name == "" {
		return s.object(t)
	}
	if _, ok := s.made[name]; !ok {
		s.made[name] = piece{} // it may hold itself
		s.made[name] = s.object(t)
	}
	return piece{"$ref": "#/components/schemas/" + name}
}

func (s *schemas) object(t reflect.Type) piece {
	properties := piece{}
	for i := range t.NumField() {
		f := t.Field(i)
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && tag == "":
			inner := s.object(f.Type)["properties"].(piece)
			for name, schema := range inner {
				properties[name] = schema
			}
		case tag == "-" || !f.IsExported():
		default:
			properties[tag] = s.of(f.Type)
		}
	}
	return piece{"type": "object", "properties": properties}
}
