package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// fetcher fetches URIs.
type fetcher struct {
	http       *http.Client
	stall      time.Duration
	maxBytes   int64
	maxEntries int
	cache      cache

	succeeded, failed atomic.Uint64
}

func newFetcher(o Options) (*fetcher, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true // an archive is fetched as it is
	f := &fetcher{
		http:       &http.Client{Transport: transport},
		stall:      o.StallTimeout,
		maxBytes:   o.MaxExtractedBytes,
		maxEntries: o.MaxExtractedEntries,
	}
	if f.stall <= 0 {
		f.stall = time.Minute
	}
	if f.maxBytes <= 0 {
		f.maxBytes = 64 << 30
	}
	if f.maxEntries <= 0 {
		f.maxEntries = 1 << 20
	}
	return f, f.cache.open(o.CacheDir, o.CacheSize)
}

func (f *fetcher) close() { f.http.CloseIdleConnections() }

// statusError is an answer other than 200.
type statusError struct {
	code   int
	status string
}

func (e statusError) Error() string { return e.status }

var errStalled = errors.New("stalled")

// get begins to read an answer. A server that sends nothing for the stall time ends the fetch.
func (f *fetcher) get(ctx context.Context, uri string) (io.ReadCloser, int64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	b := &body{ctx: ctx, cancel: cancel, stall: f.stall}
	b.timer = time.AfterFunc(f.stall, func() { cancel(fmt.Errorf("%w: nothing came for %s", errStalled, f.stall)) })
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		b.stop()
		return nil, 0, cause(err)
	}
	answer, err := f.http.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		b.stop()
		return nil, 0, cause(err)
	}
	b.body = answer.Body
	if answer.StatusCode != http.StatusOK {
		b.Close()
		return nil, 0, statusError{answer.StatusCode, answer.Status}
	}
	return b, answer.ContentLength, nil
}

// body is an answer's body under the stall timer.
type body struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	stall  time.Duration
	timer  *time.Timer
	body   io.ReadCloser
}

func (b *body) Read(data []byte) (int, error) {
	n, err := b.body.Read(data)
	if n > 0 {
		b.timer.Reset(b.stall)
	}
	if err != nil && err != io.EOF && b.ctx.Err() != nil {
		err = context.Cause(b.ctx)
	}
	return n, err
}

func (b *body) Close() error {
	b.stop()
	return b.body.Close()
}

func (b *body) stop() {
	b.timer.Stop()
	b.cancel(context.Canceled)
}
