package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write openapi.json, and what tests compare with, anew")

func TestOpenAPIFileIsThatOfTheRoutes(t *testing.T) {
	want, err := describeAPI(routes())
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile("openapi.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(openAPIText, want) {
		t.Error("openapi.json is not what the table of routes says: go test ./internal/api -run OpenAPI -update")
	}
}

// Everything that the document refers to is in it, and no two operations hide one another.
func TestOpenAPIFileIsWhole(t *testing.T) {
	var doc any
	if err := json.Unmarshal(openAPIText, &doc); err != nil {
		t.Fatal(err)
	}
	var walk func(v any, path string)
	walk = func(v any, path string) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok && find(doc, strings.TrimPrefix(ref, "#/")) == nil {
				t.Errorf("%s refers to %s, which is not there", path, ref)
			}
			for name, inner := range v {
				walk(inner, path+"/"+name)
			}
		case []any:
			for _, inner := range v {
				walk(inner, path)
			}
		}
	}
	walk(doc, "")
	operations := 0
	for _, verbs := range find(doc, "paths").(map[string]any) {
		operations += len(verbs.(map[string]any))
	}
	if n := len(routes()); operations != n {
		t.Errorf("%d operations are described, there are %d routes", operations, n)
	}
}

func find(doc any, path string) any {
	for part := range strings.SplitSeq(path, "/") {
		object, ok := doc.(map[string]any)
		if !ok {
			return nil
		}
		doc = object[part]
	}
	return doc
}

func TestEveryRouteSaysWhatItDoes(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range routes() {
		where := r.method + " " + r.pattern
		if seen[where] {
			t.Errorf("%s stands there twice", where)
		}
		seen[where] = true
		if r.does == "" || strings.HasSuffix(r.does, ".") || (r.handle == nil) == (r.stream == nil) {
			t.Errorf("%s: says %q, handle %v, stream %v", where, r.does, r.handle != nil, r.stream != nil)
		}
		if r.handle != nil && r.gives == nil && r.media == "" && !slices.ContainsFunc(r.codes, func(c int) bool { return c < 400 }) && r.method != "PATCH" {
			t.Errorf("%s: nobody knows what it answers", where)
		}
		for _, v := range []any{r.takes, r.gives} {
			if v != nil && reflect.TypeOf(v).Kind() == reflect.Pointer {
				t.Errorf("%s: %T is a pointer", where, v)
			}
		}
	}
}

const document = "../../docs/rest-api.md"

// The table of routes in the documentation is made of ours.
func TestDocumentHasTheRoutes(t *testing.T) {
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), "<!-- routes -->\n")
	_, tail, ok2 := strings.Cut(rest, "<!-- end of routes -->")
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the routes", document)
	}
	var b strings.Builder
	b.WriteString("| | | |\n|---|---|---|\n")
	for _, r := range routes() {
		fmt.Fprintf(&b, "| %s | `%s` | %s |\n", r.method, strings.ReplaceAll(r.pattern, "...}", "}"), r.does)
	}
	want := head + "<!-- routes -->\n" + b.String() + "<!-- end of routes -->" + tail
	if *update {
		if err := os.WriteFile(document, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(text) != want {
		t.Errorf("%s does not have the routes as they are: go test ./internal/api -run DocumentHas -update", document)
	}
}
