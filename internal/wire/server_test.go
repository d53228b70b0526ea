package wire_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ormosproject/ormos/internal/wire"
)

func TestReadCall(t *testing.T) {
	for _, test := range []struct {
		name, method, media, encoding, body string
		status                              int
		want                                string // the call's text, or what the error says
	}{
		{name: "json", media: "application/json", body: `{"text":"hi"}`, status: 202, want: "hi"},
		{name: "protobuf", media: "application/x-protobuf", body: "hi", status: 202, want: "hi"},
		{name: "packed", media: "application/json", encoding: "gzip", body: pack(`{"text":"hi"}`), status: 202, want: "hi"},
		{name: "GET comes before all", method: "GET", media: "text/plain", status: 405, want: "GET"},
		{name: "no type", body: "?", status: 400, want: "Content-Type"},
		{name: "type with parameter", media: "application/json; charset=utf-8", body: "?", status: 415, want: "charset"},
		{name: "type in other case", media: "Application/JSON", status: 415, want: "Application/JSON"},
		{name: "stream type", media: "application/recordio", status: 415, want: "recordio"},
		{name: "bad protobuf", media: "application/x-protobuf", body: "garbage", status: 400, want: "as a protobuf call"},
		{name: "bad JSON", media: "application/json", body: "{", status: 400, want: "cannot parse the body as JSON"},
		{name: "JSON of something else", media: "application/json", body: `{"text":1}`, status: 400, want: "cannot convert the JSON"},
		{name: "not packed", media: "application/json", encoding: "gzip", body: "{}", status: 400, want: "cannot unpack"},
		{name: "half packed", media: "application/json", encoding: "gzip", body: pack(`{"text":"hi"}`)[:20], status: 400, want: "cannot read"},
		{name: "too large", media: "application/x-protobuf", body: strings.Repeat("x", 1001), status: 413, want: "1000"},
		{name: "too large when unpacked", media: "application/x-protobuf", encoding: "gzip", body: pack(strings.Repeat("x", 1001)), status: 413, want: "1000"},
		{name: "just not too large", media: "application/x-protobuf", body: strings.Repeat("x", 1000), status: 202, want: "xxx"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest(orElse(test.method, "POST"), "/", strings.NewReader(test.body))
			set(r.Header, "Content-Type", test.media)
			set(r.Header, "Content-Encoding", test.encoding)
			w := httptest.NewRecorder()
			var call note
			media, ok := wire.ReadCall(w, r, 1000, &call)
			if ok {
				if test.status != 202 || !strings.HasPrefix(call.Text, test.want) || string(media) != test.media {
					t.Errorf("read %q as %q, want %d", call.Text, media, test.status)
				}
				return
			}
			if w.Code != test.status || !strings.Contains(w.Body.String(), test.want) {
				t.Errorf("got %d %q, want %d %q", w.Code, w.Body, test.status, test.want)
			}
			if got := w.Header().Get("Content-Type"); got != "text/plain; charset=utf-8" {
				t.Errorf("the error is %q", got)
			}
			if allow := w.Header().Get("Allow"); (test.status == 405) != (allow == "POST") {
				t.Errorf("Allow: %q", allow)
			}
		})
	}
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func set(h http.Header, key, value string) {
	if value != "" {
		h.Set(key, value)
	}
}

func pack(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, s)
	_ = w.Close()
	return b.String()
}

func TestAccepted(t *testing.T) {
	for accept, want := range map[string]wire.MediaType{
		"":                       wire.JSON,
		"*/*":                    wire.JSON,
		"application/*":          wire.JSON,
		"application/json":       wire.JSON,
		"APPLICATION/JSON":       wire.JSON,
		"application/x-protobuf": wire.Protobuf,
		"application/x-protobuf, application/json;q=0.1": wire.JSON,
		"application/x-protobuf, application/json;q=0":   wire.Protobuf,
		"*/*, application/json; q=0.0":                   wire.Protobuf,
		"application/json;charset=utf-8":                 wire.JSON,
		"text/html , application/x-protobuf":             wire.Protobuf,
		"text/html":                                      "",
		"*/*;q=0":                                        "",
		"application/jsonish":                            "",
		"application/*;q=0,*/*":                          "",
	} {
		r := httptest.NewRequest("POST", "/", nil)
		set(r.Header, "Accept", accept)
		got, ok := wire.Accepted(r, wire.JSON, wire.Protobuf)
		if got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %t", accept, got, ok)
		}
	}
}

func FuzzReadCall(f *testing.F) {
	f.Add("POST", "application/json", "gzip", "*/*;q=0, a/b", []byte(pack("{}")))
	f.Add("POST", "application/json", "", "application/json", []byte(`{"text":"hi"}`))
	f.Add("PUT", "application/x-protobuf", "", ";;q=x,,", []byte("garbage"))
	f.Fuzz(func(t *testing.T, method, media, encoding, accept string, body []byte) {
		r := httptest.NewRequest("POST", "/", bytes.NewReader(body))
		r.Method = method
		set(r.Header, "Content-Type", media)
		set(r.Header, "Content-Encoding", encoding)
		set(r.Header, "Accept", accept)
		wire.Accepted(r, wire.JSON, wire.Protobuf)
		w := httptest.NewRecorder()
		var call note
		if _, ok := wire.ReadCall(w, r, 1<<12, &call); !ok && w.Code < 400 {
			t.Errorf("refused with %d", w.Code)
		} else if ok && len(call.Text) > 1<<12 {
			t.Errorf("read a call of %d bytes", len(call.Text))
		}
	})
}
