package app_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ormosproject/ormos/app"
)

// spot is a place in a definition: an object, or a value in one, that can be replaced.
type spot struct {
	path   string
	object map[string]any // that it is, nil when it is none
	set    func(any)
}

// spots lists all places below v. Those in maps whose names are the user's own are left out.
func spots(path string, v any, set func(any)) []spot {
	here := spot{path: path, set: set}
	var below []spot
	switch v := v.(type) {
	case map[string]any:
		here.object = v
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if name != "env" && name != "labels" {
				below = append(below, spots(path+"/"+name, v[name], func(x any) { v[name] = x })...)
			}
		}
	case []any:
		for i := range v {
			below = append(below, spots(fmt.Sprintf("%s(%d)", path, i), v[i], func(x any) { v[i] = x })...)
		}
	}
	return append([]spot{here}, below...)
}

// TestEveryUnknownFieldIsTold, with its path and the likely word, wherever it stands.
func TestEveryUnknownFieldIsTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := plainly(t, anyApp().Draw(t, "app"))
		objects := slices.DeleteFunc(spots("", a, nil), func(s spot) bool { return s.object == nil })
		s := rapid.SampledFrom(objects).Draw(t, "object")
		s.object["wibble"] = 1
		if got := faultsAt(t, a); !slices.Equal(got, []string{s.path + "/wibble"}) {
			t.Fatalf("faults at %v, not at %s", got, s.path+"/wibble")
		}
	})
}

// TestEveryWrongTypeIsTold, with its path, wherever it stands.
func TestEveryWrongTypeIsTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := plainly(t, anyApp().Draw(t, "app"))
		s := rapid.SampledFrom(spots("", a, nil)[1:]).Draw(t, "value")
		s.set(map[string]any{"no": []any{true}})
		got := faultsAt(t, a)
		if !slices.ContainsFunc(got, func(path string) bool { return path == s.path || path == s.path+"/no" }) {
			t.Fatalf("faults at %v, not at %s", got, s.path)
		}
	})
}

func faultsAt(t *rapid.T, fields map[string]any) []string {
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := app.Parse(text, app.JSON)
	if err != nil {
		t.Fatal(err)
	}
	_, err = doc.App()
	var faults *app.Error
	if !errors.As(err, &faults) {
		t.Fatalf("%s: %v", text, err)
	}
	var paths []string
	for _, d := range faults.Details {
		if d.Line != 1 || d.Column == 0 {
			t.Fatalf("%s is at %d:%d", d.Path, d.Line, d.Column)
		}
		paths = append(paths, d.Path)
	}
	return paths
}

// plainly is a definition in the types that encoding/json reads into.
func plainly(t *rapid.T, fields map[string]any) map[string]any {
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	var plain map[string]any
	if err := json.Unmarshal(text, &plain); err != nil {
		t.Fatal(err)
	}
	return plain
}
