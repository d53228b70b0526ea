package operator

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/ormosproject/ormos/internal/codec"
	"github.com/ormosproject/ormos/internal/detect"
	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/security"
)

const (
	// endpoint is the operator API's, below the URL of a master or agent.
	endpoint = "/api/v1"
	// maxRedirects in a row are followed.
	maxRedirects = 4
	// firstPause and longestPause are those between attempts at a peer that is not ready.
	firstPause   = 100 * time.Millisecond
	longestPause = 10 * time.Second
)

// A peer is who is asked: an agent, or whichever master leads.
type peer struct {
	opts        Options
	detector    detect.Detector // nil: an agent
	base        string          // the agent's
	credentials *security.Credentials
	transport   *http.Transport

	mu     sync.Mutex
	leader string // where the last answer came from; "" if it is to be found again
}

func newPeer(o Options) (*peer, error) {
	credentials, err := o.Security.Load(o.logger())
	if err != nil {
		return nil, err
	}
	dialer := wire.Dialer{TLS: credentials.TLS, Dial: o.Dial}
	return &peer{opts: o, credentials: credentials, transport: dialer.Transport()}, nil
}

// String tells who asks whom, and holds no secret.
func (p *peer) String() string { return p.opts.String() }

// client speaks to the endpoint below a URL.
func (p *peer) client(base string) *wire.Client {
	return &wire.Client{URL: base + endpoint, HTTP: &http.Client{Transport: p.transport}, Authorize: p.credentials.Authorize}
}

// locate gives the URL to ask, and whether it is one of before that may be out of date. It waits until a master leads.
func (p *peer) locate(ctx context.Context) (url string, old bool, err error) {
	if p.detector == nil {
		return p.base, false, nil
	}
	p.mu.Lock()
	known := p.leader
	p.mu.Unlock()
	if known != "" {
		return known, true, nil
	}
	for l, err := range p.detector.Detect(ctx) {
		if err != nil {
			return "", false, fmt.Errorf("cannot find the leading master: %w", err)
		}
		if l.URL != "" {
			p.remember(l.URL)
			return l.URL, false, nil
		}
		p.opts.logger().Info("no master leads", "reason", l.Reason)
	}
	return "", false, fmt.Errorf("cannot find the leading master: %w", context.Cause(ctx))
}

func (p *peer) remember(url string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leader = url
}

// at runs do with the URL of the peer, and again: where it is redirected to, after a pause while the peer is not ready, and at the new leader
// where the one of before is not there any more.
func (p *peer) at(ctx context.Context, call string, do func(client *wire.Client) error) error {
	pause, redirects := firstPause, 0
	for {
		url, old, err := p.locate(ctx)
		if err != nil {
			return err
		}
		err = do(p.client(url))
		switch {
		case err == nil:
			return nil
		case isStatus(err, http.StatusTemporaryRedirect) && p.detector != nil && redirects < maxRedirects:
			redirects++
			if err := p.redirect(url, err); err != nil {
				return err
			}
			continue
		case old && redirects == 0 && repeatable(call, err):
			p.remember("")
			continue
		}
		p.remember("")
		if !isStatus(err, http.StatusServiceUnavailable) {
			return explain(call, url, err)
		}
		p.opts.logger().Debug("the peer is not ready", "url", url, "error", err, "retry", pause)
		select {
		case <-ctx.Done():
			return errors.Join(explain(call, url, err), context.Cause(ctx))
		case <-time.After(pause - rand.N(pause/2)):
		}
		pause, redirects = min(2*pause, longestPause), 0
	}
}

// redirect goes on where the answer of the master at this URL leads to.
func (p *peer) redirect(url string, answer error) error {
	status, _ := errors.AsType[*wire.StatusError](answer)
	to, err := detect.Redirected(url, status.Location)
	if err != nil {
		p.remember("")
		return fmt.Errorf("cannot follow the master at %s: %w", url, err)
	}
	p.opts.logger().Debug("redirected to the leading master", "master", to)
	p.remember(to)
	return nil
}

// repeatable tells whether a call that was not answered can be made again: it changes nothing, or there was no connection to make it over.
func repeatable(call string, err error) bool {
	if _, answered := errors.AsType[*wire.StatusError](err); answered {
		return false
	}
	failure, ok := errors.AsType[*net.OpError](err)
	return ok && failure.Op == "dial" || strings.HasPrefix(call, "GET_") || strings.HasPrefix(call, "LIST_") || strings.HasPrefix(call, "READ_")
}

// ask makes a call and decodes its answer.
func (p *peer) ask(ctx context.Context, name string, call, answer codec.Message) error {
	return p.at(ctx, name, func(c *wire.Client) error { return c.Ask(ctx, call, answer) })
}

// Close ends the connections that are kept for later calls. Calls and streams under way are not touched.
func (p *peer) Close() { p.transport.CloseIdleConnections() }

func maskedAddress(address string, encrypted bool) string {
	d, err := detect.New(address, encrypted, nil)
	if err != nil {
		return "an invalid address"
	}
	return d.String()
}
