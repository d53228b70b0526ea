package zk

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseURL(t *testing.T) {
	for _, c := range []struct {
		text   string
		want   URL
		string string
	}{
		{"zk://h:2181/mesos", URL{Servers: []string{"h:2181"}, Path: "/mesos"}, "zk://h:2181/mesos"},
		{"zk://h/mesos/", URL{Servers: []string{"h:2181"}, Path: "/mesos"}, "zk://h:2181/mesos"},
		{
			"zk://u:p@ss@h1:1,[::1]:2,10.0.0.1/a/b",
			URL{Servers: []string{"h1:1", "[::1]:2", "10.0.0.1:2181"}, Path: "/a/b", User: "u", password: "p@ss"},
			"zk://u:***@h1:1,[::1]:2,10.0.0.1:2181/a/b",
		},
	} {
		got, err := ParseURL(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(URL{})); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.text, diff)
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if s := fmt.Sprintf(verb, got); s != c.string {
				t.Errorf("%s with %s is %q, want %q", c.text, verb, s, c.string)
			}
		}
	}
}

func TestParseURLErrors(t *testing.T) {
	for text, part := range map[string]string{
		"":                         "zk://",
		"h:2181/mesos":             "zk://",
		"zk://":                    "no server",
		"zk:///mesos":              "no server",
		"zk://h:1":                 "no path",
		"zk://h:1/":                "no path",
		"zk://h:1//":               "no path",
		"zk://h:1/a//b":            "empty part",
		"zk://h:1/a/../b":          "empty part",
		"zk://h:1/a\x00":           "forbids",
		"zk://h:0/a":               `port of its server "h:0"`,
		"zk://h:65536/a":           `port of its server "h:65536"`,
		"zk://h:x/a":               `port of its server "h:x"`,
		"zk://h:1,/a":              `server ""`,
		"zk://h:1,:2/a":            `server ":2"`,
		"zk://::1/a":               `server "::1"`,
		"zk://hush@h:1/a":          "user:password",
		"zk://:hush@h:1/a":         "user:password",
		"zk://hush:@h:1/a":         "user:password",
		"zk://u:hush/hush@h:1/a":   "slash",
		"zk://u:hush@h:x/a":        `server "h:x"`,
		"zk://u:hush@h:1/hush@x//": "empty part",
	} {
		_, err := ParseURL(text)
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: %v, want it to name %q", text, err, part)
		} else if strings.Contains(err.Error(), "hush") && !strings.Contains(text, "hush@x") {
			t.Errorf("%q: the error shows the password: %v", text, err)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	f.Add("zk://u:p@h1:1,[::1]:2/a/b")
	f.Fuzz(func(t *testing.T, text string) {
		u, err := ParseURL(text)
		if err != nil {
			return
		}
		if u.User != "" {
			u.password = "***" // what String shows is a URL again
		}
		again, err := ParseURL(u.String())
		if err != nil {
			t.Fatalf("%q gives %q: %v", text, u, err)
		}
		if diff := cmp.Diff(u, again, cmp.AllowUnexported(URL{})); diff != "" {
			t.Fatalf("%q: -first +second\n%s", text, diff)
		}
	})
}
