package app_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/app"
)

// What is sent to a server is what was written, whether as JSON or as YAML.
func TestPartsAsJSON(t *testing.T) {
	const text = `
id: /web
cmd: 'say "hello"'
cpus: 0.25
mem: 0x20
disk: 1e2
instances: 2
env: {A: "1", B: 'x: y'}
constraints:
  - [hostname, UNIQUE]
labels: &labels {a: b}
requirePorts: false
user: null
---
id: shop
groups:
  - id: front
    apps:
      - {id: api, cmd: sleep 1, labels: *labels}
`
	doc, err := app.Parse([]byte(text), app.YAML)
	if err != nil {
		t.Fatal(err)
	}
	parts, err := doc.Updates()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`{"id":"/web","cmd":"say \"hello\"","cpus":0.25,"mem":32,"disk":100,"instances":2,"env":{"A":"1","B":"x: y"},"constraints":[["hostname","UNIQUE"]],` +
			`"labels":{"a":"b"},"requirePorts":false,"user":null}`,
		`{"id":"shop","groups":[{"id":"front","apps":[{"id":"api","cmd":"sleep 1","labels":{"a":"b"}}]}]}`,
	}
	var got []string
	for _, part := range parts {
		if !json.Valid(part.JSON()) {
			t.Errorf("%s is no JSON", part.JSON())
		}
		got = append(got, string(part.JSON()))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if parts[0].ID() != "/web" || parts[1].ID() != "shop" {
		t.Errorf("their ids are %s and %s", parts[0].ID(), parts[1].ID())
	}
}

// Whatever is understood of a text can be sent, and is understood in the same way there.
func FuzzParts(f *testing.F) {
	f.Add("id: /a\ncmd: x\ncpus: 0.1\n", true)
	f.Add(`{"id":"/a","apps":[{"id":"b","args":["\u0000","é"]}]}`, false)
	f.Add("- {id: a, mem: .5, env: {x: +1_0}}\n", true)
	f.Fuzz(func(t *testing.T, text string, yaml bool) {
		format := app.JSON
		if yaml {
			format = app.YAML
		}
		doc, err := app.Parse([]byte(text), format)
		if err != nil {
			return
		}
		parts, err := doc.Updates()
		if err != nil {
			return
		}
		for _, part := range parts {
			again, err := app.Parse(part.JSON(), app.JSON)
			if err != nil {
				t.Fatalf("%q is sent as %s: %v", text, part.JSON(), err)
			}
			parsed, err := again.Updates()
			if err != nil || len(parsed) != 1 || string(parsed[0].JSON()) != string(part.JSON()) {
				t.Fatalf("%q is sent as %s: %v, %v", text, part.JSON(), parsed, err)
			}
		}
	})
}
