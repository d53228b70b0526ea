package app_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/ormosproject/ormos/app"
)

var update = flag.Bool("update", false, "write what came out into testdata")

// TestStories runs the cases of testdata/*.txt. Each is a folder of its archive: app.json or app.yaml is a definition,
// update.* is applied to it, group.* is a group, files.* anything. want is what comes out: the faults, or the fields that
// differ from those of the smallest app.
func TestStories(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatal("no stories", err)
	}
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range archive.Files {
			if story, ok := strings.CutSuffix(archive.Files[i].Name, "/want"); ok {
				t.Run(filepath.Base(name)+"/"+story, func(t *testing.T) { tell(t, archive, story, &archive.Files[i]) })
			}
		}
		if *update {
			if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func tell(t *testing.T, archive *txtar.Archive, story string, want *txtar.File) {
	var got string
	var was *app.App
	for _, f := range archive.Files {
		if path.Dir(f.Name) == story && f.Name != want.Name {
			got, was = outcome(t, path.Base(f.Name), f.Data, was)
		}
	}
	if *update {
		want.Data = []byte(got)
	}
	if diff := cmp.Diff(string(want.Data), got); diff != "" {
		t.Error(diff)
	}
}

// outcome is what comes of a file, after the definition before it.
func outcome(t *testing.T, name string, text []byte, was *app.App) (string, *app.App) {
	doc, err := app.Parse(text, app.FormatOf(name))
	if err != nil {
		return err.Error() + "\n", nil
	}
	d := app.Defaults{NetworkName: "net", EnforceRole: bytes.Contains(text, []byte("enforced"))}
	switch kind, _, _ := strings.Cut(name, "."); kind {
	case "app", "update":
		a, err := applied(doc, was, d)
		if err != nil {
			return err.Error() + "\n", a
		}
		return differing(t, a), a
	case "group":
		u, err := doc.Group()
		if err != nil {
			return err.Error() + "\n", nil
		}
		g, err := u.Apply(nil, d)
		if err != nil {
			return err.Error() + "\n", nil
		}
		return indented(t, g), nil
	}
	if err := doc.Check(d); err != nil {
		return err.Error() + "\n", nil
	}
	return "", nil
}

func applied(doc *app.Document, was *app.App, d app.Defaults) (*app.App, error) {
	u, err := doc.App()
	if err != nil {
		return nil, err
	}
	return u.Apply(was, app.Root, d)
}

// differing are the fields of a that the smallest app has otherwise.
func differing(t *testing.T, a *app.App) string {
	small, fields := fieldsOf(t, apply(t, nil, `{"id": "/a", "cmd": "run"}`)), fieldsOf(t, a)
	for name, value := range small {
		switch {
		case cmp.Equal(value, fields[name]):
			delete(fields, name)
		case fields[name] == nil:
			fields[name] = json.RawMessage(`"absent"`)
		}
	}
	return indented(t, fields)
}

func fieldsOf(t *testing.T, a *app.App) map[string]json.RawMessage {
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	return fields
}

func indented(t *testing.T, v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
