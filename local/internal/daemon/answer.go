package daemon

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
)

// compressFrom is the size in bytes from which libprocess compresses an answer.
const compressFrom = 1024

// JSON answers 200 with v in JSON. With ?jsonp=NAME the text is wrapped as NAME(...) and its type is text/javascript.
// HTML characters are not escaped. A v that has no JSON form is a fault of the program and answered with 500.
func JSON(w http.ResponseWriter, r *http.Request, v any) {
	text, err := appendValue(nil, v)
	if err != nil {
		Error(w, http.StatusInternalServerError, "The answer cannot be encoded: "+err.Error())
		return
	}
	RawJSON(w, r, text)
}

// RawJSON is JSON for a text that is JSON already.
func RawJSON(w http.ResponseWriter, r *http.Request, text []byte) {
	name := r.URL.Query().Get("jsonp")
	if name == "" {
		Write(w, r, http.StatusOK, "application/json", text)
		return
	}
	wrapped := append(append([]byte(name), '('), text...)
	Write(w, r, http.StatusOK, "text/javascript", append(wrapped, ')'))
}

// Write answers with a whole body, compressed when it has 1024 bytes or more and the request allows gzip.
func Write(w http.ResponseWriter, r *http.Request, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	if len(body) >= compressFrom && allowsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		body = compress(body)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body)
}

func compress(body []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(body)
	z.Close()
	return b.Bytes()
}

// allowsGzip reads Accept-Encoding: gzip or * without q=0.
func allowsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		coding, parameters, _ := strings.Cut(strings.TrimSpace(part), ";")
		coding = strings.ToLower(strings.TrimSpace(coding))
		if coding == "gzip" || coding == "*" {
			return !refused(parameters)
		}
	}
	return false
}

// refused tells whether an Accept-Encoding token's parameters say q=0.
func refused(parameters string) bool {
	value, ok := strings.CutPrefix(strings.ReplaceAll(strings.ToLower(parameters), " ", ""), "q=")
	q, err := strconv.ParseFloat(value, 64)
	return ok && err == nil && q == 0
}

// Error answers with a status and a text, as Mesos does: text/plain with a Content-Length. Texts carry no line feed at
// their end.
func Error(w http.ResponseWriter, status int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	w.Write([]byte(text))
}

// MethodNotAllowed answers 405 with the one method that is allowed.
func MethodNotAllowed(w http.ResponseWriter, r *http.Request, allowed string) {
	w.Header().Set("Allow", allowed)
	Error(w, http.StatusMethodNotAllowed, "Expecting '"+allowed+"', received '"+r.Method+"'")
}

// Health answers /health: 200 without a body, at any time.
func Health(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }
