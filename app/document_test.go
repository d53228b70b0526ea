package app_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/app"
)

func TestParseShowsTheLikelyWordAndThePlace(t *testing.T) {
	doc, err := app.Parse([]byte("{\n  \"id\": \"/web\",\n  \"instnces\": 3, \"cpus\": \"1\"\n}"), app.JSON)
	if err != nil {
		t.Fatal(err)
	}
	_, err = doc.App()
	want := "Object is not valid\n" +
		"  line 3, column 3: /instnces: unknown field, did you mean instances?\n" +
		`  line 3, column 26: /cpus: expected a number, this is the string "1"`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
}

func TestApplyKeepsWhatTheUpdateDoesNotHave(t *testing.T) {
	web := apply(t, nil, `{"id": "web", "cmd": "serve", "env": {"A": "1"}, "instances": 2}`)
	more := apply(t, web, `{"instances": 5, "env": {"B": "2"}}`)
	if more.ID != "/web" || *more.Cmd != "serve" || more.Instances != 5 || more.Env["A"] != "" || more.Env["B"] != "2" {
		t.Errorf("%+v", more)
	}
	if web.Instances != 2 {
		t.Error("the old app was changed")
	}
}

func apply(t *testing.T, old *app.App, text string) *app.App {
	t.Helper()
	doc, err := app.Parse([]byte(text), app.JSON)
	if err != nil {
		t.Fatal(err)
	}
	u, err := doc.App()
	if err != nil {
		t.Fatal(err)
	}
	a, err := u.Apply(old, app.Root, app.Defaults{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}
