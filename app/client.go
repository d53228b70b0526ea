package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// maxAnswer is the longest answer that is read, in bytes; that of 10,000 apps with their tasks has about 60 MB.
const maxAnswer = 1 << 30

// ClientOptions say which server is asked, and as whom.
type ClientOptions struct {
	// URL is the server's, such as http://127.0.0.1:8080; host:port means http.
	URL string
	// HTTP makes the requests; nil is [http.DefaultClient]. A Timeout there would end event streams, too: bound calls by their contexts.
	HTTP *http.Client
	// Authorize adds what proves who we are to each request; nil adds nothing.
	Authorize func(*http.Request)
}

// A Client asks a server for what there is, and has it changed: Ormos, or Marathon where nothing else is said. Its methods may be called from any goroutine.
// Each waits for the answer, or ctx's end. What the server refuses is an *[Error]; any other error is about the way there, and then a change may have been made.
type Client struct {
	base      string
	http      *http.Client
	authorize func(*http.Request)
}

// NewClient returns a client. Nothing is asked yet.
func NewClient(o ClientOptions) (*Client, error) {
	text := o.URL
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is not the address of a server such as http://127.0.0.1:8080", o.URL)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("the address of the server at %s has more than scheme, host, port and path; credentials come in a file", u.Host)
	}
	c := &Client{base: strings.TrimSuffix(u.String(), "/"), http: o.HTTP, authorize: o.Authorize}
	if c.http == nil {
		c.http = http.DefaultClient
	}
	return c, nil
}

// URL is the server's.
func (c *Client) URL() string { return c.base }

// call is one request.
type call struct {
	method, path string
	query        url.Values
	accept       string // "application/json" when empty
	header       http.Header
	// body is JSON, nil for none.
	body []byte
}

// at makes the path of an id below a folder of the API.
func at(folder string, id ID, rest ...string) string {
	var b strings.Builder
	b.WriteString(folder)
	for part := range strings.SplitSeq(strings.Trim(string(id), "/"), "/") {
		if part != "" {
			b.WriteString("/" + url.PathEscape(part))
		}
	}
	for _, part := range rest {
		b.WriteString("/" + url.PathEscape(part))
	}
	return b.String()
}

// send makes a request and gives the answer, whose body the caller closes, when its status says that it was accepted.
func (c *Client) send(ctx context.Context, what call) (*http.Response, error) {
	target := c.base + what.path
	if len(what.query) > 0 {
		target += "?" + what.query.Encode()
	}
	var body io.Reader
	if what.body != nil {
		body = bytes.NewReader(what.body)
	}
	request, err := http.NewRequestWithContext(ctx, what.method, target, body)
	if err != nil {
		return nil, fmt.Errorf("cannot ask %s: %w", c.base, err)
	}
	for name, values := range what.header {
		request.Header[name] = values
	}
	request.Header.Set("Accept", what.accept)
	if what.accept == "" {
		request.Header.Set("Accept", "application/json")
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.authorize != nil {
		c.authorize(request)
	}
	answer, err := c.http.Do(request)
	if err != nil {
		if inner, ok := errors.AsType[*url.Error](err); ok {
			err = inner.Err // without the method and the whole URL
		}
		return nil, fmt.Errorf("cannot ask %s: %w", c.base, err)
	}
	if answer.StatusCode/100 == 2 {
		return answer, nil
	}
	defer answer.Body.Close()
	return nil, refusal(answer)
}

// ask makes a request and reads the answer's JSON into v, if it is not nil. The answer's header tells the rest.
func (c *Client) ask(ctx context.Context, what call, v any) (http.Header, error) {
	answer, err := c.send(ctx, what)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if v == nil {
		_, _ = io.CopyN(io.Discard, answer.Body, 1<<16) // so that the connection can be used again
		return answer.Header, nil
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("cannot read what %s answers: %w", c.base, err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		return nil, fmt.Errorf("%s does not answer %s as Ormos and Marathon do: %w", c.base, what.path, err)
	}
	return answer.Header, nil
}

// get asks for a path.
func get[T any](ctx context.Context, c *Client, path string, query url.Values) (T, error) {
	var v T
	_, err := c.ask(ctx, call{method: http.MethodGet, path: path, query: query}, &v)
	return v, err
}

// change is a request whose answer names a deployment.
func (c *Client) change(ctx context.Context, what call) (DeploymentResult, error) {
	var result DeploymentResult
	_, err := c.ask(ctx, what, &result)
	return result, err
}

// maxRefusal is how much of a refusal is read, in bytes.
const maxRefusal = 1 << 20

// refusal makes an error of an answer that is none of success.
func refusal(answer *http.Response) *Error {
	text, _ := io.ReadAll(io.LimitReader(answer.Body, maxRefusal))
	var said struct {
		Message     string          `json:"message"`
		Details     json.RawMessage `json:"details"`
		Deployments []Ref           `json:"deployments"`
		Hint        string          `json:"hint"`
	}
	e := &Error{Code: codeOf(answer.StatusCode)}
	if json.Unmarshal(text, &said) != nil || said.Message == "" {
		e.Message = strings.TrimSpace(answer.Status + " " + firstLine(string(text)))
		return e
	}
	e.Message, e.Hint = said.Message, said.Hint
	for _, d := range said.Deployments {
		e.Deployments = append(e.Deployments, d.ID)
	}
	if len(e.Deployments) > 0 {
		e.Code = Locked
	}
	if json.Unmarshal(said.Details, &e.Details) != nil { // of what is no JSON Marathon's details are a text
		var detail string
		if json.Unmarshal(said.Details, &detail) == nil && detail != "" {
			e.Message += ": " + detail
		}
	}
	return e
}

func codeOf(status int) Code {
	switch status {
	case http.StatusBadRequest:
		return Malformed
	case http.StatusUnauthorized, http.StatusForbidden:
		return Forbidden
	case http.StatusNotFound:
		return NotFound
	case http.StatusConflict:
		return Conflict
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return Unready
	}
	return Invalid
}

// firstLine is the beginning of a text that somebody else has written.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line[:min(len(line), 200)]
}

func flag(on bool, query url.Values, name string) url.Values {
	if on {
		if query == nil {
			query = url.Values{}
		}
		query.Set(name, "true")
	}
	return query
}
