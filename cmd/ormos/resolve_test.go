package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	names := []string{"/web", "/web2", "/shop/api", "/shop/cache", "/blog/api2", "/only"}
	for _, test := range []struct{ name, word, want, wrong string }{
		{"the very one", "/web", "/web", ""},
		{"without a slash", "web", "/web", ""},
		{"the last part", "cache", "/shop/cache", ""},
		{"the last part before the beginning of another", "api", "/shop/api", ""},
		{"the beginning", "/shop/c", "/shop/cache", ""},
		{"the beginning of the last part", "cac", "/shop/cache", ""},
		{"several", "we", "", `"we" may be any of /web, /web2; say more of it`},
		{"a slip", "chache", "", `there is no app "chache"; did you mean /shop/cache?`},
		{"nothing like it", "xxxxxxx", "", `there is no app "xxxxxxx"; 'ormos status' lists what there is`},
		{"the empty word", "", "", `there is no app ""`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := choose("app", test.word, names)
			if got != test.want || (err == nil) != (test.wrong == "") || err != nil && !strings.HasPrefix(err.Error(), test.wrong) {
				t.Errorf("got %q, %v; want %q, %s", got, err, test.want, test.wrong)
			}
		})
	}
	if _, err := choose("app", "web", nil); err == nil || !strings.Contains(err.Error(), "ormos apply FILE") {
		t.Errorf("without any app: %v", err)
	}
}

func TestShortTask(t *testing.T) {
	for id, want := range map[string]string{
		"shop_web.instance-3f2a1b9c-0000-1111-2222-333344445555._app.1": "shop_web.3f2a1b9c",
		"web.instance-3f2a1b9c-0000-1111-2222-333344445555._app.7":      "web.3f2a1b9c.7",
		"web.instance-3f2a1b9c-0000-1111-2222-333344445555":             "web.3f2a1b9c",
		"web.3f2a1b9c-0000": "web.3f2a1b9c-0000", // of an old Marathon
		"web.instance-3f":   "web.3f",
	} {
		if got := shortTask(id); got != want {
			t.Errorf("%s is shown as %s, want %s", id, got, want)
		}
	}
}

func TestAppsOf(t *testing.T) {
	names := []string{"/web", "/shop/api", "/shop/cache", "/shop/web", "/shopping"}
	for word, want := range map[string]string{
		"/shop": "[/shop/api /shop/cache /shop/web]", "shop/": "[/shop/api /shop/cache /shop/web]", "web": "[/web]", "cache": "[/shop/cache]",
		"shopp": "[/shopping]", "/": "[/web /shop/api /shop/cache /shop/web /shopping]",
	} {
		if got, err := appsOf(word, names); err != nil || fmt.Sprint(got) != want {
			t.Errorf("%q means %v, %v; want %s", word, got, err, want)
		}
	}
	for _, word := range []string{"", "sho/p", "we.b"} {
		if got, err := appsOf(word, names); err == nil {
			t.Errorf("%q means %v", word, got)
		}
	}
}
