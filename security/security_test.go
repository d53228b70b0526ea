package security_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ormosproject/ormos/security"
)

const secret = "s3cret"

func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func load(t *testing.T, o security.Options) *security.Credentials {
	t.Helper()
	c, err := o.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// shown is the header that proves who c is.
func shown(t *testing.T, c *security.Credentials) string {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, "http://127.0.0.1", nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Authorize(r)
	if principal, password, ok := r.BasicAuth(); ok {
		return principal + ":" + password
	}
	return r.Header.Get("Authorization")
}

func TestCredentials(t *testing.T) {
	for name, test := range map[string]struct {
		options security.Options
		want    string
	}{
		"nobody":             {},
		"principal alone":    {security.Options{Principal: "web"}, "web:"},
		"secret":             {security.Options{Principal: "web", Secret: secret}, "web:s3cret"},
		"file":               {security.Options{Principal: "web", SecretFile: write(t, secret)}, "web:s3cret"},
		"a newline is none":  {security.Options{Principal: "web", SecretFile: write(t, secret+"\n")}, "web:s3cret"},
		"a second one is":    {security.Options{Principal: "web", SecretFile: write(t, " "+secret+"\n\n")}, "web: s3cret\n"},
		"token":              {security.Options{Token: "a.b.c"}, "Bearer a.b.c"},
		"token's file":       {security.Options{TokenFile: write(t, "a.b.c\n")}, "Bearer a.b.c"},
		"token of principal": {security.Options{Principal: "a:b", Token: "a.b.c"}, "Bearer a.b.c"},
	} {
		if got := shown(t, load(t, test.options)); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestErrorsNameTheFile(t *testing.T) {
	missing, empty := filepath.Join(t.TempDir(), "missing"), write(t, "\n")
	text := write(t, secret)
	for name, test := range map[string]struct {
		options security.Options
		want    []string
	}{
		"no principal":     {security.Options{Secret: secret}, []string{"no principal"}},
		"colon":            {security.Options{Principal: "a:b", Secret: secret}, []string{`"a:b"`}},
		"two secrets":      {security.Options{Principal: "a", Secret: secret, SecretFile: text}, []string{"give one"}},
		"two tokens":       {security.Options{Token: secret, TokenFile: text}, []string{"give one"}},
		"both":             {security.Options{Principal: "a", Secret: secret, Token: secret}, []string{"give one"}},
		"missing secret":   {security.Options{Principal: "a", SecretFile: missing}, []string{"secret", missing}},
		"empty secret":     {security.Options{Principal: "a", SecretFile: empty}, []string{"secret", empty, "empty"}},
		"folder":           {security.Options{Principal: "a", SecretFile: filepath.Dir(text)}, []string{filepath.Dir(text), "regular"}},
		"large":            {security.Options{Principal: "a", SecretFile: write(t, strings.Repeat("x", 70_000))}, []string{"64 KiB"}},
		"missing token":    {security.Options{TokenFile: missing}, []string{"token", missing}},
		"bad token":        {security.Options{Token: secret + "\n"}, []string{"white space"}},
		"bad token's file": {security.Options{TokenFile: write(t, secret+" x")}, []string{"white space", "file"}},
		"missing CA":       {security.Options{TLS: security.TLS{CAFile: missing}}, []string{"authority", missing}},
		"no CA":            {security.Options{TLS: security.TLS{CAFile: text}}, []string{"PEM", text}},
		"no key":           {security.Options{TLS: security.TLS{CertFile: text}}, []string{"key", text}},
		"missing key":      {security.Options{TLS: security.TLS{CertFile: text, KeyFile: missing}}, []string{missing}},
		"no certificate":   {security.Options{TLS: security.TLS{CertFile: text, KeyFile: text}}, []string{text, "PEM"}},
	} {
		_, err := test.options.Load(nil)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) {
				t.Errorf("%s: %v, want %q in it", name, err, want)
			}
		}
	}
}

// forms are all the ways in which v can come to be printed.
func forms(v any) []string {
	inside := struct{ Field any }{v}
	var out []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		out = append(out, fmt.Sprintf(verb, v), fmt.Sprintf(verb, inside))
	}
	text, _ := json.Marshal(v)
	out = append(out, string(text))
	for _, v := range []any{v, inside} {
		var b bytes.Buffer
		slog.New(slog.NewTextHandler(&b, nil)).Info("", "v", v)
		slog.New(slog.NewJSONHandler(&b, nil)).Info("", "v", v)
		out = append(out, b.String())
	}
	return out
}

func TestSecretsAreNotPrinted(t *testing.T) {
	o := security.Options{Principal: "web", Secret: secret}
	token := security.Options{Token: secret}
	c := load(t, o)
	for _, v := range []any{o, &o, token, &token, c, *c, load(t, token), o.Secret, []security.Secret{secret}, map[string]security.Secret{"a": secret}} {
		for _, form := range forms(v) {
			if strings.Contains(form, secret) || strings.Contains(form, fmt.Sprintf("%x", secret)) {
				t.Errorf("%T prints as %s", v, form)
			}
		}
	}
	if text := o.String(); text != "principal web, secret ***" {
		t.Errorf("prints as %q", text)
	}
	if text := (security.Options{}).String(); text != "nobody" {
		t.Errorf("the zero value prints as %q", text)
	}
	var read security.Options
	if err := json.Unmarshal([]byte(`{"Secret":"s3cret"}`), &read); err != nil || read.Secret != secret {
		t.Errorf("is read from JSON as %q, %v", string(read.Secret), err)
	}
}

func TestWarnsOfOpenFiles(t *testing.T) {
	file := write(t, secret)
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	o := security.Options{Principal: "web", SecretFile: file}
	if _, err := o.Load(logger); err != nil || log.Len() > 0 {
		t.Errorf("%v, log: %s", err, log.String())
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Load(logger); err != nil || !strings.Contains(log.String(), "file="+file) || strings.Contains(log.String(), secret) {
		t.Errorf("%v, log: %s", err, log.String())
	}
}

// A token is renewed by writing or replacing its file. While that is under way the one of before is shown.
func TestTokenIsReadAgain(t *testing.T) {
	file := write(t, "first")
	var log bytes.Buffer
	c, err := security.Options{TokenFile: file}.Load(slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	stamp := time.Now()
	put := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		stamp = stamp.Add(time.Second) // however coarse the file system's clock
		if err := os.Chtimes(file, stamp, stamp); err != nil {
			t.Fatal(err)
		}
	}
	want := func(token string) {
		t.Helper()
		if got := shown(t, c); got != "Bearer "+token {
			t.Errorf("shows %q, not %s", got, token)
		}
	}
	want("first")
	put("other")
	want("other")
	put("")
	want("other")
	if !strings.Contains(log.String(), "is empty") {
		t.Errorf("log: %s", log.String())
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	want("other")
	put("third")
	want("third")
}

func FuzzFiles(f *testing.F) {
	f.Add([]byte("s3cret\n"))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file := write(t, string(text))
		for _, o := range []security.Options{
			{Principal: "web", SecretFile: file}, {TokenFile: file}, {TLS: security.TLS{CAFile: file}}, {TLS: security.TLS{CertFile: file, KeyFile: file}},
		} {
			c, err := o.Load(nil)
			if err != nil {
				continue
			}
			r := &http.Request{Header: http.Header{}}
			c.Authorize(r)
			if strings.ContainsAny(r.Header.Get("Authorization"), "\r\n") {
				t.Error("the header is cut in two")
			}
		}
	})
}
