package app_test

import (
	"encoding/json"
	"errors"
	"path"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/ormosproject/ormos/app"
)

// FuzzParse: no text does any harm; what is wrong is an *Error; and what can be applied is what it writes.
func FuzzParse(f *testing.F) {
	stories, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, story := range stories {
		archive, err := txtar.ParseFile(story)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if path.Base(file.Name) != "want" {
				f.Add(file.Data, app.FormatOf(file.Name) == app.YAML)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, yaml bool) {
		format := app.JSON
		if yaml {
			format = app.YAML
		}
		doc, err := app.Parse(text, format)
		if err != nil {
			mustBeOurs(t, err)
			return
		}
		_, err = doc.Apps()
		mustBeOurs(t, err)
		mustBeOurs(t, doc.Check(app.Defaults{}))
		if u, err := doc.Group(); err == nil {
			g, err := u.Apply(nil, app.Defaults{})
			mustBeOurs(t, err)
			if err == nil {
				mustBeOurs(t, g.Validate())
			}
		}
		if u, err := doc.App(); err == nil {
			mustBeStable(t, u)
		}
	})
}

func mustBeOurs(t *testing.T, err error) {
	t.Helper()
	var ours *app.Error
	if err != nil && (!errors.As(err, &ours) || ours.Error() == "") {
		t.Fatalf("%T %v", err, err)
	}
}

func mustBeStable(t *testing.T, u *app.Update) {
	a, err := u.ApplyFull(nil, app.Root, app.Defaults{})
	mustBeOurs(t, err)
	if err != nil {
		return
	}
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := app.Parse(text, app.JSON)
	if err != nil {
		t.Fatal(err)
	}
	again, err := doc.App()
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	b, err := again.ApplyFull(nil, app.Root, app.Defaults{})
	if err != nil || app.Compare(a, b) != app.Same {
		t.Fatalf("%s is not what it was: %v", text, err)
	}
}
