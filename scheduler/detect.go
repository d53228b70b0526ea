package scheduler

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"

	"github.com/ormosproject/ormos/zk"
)

// defaultPort is the masters' own.
const defaultPort = "5050"

// leader is where the leading master is, or why none is known.
type leader struct {
	url    string // such as "http://10.0.0.1:5050", without a slash at its end; "" means none
	id     string // of the master's process; "" if it is not known
	reason string // why there is none
}

// A detector follows the leading master. It yields what is known at once and then each change, until ctx ends; an error says that
// waiting will not help.
type detector interface {
	detect(ctx context.Context) iter.Seq2[leader, error]
}

var (
	_ detector = fixed("")
	_ detector = ensemble{}
)

// newDetector reads the address of the masters: zk://..., http://..., https://... or host:port.
func newDetector(master string, encrypted bool, log *slog.Logger) (detector, error) {
	scheme := "http"
	if encrypted {
		scheme = "https"
	}
	if zk.IsURL(master) {
		u, err := zk.ParseURL(master)
		return ensemble{url: u, scheme: scheme, log: log}, err
	}
	base, err := baseURL(master, scheme)
	return fixed(base), err
}

// baseURL completes the address of one master.
func baseURL(master, scheme string) (string, error) {
	if master == "" {
		return "", errors.New("no master is given: host:port, http(s)://host:port or zk://host:port,.../path")
	}
	if !strings.Contains(master, "://") {
		master = scheme + "://" + master
	}
	u, err := url.Parse(master)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", errors.New("the master's address is none of host:port, http(s)://host:port and zk://host:port,.../path")
	}
	if u.User != nil {
		return "", errors.New("the master's address holds credentials: give them in the security options")
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), defaultPort)
	}
	return strings.TrimSuffix(u.Scheme+"://"+u.Host+u.EscapedPath(), "/"), nil
}

// fixed is the URL of the one master that is asked; where it does not lead it redirects.
type fixed string

func (f fixed) detect(ctx context.Context) iter.Seq2[leader, error] {
	return func(yield func(leader, error) bool) {
		if yield(leader{url: string(f)}, nil) {
			<-ctx.Done()
		}
	}
}

// ensemble finds the leader in ZooKeeper. What is registered there says nothing about encryption.
type ensemble struct {
	url    zk.URL
	scheme string
	log    *slog.Logger
}

func (e ensemble) detect(ctx context.Context) iter.Seq2[leader, error] {
	return func(yield func(leader, error) bool) {
		for l, err := range zk.Detect(ctx, e.url, zk.Options{Logger: e.log}) {
			found := leader{reason: l.Reason}
			if err == nil && !l.None {
				found = leader{url: e.scheme + "://" + l.Addr(), id: l.ID}
			}
			if !yield(found, err) {
				return
			}
		}
	}
}

// redirected is the URL of the master that location leads to from one at base. Only its host counts: Mesos writes
// //host:port/master/..., and the path stays the one that was asked for.
func redirected(base, location string) (string, error) {
	from, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	to, err := url.Parse(location)
	if err != nil || to.Host == "" {
		return "", fmt.Errorf("the master redirects to %q, which is no address", location)
	}
	if to.Scheme != "" {
		if from.Scheme == "https" && to.Scheme != "https" {
			return "", fmt.Errorf("the master redirects to %s without encryption", to.Host)
		}
		if to.Scheme != "http" && to.Scheme != "https" {
			return "", fmt.Errorf("the master redirects to %q, which is no address", location)
		}
		from.Scheme = to.Scheme
	}
	from.Host = to.Host
	return from.String(), nil
}

var errLeaderChanged = errors.New("another master leads")

// watch is what a detector that runs in a goroutine of its own has found last.
type watch struct {
	mu      sync.Mutex
	found   *leader // nil until the detector has spoken
	err     error
	changed chan struct{} // closed by the next word of the detector
	replace func(error)   // ends the subscription at the leader of before
}

func newWatch() *watch { return &watch{changed: make(chan struct{})} }

// follow runs the detector until ctx ends.
func (w *watch) follow(ctx context.Context, d detector) {
	for l, err := range d.detect(ctx) {
		w.set(l, err)
	}
}

func (w *watch) set(l leader, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil && w.found != nil && (l.url != w.found.url || l.id != w.found.id) && w.replace != nil {
		w.replace(errLeaderChanged)
	}
	w.found, w.err = &l, err
	close(w.changed)
	w.changed = make(chan struct{})
}

// get returns what was found last, nil if nothing was yet, and a channel that is closed when that changes; end is called when another
// master leads than the one returned.
func (w *watch) get(end func(error)) (*leader, <-chan struct{}, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.replace = end
	return w.found, w.changed, w.err
}
