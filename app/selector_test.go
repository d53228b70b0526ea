package app_test

import (
	"testing"

	"github.com/ormosproject/ormos/app"
)

func TestSelector(t *testing.T) {
	labels := map[string]string{"env": "prod", "tier": "web", "empty": "", "a,b": "(c)"}
	for text, want := range map[string]bool{
		"":                             true,
		"env":                          true,
		"missing":                      false,
		"env == prod":                  true,
		"env==prod,tier==web":          true,
		"env==prod , tier==db":         false,
		"env != prod":                  false,
		"env != test":                  true,
		"missing != test":              false, // the label must be there
		"tier in (web, db)":            true,
		"tier in (db)":                 false,
		"tier in ()":                   false,
		"tier notin (web)":             false,
		"tier notin (db,cache), env":   true,
		"tier notin ()":                true,
		"missing notin (a)":            false,
		`a\,b in (\(c\))`:              true,
		"\tenv\n==\nprod ":             true,
		"empty":                        true,
		"in in (a)":                    false,
		"env, tier in (web), env!=dev": true,
	} {
		s, err := app.ParseSelector(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		} else if got := s.Matches(labels); got != want {
			t.Errorf("%q matches: %v", text, got)
		}
	}
}

func TestSelectorFaults(t *testing.T) {
	for text, want := range map[string]string{
		"==a":        "a label expected at 1",
		"a==":        "a value expected at 4",
		"a b":        "a comma expected at 3",
		"a,":         "a label expected at 3",
		"a in b":     "( expected at 6",
		"a in (b":    "a comma or ) expected at 8",
		"a in (b c)": "a comma or ) expected at 9",
		"a in (,)":   "a value expected at 7",
		"ä":          "a label expected at 1",
		"a=b":        "a comma expected at 2",
		`a\`:         "a comma expected at 2",
	} {
		_, err := app.ParseSelector(text)
		if want := "Can not parse label selector " + text + ". Reason: " + want; err == nil || err.Error() != want {
			t.Errorf("%q: %v, not %s", text, err, want)
		}
	}
}

func FuzzSelector(f *testing.F) {
	f.Add("a in (t1, t2), b notin (t1), c, d == e")
	f.Add(`\!\!\! in (\-\-\-, \&\&\&)`)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := app.ParseSelector(text)
		if err == nil {
			s.Matches(map[string]string{"a": "t1"})
		}
	})
}
