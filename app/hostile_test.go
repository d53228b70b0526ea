package app_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ormosproject/ormos/app"
)

// hostile are texts that are cheap to send. Each has a thousand of something: a reader whose time grew with the square
// of that, or whose stack with the depth, would be noticed here.
func hostile() map[string]string {
	const n = 1000
	list := func(each string) string { return strings.Repeat(each+",", n-1) + each }
	numbered := func(format string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	return map[string]string{
		"unknown fields":    `{` + numbered(`"instnces%d": 1`) + `}`,
		"wrong items":       `{"id": "/a", "args": [` + list(`1`) + `]}`,
		"a long id":         `{"id": "` + strings.Repeat("/A_", n) + `", "cmd": "run"}`,
		"groups in groups":  strings.Repeat(`{"id": "a", "groups": [`, n) + strings.Repeat(`]}`, n),
		"lists in lists":    `{"args": ` + strings.Repeat(`[`, n) + strings.Repeat(`]`, n) + `}`,
		"health checks":     `{"id": "/a", "cmd": "run", "healthChecks": [` + list(`{}`) + `]}`,
		"constraints":       `{"id": "/a", "cmd": "run", "constraints": [` + list(`["a", "UNIQUE"]`) + `]}`,
		"networks":          `{"id": "/a", "networks": [` + numbered(`{"name": "a%d"}`) + `], "container": {"portMappings": [{"networkNames": [` + numbered(`"a%d"`) + `]}]}}`,
		"ports":             `{"id": "/a", "cmd": "run", "portDefinitions": [` + list(`{}`) + `], "healthChecks": [` + numbered(`{"portIndex": %d}`) + `]}`,
		"apps":              `{"id": "/", "apps": [` + numbered(`{"id": "a%d", "cmd": "run"}`) + `]}`,
		"apps of an id":     `{"id": "/", "apps": [` + list(`{"id": "a", "cmd": "run"}`) + `]}`,
		"a chain":           `{"id": "/", "apps": [` + numbered(`{"id": "a%d", "cmd": "run", "dependencies": ["b%[1]d"]}`) + `]}`,
		"dependencies":      `{"id": "/a", "dependencies": [` + numbered(`"/b%d"`) + `], "apps": [` + numbered(`{"id": "a%d", "cmd": "run"}`) + `]}`,
		"groups":            `{"id": "/a", "groups": [` + numbered(`{"id": "a%d"}`) + `]}`,
		"groups of faults":  `{"id": "/a", "groups": [` + numbered(`{"id": "A_%d", "wibble": 1}`) + `]}`,
		"environment":       `{"id": "/a", "cmd": "run", "env": {` + numbered(`"A%d": "B"`) + `}}`,
		"quotes":            `{"id": "/a", "cmd": "` + strings.Repeat(`\u00e9\"`, n) + `"}`,
		"a list of nothing": `[` + list(`null`) + `]`,
	}
}

func TestHostileTextsEnd(t *testing.T) {
	for name, text := range hostile() {
		for format, f := range map[string]app.Format{"JSON": app.JSON, "YAML": app.YAML} {
			t.Run(name+" as "+format, func(t *testing.T) {
				doc, err := app.Parse([]byte(text), f)
				if err != nil {
					return
				}
				var faults *app.Error
				if errors.As(doc.Check(app.Defaults{}), &faults) && len(faults.Details) > 200 {
					t.Errorf("%d faults are told", len(faults.Details))
				}
			})
		}
	}
}

func TestFaultsBeyondManyAreLeftOut(t *testing.T) {
	doc, err := app.Parse([]byte(hostile()["unknown fields"]), app.JSON)
	if err != nil {
		t.Fatal(err)
	}
	var faults *app.Error
	if _, err := doc.App(); !errors.As(err, &faults) || faults.Hint != "only the first 200 faults are shown" {
		t.Errorf("%v", err)
	}
}

func TestAliasesStandForALimitedNumber(t *testing.T) {
	text := "id: /a\nlabels: &a0 {a: b}\n"
	for i := range 30 {
		text += fmt.Sprintf("x%d: &a%d [*a%d, *a%d]\n", i, i+1, i, i)
	}
	if _, err := app.Parse([]byte(text), app.YAML); err == nil || !strings.Contains(err.Error(), "the aliases stand for too much") {
		t.Errorf("%v", err)
	}
}

func TestLongYAMLIsRefused(t *testing.T) {
	if _, err := app.Parse([]byte(strings.Repeat("#", 9<<20)), app.YAML); err == nil {
		t.Error("9 MiB were read")
	}
}
