package main

import (
	"bytes"
	"testing"

	"github.com/ormosproject/ormos/app"
)

func define(t *testing.T, text string) *app.App {
	t.Helper()
	doc, err := app.Parse([]byte(text), app.YAML)
	if err != nil {
		t.Fatal(err)
	}
	update, err := doc.App()
	if err != nil {
		t.Fatal(err)
	}
	a, err := update.ApplyFull(nil, app.Root, app.Defaults{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestChanges(t *testing.T) {
	old := []*app.App{
		define(t, "{id: /web, cmd: sleep 1, env: {A: b}, instances: 2}"),
		define(t, "{id: /same, cmd: sleep 1}"),
		define(t, "{id: /scaled, cmd: sleep 1}"),
		define(t, "{id: /old, cmd: sleep 1, instances: 3}"),
	}
	old[1].PortDefinitions[0].Port = 10001 // what the server has chosen
	changed := []*app.App{
		define(t, "{id: /web, cmd: sleep 2, env: {C: d}, instances: 2, labels: {x: y}}"),
		define(t, "{id: /same, cmd: sleep 1}"),
		define(t, "{id: /scaled, cmd: sleep 1, instances: 0}"),
		define(t, "{id: /new, args: [a, b]}"),
	}
	var b bytes.Buffer
	showChanges(&screen{out: &b}, compare(old, changed))
	want := `+ /new  new, 1 instance of "a b"
~ /scaled  scaled
    instances: 1 -> 0
~ /web  changed, all instances are replaced
    cmd: "sleep 1" -> "sleep 2"
    env.A: "b" -> (none)
    env.C: (none) -> "d"
    labels.x: (none) -> "y"
- /old  removed, with 3 instances
`
	if b.String() != want {
		t.Errorf("got\n%s", b.String())
	}
}
