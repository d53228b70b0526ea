package api

import (
	"maps"
	"testing"
)

func TestLabelSelectors(t *testing.T) {
	labels := map[string]string{"env": "prod", "tier": "web", "a.b-c_d": "x", "!!": "&"}
	for _, c := range []struct {
		text string
		want bool
	}{
		{"", true},
		{"env", true},
		{"zone", false},
		{"env==prod", true},
		{"env == prod", true},
		{"env==test", false},
		{"env!=test", true},
		{"env!=prod", false},
		{"zone!=prod", false}, // the label has to be there in any case
		{"env in (prod, test)", true},
		{"env in (test)", false},
		{"env in ()", false},
		{"env notin (test)", true},
		{"env notin (test,prod)", false},
		{"zone notin (test)", false},
		{"env, tier==web", true},
		{"env,tier==db", false},
		{`\!\! in (\&)`, true},
		{"a.b-c_d==x", true},
		{" env ", true},
	} {
		s, err := parseSelector(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
		} else if got := s.matches(labels); got != c.want {
			t.Errorf("%q matches: %v, want %v", c.text, got, c.want)
		}
	}
}

func TestLabelSelectorsThatAreNone(t *testing.T) {
	for _, text := range []string{"==", "env=prod", "env==", "env in", "env in (a", "env in (a b)", "env,", ",env", "env tier", "env in (,)", `\`, "a==b==c", "#"} {
		if s, err := parseSelector(text); err == nil {
			t.Errorf("%q is read as %+v", text, s)
		}
	}
}

func FuzzLabelSelector(f *testing.F) {
	for _, text := range []string{"a==b", "a in (b, c), d", `\!`, "a notin ()"} {
		f.Add(text, "a", "b")
	}
	f.Fuzz(func(t *testing.T, text, key, value string) {
		s, err := parseSelector(text)
		if err != nil {
			return
		}
		labels := map[string]string{key: value}
		before := maps.Clone(labels)
		if s.matches(labels) && len(s) > 0 && s[0].key != key {
			t.Errorf("%q chooses by %q what has only %q", text, s[0].key, key)
		}
		if !maps.Equal(labels, before) {
			t.Error("the labels are changed")
		}
	})
}
