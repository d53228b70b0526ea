package wire

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/ormosproject/ormos/internal/codec"
)

// DefaultCallLimit is the size of the largest call that [ReadCall] accepts when it is told no other, in bytes, unpacked.
const DefaultCallLimit = 256 << 20

var errTooLarge = errors.New("the call is too large")

// Fail answers with an error as Mesos does: the bare text.
func Fail(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // the peer may be gone; there is nobody to tell
}

// ReadCall reads the call in the request's body into call, which may share the body's memory afterwards. It returns how
// the call was encoded. When it returns false it has answered the request already, in Mesos' order of checks: another method than POST
// (405), no Content-Type (400), a body that cannot be read (400), any other Content-Type (415).
//
// The body may be packed with gzip; unpacked, it may be limit bytes long (413), <= 0 meaning [DefaultCallLimit].
func ReadCall(w http.ResponseWriter, r *http.Request, limit int64, call codec.Message) (MediaType, bool) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		Fail(w, http.StatusMethodNotAllowed, fmt.Sprintf("A call is made with POST, not with %s", r.Method))
		return "", false
	}
	media := MediaType(r.Header.Get("Content-Type"))
	switch media {
	case JSON, Protobuf:
	case "":
		Fail(w, http.StatusBadRequest, "The request has no Content-Type")
		return "", false
	default:
		Fail(w, http.StatusUnsupportedMediaType, fmt.Sprintf("The Content-Type is %q, but calls are %s or %s", string(media), JSON, Protobuf))
		return "", false
	}
	body, err := readBody(r, limit)
	if errors.Is(err, errTooLarge) {
		Fail(w, http.StatusRequestEntityTooLarge, err.Error())
		return "", false
	}
	if err == nil {
		err = decodeCall(media, body, call)
	}
	if err != nil {
		Fail(w, http.StatusBadRequest, err.Error())
		return "", false
	}
	return media, true
}

// decodeCall has three errors, as Mesos has.
func decodeCall(media MediaType, body []byte, call codec.Message) error {
	err := media.Decode(body, call, nil)
	switch {
	case err == nil:
		return nil
	case media == Protobuf:
		return fmt.Errorf("cannot parse the body as a protobuf call: %w", err)
	case !json.Valid(body):
		return fmt.Errorf("cannot parse the body as JSON: %w", err)
	}
	return fmt.Errorf("cannot convert the JSON body into a call: %w", err)
}

func readBody(r *http.Request, limit int64) ([]byte, error) {
	if limit <= 0 {
		limit = DefaultCallLimit
	}
	var source io.Reader = r.Body
	if strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip") {
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, fmt.Errorf("cannot unpack the body: %w", err)
		}
		source = unpacked
	} else if r.ContentLength > limit {
		return nil, fmt.Errorf("%w: %d bytes exceed the limit of %d", errTooLarge, r.ContentLength, limit)
	}
	body, err := io.ReadAll(io.LimitReader(source, limit+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read the body: %w", err)
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("%w: it exceeds the limit of %d bytes", errTooLarge, limit)
	}
	return body, nil
}

// Accepted chooses the first of the offered types that the request's Accept header allows, and false if it allows none (406).
// Offered in Mesos' order JSON comes first, whatever the q-values say: they matter only as q=0, which excludes. Without the header
// everything is allowed.
func Accepted(r *http.Request, offered ...MediaType) (MediaType, bool) {
	header := strings.ToLower(strings.Join(r.Header.Values("Accept"), ","))
	for _, m := range offered {
		if header == "" || accepts(header, string(m)) {
			return m, true
		}
	}
	return "", false
}

// accepts lets the most exact of the header's entries that concern media decide.
func accepts(header, media string) bool {
	family, _, _ := strings.Cut(media, "/")
	for _, pattern := range []string{media, family + "/*", "*/*"} {
		for entry := range strings.SplitSeq(header, ",") {
			name, parameters, _ := strings.Cut(entry, ";")
			if strings.TrimSpace(name) == pattern {
				return !excluded(parameters)
			}
		}
	}
	return false
}

func excluded(parameters string) bool {
	for p := range strings.SplitSeq(parameters, ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if strings.TrimSpace(key) != "q" {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		return err == nil && q == 0
	}
	return false
}
