package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/ormosproject/ormos/internal/codec"
)

const (
	// StreamID is the header that ties calls to the subscription they belong to (scheduler API only).
	StreamID = "Mesos-Stream-Id"
	// maxErrorBody is how much of an error's text is read, in bytes.
	maxErrorBody = 16 << 10
	// maxAnswer is the size of the longest answer, in bytes: the state of a cluster with a million tasks.
	maxAnswer = 1 << 30
	// userAgent must never begin with "libprocess/": Mesos would take the call for an internal message.
	userAgent = "ormos"
)

// A Client speaks to one API endpoint of one peer. Its fields are not changed once it is used; its methods may be
// called from any goroutine.
type Client struct {
	// URL is the endpoint, such as "http://10.0.0.1:5050/api/v1/scheduler".
	URL string
	// HTTP makes the requests; nil means [http.DefaultClient]. Its CheckRedirect is not used: a redirection is a
	// [StatusError], because only the caller knows whom it may send its secret to.
	HTTP *http.Client
	// Media is how calls and events are encoded; empty means [Protobuf].
	Media MediaType
	// Authorize adds credentials to a request's header; nil adds none.
	Authorize func(*http.Request)
	// RecordLimit is the size of the longest event, in bytes; 0 means [DefaultRecordLimit].
	RecordLimit int

	stream atomic.Pointer[string] // the id of the last subscription, for the header of calls
}

// A StatusError is an answer that is not 200 or 202.
type StatusError struct {
	Status   int    // HTTP status code
	Body     string // the peer's text, cut after 16 KiB
	Location string // where a redirection leads, as the peer wrote it: Mesos' has no scheme
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))
	if body := strings.TrimSpace(e.Body); body != "" {
		text += ": " + body
	}
	return text
}

// Subscribe makes the call that opens an event stream and returns the stream. ctx governs the whole life of it. The
// calls that follow carry the id of this stream, if the peer gave it one.
func (c *Client) Subscribe(ctx context.Context, call codec.Message) (*Stream, error) {
	c.stream.Store(nil)
	answer, err := c.post(ctx, call)
	if err != nil {
		return nil, fmt.Errorf("cannot subscribe at %s: %w", c.URL, err)
	}
	if answer.StatusCode != http.StatusOK {
		defer answer.Body.Close()
		return nil, fmt.Errorf("cannot subscribe at %s: %w", c.URL, statusError(answer))
	}
	id := answer.Header.Get(StreamID)
	c.stream.Store(&id)
	return &Stream{ID: id, body: answer.Body, media: c.media(), records: NewReader(answer.Body, c.RecordLimit), arena: codec.Arena{Lenient: true}}, nil
}

// Call makes one call and waits until the peer has accepted it. An answer other than 200 or 202 is a [*StatusError].
func (c *Client) Call(ctx context.Context, call codec.Message) error {
	answer, err := c.post(ctx, call)
	if err != nil {
		return fmt.Errorf("cannot call %s: %w", c.URL, err)
	}
	defer answer.Body.Close()
	if err := answerError(answer); err != nil {
		return fmt.Errorf("cannot call %s: %w", c.URL, err)
	}
	return nil
}

// Ask makes one call and decodes its answer, which stays as it is where the peer has accepted the call without a word. An answer other than
// 200 or 202 is a [*StatusError].
func (c *Client) Ask(ctx context.Context, call, answer codec.Message) error {
	r, err := c.post(ctx, call)
	if err != nil {
		return fmt.Errorf("cannot call %s: %w", c.URL, err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK && r.StatusCode != http.StatusAccepted {
		return fmt.Errorf("cannot call %s: %w", c.URL, statusError(r))
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = fmt.Errorf("it is longer than %d bytes", maxAnswer)
	}
	if err == nil && len(body) > 0 {
		err = c.media().Decode(body, answer, &codec.Arena{Lenient: true})
	}
	if err != nil {
		return fmt.Errorf("cannot read the answer of %s: %w", c.URL, err)
	}
	return nil
}

// Attach makes the call whose answer is a container's output: a stream that names the type of its messages apart from that of its records.
func (c *Client) Attach(ctx context.Context, call codec.Message) (*Stream, error) {
	body, err := c.media().Append(nil, call)
	if err != nil {
		return nil, err
	}
	answer, err := c.send(ctx, bytes.NewReader(body), http.Header{
		"Accept": {string(RecordIO)}, "Message-Accept": {string(c.media())},
	})
	if err != nil {
		return nil, fmt.Errorf("cannot attach at %s: %w", c.URL, err)
	}
	if answer.StatusCode != http.StatusOK {
		defer answer.Body.Close()
		return nil, fmt.Errorf("cannot attach at %s: %w", c.URL, statusError(answer))
	}
	return &Stream{body: answer.Body, media: c.media(), records: NewReader(answer.Body, c.RecordLimit), arena: codec.Arena{Lenient: true}}, nil
}

// Feed makes a call that is itself a stream of records (see [MediaType.AppendRecord]), and waits until the peer has answered it. The peer may do so before
// records has ended.
func (c *Client) Feed(ctx context.Context, records io.Reader) error {
	answer, err := c.send(ctx, records, http.Header{
		"Content-Type": {string(RecordIO)}, "Message-Content-Type": {string(c.media())},
	})
	if err != nil {
		return fmt.Errorf("cannot call %s: %w", c.URL, err)
	}
	defer answer.Body.Close()
	if err := answerError(answer); err != nil {
		return fmt.Errorf("cannot call %s: %w", c.URL, err)
	}
	return nil
}

func (c *Client) post(ctx context.Context, call codec.Message) (*http.Response, error) {
	body, err := c.media().Append(nil, call)
	if err != nil {
		return nil, err
	}
	return c.send(ctx, bytes.NewReader(body), nil)
}

// send makes a request with these headers beside, or in place of, those that every request has.
func (c *Client) send(ctx context.Context, body io.Reader, headers http.Header) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, body)
	if err != nil {
		return nil, err
	}
	c.sign(request)
	maps.Copy(request.Header, headers)
	client := http.DefaultClient
	if c.HTTP != nil {
		client = c.HTTP
	}
	once := *client
	once.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := once.Do(request)
	if failure, ok := err.(*url.Error); ok {
		err = failure.Err // the caller names the URL
	}
	return answer, err
}

// sign adds the headers that every request has.
func (c *Client) sign(r *http.Request) {
	r.Header.Set("Content-Type", string(c.media()))
	r.Header.Set("Accept", string(c.media()))
	r.Header.Set("User-Agent", userAgent)
	if id := c.stream.Load(); id != nil && *id != "" {
		r.Header.Set(StreamID, *id)
	}
	if c.Authorize != nil {
		c.Authorize(r)
	}
}

func (c *Client) media() MediaType {
	if c.Media == "" {
		return Protobuf
	}
	return c.Media
}

// answerError consumes what belongs to the answer, so that its connection can be used again.
func answerError(answer *http.Response) error {
	if answer.StatusCode == http.StatusOK || answer.StatusCode == http.StatusAccepted {
		_, err := io.Copy(io.Discard, io.LimitReader(answer.Body, maxErrorBody))
		return err
	}
	return statusError(answer)
}

func statusError(answer *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(answer.Body, maxErrorBody)) // half a text is better than none
	return &StatusError{Status: answer.StatusCode, Body: string(text), Location: answer.Header.Get("Location")}
}

// A Stream is a subscription as its client sees it. One goroutine reads it; any may close it.
type Stream struct {
	// ID names the subscription in the calls that belong to it. The executor API has none.
	ID string

	body    io.ReadCloser
	media   MediaType
	records *Reader
	arena   codec.Arena
}

// Next waits for the next event and puts it in the place of event: what it leads to shares memory with the stream, and
// stays valid. In strings U+FFFD takes the place of what is not UTF-8, but ids stay as they came in protobuf form. [io.EOF] says that the peer
// ended the stream.
func (s *Stream) Next(event codec.Message) error {
	record, err := s.records.Next()
	if err != nil {
		return err
	}
	if err := s.media.Decode(record, event, &s.arena); err != nil {
		return fmt.Errorf("cannot decode an event of %d bytes: %w", len(record), err)
	}
	return nil
}

// Mended counts the strings so far that were not UTF-8.
func (s *Stream) Mended() int { return s.arena.Mended }

// Ready tells whether Next will return without waiting for the peer.
func (s *Stream) Ready() bool { return s.records.Ready() }

// Close ends the subscription; a Next that waits returns an error.
func (s *Stream) Close() error { return s.body.Close() }

// A Dialer opens connections for calls and subscriptions alike.
type Dialer struct {
	// TLS is used for https; nil means Go's defaults.
	TLS *tls.Config
	// Dial opens a connection to addr, "host:port"; nil means TCP.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Transport returns a transport for [Client.HTTP]: HTTP/1.1, so that a subscription has its connection to itself, without proxies and
// without compression. The caller closes its idle connections in the end.
func (d Dialer) Transport() *http.Transport {
	t := &http.Transport{DialContext: d.Dial, DisableCompression: true, Protocols: new(http.Protocols)}
	t.Protocols.SetHTTP1(true)
	if d.TLS != nil {
		t.TLSClientConfig = d.TLS.Clone()
	}
	return t
}

// Conn opens a connection to the host of rawURL, secured if its scheme is https, for a [Pipeline].
func (d Dialer) Conn(ctx context.Context, rawURL string) (net.Conn, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, err
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	dial := d.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil || u.Scheme != "https" {
		return conn, err
	}
	return d.secure(ctx, conn, u.Hostname())
}

func (d Dialer) secure(ctx context.Context, conn net.Conn, host string) (net.Conn, error) {
	config := &tls.Config{}
	if d.TLS != nil {
		config = d.TLS.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = host
	}
	config.NextProtos = []string{"http/1.1"}
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return secured, nil
}
